"""Filing by staff, for somebody who phoned; and the files that they send."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from accounts.models import Customer
from contracts.queries import contracts_in_force
from helpdesk.lib.addresses import address
from helpdesk.lib.refusals import Refusal
from tickets import commands, permissions
from tickets.forms import StaffFilingForm
from tickets.models import Channel, Ticket
from tickets.promised import clocks_on, in_full
from tickets.views.choices import severity_options, type_options
from tickets.views.console import needs, uploading
from tickets.views.previewing import preview_answer, preview_of
from tickets.views.receiving import Received, receive_files, remove_answer, upload_answer


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
                messages.success(request, _filed_sentence(filed, now))
                return redirect(f"{filed.console_url}?filed=1")
    preview = preview_of(form.data, contracts, customer, now) if contracts else None
    context = {
        "for_customer": customer,
        "contracts": contracts,
        "form": form,
        "type_options": type_options(form["type"].value(), for_staff=True),
        "severity_options": severity_options(form["severity"].value(), preview),
        "preview_note": preview.note if preview is not None else "",
        "preview_url": address("console:ticket_preview", customer.pk),
        "draft": f"filing-staff-{customer.pk}-{request.access.person.pk}",
    }
    status = 422 if form.errors or received.errors else 200
    return render(request, "console/ticket_form.html", context | uploading(customer.pk, received), status=status)


def _filed_sentence(ticket: Ticket, now: datetime) -> str:
    registered = _("%(number)s registered. The customer is told.") % {"number": ticket.number}
    promised = in_full(ticket.status, clocks_on(ticket), now, for_staff=True)
    return f"{registered} {promised}." if promised else registered


@needs(permissions.may_file_for_customers)
def ticket_preview(request: DeskRequest, customer_id: int) -> HttpResponse:
    """The same as for customers, while staff file for one."""
    customer, now = Customer.objects.filter(pk=customer_id).first(), timezone.now()
    if customer is None:
        raise Http404
    return preview_answer(request, contracts_in_force(customer, now), customer, now)
