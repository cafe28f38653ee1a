"""The staff's pages about tickets: queues, the ticket, the verdict."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import Access, DeskRequest
from accounts.models import Customer
from contracts.queries import contracts_for, contracts_in_force, customer_panel
from helpdesk.lib.addresses import query_string
from helpdesk.lib.refusals import Refusal
from tickets import commands, permissions
from tickets.filtering import QueueFilterForm
from tickets.forms import (
    AnswerForm,
    AssignForm,
    ConfirmForm,
    ContractForm,
    HoldForm,
    StaffFilingForm,
    StatusForm,
    TeamForm,
    VerdictForm,
)
from tickets.models import Channel, File, Hold, Ticket
from tickets.qualifying import history, value_of
from tickets.queries import console as queries
from tickets.queries import queues
from tickets.queries.excerpts import why_found
from tickets.views.choices import severity_options, type_options
from tickets.views.exporting import export_answer, export_links
from tickets.views.receiving import Received, download, receive_files, remove_answer, upload_answer, upload_context

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


def _ticket(number: int) -> Ticket:
    ticket = queries.find_ticket(number)
    if ticket is None:
        raise Http404
    return ticket


def queue(request: DeskRequest, slug: str) -> HttpResponse:
    chosen = queues.BY_SLUG.get(slug)
    if chosen is None:
        raise Http404
    form, address = QueueFilterForm(request.GET), reverse("console:queue", args=[slug])
    filters = form.filters()
    page = queries.queue_page(chosen, request.access, filters, request.GET.get("before", ""))
    found = why_found(page.rows, filters.words, loosely=filters.loosely)
    context = {
        "queue": chosen,
        "rows": queries.rows(page.rows, slug, found),
        "form": form,
        "chips": form.chips(address, request.GET),
        "clear_url": address if filters or form.errors else "",
        "exports": [] if form.errors else export_links(request, reverse("console:queue_export", args=[slug])),
        "next_url": f"{address}?{query_string(request.GET, before=page.next_cursor)}" if page.next_cursor else "",
        "first_url": f"{address}?{query_string(request.GET, before=None)}" if request.GET.get("before") else "",
    }
    return render(request, "console/queue.html", context)


def queue_export(request: DeskRequest, slug: str) -> HttpResponseBase:
    """The queue as it is filtered, as a file; with a mistake in the filters, the queue, which explains it."""
    chosen, form = queues.BY_SLUG.get(slug), QueueFilterForm(request.GET)
    if chosen is None:
        raise Http404
    filters = form.filters()
    if form.errors:
        return redirect(f"{reverse('console:queue', args=[slug])}?{query_string(request.GET, format=None)}")
    return export_answer(request, "console", lambda access: queries.in_queue(chosen, access, filters))


def ticket(request: DeskRequest, number: int) -> HttpResponse:
    found = _ticket(number)
    return _ticket_page(request, found, _answer_form(request, found), Received())


def _answer_form(request: DeskRequest, ticket: Ticket) -> AnswerForm:
    return AnswerForm(may_answer=permissions.may_work(request.access), initial={"seen": ticket.event_count})


def _ticket_page(request: DeskRequest, ticket: Ticket, form: AnswerForm, received: Received) -> HttpResponse:
    access, now = request.access, timezone.now()
    may_work = permissions.may_work(access)
    page = queries.ticket_page(ticket, access)
    count = len(page["readers"])
    context = page | {
        "form": form if permissions.may_note(access) else None,
        "reply_url": reverse("console:ticket_answer", args=[ticket.pk]),
        "audience": ", ".join(reader.name for reader in page["readers"]) or _("Nobody of the customer: no one is on this ticket."),
        "send_label": ngettext("Send to %(count)s person", "Send to %(count)s people", count) % {"count": count},
        "assign_form": AssignForm(initial={"assignee": ticket.assignee_id}) if may_work else None,
        "team_form": TeamForm(initial={"team": ticket.team_id}) if may_work else None,
        "status_form": StatusForm(ticket=ticket, initial={"status": ticket.status}) if may_work and not ticket.is_closed else None,
        "hold_form": HoldForm() if may_work and not ticket.is_closed else None,
        "contract_form": _contract_form(request, ticket, now),
        "may_work": may_work,
        "panel": customer_panel(ticket.customer, now),
        "draft": f"answer-{ticket.pk}-{access.person.pk}",
        "draft_cleared": f"answer-{ticket.pk}-{access.person.pk}" if "sent" in request.GET else "",
    }
    status = 422 if form.errors or received.errors else 200
    return render(
        request, "console/ticket.html", context | _uploading(ticket.customer_id, received) | _place(request, ticket), status=status
    )


def _uploading(customer_id: int, received: Received) -> dict[str, object]:
    return upload_context(received, reverse("console:upload", args=[customer_id]), reverse("console:upload_remove"))


def _place(request: DeskRequest, ticket: Ticket) -> dict[str, object]:
    """The queue one came from, with the tickets before and after this one in it."""
    slug = request.GET.get("queue") or request.session.get(SESSION_QUEUE, "")
    chosen = queues.BY_SLUG.get(slug, queues.BY_SLUG["all"])
    if request.session.get(SESSION_QUEUE) != chosen.slug:
        request.session[SESSION_QUEUE] = chosen.slug
    before, after = queries.neighbours(ticket, chosen, request.access)

    def link(pk: int | None) -> str:
        return f"{reverse('console:ticket', args=[pk])}?queue={chosen.slug}" if pk else ""

    return {
        "back_url": reverse("console:queue", args=[chosen.slug]),
        "back_label": chosen.label,
        "previous_url": link(before),
        "next_url": link(after),
    }


def _contract_form(request: DeskRequest, ticket: Ticket, now: datetime) -> ContractForm | None:
    """For an account manager, when there is another contract to choose."""
    if not permissions.may_move_contract(request.access):
        return None
    contracts = contracts_for(ticket.customer, ticket.product, now)
    return ContractForm(contracts=contracts, initial={"contract": ticket.contract_id}) if len(contracts) > 1 else None


@require_POST
@needs(permissions.may_note)
def answer(request: DeskRequest, number: int) -> HttpResponse:
    """An answer to the customer or an internal note, with files and the state that goes with it."""
    ticket, now = _ticket(number), timezone.now()
    form = AnswerForm(request.POST, may_answer=permissions.may_work(request.access))
    received = receive_files(request, ticket.customer_id)
    if not form.is_valid() or received.errors:
        return _ticket_page(request, ticket, form, received)
    if form.is_stale(ticket):
        form.add_error(None, _("The customer wrote meanwhile: read it above, then send again."))
        form.renew(seen=ticket.event_count)
        return _ticket_page(request, ticket, form, received)
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
        return _ticket_page(request, ticket, form, received)
    return redirect(f"{ticket.console_url}?sent=1")


@needs(permissions.may_work)
def qualify(request: DeskRequest, number: int) -> HttpResponse:
    """The claim, its evidence, and the decision. Decided by others meanwhile, it is shown again as it is now."""
    ticket = _ticket(number)
    known = history(ticket)
    asked = value_of(known.claim) if known.claim else known.value
    form = VerdictForm(request.POST or None, history=known, initial={"type": asked[0], "severity": asked[1]})
    if request.method == "POST" and form.is_valid():
        try:
            commands.verify(ticket=ticket, agent=request.access.person, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            ticket = _ticket(number)
            known = form.history = history(ticket)
            form.look_again()
        else:
            messages.success(request, _("Qualification of %(number)s verified. The customer is told.") % {"number": ticket.number})
            return redirect(ticket.console_url)
    context = queries.claim(ticket, known, request.access) | {
        "form": form,
        "type_options": type_options(form["type"].value()),
        "severity_options": severity_options(form["severity"].value()),
    }
    return render(request, "console/qualify.html", context, status=422 if form.errors else 200)


def _act(request: DeskRequest, ticket: Ticket, act: Callable[[], object], done: str) -> HttpResponse:
    """Run one command on a ticket and go back to it, with what was done or why not."""
    try:
        act()
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect(ticket.console_url)


@require_POST
@needs(permissions.may_work)
def confirm(request: DeskRequest, number: int) -> HttpResponse:
    """Confirm in one click the qualification that the page showed."""
    ticket = _ticket(number)
    form = ConfirmForm(request.POST, history=history(ticket))
    if not form.is_valid():
        return redirect("console:ticket_qualify", ticket.pk)
    return _act(
        request,
        ticket,
        lambda: commands.verify(ticket=ticket, agent=request.access.person, now=timezone.now(), **form.cleaned_data),
        _("Qualification of %(number)s verified. The customer is told.") % {"number": ticket.number},
    )


@require_POST
@needs(permissions.may_work)
def assign(request: DeskRequest, number: int) -> HttpResponse:
    ticket = _ticket(number)
    form = AssignForm(request.POST)
    if not form.is_valid():
        raise Http404
    assignee = form.cleaned_data["assignee"]
    done = _("Assigned to %(name)s.") % {"name": assignee} if assignee else _("Assigned to nobody.")
    return _act(
        request,
        ticket,
        lambda: commands.assign(ticket=ticket, agent=request.access.person, assignee=assignee, now=timezone.now()),
        done,
    )


@require_POST
@needs(permissions.may_work)
def team(request: DeskRequest, number: int) -> HttpResponse:
    ticket = _ticket(number)
    form = TeamForm(request.POST)
    if not form.is_valid():
        raise Http404
    new = form.cleaned_data["team"]
    return _act(
        request,
        ticket,
        lambda: commands.move_to_team(ticket=ticket, agent=request.access.person, team=new, now=timezone.now()),
        _("Handed to %(team)s.") % {"team": new},
    )


@require_POST
@needs(permissions.may_work)
def status(request: DeskRequest, number: int) -> HttpResponse:
    ticket = _ticket(number)
    form = StatusForm(request.POST)
    if not form.is_valid():
        raise Http404
    return _act(
        request,
        ticket,
        lambda: commands.change_status(ticket=ticket, agent=request.access.person, status=form.cleaned_data["status"], now=timezone.now()),
        _("State changed. The customer is told."),
    )


@require_POST
@needs(permissions.may_work)
def private(request: DeskRequest, number: int) -> HttpResponse:
    ticket, wanted = _ticket(number), bool(request.POST.get("private"))
    return _act(
        request,
        ticket,
        lambda: commands.set_private(ticket=ticket, person=request.access.person, private=wanted, by_staff=True, now=timezone.now()),
        _("The ticket is private now. The customer is told.")
        if wanted
        else _("The whole company sees the ticket now. The customer is told."),
    )


@require_POST
@needs(permissions.may_work)
def hold(request: DeskRequest, number: int) -> HttpResponse:
    ticket = _ticket(number)
    form = HoldForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what the approval is for."))
        return redirect(ticket.console_url)
    return _act(
        request,
        ticket,
        lambda: commands.place_hold(ticket=ticket, reason=form.cleaned_data["reason"], placed_by=request.access.person, now=timezone.now()),
        _("The ticket waits for approval. The customer is told."),
    )


@require_POST
@needs(permissions.may_work)
def hold_release(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    ticket = _ticket(number)
    found = Hold.objects.filter(pk=pk, ticket=ticket).first()
    if found is None:
        raise Http404
    return _act(
        request,
        ticket,
        lambda: commands.release_hold(hold=found, released_by=request.access.person, now=timezone.now()),
        _("Hold released."),
    )


@require_POST
@needs(permissions.may_move_contract)
def contract(request: DeskRequest, number: int) -> HttpResponse:
    ticket, now = _ticket(number), timezone.now()
    form = ContractForm(request.POST, contracts=contracts_for(ticket.customer, ticket.product, now))
    if not form.is_valid():
        raise Http404
    chosen = form.cleaned_data["contract"]
    return _act(
        request,
        ticket,
        lambda: commands.move_to_contract(ticket=ticket, actor=request.access.person, contract=chosen, now=now),
        _("Moved to contract %(contract)s.") % {"contract": chosen},
    )


@require_POST
def watch(request: DeskRequest, number: int) -> HttpResponse:
    ticket, person, now = _ticket(number), request.access.person, timezone.now()
    act = commands.unwatch if request.POST.get("stop") else commands.watch
    act(ticket=ticket, person=person, actor=person, by_staff=True, now=now)
    return redirect(ticket.console_url)


def file(request: DeskRequest, number: int, pk: int) -> FileResponse:
    found = File.objects.filter(pk=pk, message__ticket=_ticket(number)).first()
    return download(request, found)


@require_POST
@needs(permissions.may_note)
def upload(request: DeskRequest, customer_id: int) -> JsonResponse:
    if not Customer.objects.filter(pk=customer_id).exists():
        raise Http404
    return upload_answer(request, customer_id)


@require_POST
@needs(permissions.may_note)
def upload_remove(request: DeskRequest) -> HttpResponse:
    return remove_answer(request)


@needs(permissions.may_file_for_customers)
def ticket_new(request: DeskRequest, customer_id: int) -> HttpResponse:
    """Filing for somebody who phoned."""
    customer, now = Customer.objects.filter(pk=customer_id).first(), timezone.now()
    if customer is None:
        raise Http404
    contracts = contracts_in_force(customer, now)
    received = Received()
    form = StaffFilingForm(request.POST or None, customer=customer, contracts=contracts)
    if request.method == "POST":
        received = receive_files(request, customer.pk)
        if form.is_valid() and not received.errors:
            try:
                filed = commands.open_ticket(
                    requester=form.cleaned_data["requester"],
                    opened_by=request.access.person,
                    channel=Channel.STAFF,
                    files=received.files,
                    now=now,
                    **form.event(),
                )
            except Refusal as refusal:
                form.add_error(None, str(refusal))
                form.renew()
            else:
                messages.success(request, _("%(number)s registered. The customer is told.") % {"number": filed.number})
                return redirect(f"{filed.console_url}?filed=1")
    context = {
        "for_customer": customer,
        "contracts": contracts,
        "form": form,
        "type_options": type_options(form["type"].value()),
        "severity_options": severity_options(form["severity"].value()),
        "draft": f"filing-staff-{customer.pk}-{request.access.person.pk}",
    }
    status = 422 if form.errors or received.errors else 200
    return render(request, "console/ticket_form.html", context | _uploading(customer.pk, received), status=status)
