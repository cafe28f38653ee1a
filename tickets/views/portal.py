"""The customer's pages about tickets. They read in the customer's scope: what is not theirs is not there."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import FileResponse, Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from accounts.limits import refusal_of
from contracts.queries import contracts_in_force, whom_to_talk_to
from helpdesk.lib.addresses import address, query_string
from helpdesk.lib.counting import capped
from helpdesk.lib.refusals import Refusal
from tickets import commands, permissions
from tickets.filtering import PortalFilterForm
from tickets.forms import ContestForm, DeclareForm, FilingForm, ReadForm, ReplyForm, SatisfactionForm, WatcherForm
from tickets.models import File, Ticket
from tickets.promised import clocks_on, in_full
from tickets.qualifying import history
from tickets.queries import details, unread
from tickets.queries import portal as queries
from tickets.queries.excerpts import why_found
from tickets.queries.promises import effects_of_declaration
from tickets.queries.satisfaction import said, was_solved_by_staff
from tickets.queries.whole import whole_ticket
from tickets.views.choices import satisfaction_options, severity_options, type_options
from tickets.views.exporting import export_answer, export_links
from tickets.views.previewing import preview_answer, preview_of
from tickets.views.promises import chosen, wants_part
from tickets.views.receiving import Received, download, receive_files, remove_answer, upload_answer, upload_context
from tickets.views.search import search_notes


def _ticket(number: int) -> Ticket:
    ticket = queries.find_ticket(number)
    if ticket is None:
        raise Http404
    return ticket


def _uploading(received: Received) -> dict[str, object]:
    return upload_context(received, address("portal:upload"), address("portal:upload_remove"))


def _may_send(request: DeskRequest, form: Form) -> bool:
    """Whether the form was sent without a mistake, and not too often; else it says so."""
    if request.method == "POST" and (too_often := refusal_of(request)):
        form.add_error(None, str(too_often))
    return request.method == "POST" and form.is_valid()


def ticket_list(request: DeskRequest) -> HttpResponse:
    person, form, here, now = request.access.person, PortalFilterForm(request.GET), address("portal:tickets"), timezone.now()
    filters, state = form.filters_for(person), form.state_slug()
    everywhere = query_string(request.GET, before=None, state="all", mine=None)
    finding, news = filters.find(), unread.unread_of(person)
    page = queries.ticket_list(state=state, filters=filters, reader=person, finding=finding, cursor=request.GET.get("before", ""))
    is_new = news.among([ticket.pk for ticket in page.rows])
    clocks = queries.clocks_in(page.rows)
    context = search_notes(request, finding, has_found=bool(page.rows)) | {
        "rows": queries.rows(page.rows, is_new, clocks, now, why_found(page.rows, finding)),
        "q": filters.words,
        "everywhere_url": f"{here}?{everywhere}" if state != "all" or filters.requester_id else "",
        "form": form,
        "chips": form.chips(here, request.GET),
        "clear_url": f"{here}?state={state}" if filters or form.errors else "",
        "tabs": _tabs(request, here, state, news.count),
        "exports": [] if form.errors else export_links(request, address("portal:tickets_export")),
        "is_unread_list": state == queries.UNREAD,
        "read_until": now.isoformat(timespec="microseconds") if state == queries.UNREAD and news.count else "",
        "next_url": f"{here}?{query_string(request.GET, before=page.next_cursor)}" if page.next_cursor else "",
        "first_url": f"{here}?{query_string(request.GET, before=None)}" if request.GET.get("before") else "",
    }
    return render(request, "portal/ticket_list.html", context)


def _tabs(request: DeskRequest, here: str, state: str, unread_count: int) -> list[dict[str, object]]:
    return [
        {
            "url": f"{here}?{query_string(request.GET, before=None, state=slug)}",
            "label": label,
            "count": capped(unread_count, unread.CAP) if slug == queries.UNREAD and unread_count else "",
            "current": slug == state,
        }
        for slug, (label, _narrow) in queries.STATES.items()
    ]


def tickets_export(request: DeskRequest) -> HttpResponseBase:
    """The list as it is filtered, as a file; with a mistake in the filters, the list, which explains it."""
    form = PortalFilterForm(request.GET)
    filters, state = form.filters_for(request.access.person), form.state_slug()
    if form.errors:
        return redirect(f"{address('portal:tickets')}?{query_string(request.GET, format=None)}")
    return export_answer(request, "portal", lambda access: queries.listed(state=state, filters=filters, reader=access.person))


def ticket_new(request: DeskRequest) -> HttpResponse:
    customer, person, now = request.access.customer, request.access.person, timezone.now()
    contracts = contracts_in_force(customer, now)
    if not contracts:
        return render(request, "portal/ticket_form_refused.html", {"managers": whom_to_talk_to(customer)})
    received = Received()
    form = FilingForm(request.POST or None, customer=customer, contracts=contracts)
    if request.method == "POST":
        received = receive_files(request, customer.pk)
        if form.is_valid() and not received.errors:
            try:
                filed = commands.open_ticket(requester=person, opened_by=person, files=received.files, now=now, **form.event())
            except Refusal as refusal:
                form.add_error(None, str(refusal))
                form.renew()
            else:
                return redirect(f"{filed.portal_url}?filed=1")
    preview = preview_of(form.data, contracts, customer, now)
    context = {
        "form": form,
        "type_options": type_options(form["type"].value()),
        "severity_options": severity_options(form["severity"].value(), preview),
        "preview_note": preview.note,
        "preview_url": address("portal:ticket_preview"),
        "draft": f"filing-{customer.pk}-{person.pk}",
    }
    status = 422 if form.errors or received.errors else 200
    return render(request, "portal/ticket_form.html", context | _uploading(received), status=status)


def ticket_preview(request: DeskRequest) -> HttpResponse:
    """What each severity would mean now, for the contract that the choices on the filing page lead to."""
    customer, now = request.access.customer, timezone.now()
    return preview_answer(request, contracts_in_force(customer, now), customer, now)


def ticket(request: DeskRequest, number: int) -> HttpResponse:
    return _ticket_page(request, number, ReplyForm(), Received())


def _ticket_page(request: DeskRequest, number: int, form: ReplyForm, received: Received) -> HttpResponse:
    found = whole_ticket(number)
    if found is None:
        raise Http404
    ticket, person = found.ticket, request.access.person
    is_filed, sent = "filed" in request.GET, "sent" in request.GET
    context = queries.ticket_page(found, request.access, timezone.now())
    context |= {
        "form": form,
        "reply_url": address("portal:ticket_reply", ticket.pk),
        "send_label": _("Send"),
        "colleagues": queries.colleagues(ticket),
        "satisfaction_options": satisfaction_options("") if context["asks_satisfaction"] else [],
        "draft": f"reply-{ticket.pk}-{person.pk}",
        "draft_cleared": f"filing-{ticket.customer_id}-{person.pk}" if is_filed else (f"reply-{ticket.pk}-{person.pk}" if sent else ""),
        "is_filed": is_filed,
        "promised": in_full(ticket.status, clocks_on(ticket), timezone.now(), for_staff=False) if is_filed else "",
    }
    status = 422 if form.errors or received.errors else 200
    answer = render(request, "portal/ticket.html", context | _uploading(received), status=status)
    if context["news"] is not None:  # noted after the page is made: whoever answers now waits for the note, not for the page
        commands.mark_read(ticket=ticket, person=person, position=ticket.event_count, now=timezone.now())
    return answer


@require_POST
def tickets_read(request: DeskRequest) -> HttpResponse:
    """All that the list of unread tickets held when its page was made."""
    access, now, form = request.access, timezone.now(), ReadForm(request.POST)
    until = form.cleaned_data["until"] if form.is_valid() else None
    count = commands.mark_all_read(customer_id=access.customer.pk, person=access.person, until=until or now, now=now)
    messages.success(request, ngettext("%(count)s ticket marked as read.", "%(count)s tickets marked as read.", count) % {"count": count})
    return redirect(f"{address('portal:tickets')}?state={queries.UNREAD}")


@require_POST
def reply(request: DeskRequest, number: int) -> HttpResponse:
    ticket = _ticket(number)
    form = ReplyForm(request.POST)
    received = receive_files(request, ticket.customer_id)
    if not form.is_valid() or received.errors:
        return _ticket_page(request, number, form, received)
    try:
        answered = commands.reply(
            ticket=ticket,
            author=request.access.person,
            body=form.cleaned_data["body"],
            files=received.files,
            submission_key=form.cleaned_data["submission_key"],
            now=timezone.now(),
        )
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        form.renew()
        return _ticket_page(request, number, form, received)
    if answered.pk != ticket.pk:
        messages.success(request, _("%(old)s is closed, so your text opened %(new)s.") % {"old": ticket.number, "new": answered.number})
    elif answered.is_closed:
        messages.warning(request, _held_sentence(request))
    else:
        messages.success(request, _("Your reply was sent."))
    return redirect(f"{answered.portal_url}?sent=1")


def _held_sentence(request: DeskRequest) -> str:
    managers = ", ".join(whom_to_talk_to(request.access.customer)) or settings.PROVIDER_NAME
    return _("This ticket is closed and no contract is in force. Your text was kept for our staff; please talk to %(managers)s.") % {
        "managers": managers
    }


@require_POST
def solved(request: DeskRequest, number: int) -> HttpResponse:
    ticket = _ticket(number)
    commands.mark_solved(ticket=ticket, person=request.access.person, now=timezone.now())
    messages.success(request, _("Marked as solved. It closes by itself in 7 days; a reply opens it again."))
    return redirect(ticket.portal_url)


def satisfaction(request: DeskRequest, number: int) -> HttpResponse:
    """Where a mail's links lead: the answer is chosen there, and given by one more click."""
    ticket = _ticket(number)
    if not was_solved_by_staff(ticket):
        return render(request, "portal/ticket_satisfaction.html", {"ticket": ticket, "refusal": commands.NotSolvedByStaff.sentence})
    before = said(ticket)
    chosen = request.GET.get("answer") or (before.level if before else "")
    form = SatisfactionForm(request.POST or None, initial={"answer": chosen})
    if _may_send(request, form):
        data = form.cleaned_data
        try:
            commands.rate(ticket=ticket, person=request.access.person, level=data["answer"], comment=data["comment"], now=timezone.now())
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Thank you. Our staff see your answer."))
        return redirect(ticket.portal_url)
    context = {"ticket": ticket, "said": before, "form": form, "options": satisfaction_options(form["answer"].value())}
    return render(request, "portal/ticket_satisfaction.html", context, status=422 if form.errors else 200)


@require_POST
def watch(request: DeskRequest, number: int) -> HttpResponse:
    """Follow or stop following; or add a colleague who shall be told as well."""
    ticket, person, now = _ticket(number), request.access.person, timezone.now()
    if request.POST.get("stop"):
        commands.unwatch(ticket=ticket, person=person, actor=person, by_staff=False, now=now)
        return redirect(ticket.portal_url)
    follower = person
    if request.POST.get("person"):
        form = WatcherForm(request.POST, ticket=ticket)
        if not form.is_valid():
            raise Http404
        follower = form.cleaned_data["person"]
    try:
        commands.watch(ticket=ticket, person=follower, actor=person, by_staff=False, now=now)
    except Refusal as refusal:  # it became private meanwhile
        messages.error(request, str(refusal))
    return redirect(ticket.portal_url)


@require_POST
def private(request: DeskRequest, number: int) -> HttpResponse:
    """Keep the ticket from colleagues, or show it to them again."""
    ticket, person, wanted = _ticket(number), request.access.person, bool(request.POST.get("private"))
    if not permissions.may_set_private(request.access, ticket):
        raise PermissionDenied
    commands.set_private(ticket=ticket, person=person, private=wanted, by_staff=False, now=timezone.now())
    done = (
        _("Only the person who asked and your company's admins see this ticket now.")
        if wanted
        else _("Your whole company sees this ticket now.")
    )
    messages.success(request, done)
    return redirect(ticket.portal_url)


def contest(request: DeskRequest, number: int) -> HttpResponse:
    """Say why a verdict is wrong; somebody else decides."""
    ticket = _ticket(number)
    known = history(ticket)
    if request.method != "POST" and (ticket.is_closed or not known.may_contest):
        return redirect(ticket.portal_url)
    form = ContestForm(request.POST or None, initial={"verdict": known.standing.position if known.standing else None})
    if _may_send(request, form):
        try:
            commands.contest(ticket=ticket, person=request.access.person, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            ticket = _ticket(number)
            known = history(ticket)
            form.renew(verdict=known.standing.position if known.standing else "")
        else:
            messages.success(request, _("Contested. A different person decides; you read it here and by mail."))
            return redirect(ticket.portal_url)
    context = {"ticket": ticket, "qualification": details.qualification(ticket, known), "form": form}
    return render(request, "portal/contest.html", context, status=422 if form.errors else 200)


def declare(request: DeskRequest, number: int) -> HttpResponse:
    """Type and severity as the customer sees them now; the page says before what sending will do."""
    ticket = _ticket(number)
    if ticket.is_closed and request.method != "POST":
        return redirect(ticket.portal_url)
    known = history(ticket)
    form = DeclareForm(request.POST or chosen(request), history=known, initial={"type": ticket.type, "severity": ticket.severity})
    shows_effect = "show" in request.POST
    if not shows_effect and _may_send(request, form):
        try:
            effect = commands.declare(ticket=ticket, person=request.access.person, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            ticket = _ticket(number)
            known = form.history = history(ticket)
            form.renew(seen=known.position)
        else:
            messages.success(request, queries.done(effect))
            return redirect(ticket.portal_url)
    value = form.value()
    context: dict[str, object] = {"moves": effects_of_declaration(ticket, known, value, timezone.now()) if value else None}
    if wants_part(request):
        return render(request, "ui/moves.html", context)
    context |= {
        "ticket": ticket,
        "qualification": details.qualification(ticket, known),
        "effects": queries.effects(known),
        "form": form if not shows_effect else form.without_errors(),
        "type_options": type_options(form["type"].value()),
        "severity_options": severity_options(form["severity"].value()),
    }
    return render(request, "portal/declare.html", context, status=422 if form.errors else 200)


def file(request: DeskRequest, number: int, pk: int) -> FileResponse:
    found = File.objects.filter(pk=pk, message__ticket=_ticket(number)).first()
    return download(request, found)


@require_POST
def upload(request: DeskRequest) -> JsonResponse:
    return upload_answer(request, request.access.customer.pk)


@require_POST
def upload_remove(request: DeskRequest) -> HttpResponse:
    return remove_answer(request)
