"""How an environment is watched: its settings, heartbeats, targets and maintenance, and for how long signals are kept."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for, as_provider
from contracts.models import Environment
from helpdesk.lib.refusals import Refusal
from monitoring.commands.situations import let_settle
from monitoring.models import Episode, Heartbeat, Maintenance, SeverityRule, Situation, Target, Watch

SETTINGS = ("product", "usual_severity", "storm_count", "storm_minutes", "settle_minutes", "keep_days")
MOST_RULES, MOST_HEARTBEATS, MOST_TARGETS = 20, 500, 200
LONGEST_MAINTENANCE, FARTHEST_MAINTENANCE = timedelta(days=30), timedelta(days=366)
# A host or address with a port, as Prometheus writes one. What it names is asked by the provider's Prometheus, never by us.
NO_NAME = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")  # a name's last part is no number
ADDRESS = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]):(\d{1,5})")


class NotWatched(Refusal):
    sentence = _("This environment was never authorised for monitoring.")


class NameTaken(Refusal):
    sentence = _("There is a heartbeat with this name already.")


class TooMany(Refusal):
    sentence = _("There are very many of these already. Remove some that nobody needs.")


class WrongAddress(Refusal):
    sentence = _("Write an address with its port, such as softswitch-1.example.com:9100.")


class OurOwnAddress(Refusal):
    sentence = _("This address would be our Prometheus' own machine. Write the one by which it reaches yours.")


class TargetTaken(Refusal):
    sentence = _("This address is in the list already.")


class MaintenanceReversed(Refusal):
    sentence = _("The end lies before the beginning, or has passed already.")


class MaintenanceTooFar(Refusal):
    sentence = _("Maintenance begins within a year from now. Plan it when it comes nearer.")


class MaintenanceTooLong(Refusal):
    sentence = _("Maintenance lasts thirty days at most. For longer, withdraw the authorisation.")


def lock_watch(environment: Environment) -> Watch:
    """The environment's watch, alone until the transaction ends. Raises NotWatched."""
    watch = Watch.objects.select_for_update(of=("self",)).select_related("environment__customer").filter(environment=environment).first()
    if watch is None:
        raise NotWatched
    return watch


def set_watch(
    *, actor: Person, environment: Environment, rules: Sequence[tuple[str, str, str]], settings: dict[str, Any], now: datetime
) -> Watch:
    """Keep these `settings` (of SETTINGS), and the rules as label, value and severity, in their order. Raises NotWatched, TooMany."""
    with acting_for(environment.customer_id):
        watch = lock_watch(environment)
        if len(rules) > MOST_RULES:
            raise TooMany
        before = _facts(watch)
        for name in SETTINGS:
            setattr(watch, name, settings[name])
        watch.save(update_fields=list(SETTINGS))
        SeverityRule.objects.filter(watch=watch).delete()
        SeverityRule.objects.bulk_create(
            SeverityRule(customer_id=watch.customer_id, watch=watch, position=place, label=label, value=value, severity=severity)
            for place, (label, value, severity) in enumerate(rules)
        )
        audit.record(
            actor=actor, customer_id=watch.customer_id, verb="set_watch", target=watch, before=before, after=_facts(watch), now=now
        )
    return watch


def _facts(watch: Watch) -> dict[str, Any]:
    rules = SeverityRule.objects.filter(watch=watch).values_list("label", "value", "severity")
    return audit.facts(watch, *SETTINGS) | {"rules": [list(rule) for rule in rules]}


def add_heartbeat(*, actor: Person, environment: Environment, name: str, period: timedelta, grace: timedelta, now: datetime) -> Heartbeat:
    """Expect a sign of life; it is late after `period` and `grace` without one, counted from the first. Raises NotWatched, NameTaken, TooMany."""
    with acting_for(environment.customer_id):
        lock_watch(environment)
        if Heartbeat.objects.filter(environment=environment, removed_at=None).count() >= MOST_HEARTBEATS:
            raise TooMany
        try:
            with transaction.atomic():
                made = Heartbeat.objects.create(
                    customer_id=environment.customer_id,
                    environment=environment,
                    slug=slugify(name)[:60] or "heartbeat",
                    name=name,
                    period_seconds=int(period.total_seconds()),
                    grace_seconds=int(grace.total_seconds()),
                    created_at=now,
                )
        except IntegrityError as error:
            raise NameTaken from error
        facts = audit.facts(made, "name", "slug", "period_seconds", "grace_seconds")
        audit.record(actor=actor, customer_id=made.customer_id, verb="add_heartbeat", target=made, after=facts, now=now)
    return made


def pause_heartbeat(*, actor: Person, heartbeat: Heartbeat, now: datetime) -> None:
    """Nothing is expected until the next sign of life."""
    _rest(actor, heartbeat, "pause_heartbeat", now, state=Heartbeat.State.PAUSED)


def remove_heartbeat(*, actor: Person, heartbeat: Heartbeat, now: datetime) -> None:
    """It is expected no more, and its name is free; what it told stays."""
    _rest(actor, heartbeat, "remove_heartbeat", now, removed_at=now, state=Heartbeat.State.PAUSED)


def _rest(actor: Person, heartbeat: Heartbeat, verb: str, now: datetime, **changes: Any) -> None:
    with acting_for(heartbeat.customer_id):
        watch = lock_watch(heartbeat.environment)
        row = Heartbeat.objects.select_for_update(of=("self",)).get(pk=heartbeat.pk)
        if row.removed_at is not None:
            return
        changes |= {"due_at": None, "started_at": None, "down_since": None}
        before = audit.facts(row, *changes)
        for name, value in changes.items():
            setattr(row, name, value)
        row.save(update_fields=list(changes))
        _end_alert_of(row, watch, now)
        audit.record(
            actor=actor, customer_id=row.customer_id, verb=verb, target=row, before=before, after=audit.facts(row, *changes), now=now
        )


def _end_alert_of(heartbeat: Heartbeat, watch: Watch, now: datetime) -> None:
    """Nobody would hear of its end any more: what is not expected is not missed."""
    lasting = Episode.objects.filter(heartbeat=heartbeat, ended_at=None)
    situations = list(Situation.objects.filter(episodes__in=lasting).order_by("pk"))
    lasting.update(ended_at=Greatest(F("started_at"), now), ended_because=Episode.End.WATCH_ENDED)
    let_settle(watch=watch, situations=situations, now=now)


def add_target(*, actor: Person, environment: Environment, address: str, job: str, now: datetime) -> Target:
    """Offer an address to the provider's Prometheus. Raises NotWatched, WrongAddress, OurOwnAddress, TargetTaken, TooMany."""
    found = ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[1]) < 65536:
        raise WrongAddress
    if _is_never_theirs(address.rpartition(":")[0].strip("[]").rstrip(".").lower()):
        raise OurOwnAddress
    with acting_for(environment.customer_id):
        lock_watch(environment)
        if Target.objects.filter(environment=environment, removed_at=None).count() >= MOST_TARGETS:
            raise TooMany
        try:
            with transaction.atomic():
                made = Target.objects.create(
                    customer_id=environment.customer_id, environment=environment, address=address, job=job, added_by=actor, added_at=now
                )
        except IntegrityError as error:
            raise TargetTaken from error
        audit.record(
            actor=actor, customer_id=made.customer_id, verb="add_target", target=made, after=audit.facts(made, "address", "job"), now=now
        )
    return made


def _is_never_theirs(host: str) -> bool:
    """Whether a host means the machine that asks, or its own link: its services must not be offered by a stranger."""
    try:
        address = ip_address(host)
    except ValueError:
        # What the resolver reads as an address in its old forms, such as 127.1 or 2130706433, names nobody's host either.
        return host == "localhost" or host.endswith(".localhost") or NO_NAME.fullmatch(host) is not None
    plain = getattr(address, "ipv4_mapped", None) or address
    return plain.is_loopback or plain.is_link_local or plain.is_unspecified or plain.is_multicast


def remove_target(*, actor: Person, target: Target, now: datetime) -> None:
    with acting_for(target.customer_id):
        row = Target.objects.select_for_update(of=("self",)).get(pk=target.pk)
        if row.removed_at is None:
            row.removed_at = now
            row.save(update_fields=["removed_at"])
            audit.record(actor=actor, customer_id=row.customer_id, verb="remove_target", target=row, now=now)


def plan_maintenance(
    *, actor: Person, environment: Environment, from_at: datetime, until_at: datetime, reason: str, by_staff: bool, now: datetime
) -> Maintenance:
    """Alerts open no ticket meanwhile; what still lasts at the end gets one then.

    Raises NotWatched, MaintenanceReversed, MaintenanceTooFar, MaintenanceTooLong.
    """
    if until_at <= max(from_at, now):
        raise MaintenanceReversed
    if from_at > now + FARTHEST_MAINTENANCE:
        raise MaintenanceTooFar
    if until_at - from_at > LONGEST_MAINTENANCE:
        raise MaintenanceTooLong
    with acting_for(environment.customer_id):
        lock_watch(environment)
        planned = Maintenance.objects.create(
            customer_id=environment.customer_id,
            environment=environment,
            from_at=from_at,
            until_at=until_at,
            reason=reason,
            planned_by=actor,
            by_staff=by_staff,
            planned_at=now,
        )
        facts = audit.facts(planned, "from_at", "until_at", "reason")
        audit.record(actor=actor, customer_id=planned.customer_id, verb="plan_maintenance", target=planned, after=facts, now=now)
    return planned


def end_maintenance(*, actor: Person, maintenance: Maintenance, now: datetime) -> None:
    """Now, or before it begins. What lasts gets its ticket by the next sweep; after its end it does nothing."""
    with acting_for(maintenance.customer_id):
        row = Maintenance.objects.select_for_update(of=("self",)).get(pk=maintenance.pk)
        if row.cancelled_at is not None or row.until_at <= now:
            return
        before = audit.facts(row, "until_at", "cancelled_at")
        if row.from_at < now:
            row.until_at = now
        else:
            row.cancelled_at = now
        row.save(update_fields=["until_at", "cancelled_at"])
        audit.record(
            actor=actor,
            customer_id=row.customer_id,
            verb="end_maintenance",
            target=row,
            before=before,
            after=audit.facts(row, "until_at", "cancelled_at"),
            now=now,
        )


# --- What is kept -----------------------------------------------------------------------------------------------------
ERASE = "UPDATE monitoring_signal SET body = NULL WHERE environment_id = %s AND body IS NOT NULL"
FORGET = "UPDATE monitoring_episode SET evidence = '{}' WHERE environment_id = %s AND ended_at IS NOT NULL AND evidence <> '{}'"
ERASE_OLD = """
    UPDATE monitoring_signal SET body = NULL WHERE id IN (
        SELECT s.id FROM monitoring_signal s JOIN monitoring_watch w ON w.environment_id = s.environment_id
        WHERE s.body IS NOT NULL AND s.received_at < %(now)s - w.keep_days * interval '1 day' AND (s.worked_at IS NOT NULL OR s.parked_at IS NOT NULL)
        ORDER BY s.received_at LIMIT %(most)s
    )
"""
FORGET_OLD = """
    UPDATE monitoring_episode e SET evidence = '{}' FROM monitoring_watch w
    WHERE w.environment_id = e.environment_id AND e.ended_at < %(now)s - w.keep_days * interval '1 day' AND e.evidence <> '{}'
"""


def erase_signals(*, actor: Person, environment: Environment, now: datetime) -> int:
    """Erase what was stored of an environment's signals, and the evidence of alerts that are over; that there were any stays.

    Returns how many signals. What stands on tickets is the ticket's.
    """
    with acting_for(environment.customer_id), connection.cursor() as cursor:
        cursor.execute(ERASE, [environment.pk])
        erased: int = cursor.rowcount
        cursor.execute(FORGET, [environment.pk])
        audit.record(
            actor=actor, customer_id=environment.customer_id, verb="erase_signals", target=environment, after={"signals": erased}, now=now
        )
    return erased


def erase_old_signals(*, now: datetime, most: int = 20_000) -> int:
    """The same for what is older than its environment keeps; returns how many signals."""
    erased = 0
    with as_provider(), connection.cursor() as cursor:
        cursor.execute(FORGET_OLD, {"now": now})
        while True:
            cursor.execute(ERASE_OLD, {"now": now, "most": most})
            found: int = cursor.rowcount
            erased += found
            if found < most:
                return erased
