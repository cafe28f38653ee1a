"""What an event says to its reader, in one sentence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from helpdesk.lib.spans import Moments
from sla.rules import Target
from tickets.models import Event, Satisfaction, Severity, Status, Type
from tickets.qualifying import Effect, Happening
from tickets.states import CUSTOMER_WORDS


def qualification(type: str, severity: str) -> str:
    """ "Technical, high"."""
    return _("%(type)s, %(severity)s") % {"type": Type(type).label, "severity": Severity(severity).label.lower()}


# Nobody did these: their sentences have no name before them.
OF_TIME = {Event.Kind.ESCALATED, Event.Kind.MISSED, Event.Kind.FIX_RELEASED}


def sentence(event: Happening, names: Mapping[int, str], *, for_staff: bool) -> str:
    """What happened, after the actor's name, unless it is OF_TIME; empty for kinds whose message speaks for itself."""
    data = event.data
    match event.kind:
        case Event.Kind.OPENED:
            return _("registered this event as %(qualification)s") % {"qualification": qualification(data["type"], data["severity"])}
        case Event.Kind.VERIFIED:
            return _verdict(data)
        case Event.Kind.DECLARED:
            return _declaration(data)
        case Event.Kind.PRIVACY_CHANGED:
            return _("made the ticket private") if data["private"] else _("made the ticket visible to the whole company")
        case Event.Kind.STATUS_CHANGED:
            words = {status.value: status.label for status in Status} if for_staff else CUSTOMER_WORDS
            if data["from"] == Status.RESOLVED and data["to"] == Status.OPEN:
                return _("reopened the ticket")
            return _("changed the state to “%(state)s”") % {"state": words[data["to"]]}
        case Event.Kind.ASSIGNED:
            if data["to"] is None:
                return _("took the assignee away")
            if data["to"] == event.actor_id:
                return _("took it")
            return _("assigned it to %(name)s") % {"name": names.get(data["to"], "?")}
        case Event.Kind.WATCHER_ADDED | Event.Kind.WATCHER_REMOVED:
            added = event.kind == Event.Kind.WATCHER_ADDED
            if data["person"] == event.actor_id:
                return _("follows this from now on") if added else _("stopped following this")
            text = _("added %(name)s to those who follow this") if added else _("took %(name)s off those who follow this")
            return text % {"name": names.get(data["person"], _("a former colleague"))}
        case Event.Kind.ISSUE_LINKED:
            return _("said that it is about the known issue %(issue)s") % {"issue": data["issue"]}
        case Event.Kind.ISSUE_UNLINKED:
            return _("said that it is not about the known issue %(issue)s") % {"issue": data["issue"]}
        case Event.Kind.FIX_RELEASED:
            return _("Version %(version)s is released; it fixes the known issue %(issue)s") % data
        case Event.Kind.RATED:
            return _("said how it was solved: “%(answer)s”") % {"answer": Satisfaction.Level(data["to"]).label}
        case Event.Kind.ESCALATED | Event.Kind.MISSED:
            return _noticed(event)
        case Event.Kind.COVERED:
            moments = Moments(ZoneInfo(timezone.get_current_timezone_name()), event.at)
            window = {name: moments.full(datetime.fromisoformat(data[name])) for name in ("from", "until")}
            return _("agreed on off-hours help from %(from)s until %(until)s: answers are promised around the clock meanwhile") % window
        case Event.Kind.CORRECTED:
            return _correction(data["from"]["words"], data["to"]["words"])
        case _other:
            return _fixed(event.kind)


def _noticed(event: Happening) -> str:
    """What time brought: a sentence of its own, since nobody did it."""
    percent, target = event.data["percent"], Target(event.data["target"])
    if event.kind == Event.Kind.MISSED:
        text = {
            Target.FIRST_RESPONSE: _("The first response is late"),
            Target.NEXT_UPDATE: _("The next update is late"),
            Target.RESOLUTION: _("The resolution is late"),
        }[target]
    else:
        text = {
            Target.FIRST_RESPONSE: _("%(percent)s %% of the time for the first response is used up"),
            Target.NEXT_UPDATE: _("%(percent)s %% of the time for the next update is used up"),
            Target.RESOLUTION: _("%(percent)s %% of the time for the resolution is used up"),
        }[target] % {"percent": percent}
    return _("%(what)s (noticed late)") % {"what": text} if event.data.get("late") else text


def _verdict(data: Mapping[str, Any]) -> str:
    after = qualification(data["type"], data["severity"])
    before = qualification(data["from_type"], data["from_severity"])
    words = {"before": before, "after": after}
    if "restores" in data:
        if "contest" in data:
            return _("decided the contest and gave back the qualification from before: %(after)s") % words
        return _("corrected the earlier verdict and gave back the qualification from before: %(after)s") % words
    if before == after:
        if "contest" in data:
            return _("decided the contest: the qualification stays %(after)s") % words
        if "claim" in data:
            return _("checked what was declared anew: the qualification stays %(after)s") % words
        return _("checked the qualification and confirmed it: %(after)s") % words
    if "contest" in data:
        return _("decided the contest and changed the qualification from “%(before)s” to “%(after)s”") % words
    return _("changed the qualification from “%(before)s” to “%(after)s”") % words


def _declaration(data: Mapping[str, Any]) -> str:
    after = qualification(data["type"], data["severity"])
    before = qualification(data["from_type"], data["from_severity"])
    text = {
        Effect.REPLACED: _("declared it anew as “%(after)s”, before “%(before)s”"),
        Effect.RAISED: _("declared it higher, which counts at once: from “%(before)s” to “%(after)s”"),
        Effect.CLAIMED: _("asks for “%(after)s”; until staff decide it stays “%(before)s”"),
        Effect.LOWERED: _("declared it lower, which counts at once: from “%(before)s” to “%(after)s”"),
    }[Effect(data["effect"])]
    return text % {"before": before, "after": after}


def _correction(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> str:
    nothing = _("not given")
    words = {
        "product_before": before["product"],
        "product_after": after["product"],
        "environment_before": before["environment"] or nothing,
        "environment_after": after["environment"] or nothing,
    }
    if before["environment"] == after["environment"]:
        return _("corrected the product from “%(product_before)s” to “%(product_after)s”") % words
    if before["product"] == after["product"]:
        return _("corrected the environment from “%(environment_before)s” to “%(environment_after)s”") % words
    return (
        _(
            "corrected the product from “%(product_before)s” to “%(product_after)s”,"
            " and the environment from “%(environment_before)s” to “%(environment_after)s”"
        )
        % words
    )


def _fixed(kind: str) -> str:
    """Replies and notes say nothing here, nor do kinds that only a newer version knows."""
    text = FIXED.get(kind)
    return _(text) if text else ""


FIXED: dict[str, str] = {
    Event.Kind.TEAM_CHANGED: gettext_noop("handed it to another team"),
    Event.Kind.HOLD_PLACED: gettext_noop("put it on hold for an approval"),
    Event.Kind.HOLD_RELEASED: gettext_noop("released the hold"),
    Event.Kind.FOLLOWED_UP: gettext_noop("wrote after it was closed: a follow-up ticket was opened"),
    Event.Kind.REPLY_HELD: gettext_noop("wrote after it was closed, without a contract in force: held for staff"),
    Event.Kind.CONTRACT_MOVED: gettext_noop("moved it to another contract"),
    Event.Kind.UNCOVERED: gettext_noop("ended the off-hours help: answers are promised in business hours again"),
    Event.Kind.PROMISE_MOVED: gettext_noop("moved the ticket to other promises, which rule from here on"),
    Event.Kind.CONTESTED: gettext_noop("contested the verdict: a different person decides"),
}
