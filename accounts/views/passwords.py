"""Changing one's own password, as allauth has it, in a browser that stays known."""

from allauth.account.views import PasswordChangeView
from django.http import HttpResponse

from accounts import known_browsers


class ChangePassword(PasswordChangeView):  # type: ignore[misc]  # allauth has no types
    def form_valid(self, form: object) -> HttpResponse:
        """The old mark ended with the old password."""
        response: HttpResponse = super().form_valid(form)
        known_browsers.remember(response, self.request.user)
        return response
