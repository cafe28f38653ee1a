"""What people send about themselves, their colleagues and customers."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Membership, Person, validate_time_zone

# The zones that most readers need first; any other name of the tz database is accepted as typed.
COMMON_ZONES = (
    *("America/Sao_Paulo", "America/Manaus", "America/Cuiaba", "America/Fortaleza", "America/Recife", "America/Rio_Branco"),
    *("America/Noronha", "America/Buenos_Aires", "America/Bogota", "America/Mexico_City", "America/New_York", "America/Los_Angeles"),
    *("Europe/Lisbon", "Europe/London", "Europe/Madrid", "UTC"),
)


class ZoneField(forms.CharField):
    """A time zone by name, with the common ones suggested."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Time zone"),
            max_length=64,
            validators=[validate_time_zone],
            help_text=_("Instants are shown in this zone, e.g. America/Sao_Paulo."),
            widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
            **kwargs,
        )


class InvitationForm(forms.Form):
    email = forms.EmailField(max_length=254, label=_("Mail address"))
    name = forms.CharField(max_length=120, label=_("Name"))
    role = forms.ChoiceField(
        choices=Membership.Role,
        label=_("Role"),
        initial=Membership.Role.MEMBER,
        help_text=_("Members file and follow tickets. Approvers also accept charges. Admins also manage people and authorisations."),
    )
    language = forms.ChoiceField(choices=settings.LANGUAGES, label=_("Language"))


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role, label=_("Role"))


class AcceptanceForm(forms.Form):
    """A new account by invitation: the address is the invited one."""

    name = forms.CharField(max_length=120, label=_("Your name"))
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters."),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "password" in data:
            try:
                validate_password(data["password"], Person(email=self.email, name=data.get("name", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class ProfileForm(forms.Form):
    name = forms.CharField(max_length=120, label=_("Name"))
    language = forms.ChoiceField(choices=settings.LANGUAGES, label=_("Language"))
    time_zone = ZoneField()
    keyboard_shortcuts = forms.BooleanField(required=False, label=_("Keyboard shortcuts in the console"))
    mutes = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_("Mail I don't want"),
        help_text=_("It stays visible on your pages."),
    )

    def __init__(self, *args: Any, kinds: list[tuple[str, Any]], is_staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["mutes"].choices = kinds  # type: ignore[attr-defined]
        if not is_staff:
            del self.fields["keyboard_shortcuts"]


class CustomerForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    time_zone = ZoneField()

    class Meta:
        model = Customer
        fields = ["name", "language", "time_zone"]


class SecondFactorForm(forms.Form):
    """A customer's admin requires the second factor of everyone in the company."""

    required = forms.BooleanField(required=False, label=_("Everyone in the company must sign in with a second factor"))
