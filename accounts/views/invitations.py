"""An invitation's link: a new account, or another company for an existing one."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import commands, known_browsers
from accounts.forms import AcceptanceForm
from accounts.middleware import SESSION_CUSTOMER
from accounts.models import Invitation, Person

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, customer_id: int, token: str) -> HttpResponse:
    now = timezone.now()
    try:
        found = commands.find_invitation(customer_id, token, now)
    except commands.InvitationClosed as refusal:
        return render(request, "account/invitation_closed.html", {"sentence": str(refusal)}, status=410)
    with translation.override(found.language if not request.user.is_authenticated else translation.get_language()):
        return _answer(request, found, token)


def _answer(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    now, existing = timezone.now(), Person.objects.filter(email__iexact=invitation.email).first()
    context = {
        "invitation": invitation,
        "inviter": commands.inviter_name(invitation),
        "existing": existing,
        "is_theirs": existing is not None and request.user == existing,
    }
    if existing is not None:
        if not context["is_theirs"]:
            return render(request, "account/invitation.html", context)
        if request.method == "POST":
            return _accept(request, invitation, token, existing)
        return render(request, "account/invitation.html", context)
    form = AcceptanceForm(request.POST or None, email=invitation.email, initial={"name": invitation.name})
    if request.method == "POST" and form.is_valid():
        try:
            person = commands.accept_invitation(customer_id=invitation.customer_id, token=token, person=None, now=now, **form.cleaned_data)
        except commands.InvitationClosed as refusal:
            return render(request, "account/invitation_closed.html", {"sentence": str(refusal)}, status=410)
        login(request, person, backend=BACKEND)
        request.session[SESSION_CUSTOMER] = invitation.customer_id
        response = redirect("portal:home")
        known_browsers.remember(response, person)
        return response
    return render(request, "account/invitation.html", context | {"form": form}, status=422 if form.errors else 200)


def _accept(request: HttpRequest, invitation: Invitation, token: str, person: Person) -> HttpResponse:
    try:
        commands.accept_invitation(customer_id=invitation.customer_id, token=token, person=person, now=timezone.now())
    except (commands.InvitationClosed, commands.AlreadyMember) as refusal:
        return render(request, "account/invitation_closed.html", {"sentence": str(refusal)}, status=410)
    request.session[SESSION_CUSTOMER] = invitation.customer_id
    return redirect("portal:home")
