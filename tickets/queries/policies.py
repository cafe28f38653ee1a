"""Open tickets that follow an older version of their policy, and what moving them to the one in force would do (SLA-1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import nsmallest

from django.utils.functional import Promise as Words

from sla import words
from sla.clocks import Clock, Fold
from sla.models import Policy, PolicyVersion
from sla.queries.policies import version_for
from tickets.models import Ticket, TicketQuerySet
from tickets.promising import Imagined, imagine_ruled

BATCH = 500  # tickets whose stories are in memory at once
SHOWN = 50


def is_behind(followed: PolicyVersion, version: PolicyVersion) -> bool:
    """Whether that is an older version of the same policy."""
    return followed.policy_id == version.policy_id and followed.number < version.number


def behind(policy: Policy, version: PolicyVersion) -> TicketQuerySet:
    """Open tickets for which `is_behind` is true."""
    return Ticket.objects.active().filter(promise__version__policy=policy, promise__version__number__lt=version.number)


@dataclass(frozen=True)
class Behind:
    """How many open tickets follow an older version than the one in force."""

    version: PolicyVersion
    count: int


def tickets_behind(policy: Policy, now: datetime) -> Behind:
    version = version_for(policy.pk, now)
    return Behind(version, behind(policy, version).count())


# --- What moving them would do ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Change:
    """One clock as it is and as it would be. `before`: None for one that the version brings; `after`: None for one that it ends, or pauses.

    `is_late`: its promise is missed already; `becomes_late`: it would be at once.
    """

    ticket: Ticket
    target: "str | Words"
    before: datetime | None
    after: datetime | None
    is_new: bool
    is_over: bool
    is_late: bool
    becomes_late: bool

    @property
    def moves_earlier(self) -> bool:
        return self.before is not None and self.after is not None and self.after < self.before

    @property
    def moves_later(self) -> bool:
        return self.before is not None and self.after is not None and self.after > self.before

    @property
    def is_paused(self) -> bool:
        """The version decides when it goes on."""
        return not self.is_new and not self.is_over and self.after is None

    @property
    def urgency(self) -> tuple[bool, bool, datetime, int]:
        """Those late first, then what is due first."""
        due = self.after or self.before
        assert due is not None, "it is shown because an instant changes"
        return not self.becomes_late, not self.is_late, due, self.ticket.pk


@dataclass
class Effect:
    """What moving all of them would do, counted to the last. `clocks`: those that run now, or are paused.

    `steps`: of escalation, reached at once; `covered`: tickets that on-call is paged for, since they become covered around the clock;
    `undone`: misses that would disappear. `first`: some of the clocks whose due instant changes, the most urgent before.
    """

    version: PolicyVersion
    tickets: int = 0
    clocks: int = 0
    earlier: int = 0
    later: int = 0
    paused: int = 0
    begun: int = 0
    ended: int = 0
    late: int = 0
    undone: int = 0
    steps: int = 0
    covered: int = 0
    first: Sequence[Change] = ()

    @property
    def unmoved(self) -> int:
        return self.clocks - self.earlier - self.later - self.paused - self.ended

    def count(self, ticket: Ticket, imagined: Imagined) -> None:
        """Add one more ticket."""
        before, after = imagined.before, imagined.after
        changes = list(_changes(ticket, before, after))
        self.tickets += 1
        self.clocks += sum(not change.is_new for change in changes)
        self.earlier += sum(change.moves_earlier for change in changes)
        self.later += sum(change.moves_later for change in changes)
        self.paused += sum(change.is_paused for change in changes)
        self.begun += sum(change.is_new for change in changes)
        self.ended += sum(change.is_over for change in changes)
        self.late += sum(change.becomes_late for change in changes)
        self.undone += len(imagined.lost)
        self.steps += sum(len(clock.firings) for clock in after.clocks) - sum(len(clock.firings) for clock in before.clocks)
        self.covered += after.is_covered(imagined.at) and not before.is_covered(imagined.at)
        differing = (change for change in changes if change.before != change.after)
        self.first = nsmallest(SHOWN, [*self.first, *differing], key=lambda change: change.urgency)


def effect_of_moving(policy: Policy, now: datetime) -> Effect:
    """What `move_open_tickets` would do now, by the stories of all the tickets that it would move; writes nothing.

    A few queries for each 500 tickets, and a millisecond or two of computing for each one.
    """
    effect = Effect(version_for(policy.pk, now))
    tickets = behind(policy, effect.version).select_related("customer", "promise").order_by("pk")
    last = 0
    while batch := list(tickets.filter(pk__gt=last)[:BATCH]):
        for ticket, imagined in imagine_ruled(batch, effect.version, now):
            effect.count(ticket, imagined)
        last = batch[-1].pk
    return effect


def _changes(ticket: Ticket, before: Fold, after: Fold) -> Iterator[Change]:
    """Every clock that runs now, and those that would begin."""
    running = {clock.key: clock for clock in before.running}
    known = {clock.key for clock in before.clocks}
    for clock in after.clocks:
        if clock.key in running or clock.key not in known:
            yield _change(ticket, running.get(clock.key), clock)


def _change(ticket: Ticket, before: Clock | None, after: Clock) -> Change:
    was_late = before is not None and before.breach is not None
    return Change(
        ticket=ticket,
        target=words.TARGETS[after.target],
        before=before.due_at if before is not None else None,
        after=after.due_at if after.is_running else None,
        is_new=before is None,
        is_over=not after.is_running,
        is_late=was_late,
        becomes_late=after.breach is not None and not was_late,
    )
