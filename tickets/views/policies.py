"""Moving open tickets to the version of their policy that is in force: a look at what it does, then the act (SLA-1)."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import DeskRequest
from sla.models import Policy
from sla.views.policies import policy_to_change
from tickets.commands import VersionReplaced, move_open_tickets
from tickets.forms import MoveForm
from tickets.queries.policies import Behind, effect_of_moving, tickets_behind


def move(request: DeskRequest, pk: int) -> HttpResponse:
    """What would move; confirming does it. Many tickets are moved in turns, each posted by a page that says how far it is."""
    policy, now = policy_to_change(request, pk), timezone.now()
    form = MoveForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _review_page(request, policy, now, status=422 if form.errors else 200)
    expected, before = form.cleaned_data["expected"], form.cleaned_data["moved"]
    try:
        moved = move_open_tickets(actor=request.access.person, policy=policy, expected=expected, now=now)
    except VersionReplaced as refusal:
        return _review_page(request, policy, now, refusal=str(refusal), status=409)
    left = tickets_behind(policy, now)
    if moved and left.count:
        return _goes_on_page(request, policy, left, before + moved)
    messages.success(request, _moved(before + moved, left))
    return redirect("console:policy", policy.pk)


def _moved(count: int, left: Behind) -> str:
    facts = {"count": count, "number": left.version.number}
    if not count:
        return _("Nothing was left to move to version %(number)s.") % facts
    return ngettext("%(count)s ticket follows version %(number)s now.", "%(count)s tickets follow version %(number)s now.", count) % facts


def _review_page(request: DeskRequest, policy: Policy, now: datetime, *, refusal: str = "", status: int = 200) -> HttpResponse:
    effect = effect_of_moving(policy, now)
    form = MoveForm(initial={"expected": effect.version.number})
    context = {"policy": policy, "effect": effect, "form": form, "refusal": refusal}
    return render(request, "console/policy_move.html", context, status=status)


def _goes_on_page(request: DeskRequest, policy: Policy, left: Behind, moved: int) -> HttpResponse:
    form = MoveForm(initial={"expected": left.version.number, "moved": moved})
    context = {"policy": policy, "left": left, "form": form, "moved": moved, "all": moved + left.count}
    return render(request, "console/policy_moving.html", context)
