"""One promise as a chip shows it: what is left, what it waits for, how late it is, or how it ended. Words, and no arithmetic of calendars."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from helpdesk.lib.minutes import spell

DAY_MINUTES = 24 * 60


class State(StrEnum):
    """What a chip's look tells; its words tell it too."""

    LEFT = "left"
    SOON = "soon"  # three quarters of the target are used up
    LATE = "late"
    PAUSED = "paused"
    MET = "met"
    MISSED = "missed"  # met, and too late
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Due:
    """`label`: what is promised; `terms`: its target and calendar, for the title; `waits_for`: what a paused one waits for.

    `missed_at`: the due instant that went by; `used_minutes`: of coverage, of one that was met. Without `due_at` it is paused.
    """

    label: str
    terms: str = ""
    due_at: datetime | None = None
    warns_at: datetime | None = None
    waits_for: str = ""
    missed_at: datetime | None = None
    met_at: datetime | None = None
    is_cancelled: bool = False
    used_minutes: int = 0

    def state(self, now: datetime) -> State:
        """What happens exactly at the due instant is in time."""
        if self.is_cancelled:
            return State.CANCELLED
        if self.met_at is not None:
            return State.MISSED if self.missed_at is not None else State.MET
        if self.due_at is None:
            return State.PAUSED
        if self.due_at < now:
            return State.LATE
        return State.SOON if self.warns_at is not None and self.warns_at <= now else State.LEFT

    def text(self, now: datetime) -> str:
        """ "2 h 10 left", "paused: waiting for customer", "late 35 min", "met in 1 h 05"."""
        match self.state(now):
            case State.CANCELLED:
                return _("no longer promised")
            case State.MET:
                return _("met in %(span)s") % {"span": spell(max(1, self.used_minutes))}
            case State.MISSED:
                assert self.met_at is not None, "or it were no such state"
                assert self.missed_at is not None, "or it were no such state"
                return _("met, late by %(span)s") % {"span": between(self.missed_at, self.met_at)}
            case State.PAUSED:
                return _("paused: %(what)s") % {"what": self.waits_for} if self.waits_for else _("paused")
        assert self.due_at is not None, "it runs"
        if self.due_at < now:
            return _running(_minutes(self.due_at, now), True, get_language())
        return _running(_minutes(now, self.due_at), False, get_language())


@lru_cache(maxsize=8192)
def _running(minutes: int, is_late: bool, _language: str | None) -> str:
    """What a list says in most of its rows, put into words once for each language."""
    return (_("late %s") if is_late else _("%s left")) % _span(minutes)


def between(start: datetime, end: datetime) -> str:
    """The time between two instants by the clock on the wall: "35 min", "2 h 10", from a day on "3 d". Never less than a minute."""
    return _span(_minutes(start, end))


def _minutes(start: datetime, end: datetime) -> int:
    """Whole minutes, from a day on those of whole days."""
    minutes = max(1, int((end - start).total_seconds() // 60))
    return minutes - minutes % DAY_MINUTES if minutes >= DAY_MINUTES else minutes


def _span(minutes: int) -> str:
    return _("%(days)s d") % {"days": minutes // DAY_MINUTES} if minutes >= DAY_MINUTES else spell(minutes)
