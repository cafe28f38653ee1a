"""From signals to episodes: repeats are counted, starts and ends recognised, in whatever order they come."""

import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from psycopg2.errorcodes import DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE

from accounts.tenancy import acting_for, as_provider
from monitoring import reading, wording
from monitoring.commands.situations import end_watch, let_settle, place, settle
from monitoring.models import Credential, Episode, Heartbeat, Maintenance, SeverityRule, Signal, Situation, Watch
from monitoring.queries.gate import Gate, gate
from monitoring.reading import Observation
from tickets.models import Severity

log = logging.getLogger(__name__)

BATCH, BATCH_BYTES = 500, 8 * 1024 * 1024
ATTEMPTS = 3  # after which a signal that can't be worked on is parked
# What comes in the wrong order comes within minutes: two peers, or a delivery that was tried again. A start that is told again later
# than that is no echo: its sender had given the alert up meanwhile.
ECHO = timedelta(minutes=10)
USED_EVERY = timedelta(minutes=1)  # how exact a credential says when it was last used
SHIPPED = {
    **dict.fromkeys(("critical", "disaster", "emergency", "page"), Severity.CRITICAL),
    **dict.fromkeys(("high", "error", "major"), Severity.HIGH),
    **dict.fromkeys(("medium", "warning", "average"), Severity.MEDIUM),
    **dict.fromkeys(("low", "info", "information", "minor", "not classified"), Severity.LOW),
}
Key = tuple[str, str]  # source and fingerprint


def work_signals(*, now: datetime, most: int = BATCH) -> int:
    """Work on signals that wait, one environment after the other, up to `most` of each; returns how many.

    An environment that another worker has in hands is passed over. A signal that fails is tried again, and parked after ATTEMPTS.
    """
    with as_provider():
        waiting = Signal.objects.filter(worked_at=None, parked_at=None).order_by().values_list("customer_id", "environment_id").distinct()
        environments = sorted(waiting)
    return sum(_work_environment(customer_id, environment_id, now, most) for customer_id, environment_id in environments)


def _work_environment(customer_id: int, environment_id: int, now: datetime, most: int) -> int:
    try:
        with acting_for(customer_id):
            return _work(environment_id, now, most)
    except Exception as error:
        if not connection.is_usable():
            raise  # it is not these signals: the next sweep finds the database again
        if _is_in_the_way(error):
            log.warning("signals of environment %s wait for what somebody else has locked", environment_id)
            return 0
        log.exception("signals of environment %s could not be worked on together; they are tried one by one", environment_id)
    return sum(_work_alone(customer_id, pk, now) for pk in _waiting(customer_id, environment_id, most))


def _is_in_the_way(error: Exception) -> bool:
    """Whether somebody else's lock is the cause, and no signal: the next sweep tries again, as often as it takes."""
    return getattr(error.__cause__, "pgcode", "") in {DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE}


def _waiting(customer_id: int, environment_id: int, most: int) -> list[int]:
    with acting_for(customer_id):
        return list(_queue(environment_id).values_list("pk", flat=True)[:most])


def _work_alone(customer_id: int, pk: int, now: datetime) -> int:
    with acting_for(customer_id):
        signal = Signal.objects.filter(pk=pk, worked_at=None, parked_at=None).first()
        if signal is None:
            return 0
        try:
            with transaction.atomic():
                return _work(signal.environment_id, now, 1, only=signal.pk)
        except Exception as error:
            if not connection.is_usable():
                raise
            if _is_in_the_way(error):
                return 0
            log.exception("signal %s could not be worked on", pk)
            signal.attempts += 1
            signal.parked_at = now if signal.attempts >= ATTEMPTS else None
            signal.save(update_fields=["attempts", "parked_at"])
    return 0


def _queue(environment_id: int) -> "QuerySet[Signal]":
    return Signal.objects.filter(environment_id=environment_id, worked_at=None, parked_at=None).order_by("pk")


def _work(environment_id: int, now: datetime, most: int, only: int | None = None) -> int:
    """Signals of one environment in the order in which they came; none while another worker has it. Inside its customer's scope."""
    watch = locked_watch(environment_id)
    if watch is None:
        return 0
    queue = _queue(environment_id)
    signals = _handful(queue if only is None else queue.filter(pk=only), most)
    passage = gate(environment_id, now)
    if passage.is_open:
        book = Book(watch, passage, now)
        with wording.spoken_to(watch.environment.customer):
            book.take([sighting for signal in signals for sighting in _sightings(signal, passage)])
        book.close()
        _note_use(signals)
    else:
        end_watch(environment=watch.environment, now=now)
    Signal.objects.filter(pk__in=[signal.pk for signal in signals]).update(worked_at=now)
    return len(signals)


def _handful(queue: "QuerySet[Signal]", most: int) -> list[Signal]:
    """The first of them, as many as fit into memory well."""
    taken: list[int] = []
    total = 0
    for pk, size in queue.values_list("pk", "size")[:most]:
        total += size
        if taken and total > BATCH_BYTES:
            break
        taken.append(pk)
    return list(Signal.objects.filter(pk__in=taken).order_by("pk"))


def locked_watch(environment_id: int) -> Watch | None:
    """The environment's watch, alone until the transaction ends; None while another worker has it."""
    rows = Watch.objects.select_for_update(of=("self",), skip_locked=True).select_related("environment__customer", "product")
    return rows.filter(environment_id=environment_id).first()


def _note_use(signals: Sequence[Signal]) -> None:
    last = {signal.credential_id: signal.received_at for signal in signals}
    for credential_id, at in last.items():
        before = Q(used_at=None) | Q(used_at__lt=at - USED_EVERY)
        Credential.objects.filter(before, pk=credential_id).update(used_at=at)


# --- What a signal tells ----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Sighting:
    """One observation, and when we heard of it."""

    source: str
    seen: Observation
    at: datetime
    heartbeat_id: int | None = None

    @property
    def key(self) -> Key:
        return self.source, self.seen.fingerprint


def _sightings(signal: Signal, passage: Gate) -> list[Sighting]:
    """An erased one tells nothing any more."""
    if signal.body is None:
        return []
    if signal.heartbeat_id is not None:
        return _pinged(signal)
    seen = reading.read(signal.source, signal.body, signal.received_at, ZoneInfo(passage.time_zone))
    return [Sighting(signal.source, one, signal.received_at) for one in seen]


def _pinged(signal: Signal) -> list[Sighting]:
    """What a sign of life changes of its heartbeat, and of the alert that there may be. One that comes after a later one changes nothing."""
    assert signal.heartbeat_id is not None, "the caller looked"
    beat = Heartbeat.objects.select_for_update(of=("self",)).get(pk=signal.heartbeat_id)
    at, kind = signal.received_at, signal.ping
    if beat.removed_at is not None or kind == Signal.Ping.LOG or (beat.last_at is not None and at < beat.last_at):
        return []
    beat.last_at = at
    found = []
    if kind == Signal.Ping.START:
        beat.started_at, beat.due_at = at, at + timedelta(seconds=beat.grace_seconds)
        beat.state = Heartbeat.State.UP if beat.state != Heartbeat.State.DOWN else beat.state
    elif kind == Signal.Ping.FAIL:
        if beat.state != Heartbeat.State.DOWN:
            beat.state, beat.down_since = Heartbeat.State.DOWN, at
        beat.started_at, beat.due_at = None, None
        found = [Sighting(signal.source, _failed(beat, signal), at, beat.pk)]
    else:
        if beat.state == Heartbeat.State.DOWN:
            found = [Sighting(signal.source, replace(_down(beat), lasts=False, ended_at=at), at, beat.pk)]
        beat.state, beat.started_at, beat.down_since = Heartbeat.State.UP, None, None
        beat.due_at = at + timedelta(seconds=beat.period_seconds + beat.grace_seconds)
    beat.save(update_fields=["state", "last_at", "started_at", "due_at", "down_since"])
    return found


def _down(beat: Heartbeat) -> Observation:
    since = beat.down_since
    return Observation(
        fingerprint=f"heartbeat {beat.pk}",
        mark=since.isoformat() if since else "",
        lasts=True,
        title=_("%(name)s: no sign of life") % {"name": beat.name},
        started_at=since,
        labels={"heartbeat": beat.slug},
    )


def _failed(beat: Heartbeat, signal: Signal) -> Observation:
    title = _("%(name)s: it failed") % {"name": beat.name}
    if signal.exit_code:
        title = _("%(name)s: it failed with exit code %(code)s") % {"name": beat.name, "code": signal.exit_code}
    return replace(_down(beat), title=title[: reading.LONGEST_TITLE], log=signal.body or "")


def notice_late(*, now: datetime, most: int = 500) -> int:
    """Notice signs of life that did not come; returns how many. One whose environment has signals waiting is looked at after those."""
    with as_provider():
        due = Heartbeat.objects.filter(due_at__lte=now).order_by("due_at").values_list("customer_id", "environment_id", "pk")[:most]
        by_environment: dict[tuple[int, int], list[int]] = {}
        for customer_id, environment_id, pk in due:
            by_environment.setdefault((customer_id, environment_id), []).append(pk)
    return sum(_notice_late(customer_id, environment_id, pks, now) for (customer_id, environment_id), pks in by_environment.items())


def _notice_late(customer_id: int, environment_id: int, pks: Sequence[int], now: datetime) -> int:
    with acting_for(customer_id):
        watch = locked_watch(environment_id)
        if watch is None or _queue(environment_id)[:1]:
            return 0
        passage = gate(environment_id, now)
        if not passage.is_open:
            end_watch(environment=watch.environment, now=now)
            return 0
        book, late = Book(watch, passage, now), []
        for beat in Heartbeat.objects.select_for_update(of=("self",)).filter(pk__in=pks, due_at__lte=now).order_by("pk"):
            if beat.state != Heartbeat.State.DOWN:
                beat.state, beat.down_since = Heartbeat.State.DOWN, beat.due_at
            beat.due_at, beat.started_at = None, None
            beat.save(update_fields=["state", "down_since", "due_at", "started_at"])
            late.append(beat)
        with wording.spoken_to(watch.environment.customer):
            book.take([Sighting("heartbeat", _down(beat), now, beat.pk) for beat in late])
        book.close()
    return len(late)


# --- Episodes ---------------------------------------------------------------------------------------------------------
@dataclass
class Book:
    """The episodes of one environment that a batch is about: read at once, changed in memory, written at once.

    Its watch is locked, its gate open.
    """

    watch: Watch
    gate: Gate
    now: datetime
    lasting: dict[Key, Episode] = field(default_factory=dict)
    marked: dict[tuple[str, str, str], Episode] = field(default_factory=dict)
    fresh: list[Episode] = field(default_factory=list)  # not stored yet, the ones that need a ticket and those that don't
    alerts: list[Episode] = field(default_factory=list)  # of the fresh ones, those that need a ticket
    changed: dict[int, Episode] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)  # situations of which something ended

    def take(self, sightings: Sequence[Sighting]) -> None:
        self._read(sightings)
        rules = list(SeverityRule.objects.filter(watch=self.watch))
        for sighting in sightings:
            if sighting.seen.lasts:
                self._lasts(sighting, rules)
            else:
                self._ends(sighting, rules)

    def _read(self, sightings: Sequence[Sighting]) -> None:
        prints = {sighting.seen.fingerprint for sighting in sightings}
        marks = {sighting.seen.mark for sighting in sightings}
        rows = Episode.objects.filter(
            Q(ended_at=None) | Q(mark__in=marks), environment_id=self.watch.environment_id, fingerprint__in=prints
        ).order_by("started_at", "pk")
        for episode in rows:
            self._keep(episode)

    def _keep(self, episode: Episode) -> None:
        key = episode.source, episode.fingerprint
        self.marked[(*key, episode.mark)] = episode
        if episode.lasts:
            self.lasting[key] = episode

    def _lasts(self, sighting: Sighting, rules: Sequence[SeverityRule]) -> None:
        seen, at = sighting.seen, sighting.at
        mine = self.lasting.get(sighting.key)
        same = self.marked.get((*sighting.key, seen.mark)) if seen.mark else mine
        if same is not None and (same.lasts or (mine is None and _may_echo(same, at))):
            self._repeat(same, at)
        elif mine is not None and (same is not None or (seen.started_at or at) < mine.started_at):
            self._repeat(mine, at)  # word of an earlier start, which came late
        else:
            if mine is not None:
                self._end(mine, seen.started_at or at, Episode.End.FOLLOWED, at)
            # Told again long after its end: the same start, and another episode.
            begins = seen if same is None else replace(seen, mark=at.isoformat(), started_at=at)
            self.alerts.append(self._begin(sighting, begins, rules))

    def _ends(self, sighting: Sighting, rules: Sequence[SeverityRule]) -> None:
        seen, at = sighting.seen, sighting.at
        mine = self.lasting.get(sighting.key)
        same = self.marked.get((*sighting.key, seen.mark)) if seen.mark else mine
        if same is not None and same.lasts:
            self._end(same, seen.ended_at or at, Episode.End.RESOLVED, at)
        elif same is not None:
            # What followed it under the same start ends with it; what its sender told apart has an end of its own.
            if mine is not None and same.ended_because != Episode.End.FOLLOWED and not _may_echo(same, at):
                self._end(mine, seen.ended_at or at, Episode.End.RESOLVED, at)
        elif mine is not None and not seen.mark:
            self._end(mine, seen.ended_at or at, Episode.End.RESOLVED, at)
        elif seen.mark:
            self._ends_unseen(sighting, mine, rules)

    def _ends_unseen(self, sighting: Sighting, mine: Episode | None, rules: Sequence[SeverityRule]) -> None:
        """The end of a start that nobody told. That may still be on its way: it is kept, so that it is known to be over.

        `mine`: what lasts. A later start means that it ended before, and the two are one situation.
        """
        seen, at = sighting.seen, sighting.at
        follows = mine is not None and (seen.started_at is None or seen.started_at >= mine.started_at)
        if mine is not None and follows:
            self._end(mine, seen.started_at or at, Episode.End.FOLLOWED, at)
        episode = self._begin(sighting, seen, rules)
        if mine is not None and follows:
            episode.situation_id = mine.situation_id
            if any(one is mine for one in self.alerts):
                self.alerts.append(episode)
        self._end(episode, seen.ended_at or at, Episode.End.RESOLVED, at)

    def _begin(self, sighting: Sighting, seen: Observation, rules: Sequence[SeverityRule]) -> Episode:
        started_at = seen.started_at or min(sighting.at, seen.ended_at or sighting.at)
        mark = usual = seen.mark or started_at.isoformat()
        for number in itertools.count(2):  # begun several times in one delivery, which names no start
            if (*sighting.key, mark) not in self.marked:
                break
            mark = f"{usual[:50]} {number}"
        episode = Episode(
            customer_id=self.watch.customer_id,
            environment=self.watch.environment,
            source=sighting.source,
            fingerprint=seen.fingerprint,
            mark=mark,
            heartbeat_id=sighting.heartbeat_id,
            title=seen.title,
            severity=severity_of(rules, seen.labels, self.watch.usual_severity),
            evidence=seen.evidence(),
            started_at=started_at,
            seen_at=sighting.at,
            count=1,
        )
        self.fresh.append(episode)
        self._keep(episode)
        return episode

    def _repeat(self, episode: Episode, at: datetime) -> None:
        """Counted, and nothing else. What is over is not seen by it: its end stays the last that was heard."""
        episode.count += 1
        if episode.lasts:
            episode.seen_at = max(episode.seen_at, at)
        self._note(episode)

    def _end(self, episode: Episode, ended_at: datetime, because: str, at: datetime) -> None:
        episode.ended_at, episode.ended_because = max(episode.started_at, ended_at), because
        episode.seen_at = max(episode.seen_at, at)
        self.lasting.pop((episode.source, episode.fingerprint), None)
        self._note(episode)
        if episode.situation_id is not None:
            self.ended.add(episode.situation_id)

    def _note(self, episode: Episode) -> None:
        if episode.pk is not None:
            self.changed[episode.pk] = episode

    def close(self) -> None:
        """Write everything, open tickets for what needs one, and let what ended settle."""
        maintained = bool(self.alerts) and in_maintenance(self.watch.environment_id, self.now)
        for episode in self.alerts:
            episode.in_maintenance = maintained
        Episode.objects.bulk_create(self.fresh)
        Episode.objects.bulk_update(self.changed.values(), ["count", "seen_at", "ended_at", "ended_because"])
        if not maintained:
            place(watch=self.watch, gate=self.gate, fresh=self.alerts, now=self.now)
        self.ended |= {episode.situation_id for episode in self.alerts if episode.situation_id is not None and not episode.lasts}
        if self.ended:
            let_settle(watch=self.watch, situations=Situation.objects.filter(pk__in=self.ended).order_by("pk"), now=self.now)


def _may_echo(over: Episode, at: datetime) -> bool:
    """Whether word of it, after its end, may be older than that. Not where the watch ended: whoever tells it then says that it lasts."""
    return over.ended_because != Episode.End.WATCH_ENDED and at - over.seen_at <= ECHO


def severity_of(rules: Sequence[SeverityRule], labels: Mapping[str, str], usual: str) -> str:
    """What an alert declares: by the environment's own rules, else by what its `severity` label usually means, else what is usual there."""
    for rule in rules:
        if labels.get(rule.label) == rule.value:
            return rule.severity
    return SHIPPED.get(labels.get("severity", "").lower(), Severity(usual)).value


def in_maintenance(environment_id: int, now: datetime) -> bool:
    windows = Maintenance.objects.filter(environment_id=environment_id, cancelled_at=None)
    return windows.filter(from_at__lte=now, until_at__gt=now).exists()


# --- What time brings -------------------------------------------------------------------------------------------------
def settle_due(*, now: datetime, most: int = 200) -> int:
    """Write the end of situations that have settled; returns how many."""
    with as_provider():
        due = Situation.objects.filter(settles_at__lte=now).order_by("settles_at")[:most]
        environments = sorted({(one.customer_id, one.environment_id) for one in due})
    count = 0
    for customer_id, environment_id in environments:
        with acting_for(customer_id):
            watch = locked_watch(environment_id)
            count += settle(watch=watch, now=now) if watch is not None else 0
    return count


def end_maintenances(*, now: datetime, most: int = 200) -> int:
    """Give tickets to what lasts when its environment's maintenance is over; returns how many windows were looked after."""
    with as_provider():
        due = Maintenance.objects.filter(until_at__lte=now, cancelled_at=None, looked_after_at=None).order_by("until_at")[:most]
        found = [(one.customer_id, one.environment_id, one.pk) for one in due]
    return sum(_end_maintenance(customer_id, environment_id, pk, now) for customer_id, environment_id, pk in found)


def _end_maintenance(customer_id: int, environment_id: int, pk: int, now: datetime) -> int:
    with acting_for(customer_id):
        watch = locked_watch(environment_id)
        if watch is None:
            return 0
        passage = gate(environment_id, now)
        if passage.is_open and not in_maintenance(environment_id, now):
            lasting = Episode.objects.filter(environment_id=environment_id, ended_at=None, in_maintenance=True, situation=None)
            place(watch=watch, gate=passage, fresh=list(lasting.select_related("environment").order_by("started_at", "pk")), now=now)
        return Maintenance.objects.filter(pk=pk, looked_after_at=None).update(looked_after_at=now)


def shut_gates(*, now: datetime) -> int:
    """End the watch where an authorisation or a contract ran out meanwhile; returns of how many environments."""
    with as_provider():
        lasting = Episode.objects.filter(ended_at=None).order_by().values_list("customer_id", "environment_id").distinct()
        unsettled = Situation.objects.filter(over_at=None).order_by().values_list("customer_id", "environment_id").distinct()
        expected = Heartbeat.objects.filter(due_at__isnull=False).order_by().values_list("customer_id", "environment_id").distinct()
        found = sorted({*lasting, *unsettled, *expected})
    return sum(_shut(customer_id, environment_id, now) for customer_id, environment_id in found)


def _shut(customer_id: int, environment_id: int, now: datetime) -> int:
    with acting_for(customer_id):
        if gate(environment_id, now).is_open:
            return 0
        watch = locked_watch(environment_id)
        if watch is None or gate(environment_id, now).is_open:  # asked again: an admin may have authorised it meanwhile
            return 0
        end_watch(environment=watch.environment, now=now)
        return 1
