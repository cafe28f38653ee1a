"""What administrators send about a calendar: a day, a break, the usual week, the reason of a change."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.functional import Promise
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from helpdesk.lib.refusals import Refusal
from sla.checking import LONGEST_NAME, check_day
from sla.content import Break, Content, Names, Window, Windows, half_day
from sla.differences import name_in_words
from sla.edits import AddBreak, Close, Edit, MakeUsual, SetHours, SetWeek

YEARS_AHEAD = 20  # that a day may be entered for


class HoursField(forms.CharField):
    """Windows of a day as people write them: 09:00-12:00, 13:00-18:00; also 9-12, 9h-18h30 and "9 às 18"; empty is closed."""

    WINDOW = re.compile(r"(\d{1,2})(?:[:h.](\d{2}))?h?\s*(?:[-–—]|to|às|as|até|a)\s*(\d{1,2})(?:[:h.](\d{2}))?h?", re.IGNORECASE)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, tuple) else value

    def clean(self, value: Any) -> Windows:
        text: str = super().clean(value)
        windows = tuple(self._window(part.strip()) for part in re.split(r"[,;\n]", text) if part.strip())
        try:
            check_day(windows, day="")  # the label beside it says which
        except Refusal as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return windows

    def _window(self, text: str) -> Window:
        found = self.WINDOW.fullmatch(text)
        if found is None:
            raise forms.ValidationError(_("“%(text)s” are no hours. Write them like 09:00–18:00."), params={"text": text})
        opens, past, closes, later = found.groups()
        return f"{int(opens):02d}:{past or '00'}", f"{int(closes):02d}:{later or '00'}"


def written(windows: Windows) -> str:
    """Windows as the field shows them."""
    return ", ".join(f"{opens}–{closes}" for opens, closes in windows)


def name_of(text: str) -> dict[str, str]:
    """A name that was typed, for readers of every language."""
    return {"": text} if text else {}


class DayInput(forms.DateInput):
    """The browser's own calendar; its value is always ISO, whatever the page's language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayForm(forms.Form):
    """One date: what it is, its hours, and what it is called. Days that are over can't be changed, since time was counted by them."""

    CLOSED, HOURS, MORNING, AFTERNOON, USUAL = "closed", "hours", "morning", "afternoon", "usual"
    KINDS: tuple[tuple[str, "str | Promise"], ...] = (
        (CLOSED, _("Closed")),
        (MORNING, _("Half day: open until noon")),
        (AFTERNOON, _("Half day: open from noon on")),
        (HOURS, _("Other hours, or an extra day")),
        (USUAL, _("As usual on this weekday")),
    )

    day = forms.DateField(label=_("Day"), widget=DayInput(), input_formats=["%Y-%m-%d", "%d/%m/%Y"])
    kind = forms.ChoiceField(choices=KINDS, label=_("This day is"), widget=forms.RadioSelect)
    hours = HoursField(label=_("Hours"), required=False, help_text=_("Only for other hours. For example 09:00–12:00, 13:00–18:00."))
    name = forms.CharField(label=_("What it is called"), required=False, max_length=LONGEST_NAME)

    def __init__(self, *args: Any, content: Content, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content, self.today = content, today

    def clean_day(self) -> date:
        return _in_time(self.cleaned_data["day"], self.today)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "day" not in data or "kind" not in data or "hours" not in data:
            return data
        if data["kind"] == self.HOURS and not data["hours"]:
            self.add_error("hours", _("Write the hours of this day."))
        if data["kind"] in {self.MORNING, self.AFTERNOON}:
            data["hours"] = half_day(self.content.week[data["day"].weekday()], morning=data["kind"] == self.MORNING)
            if not data["hours"]:
                self.add_error("kind", _("This weekday has no such hours to halve. Choose other hours and write them."))
        return data

    def edit(self) -> Edit:
        data = self.cleaned_data
        match data["kind"]:
            case self.CLOSED:
                return Close(data["day"], self._name())
            case self.USUAL:
                return MakeUsual(data["day"])
        return SetHours(data["day"], data["hours"], self._name())

    def _name(self) -> Names:
        """As it was typed; the day's own in every language where its name was left as shown."""
        typed, known = self.cleaned_data["name"], self.content.name_of(self.cleaned_data["day"])
        return known if known and typed == name_in_words(known) else name_of(typed)


class MomentInput(forms.DateTimeInput):
    """As `DayInput`, with the time of the day."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class LocalMomentField(forms.DateTimeField):
    """A naive local time of the calendar's zone: the person's own has no part in it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=MomentInput(), input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M"], **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        return moment.replace(tzinfo=None) if moment is not None else None

    def prepare_value(self, value: Any) -> Any:
        return value


class BreakForm(forms.Form):
    """Closed for some hours or days, whatever the hours say."""

    start = LocalMomentField(label=_("Closed from"))
    end = LocalMomentField(label=_("Until"))
    name = forms.CharField(label=_("What it is called"), required=False, max_length=LONGEST_NAME)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_start(self) -> datetime:
        start: datetime = self.cleaned_data["start"]
        _in_time(start.date(), self.today)
        return start

    def clean_end(self) -> datetime:
        end, start = self.cleaned_data["end"], self.cleaned_data.get("start")
        _in_time(end.date(), self.today)
        if start is not None and end <= start:
            raise forms.ValidationError(_("A break must end after it begins."))
        return end  # type: ignore[no-any-return]

    def edit(self) -> Edit:
        data = self.cleaned_data
        return AddBreak(Break(data["start"], data["end"], name_of(data["name"])))


class WeekForm(forms.Form):
    """The usual hours of each weekday."""

    def __init__(self, *args: Any, content: Content, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for weekday in range(7):
            self.fields[f"day_{weekday}"] = HoursField(
                label=format_lazy("{}", capfirst(str(WEEKDAYS[weekday]))), required=False, initial=content.week[weekday]
            )

    def edit(self) -> Edit:
        return SetWeek(tuple(self.cleaned_data[f"day_{weekday}"] for weekday in range(7)))


class ConfirmForm(forms.Form):
    """Why a calendar changes; `expected`: the version that was looked at."""

    expected = forms.IntegerField(widget=forms.HiddenInput)
    reason = forms.CharField(label=_("Reason"), max_length=200, help_text=_("It stays beside the version, for everybody on the staff."))


def _in_time(day: date, today: date) -> date:
    if day < today:
        raise forms.ValidationError(_("This day is over, and time was counted by it. What was stays as it was."))
    if day > today + timedelta(days=366 * YEARS_AHEAD):
        raise forms.ValidationError(_("This day is too far away: at most %(years)s years."), params={"years": YEARS_AHEAD})
    return day
