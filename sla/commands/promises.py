"""Making promises, and telling them what happens: the only writer of clocks, misses and steps.

Who tells holds calendars still (`sla.locks`), and a lock of its own on what the promise is for: it is told one thing at a time.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from helpdesk.lib.writing import Insert
from sla import clocks
from sla.clocks import Fold, StoryNeeded, replay
from sla.coverage import History
from sla.facts import Fact, Opened
from sla.keeping import clock_columns, continued, promise_columns
from sla.locks import hold_calendars_still
from sla.models import Annulment, Breach, Clock, Firing, PolicyVersion, Promise
from sla.queries.calendars import changed_at, history_held
from sla.queries.policies import rules, version_for
from sla.rules import Value
from sla.stories import with_calendars


@dataclass(frozen=True)
class Outcome:
    """What telling came to. `fold` is the state now; `was_covered`: whether promises of answers ran 24x7 before."""

    promise: Promise
    fold: Fold
    was_covered: bool
    next_due_at: datetime | None


def make_promise(*, customer_id: int, policy_id: int, calendar_id: int, value: Value, now: datetime) -> Outcome:
    """Promise what the policy says today for this qualification, and start its clocks. Fact number 1 of its story."""
    version = version_for(policy_id, now)
    calendar = history_held(calendar_id)
    at = max(now, calendar.changed_at or now)
    opened = opening(version_id=version.pk, calendar=calendar, value=value, at=at)
    return _keep_new(customer_id, version, calendar_id, replay([opened]), at)


def make_promise_of(*, customer_id: int, version: PolicyVersion, calendar_id: int, story: Sequence[Fact], now: datetime) -> Outcome:
    """The promise of a story that was told before there were any. Nobody is told of the steps that lie behind it."""
    hold_calendars_still()
    at = not_before(calendar_id, now)
    outcome = _keep_new(customer_id, version, calendar_id, replay(with_calendars(story, at), at), at)
    Firing.objects.filter(clock__promise=outcome.promise).update(told_at=at)
    return outcome


def not_before(calendar_id: int, now: datetime) -> datetime:
    """The instant, or that from which the calendar's newest version rules: clocks of several machines differ.

    Whoever asks holds calendars still.
    """
    return max(now, changed_at(calendar_id) or now)


def opening(*, version_id: int, calendar: History, value: Value, at: datetime) -> Opened:
    """The first fact of every story."""
    return Opened(at=at, number=1, value=value, rules=rules(version_id), calendar=calendar)


def tell(*, promise: Promise, facts: Sequence[Fact], story: Callable[[], Sequence[Fact]], now: datetime) -> Outcome:
    """Let the promise take in what happened, until `now`. `story`: all facts, these included; asked when what came before decides.

    Without facts: notice what fell due before `now`. Nothing may be told that was before `promise.told_at`.
    """
    assert all(promise.told_at <= fact.at <= now for fact in facts), "who tells keeps the order"
    running = list(Clock.objects.filter(promise=promise).running().order_by("pk"))
    fold = _told(promise, running, facts, facts[0].at if facts else now)
    if fold is None:
        running = list(Clock.objects.filter(promise=promise).order_by("pk"))
        fold = replay(with_calendars(story(), now))
    fold.pass_time(now)
    return _keep(promise, running, fold, now, was_covered=is_covered(promise))


def rule(*, promise: Promise, version: PolicyVersion, calendar_id: int, story: Callable[[], Sequence[Fact]], now: datetime) -> Outcome:
    """Let another policy version or calendar rule from `now` on; `story` ends with the fact that says so."""
    running = list(Clock.objects.filter(promise=promise).order_by("pk"))
    fold = replay(with_calendars(story(), now), now)
    was_covered = is_covered(promise)
    _update(promise, {"version_id": version.pk, "calendar_id": calendar_id})
    return _keep(promise, running, fold, now, was_covered=was_covered)


def mend(*, promise: Promise, fold: Fold, now: datetime) -> datetime | None:
    """Bring what is kept to a replay of the whole story, and return what is due next. `now`: until when clocks were told, and the fold is.

    Nothing is removed: misses never are, and a step that was told stays told. Nobody is told of the steps that were lost.
    """
    rows = list(Clock.objects.filter(promise=promise).order_by("pk"))
    before = list(Firing.objects.filter(clock__promise=promise).values_list("pk", flat=True))
    _update(promise, promise_columns(fold))
    _write(promise, rows, fold, promise.told_at, missed={})
    Firing.objects.filter(clock__promise=promise).exclude(pk__in=before).update(told_at=now)
    return next_due(fold)


def _told(promise: Promise, running: Sequence[Clock], facts: Sequence[Fact], at: datetime) -> Fold | None:
    """The fold gone on from what was kept; None when that takes the story."""
    if any(clock.entry != promise.entry for clock in running):
        return None
    fold = continued(promise, running, at)
    try:
        for fact in facts:
            fold.tell(fact)
    except StoryNeeded:
        return None
    return fold


def _keep_new(customer_id: int, version: PolicyVersion, calendar_id: int, fold: Fold, now: datetime) -> Outcome:
    promise = Promise(
        customer_id=customer_id,
        opened_version=version,
        opened_calendar_id=calendar_id,
        version=version,
        calendar_id=calendar_id,
        told_at=now,
        **promise_columns(fold),
    )
    _insert_promise([promise])
    _write(promise, [], fold, now, missed={})
    return Outcome(promise, fold, was_covered=False, next_due_at=next_due(fold))


_insert_promise, _insert_clocks = Insert(Promise), Insert(Clock)


def _keep(promise: Promise, rows: Sequence[Clock], fold: Fold, now: datetime, *, was_covered: bool) -> Outcome:
    _update(promise, promise_columns(fold) | {"told_at": now})
    _write(promise, rows, fold, now, missed={(row.target, row.begun): row.missed_at for row in rows})
    return Outcome(promise, fold, was_covered, next_due(fold))


def is_covered(promise: Promise) -> bool:
    """Whether promises of answers ran 24x7 at the instant until which the promise was told."""
    return continued(promise, [], promise.told_at).is_covered(promise.told_at)


def next_due(fold: Fold) -> datetime | None:
    """The nearest instant at which something running is due, late or not; None when nothing is."""
    return min((clock.due_at for clock in fold.running if clock.due_at is not None), default=None)


def _update(row: Promise | Clock, columns: dict[str, Any]) -> None:
    changed = [name for name, value in columns.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, columns[name])
    if changed:
        row.save(update_fields=changed)


def _write(
    promise: Promise, kept: Iterable[Clock], fold: Fold, now: datetime, *, missed: Mapping[tuple[str, int], datetime | None]
) -> None:
    """Bring the rows to what the fold says: clocks, then what happened to them that no row tells yet.

    `missed`: the due instants of misses that stood before, and surely have rows.
    """
    rows = {(row.target, row.begun): row for row in kept}
    new = []
    for clock in fold.clocks:
        columns = clock_columns(clock, fold, now)
        row = rows.get((str(clock.target), clock.begun))
        if row is None:
            row = rows[str(clock.target), clock.begun] = Clock(customer_id=promise.customer_id, promise=promise, **columns)
            new.append(row)
        else:
            _update(row, columns)
    _insert_clocks(new)
    pairs = [(rows[str(clock.target), clock.begun], clock) for clock in fold.clocks]
    _write_misses(promise, [pair for pair in pairs if _has_news(pair[1], missed.get((pair[0].target, pair[0].begun)))], missed, fold)
    firings = [
        Firing(customer_id=promise.customer_id, clock=row, percent=firing.percent, at=firing.at, noticed_at=now)
        for row, clock in pairs
        for firing in clock.firings
    ]
    Firing.objects.bulk_create(firings, ignore_conflicts=fold.is_whole)  # a replay tells of those that rows tell of already


def _has_news(clock: clocks.Clock, known: datetime | None) -> bool:
    """Whether there may be a miss or an annulment that is not written yet; `known`: the due instant of the miss that stood before."""
    breaches = clock.breaches
    return bool(breaches) and not (len(breaches) == 1 and breaches[0].due_at == known and breaches[0].annulled_at is None)


def _write_misses(
    promise: Promise, pairs: Sequence[tuple[Clock, clocks.Clock]], missed: Mapping[tuple[str, int], datetime | None], fold: Fold
) -> None:
    """The misses and annulments of clocks with news, by as many statements for one as for all.

    A whole fold tells of every miss in order, one that goes on only of the one that stands, and of what comes.
    """
    if not pairs:
        return
    of_promise = Breach.objects.filter(clock__promise=promise).select_related("annulment")
    written = {(breach.clock_id, breach.number): breach for breach in of_promise}
    counts = Counter(clock_id for clock_id, _number in written)
    new, annulled = [], []
    for row, clock in pairs:
        first = 1 if fold.is_whole else counts[row.pk] + (missed.get((row.target, row.begun)) is None)
        for number, breach in enumerate(clock.breaches, start=first):
            of_row = written.get((row.pk, number))
            if of_row is None:
                of_row = _breach(row, number, breach)
                new.append(of_row)
            if breach.annulled_at is not None and not hasattr(of_row, "annulment"):
                annulled.append(Annulment(customer_id=row.customer_id, breach=of_row, at=breach.annulled_at))
    Breach.objects.bulk_create(new)
    Annulment.objects.bulk_create(annulled)


def _breach(row: Clock, number: int, breach: clocks.Breach) -> Breach:
    return Breach(
        customer_id=row.customer_id,
        clock=row,
        number=number,
        due_at=breach.due_at,
        noticed_at=breach.noticed_at,
        cause=str(breach.cause),
    )
