"""The outbox: what is sent, to whom, its state and its text."""

from csp.constants import NONE, SELF
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from helpdesk.lib.addresses import row_id
from helpdesk.lib.words import clean_words
from notifications import commands, permissions, queries
from notifications.composition import compose
from notifications.models import BouncingAddress, Mail
from notifications.preview import preview

# What needs a person first, what is of least interest last.
TABS = (
    *(Mail.State.PARKED, Mail.State.BOUNCED, Mail.State.DUE, Mail.State.SENDING, Mail.State.SENT),
    *(Mail.State.DELIVERED, Mail.State.COMPLAINED, Mail.State.JOINED, Mail.State.MUTED, Mail.State.CANCELLED),
)


def outbox(request: DeskRequest) -> HttpResponse:
    if not permissions.may_read_outbox(request.access):
        raise PermissionDenied
    state, before = request.GET.get("state", ""), request.GET.get("before", "")
    words = clean_words(request.GET.get("q", ""), longest=200)
    mails = queries.outbox_page(
        state=state if state in Mail.State.values else "",
        words=words,
        before=row_id(before),
    )
    context = {
        "mails": mails[:50],
        "next_cursor": mails[49].pk if len(mails) > 50 else "",
        "states": [(state.value, state.label) for state in TABS],
        "state": state,
        "words": words,
        "parked": queries.parked_count(),
        "bouncing_count": queries.bouncing_count(),
    }
    return render(request, "console/outbox.html", context)


def _mail(request: DeskRequest, pk: int) -> Mail:
    if not permissions.may_read_outbox(request.access):
        raise PermissionDenied
    found = Mail.objects.select_related("recipient", "customer", "joined_into").filter(pk=pk).first()
    if found is None:
        raise Http404
    return _without_secrets(found)


def _without_secrets(mail: Mail) -> Mail:
    """Links that sign somebody in are for the reader alone; only the embedded demo, whose mailbox this is, shows them."""
    if mail.is_about_account and not settings.EMBEDDED:
        mail.action_url = settings.BASE_URL + "/…"
    return mail


def mail(request: DeskRequest, pk: int) -> HttpResponse:
    found = _mail(request, pk)
    lead = found.joined_into or found
    joined = list(lead.joined.order_by("pk"))
    message = compose(_without_secrets(lead), joined)
    context = {
        "mail": found,
        "lead": lead,
        "joined": joined,
        "subject": message.subject,
        "headers": message.extra_headers,
        "text": message.body,
        "may_resend": permissions.may_resend(request.access),
    }
    return render(request, "console/mail.html", context)


@xframe_options_sameorigin
def mail_html(request: DeskRequest, pk: int) -> HttpResponse:
    """The HTML part as a mail program shows it, in a frame that may do nothing."""
    found = _mail(request, pk)
    lead = found.joined_into or found
    message = compose(_without_secrets(lead), list(lead.joined.order_by("pk")))
    shown = preview(str(message.alternatives[0].content))
    response = HttpResponse(shown.html)
    policy = {"default-src": [NONE], "style-src": [shown.style_hash], "form-action": [NONE], "base-uri": [NONE]}
    response._csp_replace = policy | {"frame-ancestors": [SELF], "sandbox": True}  # type: ignore[attr-defined]  # what csp_replace sets
    return response


@require_POST
def resend(request: DeskRequest, pk: int) -> HttpResponse:
    commands.resend(actor=request.access.person, mail=_mail_to_mend(request, pk), now=timezone.now())
    messages.success(request, _("Back in the queue."))
    return redirect("console:mail", pk)


@require_POST
def arrived(request: DeskRequest, pk: int) -> HttpResponse:
    commands.note_arrived(actor=request.access.person, mail=_mail_to_mend(request, pk), now=timezone.now())
    messages.success(request, _("Noted: it arrived."))
    return redirect("console:mail", pk)


def _mail_to_mend(request: DeskRequest, pk: int) -> Mail:
    found = _mail(request, pk)
    if not permissions.may_resend(request.access):
        raise PermissionDenied
    return found


def addresses(request: DeskRequest) -> HttpResponse:
    """Addresses that mail comes back from, and whose they are."""
    if not permissions.may_read_outbox(request.access):
        raise PermissionDenied
    rows = queries.addresses_page(before=row_id(request.GET.get("before", "")), now=timezone.now())
    context = {
        "rows": rows[:50],
        "next_cursor": rows[49].mark.id if len(rows) > 50 else "",
        "may_try_again": permissions.may_try_address_again(request.access),
    }
    return render(request, "console/addresses.html", context)


@require_POST
def try_again(request: DeskRequest, pk: int) -> HttpResponse:
    """Somebody says that the address works: what waits for it goes out."""
    if not permissions.may_try_address_again(request.access):
        raise PermissionDenied
    mark = BouncingAddress.objects.filter(pk=pk).first()
    if mark is None:
        raise Http404
    commands.try_address_again(actor=request.access.person, mark=mark, now=timezone.now())
    messages.success(request, _("Mail to %(address)s is sent again from now on.") % {"address": mark.address})
    back = request.POST.get("next", "")
    here = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if here else "console:addresses")
