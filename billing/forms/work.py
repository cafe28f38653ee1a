"""What people send about work, from strings to clean values."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import WorkLog
from helpdesk.lib import minutes
from sla.forms.calendars import DayInput
from tickets.forms import SubmissionForm

NOON = time(12)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # the present of a form that nobody sends


class TimeInput(forms.TimeInput):
    """The browser's own control, in the one form that it takes."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class MinutesField(forms.CharField):
    """Minutes as people write them: 45, 1 h 30, 1,5 h. Empty is none."""

    def clean(self, value: Any) -> int | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            found = minutes.parse(text)
        except ValueError as error:
            raise forms.ValidationError(_("Write minutes like 45, or hours like 1 h 30.")) from error
        if not 0 < found <= 24 * 60:
            raise forms.ValidationError(_("Write at least a minute, and at most a day."))
        return found


class DayField(forms.DateField):
    """A day from which one can count on and back: none of the first and the last year that dates have."""

    def to_python(self, value: Any) -> date | None:
        day: date | None = super().to_python(value)
        if day is not None and not date.min.year < day.year < date.max.year:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return day


class WorkForm(SubmissionForm):
    """When somebody worked, in their own zone, and what they did.

    From and until; or one of them and how long it took; or, today, how long alone, which ends now. What ends in the morning and began in
    the afternoon went across midnight.
    """

    day = DayField(label=_("Day"), widget=DayInput())
    began = forms.TimeField(label=_("From"), widget=TimeInput(), required=False)
    ended = forms.TimeField(label=_("Until"), widget=TimeInput(), required=False)
    minutes = MinutesField(
        label=_("or how long"), required=False, max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "45"})
    )
    note = forms.CharField(
        label=_("What was done"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The customer reads this on the statement."),
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        self._now = now
        kwargs["initial"] = {"day": timezone.localdate(now)} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)

    @classmethod
    def blank_at(cls, now: datetime, *, auto_id: str) -> "WorkForm":
        return cls.blank({"day": timezone.localdate(now)}, now=NEVER, auto_id=auto_id)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors.keys() & {"day", "began", "ended", "minutes"}:
            self._find_span(data)
        return data

    def _find_span(self, data: dict[str, Any]) -> None:
        """Make `began_at` and `ended_at` of what was filled in."""
        day, began, ended, count = (data[name] for name in ("day", "began", "ended", "minutes"))
        lasts = timedelta(minutes=count or 0)
        if began and ended:
            data["began_at"], data["ended_at"] = _local(day, began), _local(_day_of_end(day, began, ended), ended)
        elif not count:
            self.add_error("began" if ended else "ended" if began else "minutes", _("Say from when until when, or how long it took."))
        elif began:
            data["began_at"] = _local(day, began)
            data["ended_at"] = data["began_at"] + lasts
        elif not ended and day != timezone.localdate(self._now):
            self.add_error("began", _("Say from when or until when you worked on that day."))
        else:
            data["ended_at"] = _local(day, ended) if ended else self._now.replace(microsecond=0)
            data["began_at"] = data["ended_at"] - lasts

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From when until when, if that can be told; whatever is wrong with the note."""
        self.is_valid()
        data = self.cleaned_data
        return (data["began_at"], data["ended_at"]) if "began_at" in data else None

    @property
    def work(self) -> dict[str, Any]:
        """What the commands take of a valid form."""
        return {name: self.cleaned_data[name] for name in ("began_at", "ended_at", "note")}


def _local(day: date, at: time) -> datetime:
    return datetime.combine(day, at, timezone.get_current_timezone())


def _day_of_end(day: date, began: time, ended: time) -> date:
    return day + timedelta(days=1) if ended < NOON <= began else day


class CorrectionForm(WorkForm):
    """Other times, or another note. `log`: as it is; `by_colleague`: somebody else's, for which a reason is needed."""

    reason = forms.CharField(label=_("Why"), max_length=200, required=False, help_text=_("It stays in the log's history."))

    def __init__(self, *args: Any, log: WorkLog, by_colleague: bool, **kwargs: Any) -> None:
        self._log = log
        began, ended = timezone.localtime(log.began_at), timezone.localtime(log.ended_at)
        shown = {"day": began.date(), "began": began.time(), "ended": ended.time(), "note": log.note}
        super().__init__(*args, initial=shown, **kwargs)
        self.fields["reason"].required = by_colleague

    def _find_span(self, data: dict[str, Any]) -> None:
        """A time that is as the form showed it, without its seconds, is as it was."""
        super()._find_span(data)
        for name in ("began_at", "ended_at"):
            known: datetime = getattr(self._log, name)
            if data.get(name) == known.replace(second=0, microsecond=0):
                data[name] = known


class TimerForm(SubmissionForm):
    """What was done while the timer ran, and until when, if it ran on after that."""

    ended = forms.TimeField(label=_("Until"), widget=TimeInput(), required=False, help_text=_("Only if you stopped working earlier."))
    note = forms.CharField(
        label=_("What was done"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The customer reads this on the statement."),
    )

    def ended_at(self, started_at: datetime) -> datetime | None:
        """The first such time of the day after the timer began, in the reader's zone."""
        ended: time | None = self.cleaned_data["ended"]
        if ended is None:
            return None
        began = timezone.localtime(started_at)
        at = _local(began.date(), ended)
        return at if at > began else _local(began.date() + timedelta(days=1), ended)


class ReasonForm(forms.Form):
    """Why a log is taken away."""

    reason = forms.CharField(max_length=200, required=False)


class WeekForm(forms.Form):
    """Which week is looked at: any of its days."""

    day = DayField(required=False)

    def monday(self, now: datetime) -> date:
        """Of the week that was asked for, or of this one."""
        day: date = (self.cleaned_data.get("day") if self.is_valid() else None) or timezone.localdate(now)
        return day - timedelta(days=day.weekday())
