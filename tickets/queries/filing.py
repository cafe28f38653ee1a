"""What filing would mean now: for every choice, what the contract promises, in words (TIC-1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from contracts.models import Contract
from helpdesk.lib import moments
from helpdesk.lib.minutes import spell
from sla.queries.preview import Preview, preview
from tickets.models import Severity, Type


@dataclass(frozen=True)
class Meaning:
    """What a severity means for events of one type. `text`: coverage and first answer; `detail`: what is promised after that."""

    type: str
    is_open: bool
    text: str
    detail: str


@dataclass(frozen=True)
class FilingPreview:
    """`meanings`: by severity, for each type that it can have; `note`: as of when, in which zone, under which contract."""

    note: str
    meanings: Mapping[str, list[Meaning]]


def filing_preview(contract: Contract, now: datetime) -> FilingPreview:
    """What an event filed now under this contract would be promised, in the reader's language and zone."""
    found = preview(contract.terms_on(contract.today(now)).policy_id, contract.calendar_id, now)
    return FilingPreview(_note(contract, now), {severity: _meanings(found, severity, now) for severity in Severity.values})


def _note(contract: Contract, now: datetime) -> str:
    return _("What each means now, at %(time)s (%(zone)s), by contract %(contract)s:") % {
        "time": moments.by_the_clock(now, now),
        "zone": moments.zone_at(now),
        "contract": contract.number,
    }


def _meanings(found: Mapping[tuple[str, str], Preview], severity: str, now: datetime) -> list[Meaning]:
    return [_meaning(type, found[type, severity], now) for type in Type.values if (type, severity) in found]


def _meaning(type: str, preview: Preview, now: datetime) -> Meaning:
    first = preview.first_response_due
    facts = {
        "opening": moments.spoken(preview.opens_at, now) if preview.opens_at is not None else "",
        "instant": moments.by_the_clock(first, now) if first is not None else "",
    }
    return Meaning(type, preview.is_open_now, _coverage(preview) % facts, _afterwards(preview, now))


def _coverage(preview: Preview) -> str:
    promises_answer = preview.first_response_due is not None
    if preview.is_open_now:
        return (
            _("Covered now: first answer by %(instant)s") if promises_answer else _("Covered now; no time for a first answer is promised")
        )
    if preview.opens_at is None:
        return _("Not covered: no opening hours are planned, so no time is promised")
    if promises_answer:
        return _("We open %(opening)s: first answer by %(instant)s")
    return _("We open %(opening)s; no time for a first answer is promised")


def _afterwards(preview: Preview, now: datetime) -> str:
    told = []
    if preview.next_update_seconds is not None:
        sentence = _("then news every %(span)s") if preview.always else _("then news every %(span)s of our business hours")
        told.append(sentence % {"span": spell(preview.next_update_seconds // 60)})
    if preview.resolution_due is not None:
        told.append(_("solution by %(instant)s") % {"instant": moments.by_the_clock(preview.resolution_due, now)})
    return ", ".join(told)
