"""The customer's own pages about its people, and the switch between companies."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import commands, permissions, queries
from accounts.access import DeskRequest
from accounts.forms import InvitationForm, RoleForm, SecondFactorForm
from accounts.middleware import SESSION_CUSTOMER
from accounts.models import Invitation, Membership
from helpdesk.lib.acts import act
from helpdesk.lib.refusals import Refusal


def _refuse_unless_admin(request: DeskRequest) -> None:
    if not permissions.may_manage_people(request.access):
        raise PermissionDenied


def people(request: DeskRequest) -> HttpResponse:
    """Everyone sees their colleagues; admins invite, change and remove."""
    customer, now = request.access.customer, timezone.now()
    form = InvitationForm(request.POST or None, initial={"language": customer.language})
    if request.method == "POST":
        _refuse_unless_admin(request)
        if form.is_valid():
            try:
                commands.invite(actor=request.access.person, customer=customer, now=now, **form.cleaned_data)
            except Refusal as refusal:
                form.add_error("email", str(refusal))
            else:
                messages.success(request, _("Invitation sent to %(email)s.") % {"email": form.cleaned_data["email"]})
                return redirect("portal:people")
    context = queries.people_page(customer, now) | {
        "form": form,
        "second_factor_form": SecondFactorForm(initial={"required": customer.second_factor_required}),
    }
    return render(request, "portal/people.html", context, status=422 if form.errors else 200)


def _membership(request: DeskRequest, pk: int) -> Membership:
    _refuse_unless_admin(request)
    membership = Membership.objects.in_force().filter(pk=pk).first()
    if membership is None:
        raise Http404
    return membership


@require_POST
def role(request: DeskRequest, pk: int) -> HttpResponse:
    membership = _membership(request, pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise Http404
    return act(
        request,
        lambda: commands.change_role(
            actor=request.access.person, membership=membership, role=form.cleaned_data["role"], now=timezone.now()
        ),
        _("Role changed."),
        "portal:people",
    )


@require_POST
def remove(request: DeskRequest, pk: int) -> HttpResponse:
    membership = _membership(request, pk)
    return act(
        request,
        lambda: commands.remove_member(actor=request.access.person, membership=membership, now=timezone.now()),
        _("Removed. The person has no access any more."),
        "portal:people",
    )


@require_POST
def revoke(request: DeskRequest, pk: int) -> HttpResponse:
    _refuse_unless_admin(request)
    invitation = Invitation.objects.filter(pk=pk).first()
    if invitation is None:
        raise Http404
    commands.revoke_invitation(actor=request.access.person, invitation=invitation, now=timezone.now())
    messages.success(request, _("Invitation withdrawn."))
    return redirect("portal:people")


@require_POST
def second_factor(request: DeskRequest) -> HttpResponse:
    _refuse_unless_admin(request)
    form = SecondFactorForm(request.POST)
    required = form.is_valid() and form.cleaned_data["required"]
    commands.change_customer(
        actor=request.access.person, customer=request.access.customer, second_factor_required=required, now=timezone.now()
    )
    messages.success(request, _("A second factor is now required.") if required else _("A second factor is no longer required."))
    return redirect("portal:people")


@require_POST
def switch(request: DeskRequest) -> HttpResponse:
    """Look at another of one's own companies; somebody else's does not exist."""
    wanted = request.POST.get("customer", "")
    if not any(str(m.customer_id) == wanted for m in request.access.memberships):
        raise Http404
    request.session[SESSION_CUSTOMER] = int(wanted)
    return redirect("portal:home")
