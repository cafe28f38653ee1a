"""A person's own settings: name, language, time zone, and the mail they don't want."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.access import DeskRequest
from accounts.commands import change_profile
from accounts.forms import COMMON_ZONES, ProfileForm
from notifications.commands import set_mutes
from notifications.fate import bouncing, mail_comes_back
from notifications.models import Mute


@login_required
def profile(request: DeskRequest) -> HttpResponse:
    person, is_staff = request.access.person, request.access.is_staff
    kinds = [choice for choice in Mute.Kind.choices if is_staff or choice[0] != Mute.Kind.ASSIGNED]
    form = ProfileForm(
        request.POST or None,
        kinds=kinds,
        is_staff=is_staff,
        initial={
            "name": person.name,
            "language": person.language,
            "time_zone": person.time_zone,
            "keyboard_shortcuts": person.keyboard_shortcuts,
            "mutes": list(person.mutes.values_list("kind", flat=True)),
        },
    )
    if request.method == "POST" and form.is_valid():
        changes = dict(form.cleaned_data)
        set_mutes(person=person, kinds=changes.pop("mutes"))
        change_profile(person=person, **changes)
        with translation.override(person.language):
            messages.success(request, _("Saved."))
        return redirect("account_profile")
    context = {"form": form, "zones": COMMON_ZONES, "comes_back": [mail_comes_back(mark) for mark in bouncing([person.email]).values()]}
    return render(request, "account/profile.html", context, status=422 if form.errors else 200)
