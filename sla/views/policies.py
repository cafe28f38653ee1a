"""The staff's pages about policies: what is promised, what was, and for administrators the editor."""

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from helpdesk.lib.refusals import Refusal
from sla import permissions
from sla.commands import policies as commands
from sla.forms.policies import NewPolicyForm, PolicyForm
from sla.models import Policy
from sla.queries import policies as queries
from sla.queries.consequences import consequences


def policies(request: DeskRequest) -> HttpResponse:
    context = {"lines": queries.policies_page(), "may_change": permissions.may_change_policies(request.access)}
    return render(request, "console/policies.html", context)


def _policy(pk: int) -> Policy:
    found = Policy.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def policy_to_change(request: DeskRequest, pk: int) -> Policy:
    """For administrators alone. Raises PermissionDenied, Http404."""
    if not permissions.may_change_policies(request.access):
        raise PermissionDenied
    return _policy(pk)


def policy(request: DeskRequest, pk: int) -> HttpResponse:
    """What it promises now, and what each version changed."""
    found = _policy(pk)
    context = {
        "policy": found,
        "version": queries.latest_version(found),
        "promises": queries.promised(found.pk, timezone.now()),
        "history": queries.history(found),
        "may_change": permissions.may_change_policies(request.access),
    }
    return render(request, "console/policy.html", context)


def policy_new(request: DeskRequest) -> HttpResponse:
    if not permissions.may_change_policies(request.access):
        raise PermissionDenied
    form = NewPolicyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.add_policy(actor=request.access.person, name=form.cleaned_data["name"], now=timezone.now())
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, _("%(name)s promises what the standard does. Change it now, or later.") % {"name": made})
            return redirect("console:policy", made.pk)
    return render(request, "console/policy_new.html", {"form": form}, status=422 if form.errors else 200)


def policy_edit(request: DeskRequest, pk: int) -> HttpResponse:
    """The form; then what it would change, to be confirmed; then the new version."""
    found = policy_to_change(request, pk)
    now = timezone.now()
    latest = queries.latest_version(found)
    number, present = (latest.number if latest is not None else 0), queries.rules(queries.version_for(found.pk, now).pk)
    form = PolicyForm(request.POST or None, rules=present, number=number)
    if request.method != "POST" or not form.is_valid() or "back" in request.POST:
        return _form_page(request, found, form)
    try:
        if "confirm" in request.POST:
            return _change(request, found, form, now)
        commands.proposed_change(policy=found, rules=form.rules(), expected_number=form.cleaned_data["expected_number"])
    except commands.ChangedMeanwhile as refusal:
        again = PolicyForm(_looked_at(request.POST, number), rules=present, number=number)
        again.add_error(None, str(refusal))
        return _form_page(request, found, again)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _form_page(request, found, form)
    context = {"policy": found, "form": form, "consequences": consequences(present, form.rules(), now)}
    return render(request, "console/policy_review.html", context)


def _form_page(request: DeskRequest, policy: Policy, form: PolicyForm) -> HttpResponse:
    return render(request, "console/policy_form.html", {"policy": policy, "form": form}, status=422 if form.errors else 200)


def _change(request: DeskRequest, policy: Policy, form: PolicyForm, now: datetime) -> HttpResponse:
    rules = form.rules()
    version = commands.change_policy(
        actor=request.access.person,
        policy=policy,
        rows=rules.rows,
        steps=rules.steps,
        reason=form.cleaned_data["reason"],
        expected_number=form.cleaned_data["expected_number"],
        now=now,
    )
    messages.success(request, _("Version %(number)s rules tickets opened from now on.") % {"number": version.number})
    return redirect("console:policy", policy.pk)


def _looked_at(data: QueryDict, number: int) -> QueryDict:
    """What was sent, now against the version that is there: its differences from that are shown next."""
    again = data.copy()
    again["expected_number"] = str(number)
    return again


@require_POST
def policy_standard(request: DeskRequest, pk: int) -> HttpResponse:
    found = policy_to_change(request, pk)
    commands.make_standard(actor=request.access.person, policy=found, now=timezone.now())
    messages.success(request, _("%(name)s applies now unless a contract names another.") % {"name": found})
    return redirect("console:policy", found.pk)
