"""Alertmanager's webhook, version 4: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from monitoring.reading import strict
from monitoring.reading.facts import Observation, Unreadable

MOST_ALERTS = 2000
TITLES = ("summary", "title", "message", "description")


def read(payload: Any, received_at: datetime, zone: ZoneInfo) -> list[Observation]:
    """Its alerts, in their order; fields that we don't know are left alone. Raises Unreadable."""
    given = strict.mapping(payload, "The delivery")
    if str(given.get("version", "4")) != "4":
        raise Unreadable("Only version 4 of Alertmanager's webhook is known here.")
    alerts = given.get("alerts")
    if not isinstance(alerts, list) or not alerts:
        raise Unreadable("alerts is missing, or holds none; is this Alertmanager's webhook?")
    if len(alerts) > MOST_ALERTS:
        raise Unreadable(f"There are more than {MOST_ALERTS} alerts in one delivery; set max_alerts.")
    return [_alert(strict.mapping(one, f"alerts[{place}]"), f"alerts[{place}]", received_at, zone) for place, one in enumerate(alerts)]


def _alert(given: dict[str, Any], what: str, received_at: datetime, zone: ZoneInfo) -> Observation:
    status = given.get("status")
    if status not in ("firing", "resolved"):
        raise Unreadable(f"{what}.status is neither firing nor resolved.")
    labels = strict.labels(given.get("labels"), f"{what}.labels")
    texts = strict.texts(given.get("annotations"), f"{what}.annotations")
    told = strict.told(given.get("startsAt"), f"{what}.startsAt", received_at, zone)
    # Of an alert that lasts it is when Prometheus would give it up, unless it hears of it again.
    ended_at = strict.instant(given.get("endsAt"), f"{what}.endsAt", received_at, zone) if status == "resolved" else None
    started_at = min(told, received_at) if told else None
    strict.in_order(started_at, ended_at, what)
    fingerprint = strict.text(given.get("fingerprint"), f"{what}.fingerprint", 64)
    if not labels and not fingerprint:
        raise Unreadable(f"{what} has neither labels nor a fingerprint.")
    title = next((texts[name] for name in TITLES if texts.get(name)), "") or labels.get("alertname", "")
    return Observation(
        fingerprint=fingerprint or strict.fingerprint(labels),
        mark=told.isoformat() if told else "",  # a clock that is ahead must not make another start of it each time
        lasts=status == "firing",
        title=strict.line(title) or "Alert",
        started_at=started_at,
        ended_at=ended_at,
        labels=labels,
        texts=texts,
        url=strict.link(given.get("generatorURL"), f"{what}.generatorURL"),
    )
