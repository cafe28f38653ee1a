"""What account managers send about the lines of a month."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from billing.models import Review
from helpdesk.lib import minutes
from helpdesk.lib.addresses import row_id

MONTHS_OFFERED = 25


class MinutesField(forms.Field):
    """Minutes as people write them: 45, 45 min, 1 h 30, 1:30."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text"}), **kwargs)

    def to_python(self, value: Any) -> int | None:
        if not str(value or "").strip():
            return None
        try:
            return minutes.parse(str(value))
        except ValueError:
            raise ValidationError(_("“%(value)s” is no time. Write it like 45, 45 min or 1 h 30."), params={"value": value}) from None


class ReviewForm(forms.Form):
    """A word on one line; `log`, `request` and `seen` say which, and what it had on the page."""

    verdict = forms.ChoiceField(choices=Review.Verdict, error_messages={"required": _("Choose what to do with the line.")})
    minutes = MinutesField(required=False, label=_("Charge only"))
    reason = forms.CharField(required=False, max_length=300, label=_("Reason"))
    log = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    request = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    @property
    def anchor(self) -> str:
        """Of the line on its page, as far as it was named."""
        return f"line-{self['log'].value()}-{self['request'].value()}"

    def word(self) -> dict[str, Any]:
        """The clean values as the command takes them."""
        data = self.cleaned_data
        return {
            "log_id": data["log"],
            "request_id": data["request"] or None,
            "verdict": data["verdict"],
            "minutes": data["minutes"],
            "reason": data["reason"],
            "seen_minutes": data["seen"],
        }


class MonthForm(forms.Form):
    """The filters above a month of all contracts. Whatever else stands in an address, it is last month's."""

    month = forms.TypedChoiceField(coerce=lambda text: datetime.strptime(text, "%Y-%m").date(), label=_("Month"))  # noqa: DTZ007 - a day
    mine = forms.ChoiceField(choices=[("1", _("Mine")), ("", _("All account managers'"))], required=False, label=_("Contracts"))

    def __init__(self, data: Any, *, present: date, mine: bool) -> None:
        number = present.year * 12 + present.month - 1
        self.offered = [date(each // 12, each % 12 + 1, 1) for each in range(number, number - MONTHS_OFFERED, -1)]
        super().__init__({"month": f"{self.offered[1]:%Y-%m}", "mine": "1" if mine else "", **data.dict()})
        self.fields["month"].choices = [(f"{one:%Y-%m}", date_format(one, "YEAR_MONTH_FORMAT")) for one in self.offered]  # type: ignore[attr-defined]

    def asked(self) -> date:
        self.is_valid()
        month: date = self.cleaned_data.get("month") or self.offered[1]
        return month

    def in_sight(self) -> list[BoundField]:
        return list(self)

    def is_mine(self) -> bool:
        self.is_valid()
        return self.cleaned_data.get("mine") == "1"


def row_ids(texts: list[str]) -> list[int]:
    """What was ticked, as far as it can be rows."""
    return [pk for pk in map(row_id, texts) if pk is not None]
