"""Tickets for what is seen: one for each situation while it lasts, one for a storm, and their end (MON-3).

Everything here runs with the environment's watch locked, so that what two workers see of it happens in turn.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, Q

from accounts.tenancy import acting_for
from contracts.models import Contract, Environment, Installation, Product
from contracts.queries import covers
from monitoring import wording
from monitoring.models import Episode, Heartbeat, Signal, Situation, Watch
from monitoring.queries.gate import Gate
from tickets import commands as tickets
from tickets.models import Channel, Severity, Ticket, Type
from tickets.states import OVER

LONGEST_SETTLING = timedelta(hours=1)
LINKED = timedelta(days=30)  # an alert that comes again within them is a follow-up of the ticket that it had
WORST = {severity.value: place for place, severity in enumerate((Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW))}


def settling(watch: Watch, restarts: int) -> timedelta:
    """How long an alert must be quiet to be over: twice as long each time that it came back, so that flapping is told less and less."""
    usual = timedelta(minutes=watch.settle_minutes)
    doublings: int = 2 ** min(restarts, 10)
    return min(usual * doublings, max(LONGEST_SETTLING, usual))


def place(*, watch: Watch, gate: Gate, fresh: Sequence[Episode], now: datetime) -> None:
    """Give each of these new episodes the situation that it is part of; tickets are opened for what is none's yet.

    `fresh`: those that need a ticket, in their order. The gate is open.
    """
    firsts = list({(one.source, one.fingerprint): one for one in reversed(fresh)}.values())[::-1]
    known = _known(watch, firsts)
    left = [one for one in firsts if (one.source, one.fingerprint) not in known or not _goes_on(watch, one, now)]
    _place_firsts(watch, gate, left, now)
    placed = {one.pk for one in firsts}
    for episode in fresh:
        if episode.pk not in placed:
            _goes_on(watch, episode, now)


def _place_firsts(watch: Watch, gate: Gate, left: Sequence[Episode], now: datetime) -> None:
    """Alerts that are none's yet: of the storm that there is, of one that they make, or each of its own."""
    storm = _storm(watch, now) if left else None
    if storm is not None:
        _join(storm, left, now)
        return
    recent = _recent(watch, now) if left else []
    if len(left) + _alerts_of(recent) >= watch.storm_count and len(left) + len(recent) > 1:
        _begin_storm(watch, gate, left, recent, now)
        return
    for episode in left:
        _open(watch, gate, [episode], is_storm=False, now=now)


def _goes_on(watch: Watch, episode: Episode, now: datetime) -> bool:
    """Whether it is what an open ticket is about already. That it came back is written down when its end was."""
    situation = _before(episode)
    if situation is None or situation.ticket.status in OVER:
        return False
    last = situation.episodes.order_by(F("ended_at").desc(nulls_first=True)).first()
    came_back = last is not None and not last.lasts and last.ended_because != Episode.End.FOLLOWED
    if situation.over_at is not None:
        with wording.spoken_to(watch.environment.customer):
            body = wording.again(episode)
        tickets.observe(ticket=situation.ticket, body=body, tells=True, now=now)
    _join(situation, [episode], now, restarts=int(came_back))
    return True


def _known(watch: Watch, episodes: Sequence[Episode]) -> set[tuple[str, str]]:
    """Of these alerts, those that were part of something already. One query, since in a flood nearly all are new."""
    prints = [episode.fingerprint for episode in episodes]
    earlier = Episode.objects.filter(environment_id=watch.environment_id, fingerprint__in=prints, situation__isnull=False)
    return set(earlier.order_by().values_list("source", "fingerprint").distinct()) if prints else set()


def _before(episode: Episode) -> Situation | None:
    """What the same alert was part of the last time that it was one."""
    earlier = Episode.objects.filter(
        environment_id=episode.environment_id, source=episode.source, fingerprint=episode.fingerprint, situation__isnull=False
    ).exclude(pk=episode.pk)
    last = earlier.select_related("situation__ticket").order_by("-started_at", "-pk").first()
    return last.situation if last else None


def _join(situation: Situation, episodes: Sequence[Episode], now: datetime, restarts: int = 0) -> None:
    for episode in episodes:
        episode.situation = situation
    Episode.objects.filter(pk__in=[episode.pk for episode in episodes]).update(situation=situation)
    situation.last_at, situation.settles_at, situation.over_at, situation.over_because = now, None, None, ""
    situation.restarts += restarts
    situation.save(update_fields=["last_at", "settles_at", "over_at", "over_because", "restarts"])


def _storm(watch: Watch, now: datetime) -> Situation | None:
    """The one that goes on: alerts join it until none came for as long as makes a storm."""
    since = now - timedelta(minutes=watch.storm_minutes)
    going_on = Situation.objects.filter(environment=watch.environment, is_storm=True, last_at__gt=since).exclude(ticket__status__in=OVER)
    return going_on.select_related("ticket").order_by("-opened_at").first()


def _recent(watch: Watch, now: datetime) -> list[Situation]:
    """Situations of their own that began within the time that makes a storm."""
    since = now - timedelta(minutes=watch.storm_minutes)
    found = Situation.objects.filter(environment=watch.environment, is_storm=False, opened_at__gt=since).exclude(ticket__status__in=OVER)
    return list(found.select_related("ticket").order_by("pk"))


def _alerts_of(situations: Sequence[Situation]) -> int:
    """How many alerts they have; one that flaps is one."""
    return Episode.objects.filter(situation__in=situations).order_by().values("source", "fingerprint").distinct().count()


def _begin_storm(watch: Watch, gate: Gate, fresh: Sequence[Episode], recent: Sequence[Situation], now: datetime) -> None:
    """One ticket for all; tickets that were opened just before and that nobody touched rest in it."""
    earlier = list(Episode.objects.filter(situation__in=recent).select_related("environment").order_by("started_at", "pk"))
    storm = _open(watch, gate, [*earlier, *fresh], is_storm=True, now=now)
    if storm is None:
        return
    with wording.spoken_to(watch.environment.customer):
        body = wording.part_of(storm.ticket.number)
    taken = {ticket.pk for ticket in tickets.take_over(tickets=[one.ticket for one in recent], body=body, now=now)}
    resting = [one for one in recent if one.ticket_id in taken]
    Situation.objects.filter(pk__in=[one.pk for one in resting]).update(over_at=now, over_because=Situation.Cause.ENDED, settles_at=None)
    moved = [episode for episode in earlier if episode.situation_id in {one.pk for one in resting}]
    _join(storm, [*moved, *fresh], now)


def _open(watch: Watch, gate: Gate, episodes: Sequence[Episode], *, is_storm: bool, now: datetime) -> Situation | None:
    """A ticket and its situation; None where the contract covers nothing that a ticket could be about."""
    assert gate.contract_id is not None, "it is open"
    contract = (
        Contract.objects.select_related("calendar", "customer").prefetch_related("terms", "standings", "products").get(pk=gate.contract_id)
    )
    product, installed = _product(watch, contract, now)
    if product is None:
        return None
    environment = watch.environment
    severity = min((episode.severity for episode in episodes), key=WORST.__getitem__)
    with wording.spoken_to(environment.customer):
        if is_storm:
            subject = wording.subject_of_storm(environment.name, len(episodes))
            body = wording.opening_of_storm(environment.name, episodes, watch.storm_minutes)
        else:
            subject, body = wording.subject_of(episodes[0]), wording.opening(episodes[0])
    ticket = tickets.open_ticket(
        contract=contract,
        product=product,
        environment=environment,
        version=installed.version if installed else None,
        type=Type.TECHNICAL,
        severity=severity,
        subject=subject,
        description=body,
        requester=None,
        opened_by=None,
        channel=Channel.MONITORING,
        follow_up_of=None if is_storm else _solved_before(episodes[0], now),
        now=now,
    )
    situation = Situation.objects.create(
        customer_id=watch.customer_id, environment=environment, ticket=ticket, is_storm=is_storm, opened_at=now, last_at=now
    )
    if not is_storm:
        _join(situation, episodes, now)
    return situation


def _product(watch: Watch, contract: Contract, now: datetime) -> tuple[Product | None, Installation | None]:
    """What the ticket is about: the product that was chosen, else what is installed, else what the contract covers; with its installation."""
    installed = {
        one.product_id: one for one in Installation.objects.filter(environment=watch.environment).select_related("product", "version")
    }
    wished = [watch.product] if watch.product else []
    candidates = [*wished, *(one.product for one in installed.values()), *contract.products.all()]
    product = next((one for one in candidates if covers(contract, one, now)), None)
    return product, installed.get(product.pk) if product else None


def _solved_before(episode: Episode, now: datetime) -> Ticket | None:
    situation = _before(episode)
    if situation is None or situation.ticket.status not in OVER or situation.last_at < now - LINKED:
        return None
    return situation.ticket


# --- The end ----------------------------------------------------------------------------------------------------------
def let_settle(*, watch: Watch, situations: Iterable[Situation], now: datetime) -> None:
    """From here on those of which nothing lasts are over, unless something comes back before they have settled."""
    for situation in situations:
        if situation.over_at is None and not situation.episodes.filter(ended_at=None).exists():
            situation.settles_at = now + settling(watch, situation.restarts)
            situation.save(update_fields=["settles_at"])


def settle(*, watch: Watch, now: datetime) -> int:
    """Write the end of what has settled on its ticket, and propose to close it; returns how many situations are over now."""
    due = Situation.objects.filter(environment=watch.environment, settles_at__lte=now, over_at=None).select_related("ticket")
    count = 0
    for situation in due.order_by("pk"):
        episodes = list(situation.episodes.order_by("pk"))
        with wording.spoken_to(watch.environment.customer):
            body = wording.over(episodes, situation.restarts)
        _end(situation, Situation.Cause.ENDED, body, now)
        count += 1
    return count


def _end(situation: Situation, cause: str, body: str, now: datetime) -> None:
    situation.over_at, situation.over_because, situation.settles_at = now, cause, None
    situation.save(update_fields=["over_at", "over_because", "settles_at"])
    tickets.observe(ticket=situation.ticket, body=body, tells=situation.ticket.status not in OVER, now=now)


def end_watch(*, environment: Environment, now: datetime) -> int:
    """The environment is watched no more: what lasts ends as that, its tickets say so and stay; what still waits is not worked on.

    Returns how many situations it ended.
    """
    with acting_for(environment.customer_id):
        lasting = Episode.objects.filter(environment=environment, ended_at=None)
        lasting.filter(started_at__gt=now).update(ended_at=F("started_at"), ended_because=Episode.End.WATCH_ENDED)
        lasting.update(ended_at=now, ended_because=Episode.End.WATCH_ENDED)
        Signal.objects.filter(environment=environment, worked_at=None, parked_at=None).update(worked_at=now)
        Heartbeat.objects.filter(~Q(state=Heartbeat.State.PAUSED), environment=environment).update(
            state=Heartbeat.State.NEW, due_at=None, started_at=None, down_since=None
        )
        open_ones = Situation.objects.filter(environment=environment, over_at=None).select_related("ticket", "customer").order_by("pk")
        situations = list(open_ones.select_for_update(of=("self",)))
        for situation in situations:
            with wording.spoken_to(situation.customer):
                body = wording.watch_ended()
            _end(situation, Situation.Cause.WATCH_ENDED, body, now)
    return len(situations)
