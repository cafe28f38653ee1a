"""What every command on a charge request does: move it on, write that down, let its ticket wait and go on.

Called with the contract's hours alone (`billing.reckoning.book`); it imports nothing of the reckoning, which calls it too.
"""

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.queries import display_names
from billing.facts import Approval, Kind, Qualification
from billing.models import ChargeRequest, Decision
from billing.outcomes import outcome
from helpdesk.lib import money
from helpdesk.lib.minutes import spell
from helpdesk.lib.refusals import Refusal
from tickets.commands import place_hold, release_hold
from tickets.states import OVER

State = ChargeRequest.State
AUDITED = (
    *("kind", "state", "reason", "minutes", "rate_cents", "answer_by", "work_from", "work_until"),
    *("accepted_minutes", "accepted_at", "released_by", "over_at", "over_by", "remark"),
)
HOLD_LENGTH = 200


class ChangedMeanwhile(Refusal):
    sentence = _("It changed while you read it: look again. Nothing was done.")


class Settled(Refusal):
    """Somebody else, or time, was faster."""

    sentence = _("%(what)s Nothing was changed by you.")


def suits(kind: str, qualification: Qualification) -> bool:
    """Whether a ticket that is this needs such an approval (BIL-9)."""
    at = qualification.at
    approval = Approval(id=0, ticket=0, kind=Kind(kind), ceiling_minutes=0, rate_cents=0, accepted_at=at, work_from=at, work_until=at)
    return approval.suits(qualification)


def expect(row: ChargeRequest, *states: str) -> None:
    """Raises Settled, with what became of it, when it is in none of these states any more."""
    if row.state not in states:
        raise Settled(what=settled(row))


def settled(row: ChargeRequest) -> str:
    """Who did what with it, when."""
    decision = Decision.objects.filter(request=row).first()
    names = display_names([row.over_by_id, decision.by_id if decision else None])
    return outcome(row, decision, names) or gettext("Its state is “%(state)s” now.") % {"state": row.get_state_display()}


def change(row: ChargeRequest, verb: str, *, actor: Person | None, now: datetime, **columns: Any) -> None:
    """Save the columns and write down who changed what (TEN-5)."""
    before = audit.facts(row, *AUDITED)
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(update_fields=list(columns))
    after = audit.facts(row, *AUDITED)
    audit.record(actor=actor, customer_id=row.customer_id, verb=verb, target=row, before=before, after=after, now=now)


def finish(
    row: ChargeRequest, state: str, verb: str, *, actor: Person | None, by_staff: bool = True, remark: str = "", now: datetime
) -> None:
    """It comes to nothing more: the ticket no longer waits for it."""
    change(row, verb, actor=actor, now=now, state=state, over_at=now, over_by=actor, remark=remark)
    go_on(row, actor=actor, by_staff=by_staff, now=now)


def let_wait(row: ChargeRequest, *, actor: Person | None, now: datetime) -> None:
    """Put the ticket on hold for it: never for off-hours help (SLA-7), nor where the work is done and the ticket solved."""
    if row.kind == ChargeRequest.Kind.OFF_HOURS or row.ticket.status in OVER:
        return
    row.hold = place_hold(ticket=row.ticket, reason=_hold_reason(row), placed_by=actor, now=now)
    row.save(update_fields=["hold"])


def go_on(row: ChargeRequest, *, actor: Person | None, by_staff: bool, now: datetime) -> None:
    """Take its hold back, if it put one."""
    if row.hold is not None:
        release_hold(hold=row.hold, released_by=actor, by_staff=by_staff, now=now)


def _hold_reason(row: ChargeRequest) -> str:
    """In the company's language. It names the request: the same reason twice would be one hold, released with either."""
    with translation.override(row.contract.customer.language):
        reason = pgettext("hold", "Charge request %(id)s: %(kind)s, up to %(time)s, at most %(most)s") % {
            "id": row.pk,
            "kind": row.get_kind_display(),
            "time": spell(row.minutes),
            "most": money.shown(row.most_cents, row.contract.currency),
        }
    return reason[:HOLD_LENGTH]
