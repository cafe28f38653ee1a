"""The forms above reports: from an address to the months and promises that are asked about."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Team
from contracts.models import Product
from sla.words import TARGETS
from tickets.filtering import CustomerField
from tickets.models import Severity, Ticket, Type
from tickets.queries.kept import MOST_MONTHS, Asked, Group, month_name, months_after

USUAL_MONTHS = 6
OFFERED_MONTHS = 37  # the present one and three years


class MonthField(forms.TypedChoiceField):
    """One of the last months, as 2026-11; its value is the first day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(coerce=lambda text: datetime.strptime(text, "%Y-%m").date(), **kwargs)  # noqa: DTZ007 - a day


class ReportForm(forms.Form):
    """What both faces ask by. With a mistake the usual months are shown; the fields without one count all the same."""

    always: ClassVar[tuple[str, ...]] = ("first", "last", "group")
    groups: ClassVar[tuple[Group, ...]] = (Group.MONTH, Group.SEVERITY, Group.CLOCK)

    first = MonthField(label=_("From"))
    last = MonthField(label=_("Until"))
    group = forms.ChoiceField(label=_("A line for each"))
    target = forms.ChoiceField(choices=[("", _("All")), *TARGETS.items()], required=False, label=_("Promise"))
    severity = forms.ChoiceField(choices=[("", pgettext_lazy("severity", "All")), *Severity.choices], required=False, label=_("Severity"))
    type = forms.ChoiceField(choices=[("", _("All")), *Type.choices], required=False, label=_("Type"))
    product = forms.ModelChoiceField(Product.objects.all(), required=False, label=_("Product"), empty_label=_("All"))

    def __init__(self, data: QueryDict, *, has_lines: bool = True, now: datetime) -> None:
        """The usual months, up to the reader's present one, are chosen where the address names none.

        `has_lines`: the page has a table whose lines can be chosen; elsewhere the choice is only kept.
        """
        self.present = timezone.localdate(now).replace(day=1)
        usual = {"first": f"{self._usual_first:%Y-%m}", "last": f"{self.present:%Y-%m}", "group": self.groups[0].value}
        super().__init__(usual | {name: value for name, value in data.dict().items() if value})
        offered = [months_after(self.present, -back) for back in range(OFFERED_MONTHS)]
        for name in ("first", "last"):
            self.fields[name].choices = [(f"{month:%Y-%m}", month_name(month)) for month in offered]  # type: ignore[attr-defined]
        self.fields["group"].choices = [(group.value, group.label) for group in self.groups]  # type: ignore[attr-defined]
        if not has_lines:
            self.fields["group"].widget = forms.HiddenInput()

    @property
    def _usual_first(self) -> date:
        return months_after(self.present, 1 - USUAL_MONTHS)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first and last and first > last:
            self.add_error("last", _("This month is before the first one."))
        elif first and last and months_after(first, MOST_MONTHS) <= last:
            self.add_error("last", ValidationError(_("At most %(months)s months at a time."), params={"months": MOST_MONTHS}))
        return data

    def asked(self) -> Asked:
        self.is_valid()
        data, first, last = self.cleaned_data, self._usual_first, self.present
        if "first" in data and "last" in data:
            first, last = data["first"], data["last"]
        ids = {f"{name}_id": data[name].pk for name in ("customer", "product", "team") if data.get(name) is not None}
        return Asked(first, last, type=data.get("type", ""), severity=data.get("severity", ""), target=data.get("target", ""), **ids)

    def grouped_by(self) -> Group:
        return Group(self.cleaned_data.get("group") or self.groups[0])

    def in_sight(self) -> Iterable[BoundField]:
        return [self[name] for name in self.always if not self[name].is_hidden]

    def folded(self) -> Iterable[BoundField]:
        return [field for field in self.visible_fields() if field.name not in self.always]

    def is_unfolded(self) -> bool:
        """What narrows the figures, and a mistake, must be in sight."""
        return any(field.errors or self.cleaned_data.get(field.name) for field in self.folded())


class PortalReportForm(ReportForm):
    """A company's own. Products are those of tickets that the scope shows."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = Product.objects.filter(pk__in=Ticket.objects.order_by().values("product"))
        self.fields["product"].queryset = asked  # type: ignore[attr-defined]


class StaffReportForm(ReportForm):
    always = ("first", "last", "customer", "group")
    groups = (Group.MONTH, Group.CUSTOMER, Group.SEVERITY, Group.CLOCK)

    customer = CustomerField(required=False, max_length=120, label=_("Customer"))
    team = forms.ModelChoiceField(Team.objects.all(), required=False, label=_("Team"), empty_label=_("Every team"))
