"""What staff do to a ticket by one button of its page; each goes back to it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from contracts.queries import contracts_for
from helpdesk.lib.acts import act
from tickets import commands, permissions
from tickets.forms import AssignForm, ConfirmForm, ContractForm, HoldForm, StatusForm, TeamForm
from tickets.models import Hold
from tickets.qualifying import history
from tickets.views.console import found_ticket, needs


@require_POST
@needs(permissions.may_work)
def confirm(request: DeskRequest, number: int) -> HttpResponse:
    """Confirm in one click the qualification that the page showed."""
    ticket = found_ticket(number)
    form = ConfirmForm(request.POST, history=history(ticket))
    if not form.is_valid():
        return redirect("console:ticket_qualify", ticket.pk)
    return act(
        request,
        lambda: commands.verify(ticket=ticket, agent=request.access.person, now=timezone.now(), **form.cleaned_data),
        _("Qualification of %(number)s verified. The customer is told.") % {"number": ticket.number},
        ticket.console_url,
    )


@require_POST
@needs(permissions.may_work)
def assign(request: DeskRequest, number: int) -> HttpResponse:
    ticket = found_ticket(number)
    form = AssignForm(request.POST)
    if not form.is_valid():
        raise Http404
    assignee = form.cleaned_data["assignee"]
    done = _("Assigned to %(name)s.") % {"name": assignee} if assignee else _("Assigned to nobody.")
    return act(
        request,
        lambda: commands.assign(ticket=ticket, agent=request.access.person, assignee=assignee, now=timezone.now()),
        done,
        ticket.console_url,
    )


@require_POST
@needs(permissions.may_work)
def team(request: DeskRequest, number: int) -> HttpResponse:
    ticket = found_ticket(number)
    form = TeamForm(request.POST)
    if not form.is_valid():
        raise Http404
    new = form.cleaned_data["team"]
    return act(
        request,
        lambda: commands.move_to_team(ticket=ticket, agent=request.access.person, team=new, now=timezone.now()),
        _("Handed to %(team)s.") % {"team": new},
        ticket.console_url,
    )


@require_POST
@needs(permissions.may_work)
def status(request: DeskRequest, number: int) -> HttpResponse:
    ticket = found_ticket(number)
    form = StatusForm(request.POST)
    if not form.is_valid():
        raise Http404
    return act(
        request,
        lambda: commands.change_status(ticket=ticket, agent=request.access.person, status=form.cleaned_data["status"], now=timezone.now()),
        _("State changed. The customer is told."),
        ticket.console_url,
    )


@require_POST
@needs(permissions.may_work)
def private(request: DeskRequest, number: int) -> HttpResponse:
    ticket, wanted = found_ticket(number), bool(request.POST.get("private"))
    return act(
        request,
        lambda: commands.set_private(ticket=ticket, person=request.access.person, private=wanted, by_staff=True, now=timezone.now()),
        _("The ticket is private now. The customer is told.")
        if wanted
        else _("The whole company sees the ticket now. The customer is told."),
        ticket.console_url,
    )


@require_POST
@needs(permissions.may_work)
def hold(request: DeskRequest, number: int) -> HttpResponse:
    ticket = found_ticket(number)
    form = HoldForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what the approval is for."))
        return redirect(ticket.console_url)
    return act(
        request,
        lambda: commands.place_hold(ticket=ticket, reason=form.cleaned_data["reason"], placed_by=request.access.person, now=timezone.now()),
        _("The ticket waits for approval. The customer is told."),
        ticket.console_url,
    )


@require_POST
@needs(permissions.may_work)
def hold_release(request: DeskRequest, number: int, pk: int) -> HttpResponse:
    ticket = found_ticket(number)
    found = Hold.objects.filter(pk=pk, ticket=ticket).first()
    if found is None:
        raise Http404
    return act(
        request,
        lambda: commands.release_hold(hold=found, released_by=request.access.person, now=timezone.now()),
        _("Hold released."),
        ticket.console_url,
    )


@require_POST
@needs(permissions.may_move_contract)
def contract(request: DeskRequest, number: int) -> HttpResponse:
    ticket, now = found_ticket(number), timezone.now()
    form = ContractForm(request.POST, contracts=contracts_for(ticket.customer, ticket.product, now))
    if not form.is_valid():
        raise Http404
    chosen = form.cleaned_data["contract"]
    return act(
        request,
        lambda: commands.move_to_contract(ticket=ticket, actor=request.access.person, contract=chosen, now=now),
        _("Moved to contract %(contract)s.") % {"contract": chosen},
        ticket.console_url,
    )


@require_POST
def watch(request: DeskRequest, number: int) -> HttpResponse:
    ticket, person, now = found_ticket(number), request.access.person, timezone.now()
    act = commands.unwatch if request.POST.get("stop") else commands.watch
    act(ticket=ticket, person=person, actor=person, by_staff=True, now=now)
    return redirect(ticket.console_url)
