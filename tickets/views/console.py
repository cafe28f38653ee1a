"""A ticket's page for staff: reading it, answering, and the verdict."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import Access, DeskRequest
from contracts.queries import contracts_for
from helpdesk.lib.addresses import address
from helpdesk.lib.refusals import Refusal
from tickets import commands, permissions
from tickets.forms import (
    AnswerForm,
    CorrectionForm,
    VerdictForm,
)
from tickets.models import File, Ticket
from tickets.qualifying import history, value_of
from tickets.queries import console as queries
from tickets.queries import console_ticket, queues
from tickets.queries.promises import effects_of_verdict
from tickets.queries.queues import Queue
from tickets.queries.whole import Whole, whole_ticket
from tickets.views.choices import Select, assignee_select, contract_select, severity_options, state_select, team_select, type_options
from tickets.views.promises import chosen, wants_part
from tickets.views.receiving import Received, download, receive_files, upload_context

SESSION_QUEUE = "queue"  # which queue one works through, kept while acting on its tickets
View = Callable[..., HttpResponse]


def needs(may: Callable[[Access], bool]) -> Callable[[View], View]:
    """Refuse a colleague without the right (403); strangers never come so far (404)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: DeskRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not may(request.access):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate


def found_ticket(number: int) -> Ticket:
    """The ticket of an address; whoever asks for another gets what a wrong address gets."""
    ticket = queries.find_ticket(number)
    if ticket is None:
        raise Http404
    return ticket


def _whole(number: int) -> Whole:
    found = whole_ticket(number)
    if found is None:
        raise Http404
    return found


def ticket(request: DeskRequest, number: int) -> HttpResponse:
    found = _whole(number)
    form = AnswerForm.blank({"seen": found.ticket.event_count}, may_answer=permissions.may_work(request.access))
    return _ticket_page(request, found, form, Received())


def _ticket_page(request: DeskRequest, found: Whole, form: AnswerForm, received: Received) -> HttpResponse:
    access, now, ticket, queue = request.access, timezone.now(), found.ticket, _queue(request)
    may_work = permissions.may_work(access)
    page = console_ticket.ticket_page(found, access, queue, now)
    count = len(page["readers"])
    context = page | {
        "form": form if permissions.may_note(access) else None,
        "reply_url": address("console:ticket_answer", ticket.pk),
        "audience": ", ".join(reader.name for reader in page["readers"]) or _("Nobody of the customer: no one is on this ticket."),
        "send_label": ngettext("Send to %(count)s person", "Send to %(count)s people", count) % {"count": count},
        "contract_select": _contract_select(request, ticket, now),
        "may_work": may_work,
        "draft": f"answer-{ticket.pk}-{access.person.pk}",
        "draft_cleared": f"answer-{ticket.pk}-{access.person.pk}" if "sent" in request.GET else "",
    }
    if may_work and not ticket.is_closed:
        context |= {
            "assignee_select": assignee_select(page["hands"], ticket),
            "team_select": team_select(page["hands"], ticket),
            "state_select": state_select(ticket),
        }
    status = 422 if form.errors or received.errors else 200
    context |= uploading(ticket.customer_id, received) | _place(queue, page["around"])
    return render(request, "console_ticket.html", context, status=status)


def uploading(customer_id: int, received: Received) -> dict[str, object]:
    return upload_context(received, address("console:upload", customer_id), address("console:upload_remove"))


def _queue(request: DeskRequest) -> Queue:
    """The one that the reader came from, kept while they work through it."""
    slug = request.GET.get("queue") or request.session.get(SESSION_QUEUE, "")
    chosen = queues.BY_SLUG.get(slug, queues.BY_SLUG["all"])
    if request.session.get(SESSION_QUEUE) != chosen.slug:
        request.session[SESSION_QUEUE] = chosen.slug
    return chosen


def _place(queue: Queue, around: console_ticket.Around) -> dict[str, object]:
    """The way back to the queue, and to the tickets before and after this one in it."""

    def link(pk: int | None) -> str:
        return f"{address('console:ticket', pk)}?queue={queue.slug}" if pk else ""

    return {
        "back_url": address("console:queue", queue.slug),
        "back_label": queue.label,
        "previous_url": link(around.before),
        "next_url": link(around.after),
    }


def _contract_select(request: DeskRequest, ticket: Ticket, now: datetime) -> Select | None:
    """For an account manager, when there is another contract to choose."""
    if not permissions.may_move_contract(request.access):
        return None
    contracts = contracts_for(ticket.customer, ticket.product, now)
    return contract_select(contracts, ticket) if len(contracts) > 1 else None


@require_POST
@needs(permissions.may_note)
def answer(request: DeskRequest, number: int) -> HttpResponse:
    """An answer to the customer or an internal note, with files and the state that goes with it."""
    ticket, now = found_ticket(number), timezone.now()
    form = AnswerForm(request.POST, may_answer=permissions.may_work(request.access))
    received = receive_files(request, ticket.customer_id)
    if not form.is_valid() or received.errors:
        return _ticket_page(request, _whole(number), form, received)
    if form.is_stale(ticket):
        form.add_error(None, _("The customer wrote meanwhile: read it above, then send again."))
        form.renew(seen=ticket.event_count)
        return _ticket_page(request, _whole(number), form, received)
    data, person = form.cleaned_data, request.access.person
    try:
        if data["kind"] == AnswerForm.INTERNAL:
            commands.note(
                ticket=ticket, author=person, body=data["body"], files=received.files, submission_key=data["submission_key"], now=now
            )
            messages.success(request, _("Internal note kept. The customer can't see it."))
        else:
            commands.answer(
                ticket=ticket,
                agent=person,
                body=data["body"],
                files=received.files,
                status=data.get("state") or None,
                submission_key=data["submission_key"],
                now=now,
            )
            messages.success(request, _("Answer sent."))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        form.renew()
        return _ticket_page(request, _whole(number), form, received)
    return redirect(f"{ticket.console_url}?sent=1")


@needs(permissions.may_work)
def qualify(request: DeskRequest, number: int) -> HttpResponse:
    """The claim, its evidence, and the decision. Decided by others meanwhile, it is shown again as it is now."""
    ticket = found_ticket(number)
    known = history(ticket)
    asked = value_of(known.claim) if known.claim else known.value
    form = VerdictForm(request.POST or chosen(request), history=known, initial={"type": asked[0], "severity": asked[1]})
    shows_effect = "show" in request.POST
    if request.method == "POST" and not shows_effect and form.is_valid():
        try:
            commands.verify(ticket=ticket, agent=request.access.person, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            ticket = found_ticket(number)
            known = form.history = history(ticket)
            form.look_again()
        else:
            messages.success(request, _("Qualification of %(number)s verified. The customer is told.") % {"number": ticket.number})
            return redirect(ticket.console_url)
    value = form.value()
    context = {"moves": effects_of_verdict(ticket, known, value, request.access.person.pk, timezone.now()) if value else None}
    if wants_part(request):
        return render(request, "ui/moves.html", context)
    context |= console_ticket.claim(_whole(number), known, request.access) | {
        "form": form if not shows_effect else form.without_errors(),
        "type_options": type_options(form["type"].value(), for_staff=True),
        "severity_options": severity_options(form["severity"].value()),
    }
    return render(request, "console/qualify.html", context, status=422 if form.errors else 200)


@needs(permissions.may_work)
def correct(request: DeskRequest, number: int) -> HttpResponse:
    """What the ticket is about, put right. Corrected by others meanwhile, it is shown as it is now, with what was chosen."""
    ticket = found_ticket(number)
    form = CorrectionForm(request.POST or None, ticket=ticket)
    if form.is_valid():
        try:
            event = commands.correct(ticket=ticket, agent=request.access.person, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            ticket = found_ticket(number)
            form.look_again(ticket)
        else:
            said = _("%(number)s is about what you chose. The customer is told.") if event else _("%(number)s was about that already.")
            messages.success(request, said % {"number": ticket.number})
            return redirect(ticket.console_url)
    return render(request, "console/ticket_correct.html", {"ticket": ticket, "form": form}, status=422 if form.errors else 200)


def file(request: DeskRequest, number: int, pk: int) -> FileResponse:
    found = File.objects.filter(pk=pk, message__ticket=found_ticket(number)).first()
    return download(request, found)
