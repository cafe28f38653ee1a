"""What the company's approvers are asked, and what they answer. It reads in the customer's scope: what is not theirs is not there."""

from allauth.core.internal.ratelimit import get_ip
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from billing import permissions
from billing.commands import decisions
from billing.commands.charging import ChangedMeanwhile
from billing.commands.decisions import Answer
from billing.forms.charges import DecisionForm
from billing.models import ChargeRequest
from billing.queries import charges as queries
from helpdesk.lib.acts import act
from helpdesk.lib.addresses import address
from helpdesk.lib.refusals import Refusal

State = ChargeRequest.State


def answer_of(request: HttpRequest) -> Answer:
    """Where it comes from: the peer's address, or what the trusted proxy says."""
    try:
        peer: str | None = str(get_ip(request))
    except PermissionDenied:
        peer = None
    return Answer(peer, request.headers.get("User-Agent", ""))


def approvals(request: DeskRequest) -> HttpResponse:
    cursor = request.GET.get("before", "")
    found, here = queries.approvals_page(cursor), address("portal:approvals")
    context = {
        "waiting": found.waiting,
        "settled": found.settled,
        "first_url": here if cursor else "",
        "next_url": f"{here}?before={found.next_cursor}" if found.next_cursor else "",
        "may_decide": permissions.may_decide(request.access),
    }
    return render(request, "portal/approvals.html", context)


def _found(pk: int) -> ChargeRequest:
    found = queries.find_charge(pk)
    if found is None:
        raise Http404
    return found


def approval(request: DeskRequest, pk: int) -> HttpResponse:
    """Where a mail's link leads too: it says what is asked, and asks for one more click, since scanners open links (BIL-6)."""
    found = _found(pk)
    if request.method != "POST":
        return _page(request, found, None)
    if not permissions.may_decide(request.access):
        raise PermissionDenied
    form = DecisionForm(request.POST, most=found.minutes)
    if not form.is_valid():
        return _page(request, found, form)
    try:
        _decide(request, found, form)
    except ChangedMeanwhile as refusal:
        form.add_error(None, str(refusal))
        return _page(request, _found(pk), form)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("portal:approval", pk)


def _decide(request: DeskRequest, found: ChargeRequest, form: DecisionForm) -> None:
    data, now = form.cleaned_data, timezone.now()
    bound = {"request": found, "approver": request.access.person, "shown_hash": data["shown"], "answer": answer_of(request), "now": now}
    if data["answer"] == DecisionForm.ACCEPT:
        decisions.accept(minutes=data["minutes"], **bound)
        messages.success(request, _("Approved. Our staff are told, and go on."))
    else:
        decisions.decline(reason=data["reason"], **bound)
        messages.success(request, _("Declined. Nothing of it is charged."))


def _page(request: DeskRequest, found: ChargeRequest, form: DecisionForm | None) -> HttpResponse:
    now = timezone.now()
    shown = queries.shown(found, now, for_staff=False)
    may_decide = permissions.may_decide(request.access)
    context = {
        "shown": shown,
        "charge": shown.view,
        "form": form or DecisionForm(most=found.minutes, initial={"minutes": found.minutes}),
        "is_answerable": found.may_be_answered and now <= found.answer_by,
        "may_decide": may_decide,
        "may_end": may_decide and found.state == State.ACCEPTED,
    }
    return render(request, "portal/approval.html", context, status=422 if form is not None else 200)


@require_POST
def approval_end(request: DeskRequest, pk: int) -> HttpResponse:
    """No more of it from now on; what was done stays approved."""
    found = _found(pk)
    if not permissions.may_decide(request.access):
        raise PermissionDenied
    return act(
        request,
        lambda: decisions.end(request=found, actor=request.access.person, by_staff=False, now=timezone.now()),
        _("Ended for what comes. What was done stays approved."),
        "portal:approval",
        pk,
    )
