"""Verifying what was declared."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for
from helpdesk.lib.refusals import Refusal
from tickets import story, telling
from tickets.commands.conversation import ClosedTicket
from tickets.commands.filing import OnlyTechnicalIsCritical
from tickets.commands.states import set_status
from tickets.models import Event, Severity, Status, Ticket, Type


class ReasonMissing(Refusal):
    sentence = _("Say why you change the qualification: the customer reads it.")


def verify(*, ticket: Ticket, agent: Person, type: str, severity: str, reason: str = "", now: datetime) -> Ticket:
    """Confirm the qualification, or change it with a reason that the customer reads (TIC-3).

    Raises ReasonMissing, OnlyTechnicalIsCritical, ClosedTicket. Confirming again what was verified changes nothing.
    """
    if severity == Severity.CRITICAL and type != Type.TECHNICAL:
        raise OnlyTechnicalIsCritical
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.is_closed:
            raise ClosedTicket
        changed = (type, severity) != (ticket.type, ticket.severity)
        if changed and not reason.strip():
            raise ReasonMissing
        if not changed and ticket.is_verified:
            return ticket
        before = audit.facts(ticket, "type", "severity", "verified_by")
        ticket.type, ticket.severity, ticket.verified_at, ticket.verified_by = type, severity, now, agent
        ticket.save(update_fields=["type", "severity", "verified_at", "verified_by"])
        after = audit.facts(ticket, "type", "severity", "verified_by")
        audit.record(actor=agent, customer_id=ticket.customer_id, verb="verify", target=ticket, before=before, after=after, now=now)
        reason = reason.strip()
        message = story.write(ticket=ticket, author=agent, by_staff=True, body=reason, now=now) if reason else None
        event = story.record(
            ticket=ticket,
            kind=Event.Kind.VERIFIED,
            actor=agent,
            by_staff=True,
            message=message,
            facts={
                "from_type": before["type"],
                "from_severity": before["severity"],
                "type": str(type),
                "severity": str(severity),
            },
            now=now,
        )
        if ticket.status == Status.NEW:
            set_status(ticket, Status.OPEN, actor=agent, by_staff=True, now=now)
        _tell_verdict(ticket, event, reason, changed=changed, now=now)
    return ticket


def _tell_verdict(ticket: Ticket, event: Event, reason: str, *, changed: bool, now: datetime) -> None:
    headline = (
        gettext_noop("%(who)s checked %(number)s and changed its qualification.")
        if changed
        else gettext_noop("%(who)s checked %(number)s and confirmed its qualification.")
    )
    telling.tell(
        readers=telling.customers_side(ticket),
        to_staff=False,
        ticket=ticket,
        event=event,
        notice=telling.Notice("ticket_qualified", headline),
        body=reason,
        now=now,
    )
