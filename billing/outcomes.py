"""Charge requests in words: what they ask for, and what became of them, in the reader's language and zone."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.facts import Kind
from billing.models import ChargeRequest, Decision
from contracts.models import RulingTerms
from helpdesk.lib import moments, money
from helpdesk.lib.minutes import spell

State = ChargeRequest.State
# How a state looks: tone and icon of its chip.
MARKS: dict[str, tuple[str, str]] = {
    State.WISHED: ("warn", "clock"),
    State.DRAFT: ("note", "flag"),
    State.TO_RELEASE: ("note", "clock"),
    State.WAITING: ("warn", "clock"),
    State.ACCEPTED: ("ok", "check"),
    State.DECLINED: ("", "x"),
    State.EXPIRED: ("", "clock"),
    State.WITHDRAWN: ("", "x"),
    State.CANCELLED: ("", "x"),
    State.ENDED: ("", "x"),
}


def rate_of(terms: RulingTerms, kind: str) -> int:
    """What the contract charges for an hour of such work, in cents."""
    return {
        Kind.FUNCTIONAL_EXCESS.value: terms.functional_rate_cents,
        Kind.OFF_HOURS.value: terms.off_hours_rate_cents,
        Kind.UPDATE_SERVICE.value: terms.update_rate_cents,
    }[kind]


def price(request: ChargeRequest) -> str:
    """ "up to 1 h at R$240.00 an hour: at most R$240.00", as accepted or else as asked. `request`: with its contract."""
    minutes = request.minutes if request.accepted_minutes is None else request.accepted_minutes
    currency = request.contract.currency
    return _("up to %(time)s at %(rate)s an hour: at most %(most)s") % {
        "time": spell(minutes),
        "rate": money.shown(request.rate_cents, currency),
        "most": money.shown(request.most_cents, currency),
    }


def period(request: ChargeRequest) -> str:
    """When the work may be done; empty where nothing is said of it."""
    if request.work_from is not None and request.work_until is not None:
        return _("from %(from)s until %(until)s") % {
            "from": moments.dated(request.work_from),
            "until": moments.zoned(request.work_until),
        }
    return _("until %(until)s") % {"until": moments.zoned(request.work_until)} if request.work_until is not None else ""


def outcome(request: ChargeRequest, decision: Decision | None, names: Mapping[int, str]) -> str:
    """What became of it, as a sentence with who and when; empty while it is still to be answered. `names`: of `people_in`."""
    said = _SAID.get(State(request.state))
    at = _since(request, decision)
    if said is None or at is None:
        return ""
    person = decision.by_id if decision and request.state in {State.ACCEPTED, State.DECLINED} else request.over_by_id
    sentence = _(said) % {"name": names.get(person or 0, _("A former colleague")), "at": moments.zoned(at)}
    why = decision.reason if decision and request.state == State.DECLINED else request.remark
    return f"{sentence} {why}".strip() if request.state != State.ACCEPTED else sentence


def _since(request: ChargeRequest, decision: Decision | None) -> datetime | None:
    return request.accepted_at if request.state == State.ACCEPTED else request.over_at


_SAID: dict[State, str] = {
    State.ACCEPTED: gettext_noop("%(name)s approved this on %(at)s."),
    State.DECLINED: gettext_noop("%(name)s declined this on %(at)s."),
    State.EXPIRED: gettext_noop("Nobody answered in time: it expired on %(at)s."),
    State.WITHDRAWN: gettext_noop("%(name)s withdrew this on %(at)s."),
    State.CANCELLED: gettext_noop("It is no longer needed since %(at)s: the ticket's qualification changed."),
    State.ENDED: gettext_noop("%(name)s ended this approval on %(at)s; work until then stays approved."),
}


def people_in(requests: list[ChargeRequest], decisions: Mapping[int, Decision]) -> set[int | None]:
    """Everybody whom the words about these requests name."""
    people: set[int | None] = {decision.by_id for decision in decisions.values()}
    for request in requests:
        people |= {request.over_by_id, request.drafted_by_id, request.wished_by_id, request.released_by_id}
    return people
