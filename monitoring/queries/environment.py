"""An environment's page, the same for customer and staff: what is wrong now, what was, what came in, and who looked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.queries import display_names
from contracts.models import Environment
from helpdesk.lib import charts, strips, tracks
from helpdesk.lib.moments import dated
from monitoring import uptime
from monitoring.models import Authorisation, Credential, Episode, Heartbeat, Look, Maintenance, Rejection, Signal, Target, Watch
from monitoring.queries.gate import SHUT_WORDS, Shut, gate
from monitoring.uptime import Span
from tickets.models import Ticket, number_of

SHOWN_SIGNALS, SHOWN_LOOKS, SHOWN_EPISODES, SHOWN_TRACKS = 20, 20, 50, 12
SHOWN_ALERTS = 30  # beside a ticket
SHOWN_BODY = 4000  # characters of a signal
DAYS, MONTHS = 30, 6
HISTORY = timedelta(days=30)
REASONS: dict[str, "str | Promise"] = {
    **SHUT_WORDS,
    "revoked": gettext_lazy("The token was revoked or replaced."),
    "other_kind": gettext_lazy("The token is for signals of another kind."),
    "no_heartbeat": gettext_lazy("There is no heartbeat of this name."),
    "not_understood": gettext_lazy("It could not be read."),
    "too_large": gettext_lazy("It was larger than 1 MB."),
    "too_fast": gettext_lazy("It came too often."),
}


@dataclass(frozen=True)
class Alert:
    """An episode as a line; `ticket`: its number where the reader sees one, else nothing."""

    episode: Episode
    ticket: int | None

    @property
    def number(self) -> str:
        return number_of(self.ticket) if self.ticket else ""


@dataclass(frozen=True)
class Beat:
    """A heartbeat with its last days, and how much of this month it was there."""

    heartbeat: Heartbeat
    strip: SafeString
    month: str

    @property
    def tone(self) -> str:
        return {"up": "ok", "down": "danger"}.get(self.heartbeat.state, "")

    @property
    def icon(self) -> str:
        return {"up": "check", "down": "alert", "paused": "pause"}.get(self.heartbeat.state, "clock")


@dataclass(frozen=True)
class Received:
    """`text`: the beginning of what came; nothing once it was erased."""

    signal: Signal
    text: str
    is_cut: bool


@dataclass(frozen=True)
class Refused:
    rejection: Rejection
    why: "str | Promise"


@dataclass(frozen=True)
class Looked:
    look: Look
    name: str


@dataclass(frozen=True)
class Picture:
    chart: charts.Chart
    svg: SafeString


def found(pk: int) -> Environment | None:
    """An environment in use that the present scope shows."""
    return Environment.objects.select_related("customer", "contract").filter(pk=pk, retired_at=None).first()


def page(environment: Environment, now: datetime) -> dict[str, object]:
    """Everything that stands on the page; instants of charts are in the reader's zone. It costs the same however much came in."""
    passage = gate(environment.pk, now)
    zone = ZoneInfo(timezone.get_current_timezone_name())
    recent = list(
        Episode.objects.filter(environment=environment).select_related("situation").order_by("-started_at", "-pk")[:SHOWN_EPISODES]
    )
    lasting = list(Episode.objects.filter(environment=environment, ended_at=None).select_related("situation").order_by("started_at")[:200])
    tickets = _visible_tickets([*recent, *lasting])
    heartbeats = _heartbeats(environment)
    silences = _silences(environment, now)
    timeline, undrawn_alerts = _timeline(recent, now)
    authorisations = list(Authorisation.objects.filter(environment=environment)[:5])
    looks = list(Look.objects.filter(environment=environment).order_by("-at", "-pk")[:SHOWN_LOOKS])
    names = display_names(
        {one.person_id for one in looks} | {pk for one in authorisations for pk in (one.given_by_id, one.withdrawn_by_id)}
    )
    return {
        "environment": environment,
        "gate": passage,
        "gate_words": SHUT_WORDS.get(passage.shut, ""),
        "is_unauthorised": passage.shut == Shut.UNAUTHORISED,
        "watch": Watch.objects.filter(environment=environment).select_related("product").prefetch_related("rules").first(),
        "authorisations": [(one, names.get(one.given_by_id, ""), names.get(one.withdrawn_by_id or 0, "")) for one in authorisations],
        "standing": next((one for one in authorisations if one.is_in_force(now)), None),
        "lasting": [_alert(episode, tickets) for episode in lasting],
        "history": [_alert(episode, tickets) for episode in recent if not episode.lasts],
        "timeline": timeline,
        "undrawn_alerts": undrawn_alerts,
        "beats": [_beat(one, silences.get(one.pk, []), now, zone) for one in heartbeats],
        "uptime": _uptime(heartbeats, silences, now, zone),
        "signals": [_received(signal) for signal in Signal.objects.filter(environment=environment).order_by("-pk")[:SHOWN_SIGNALS]],
        "rejections": [Refused(one, REASONS.get(one.reason, "")) for one in Rejection.objects.filter(environment=environment)],
        "looks": [Looked(look, names.get(look.person_id, "")) for look in looks],
        "maintenances": list(Maintenance.objects.filter(environment=environment, cancelled_at=None, until_at__gt=now)),
        "targets": list(Target.objects.filter(environment=environment, removed_at=None)),
        "now": now,
    }


def credentials_of(environment: Environment, now: datetime) -> list[Credential]:
    """Those that are valid."""
    return [one for one in Credential.objects.filter(environment=environment, revoked_at=None) if one.is_valid(now)]


def situation_of(ticket: Ticket) -> dict[str, object]:
    """The alerts of the situation that a ticket was opened for, the lasting ones first; none where it was not."""
    alerts = Episode.objects.filter(situation__ticket=ticket).order_by(F("ended_at").desc(nulls_first=True), "started_at", "pk")
    return {"alerts": list(alerts[:SHOWN_ALERTS]), "count": alerts.count()}


def _visible_tickets(episodes: Iterable[Episode]) -> set[int]:
    """Situations of tickets that are hidden from the reader don't exist in its scope, and their episodes show none."""
    return set(
        Ticket.objects.filter(pk__in={one.situation.ticket_id for one in episodes if one.situation is not None}).values_list(
            "pk", flat=True
        )
    )


def _alert(episode: Episode, tickets: set[int]) -> Alert:
    ticket = episode.situation.ticket_id if episode.situation is not None else None
    return Alert(episode, ticket if ticket in tickets else None)


def _heartbeats(environment: Environment) -> list[Heartbeat]:
    """With `first_at`: of the first sign of life, None before that. Before it nothing is known."""
    signs = Signal.objects.filter(heartbeat=OuterRef("pk")).order_by("pk").values("received_at")
    return list(Heartbeat.objects.filter(environment=environment, removed_at=None).annotate(first_at=Subquery(signs[:1])))


def _first_at(heartbeat: Heartbeat, now: datetime) -> datetime:
    first: datetime | None = heartbeat.first_at  # type: ignore[attr-defined]  # of `_heartbeats`
    return first if first and heartbeat.last_at else now


def _silences(environment: Environment, now: datetime) -> dict[int, list[Span]]:
    """When each heartbeat was away, as far back as anything here looks."""
    since = now - timedelta(days=31 * (MONTHS + 1))
    rows = Episode.objects.filter(Q(ended_at=None) | Q(ended_at__gt=since), environment=environment, heartbeat__isnull=False)
    silences: dict[int, list[Span]] = {}
    for pk, start, end in rows.values_list("heartbeat_id", "started_at", "ended_at"):
        silences.setdefault(pk, []).append(Span(start, end or now))
    return silences


def _beat(heartbeat: Heartbeat, silences: Sequence[Span], now: datetime, zone: ZoneInfo) -> Beat:
    since = _first_at(heartbeat, now)
    stretches = uptime.days(silences, since, now, zone, DAYS)
    words = {"up": _("always there"), "none": _("nothing known")}
    bars = [strips.Bar(day.state, f"{formatted(day.first, 'j M')}: {words.get(day.state) or _away(day.down)}") for day in stretches]
    away = sum(1 for day in stretches if day.state in {"partly", "down"})
    said = _("away on %(count)s of the last 30 days") % {"count": away}
    month = uptime.months(silences, since, now, zone, 1)[0].per_mille
    return Beat(heartbeat, strips.to_svg(bars, heartbeat.name, said), charts.NOTHING if month is None else charts.per_mille(month))


def _away(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    return _("away for %(hours)s h %(minutes)s min") % {"hours": hours, "minutes": f"{rest:02}"}


def _uptime(heartbeats: Sequence[Heartbeat], silences: dict[int, list[Span]], now: datetime, zone: ZoneInfo) -> Picture | None:
    """Of all heartbeats together, by month; None where none was ever seen."""
    seen = [one for one in heartbeats if one.last_at is not None]
    if not seen:
        return None
    by_beat = [uptime.months(silences.get(one.pk, []), _first_at(one, now), now, zone, MONTHS) for one in seen]
    months = [
        uptime.Stretch(stretches[0].first, sum(one.known for one in stretches), sum(one.down for one in stretches))
        for stretches in zip(*by_beat, strict=True)
    ]
    chart = charts.Chart(
        id="uptime",
        title=_("Uptime by month"),
        description=_("Time with a sign of life, of all heartbeats together."),
        heading=_("Month"),
        categories=[formatted(month.first, "F Y") for month in months],
        short=[formatted(month.first, "M") for month in months],
        series=[charts.Series(_("Uptime"), [month.per_mille for month in months], "ok", form=charts.per_mille)],
        whole=1000,
    )
    return Picture(chart, charts.columns(chart))


def _timeline(episodes: Sequence[Episode], now: datetime) -> tuple[SafeString, int]:
    """A row for each alert of the last weeks, the newest ones first, with the times for which it lasted; and how many are left out."""
    since, still = now - HISTORY, _("now")
    rows: dict[tuple[str, str], list[Episode]] = {}
    for episode in episodes:
        if episode.started_at > since:
            rows.setdefault((episode.source, episode.fingerprint), []).append(episode)
    drawn = [
        tracks.Track(
            label=group[0].title,
            start=since,
            end=now,
            spans=[
                tracks.Span(
                    one.started_at,
                    one.ended_at or now,
                    "paused" if one.in_maintenance else "open",
                    f"{dated(one.started_at)} – {dated(one.ended_at) if one.ended_at else still}",
                )
                for one in reversed(group)
            ],
            marks=[],
        )
        for group in list(rows.values())[:SHOWN_TRACKS]
    ]
    said = ngettext("%(count)s alert in the last 30 days", "%(count)s alerts in the last 30 days", len(rows)) % {"count": len(rows)}
    return tracks.to_svg(drawn, now, _("Alerts over time"), said, _("now"), dated), len(rows) - len(drawn)


def _received(signal: Signal) -> Received:
    text = signal.body or ""
    return Received(signal, text[:SHOWN_BODY], len(text) > SHOWN_BODY)
