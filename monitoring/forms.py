"""What customers and staff send about watching."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Customer
from contracts.forms import DayField
from contracts.models import Environment, Product
from monitoring import texts
from monitoring.models import Source, Watch
from tickets.models import Severity

RULE = _("One rule a line, label = value: severity. The first that fits counts.")
MOST_RULES = 20
LAST_YEAR = 2200
LIMITS = {"storm_count": (2, 10_000), "storm_minutes": (1, 1440), "settle_minutes": (0, 120), "keep_days": (1, 400)}


class AuthorisationForm(forms.Form):
    """`ends_at` of its clean data: the end of the last day in the customer's zone, or None."""

    environments = forms.ModelMultipleChoiceField(Environment.objects.none(), label=_("Environments"), widget=forms.CheckboxSelectMultiple)
    last_date = DayField(label=_("Last day"), required=False, help_text=_("Without one it holds until it is withdrawn."))
    agreed = forms.BooleanField(label=_("We agree to this text"))
    text_version = forms.IntegerField(widget=forms.HiddenInput, initial=texts.CURRENT)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer
        own = Environment.objects.filter(customer=customer, retired_at=None)
        self.fields["environments"].queryset = own  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        day = data.get("last_date")
        data["ends_at"] = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(self.customer.time_zone)) if day else None
        return data

    def clean_last_date(self) -> date | None:
        day: date | None = self.cleaned_data["last_date"]
        if day is not None and day.year > LAST_YEAR:
            raise forms.ValidationError(_("Choose an earlier day, or none."))
        return day


class WithdrawalForm(forms.Form):
    stored = forms.ChoiceField(
        choices=(("keep", _("Keep what was stored")), ("erase", _("Erase what was stored"))),
        initial="keep",
        label=_("Signals that came in until now"),
        widget=forms.RadioSelect,
    )


class CredentialForm(forms.Form):
    source = forms.ChoiceField(choices=Source, label=_("What sends"))
    name = forms.CharField(max_length=80, label=_("Name"), help_text=_("So that you know it again: where the tool runs, for example."))


class HeartbeatForm(forms.Form):
    name = forms.CharField(max_length=80, label=_("Name"))
    period_minutes = forms.IntegerField(label=_("Expected every so many minutes"), min_value=1, max_value=60 * 24 * 31, initial=5)
    grace_minutes = forms.IntegerField(label=_("Late after so many minutes more"), min_value=1, max_value=60 * 24 * 31, initial=2)


class TargetForm(forms.Form):
    address = forms.CharField(max_length=260, label=_("Address with port"))
    job = forms.CharField(max_length=60, label=pgettext_lazy("prometheus", "Job"), initial="node")


class MaintenanceForm(forms.Form):
    """Instants are in the reader's zone."""

    from_at = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}))
    until_at = forms.DateTimeField(label=_("Until"), widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}))
    reason = forms.CharField(max_length=200, label=_("Reason"))

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        start = timezone.localtime(now).replace(second=0, microsecond=0)
        self.initial = {"from_at": start, "until_at": start + timedelta(hours=2)}
        for name in ("from_at", "until_at"):
            self.fields[name].input_formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]  # type: ignore[attr-defined]


class WatchForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Settings of an environment's watch; its rules as text, a line for each."""

    rules = forms.CharField(
        label=_("Severity by label"), required=False, help_text=RULE, widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
    )

    class Meta:
        model = Watch
        fields = ("product", "usual_severity", "storm_count", "storm_minutes", "settle_minutes", "keep_days")

    def __init__(self, *args: Any, products: list[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].empty_label = _("What is installed there")  # type: ignore[attr-defined]
        self.fields["product"].queryset = Product.objects.filter(pk__in=[one.pk for one in products])  # type: ignore[attr-defined]
        for name, (least, most) in LIMITS.items():
            self.fields[name].validators += [MinValueValidator(least), MaxValueValidator(most)]
            self.fields[name].widget.attrs |= {"min": least, "max": most}
        if self.instance.pk is not None:
            self.initial["rules"] = "\n".join(f"{one.label} = {one.value}: {one.severity}" for one in self.instance.rules.all())

    def clean_rules(self) -> list[tuple[str, str, str]]:
        lines = [line.strip() for line in self.cleaned_data["rules"].splitlines() if line.strip()]
        if len(lines) > MOST_RULES:
            raise forms.ValidationError(_("There are more than %(most)s rules."), params={"most": MOST_RULES})
        return [self._rule(line) for line in lines]

    def _rule(self, line: str) -> tuple[str, str, str]:
        """The severity as its English or its translated word."""
        what, _mark, severity = line.rpartition(":")
        label, equals, value = (part.strip() for part in what.partition("="))
        words = {str(word).lower(): one.value for one in Severity for word in (one.value, one.label)}
        found = words.get(severity.strip().lower())
        if not (equals and label and value and found) or len(label) > 128 or len(value) > 256:
            raise forms.ValidationError(_("“%(line)s” is no rule. Write it like: severity = page: critical"), params={"line": line[:80]})
        return label, value, found

    def settings(self) -> dict[str, Any]:
        """The clean values as the command takes them."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
