"""What is promised next on tickets, in words for lists and mail: by when, late since when, or that the clock stands still."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from helpdesk.lib import moments
from helpdesk.lib.prepared import Prepared, among, rows_of
from sla.models import Clock
from sla.rules import Target
from tickets.models import Status, Ticket

BY = {
    Target.FIRST_RESPONSE: gettext_noop("First answer by %(instant)s"),
    Target.NEXT_UPDATE: gettext_noop("Next answer by %(instant)s"),
    Target.RESOLUTION: gettext_noop("Solution by %(instant)s"),
}
LATE = {
    Target.FIRST_RESPONSE: gettext_noop("First answer late since %(instant)s"),
    Target.NEXT_UPDATE: gettext_noop("Next answer late since %(instant)s"),
    Target.RESOLUTION: gettext_noop("Solution late since %(instant)s"),
}
# Where all clocks are paused: for a list, whose rows are read one by one, and for letters.
STANDS_STILL = {
    Status.WAITING_CUSTOMER: gettext_noop("Waiting for you: the clock stands still"),
    Status.WAITING_APPROVAL: gettext_noop("Waiting for approval: the clock stands still"),
}
STANDS_STILL_UNTIL = {
    Status.WAITING_CUSTOMER: gettext_noop("The clock stands still until you answer"),
    Status.WAITING_APPROVAL: gettext_noop("The clock stands still until the approval"),
}
STANDS_STILL_FOR_STAFF = STANDS_STILL_UNTIL | {
    Status.WAITING_CUSTOMER: gettext_noop("The clock stands still until the customer answers"),
}


class Running(NamedTuple):
    """A clock that is neither met nor cancelled. `due_at`: None while it is paused; `warns_at`: when three quarters are used up."""

    promise_id: int
    target: str
    due_at: datetime | None
    warns_at: datetime | None


Clocks = Sequence[Running]  # of one ticket, the one that is due first in front, those that are paused behind


@dataclass(frozen=True)
class Line:
    """A sentence for a list. `at`: the instant it speaks of, None while the clock stands still; `tone`: `late`, `soon` or neither."""

    text: str
    at: datetime | None = None
    exactly: str = ""  # the same instant with date and zone
    tone: str = ""


def clocks_of(promises: Iterable[int | None]) -> dict[int, list[Running]]:
    """The running clocks of many promises by one query, none for no promises; a promise without a running one is left out."""
    ids = sorted({promise for promise in promises if promise is not None})
    found: dict[int, list[Running]] = {}
    for clock in map(Running._make, running_clocks(ids) if ids else ()):
        found.setdefault(clock.promise_id, []).append(clock)
    return found


def nearest_clock(promise: str) -> ArraySubquery:
    """For `annotate`: of the promise that this column refers to, the running clock that is due first, as `clocks_beside` reads it."""
    running = Clock.objects.filter(promise_id=OuterRef(promise), outcome=None)
    return rows_of(running.order_by("due_at", "pk"), *Running._fields, most=1)


def clocks_beside(found: Sequence[Mapping[str, Any]]) -> list[Running]:
    """The clock that was asked in the same query as its ticket; none where none is running."""
    return [Running(clock["promise_id"], clock["target"], _instant(clock["due_at"]), _instant(clock["warns_at"])) for clock in found]


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


running_clocks = Prepared(
    lambda promises: (
        Clock.objects.filter(among("promise_id", promises), outcome=None).order_by("due_at", "pk").values_list(*Running._fields)
    )
)


def clocks_on(ticket: Ticket) -> Clocks:
    """The running clocks of one ticket; none of one that is solved, or whose promise is not kept yet."""
    return next(iter(clocks_of([ticket.promise_id]).values()), ())


def line(status: str, clocks: Clocks, now: datetime) -> Line | None:
    """For the customer's lists: what the nearest clock says; None when nothing is promised."""
    nearest = next(iter(clocks), None)
    if nearest is None:
        return None
    if nearest.due_at is None:
        still = STANDS_STILL.get(Status(status))
        return Line(_(still)) if still else None
    tone = "late" if nearest.due_at < now else "soon" if nearest.warns_at is not None and nearest.warns_at <= now else ""
    return Line(_sentence(nearest, nearest.due_at, now, _spoken_by(now)), nearest.due_at, moments.zoned(nearest.due_at), tone)


def in_full(status: str, clocks: Clocks, now: datetime, *, for_staff: bool) -> str:
    """For letters: what is late, and what is promised next, with dates and zone; empty when nothing is promised."""
    late = [clock for clock in clocks if clock.due_at is not None and clock.due_at < now]
    ahead = [clock for clock in clocks if clock.due_at is not None and clock.due_at >= now]
    told = [_sentence(clock, clock.due_at, now, moments.zoned) for clock in (*late[:1], *ahead[:1]) if clock.due_at is not None]
    if clocks and not told:
        still = (STANDS_STILL_FOR_STAFF if for_staff else STANDS_STILL_UNTIL).get(Status(status))
        return _(still) if still else ""
    return " · ".join(told)


def _spoken_by(now: datetime) -> Callable[[datetime], str]:
    return lambda at: moments.spoken(at, now)


def _sentence(clock: Running, due_at: datetime, now: datetime, said: Callable[[datetime], str]) -> str:
    sentences = LATE if due_at < now else BY
    return _(sentences[Target(clock.target)]) % {"instant": said(due_at)}
