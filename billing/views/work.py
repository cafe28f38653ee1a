"""Time that staff spent: beside a ticket, a week of one's own, one log."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from accounts.models import StaffMember
from billing import permissions
from billing.commands import work
from billing.facts import worked_minutes
from billing.forms.work import CorrectionForm, ReasonForm, TimerForm, WeekForm, WorkForm
from billing.models import WorkLog
from billing.queries import work as queries
from helpdesk.lib.acts import act
from helpdesk.lib.minutes import spell
from helpdesk.lib.refusals import Refusal
from tickets.models import Ticket
from tickets.views.console import found_ticket, needs
from tickets.views.promises import wants_part


def _agent(request: DeskRequest) -> StaffMember:
    return StaffMember(person=request.access.person, display_name=request.access.person.name)


# --- Beside a ticket --------------------------------------------------------------------------------------------------
@needs(permissions.may_log_work)
def ticket_time(request: DeskRequest, number: int) -> HttpResponse:
    """The form with its logs; what it would cost, as a part or as a page; saving."""
    ticket, now = found_ticket(number), timezone.now()
    if wants_part(request):
        return _preview_part(request, WorkForm(request.GET, now=now), ticket)
    form = WorkForm(request.POST if request.method == "POST" else None, now=now)
    if request.method != "POST" or "show" in request.POST or not form.is_valid():
        return _ticket_time_page(request, ticket, form)
    try:
        log = work.log_work(ticket=ticket, agent=_agent(request), submission_key=form.cleaned_data["submission_key"], now=now, **form.work)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        form.renew()
        return _ticket_time_page(request, ticket, form)
    messages.success(request, _logged(log))
    return redirect(f"{ticket.console_url}#time")


def _ticket_time_page(request: DeskRequest, ticket: Ticket, form: WorkForm) -> HttpResponse:
    now = timezone.now()
    asked = "show" in request.POST
    context = {
        "ticket": ticket,
        "form": form,
        "time": queries.ticket_time(ticket.pk, request.access.person.pk, now),
        "preview": _preview(form, ticket) if asked else None,
    }
    if asked:
        form.errors.pop("note", None)  # it is not saved yet: only what the times would cost is asked
    return render(request, "console/ticket_time.html", context, status=422 if form.errors else 200)


def _preview(form: WorkForm, ticket: Ticket, log: WorkLog | None = None) -> queries.Preview | None:
    """None for times that can't be."""
    now, span = timezone.now(), form.span
    if span is None or not timedelta() < span[1] - span[0] <= work.LONGEST_WORK:
        return None
    if span[0] < ticket.opened_at - work.EARLIEST or span[1] > now + work.CLOCKS_APART:
        return None
    return queries.preview(ticket, *span, now, log=log)


def _preview_part(request: DeskRequest, form: WorkForm, ticket: Ticket, log: WorkLog | None = None) -> HttpResponse:
    return render(request, "ui/work_preview.html", {"preview": _preview(form, ticket, log)})


def _logged(log: WorkLog) -> str:
    return _("%(minutes)s logged on %(number)s.") % {
        "minutes": spell(worked_minutes(log.began_at, log.ended_at)),
        "number": log.ticket.number,
    }


# --- One's own week ---------------------------------------------------------------------------------------------------
@needs(permissions.may_log_work)
def my_time(request: DeskRequest) -> HttpResponse:
    """A week of the reader's logs, and their timer."""
    return _my_time_page(request, TimerForm())


def _my_time_page(request: DeskRequest, timer_form: TimerForm) -> HttpResponse:
    now = timezone.now()
    monday = WeekForm(request.GET).monday(now)
    person_id = request.access.person.pk
    timer = queries.running(queries.running_timer(person_id), now)
    context = {
        "week": queries.week_of(person_id, monday),
        "timer": timer,
        "timer_form": timer_form if timer else None,
        "earlier": monday - timedelta(days=7),
        "later": monday + timedelta(days=7) if monday + timedelta(days=7) <= timezone.localdate(now) else None,
    }
    return render(request, "console/my_time.html", context, status=422 if timer_form.errors else 200)


# --- One log ----------------------------------------------------------------------------------------------------------
def _found_log(request: DeskRequest, pk: int) -> WorkLog:
    """404 for a log that is not there, 403 for one that is not theirs to change."""
    found = queries.find_log(pk)
    if found is None:
        raise Http404
    if not permissions.may_correct(request.access, found):
        raise PermissionDenied
    return found


def log(request: DeskRequest, pk: int) -> HttpResponse:
    """Correct a log: its form, what that would change, its history."""
    found, now = _found_log(request, pk), timezone.now()
    by_colleague = found.agent_id != request.access.person.pk
    if wants_part(request):
        return _preview_part(request, CorrectionForm(request.GET, now=now, log=found, by_colleague=by_colleague), found.ticket, found)
    form = CorrectionForm(request.POST if request.method == "POST" else None, now=now, log=found, by_colleague=by_colleague)
    if request.method != "POST" or "show" in request.POST or not form.is_valid():
        return _log_page(request, found, form)
    try:
        work.correct_work(log=found, actor=_agent(request), reason=form.cleaned_data["reason"], now=now, **form.work)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _log_page(request, found, form)
    messages.success(request, _("The log is corrected."))
    return redirect(_back(request, found))


def _log_page(request: DeskRequest, found: WorkLog, form: CorrectionForm) -> HttpResponse:
    asked = "show" in request.POST
    context = {
        "log": found,
        "ticket": found.ticket,
        "form": form,
        "covers": queries.covers_of(found),
        "history": queries.history_of(found),
        "is_own": found.agent_id == request.access.person.pk,
        "preview": _preview(form, found.ticket, found) if asked else None,
    }
    if asked:
        form.errors.pop("reason", None)
    return render(request, "console/work.html", context, status=422 if form.errors else 200)


@require_POST
def log_delete(request: DeskRequest, pk: int) -> HttpResponse:
    found, form = _found_log(request, pk), ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    return act(
        request,
        lambda: work.delete_work(log=found, actor=_agent(request), reason=reason, now=timezone.now()),
        _("The log is deleted; what it said stays in its history."),
        _back(request, found),
    )


def _back(request: DeskRequest, found: WorkLog) -> str:
    """One's own logs are changed from one's week, others' from their ticket."""
    if found.agent_id != request.access.person.pk:
        return f"{found.ticket.console_url}#time"
    return f"{redirect('console:my_time').url}?day={timezone.localtime(found.began_at):%Y-%m-%d}"


# --- Timers -----------------------------------------------------------------------------------------------------------
@require_POST
@needs(permissions.may_log_work)
def timer_start(request: DeskRequest, number: int) -> HttpResponse:
    ticket = found_ticket(number)
    return act(
        request,
        lambda: work.start_timer(ticket=ticket, agent=_agent(request), now=timezone.now()),
        _("Your timer runs on %(number)s.") % {"number": ticket.number},
        f"{ticket.console_url}#time",
    )


@require_POST
@needs(permissions.may_log_work)
def timer_stop(request: DeskRequest) -> HttpResponse:
    """The time that ran becomes a log; what is refused leaves the timer running, and what was written in its form."""
    now, form = timezone.now(), TimerForm(request.POST)
    timer = queries.running(queries.running_timer(request.access.person.pk), now)
    if not form.is_valid():
        return _my_time_page(request, form) if timer else _no_timer(request, work.NoTimer())
    try:
        log = work.stop_timer(
            agent=_agent(request),
            note=form.cleaned_data["note"],
            ended_at=form.ended_at(timer.started_at) if timer else None,
            submission_key=form.cleaned_data["submission_key"],
            now=now,
        )
    except work.NoTimer as refusal:
        return _no_timer(request, refusal)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        form.renew()
        return _my_time_page(request, form)
    messages.success(request, _logged(log))
    return redirect(f"{log.ticket.console_url}#time")


def _no_timer(request: DeskRequest, refusal: Refusal) -> HttpResponse:
    messages.error(request, str(refusal))
    return redirect("console:my_time")


@require_POST
@needs(permissions.may_log_work)
def timer_discard(request: DeskRequest) -> HttpResponse:
    return act(
        request,
        lambda: work.discard_timer(agent=_agent(request)),
        _("The timer is discarded: nothing was logged."),
        "console:my_time",
    )
