"""How oneself is reached when on call, for members of the staff."""

import secrets

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from helpdesk.lib.refusals import Refusal
from notifications import commands, queries
from notifications.forms import WayForm
from notifications.models import PageDelivery, Way

# What is tried first by most; every other service that is let in stands in docs/on-call.md.
EXAMPLES = (
    ("Telegram", "tgram://bot-token/chat-id"),
    ("ntfy", "ntfys://ntfy.sh/topic"),
    ("Pushover", "pover://user-key@app-token"),
    ("Slack", "slack://token-a/token-b/token-c/#channel"),
    ("Twilio (SMS)", "twilio://account-sid:auth-token@from-number/to-number"),
    ("Twilio (phone)", "twilio://account-sid:auth-token@from-number/to-number?method=call"),
    ("Vonage (SMS)", "vonage://key:secret@from-number/to-number"),
    ("PagerDuty", "pagerduty://integration-key@api-key"),
    ("Webhook", "jsons://host.example/path"),
)
LOOK_AGAIN_SECONDS = 2
MOVING = {PageDelivery.State.DUE, PageDelivery.State.SENDING}


def _staff_only(request: DeskRequest) -> None:
    if not request.access.is_staff:
        raise Http404


@login_required
def ways(request: DeskRequest) -> HttpResponse:
    """One's own ways, in the order in which they are used; posted: one more."""
    _staff_only(request)
    form = WayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            commands.add_way(person=request.access.person, now=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("url", str(refusal))
        else:
            messages.success(request, _("Added. Send yourself a test page."))
            return redirect("account_on_call")
    rows = queries.ways_of(request.access.person)
    answer = render(request, "account/on_call.html", {"rows": rows, "form": form, "examples": EXAMPLES}, status=422 if form.errors else 200)
    if request.method == "GET" and any(_is_on_its_way(row.last) for row in rows):
        answer["Refresh"] = str(LOOK_AGAIN_SECONDS)  # the result of a test shows by itself, without a script
    return answer


def _is_on_its_way(last: PageDelivery | None) -> bool:
    """For the first time: what failed once is tried again minutes later."""
    return last is not None and last.state in MOVING and last.attempts <= 1 and not last.last_error


def _own(request: DeskRequest, pk: int) -> Way:
    _staff_only(request)
    found = Way.objects.filter(pk=pk, person=request.access.person).first()
    if found is None:
        raise Http404
    return found


@login_required
@require_POST
def way_remove(request: DeskRequest, pk: int) -> HttpResponse:
    commands.remove_way(way=_own(request, pk))
    messages.success(request, _("Removed."))
    return redirect("account_on_call")


@login_required
@require_POST
def way_test(request: DeskRequest, pk: int) -> HttpResponse:
    commands.send_test(person=request.access.person, way=_own(request, pk), key=secrets.token_hex(8), now=timezone.now())
    return redirect("account_on_call")
