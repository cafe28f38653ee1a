"""The staff's pages about customers' people, and the audit trail."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import commands, permissions, queries, trail
from accounts.access import DeskRequest
from accounts.forms import COMMON_ZONES, CustomerForm, InvitationForm
from accounts.models import Customer, default_time_zone
from helpdesk.lib.addresses import row_id
from helpdesk.lib.refusals import Refusal


def _refuse_unless_manager(request: DeskRequest) -> None:
    if not permissions.may_manage_customers(request.access):
        raise PermissionDenied


def customer_new(request: DeskRequest) -> HttpResponse:
    _refuse_unless_manager(request)
    form = CustomerForm(request.POST or None, initial={"time_zone": default_time_zone()})
    if request.method == "POST" and form.is_valid():
        customer = commands.create_customer(actor=request.access.person, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("%(name)s is registered. Add a contract and invite its people.") % {"name": customer})
        return redirect("console:customer", customer.pk)
    return render(request, "console/customer_form.html", {"form": form, "zones": COMMON_ZONES}, status=422 if form.errors else 200)


def customer_edit(request: DeskRequest, pk: int) -> HttpResponse:
    _refuse_unless_manager(request)
    customer = Customer.objects.filter(pk=pk).first()
    if customer is None:
        raise Http404
    form = CustomerForm(request.POST or None, instance=customer)
    if request.method == "POST" and form.is_valid():
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        commands.change_customer(actor=request.access.person, customer=customer, now=timezone.now(), **changes)
        messages.success(request, _("Saved."))
        return redirect("console:customer", customer.pk)
    context = {"form": form, "for_customer": customer, "zones": COMMON_ZONES}
    return render(request, "console/customer_form.html", context, status=422 if form.errors else 200)


def invite(request: DeskRequest, pk: int) -> HttpResponse:
    """Staff invite a customer's first admin, and anybody else on request."""
    _refuse_unless_manager(request)
    customer = Customer.objects.filter(pk=pk).first()
    if customer is None:
        raise Http404
    form = InvitationForm(request.POST or None, initial={"language": customer.language, "role": "admin"})
    if request.method == "POST" and form.is_valid():
        try:
            commands.invite(actor=request.access.person, customer=customer, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(request, _("Invitation sent to %(email)s.") % {"email": form.cleaned_data["email"]})
            return redirect("console:customer", customer.pk)
    return render(request, "console/invite.html", {"form": form, "for_customer": customer}, status=422 if form.errors else 200)


def audit(request: DeskRequest) -> HttpResponse:
    if not permissions.may_read_audit(request.access):
        raise PermissionDenied
    before, customer = request.GET.get("before", ""), request.GET.get("customer", "")
    entries = queries.audit_page(
        before=row_id(before),
        customer_id=row_id(customer),
    )
    context = {"lines": trail.in_words(entries[:50]), "next_cursor": entries[49].pk if len(entries) > 50 else ""}
    return render(request, "console/audit.html", context)
