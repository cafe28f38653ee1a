"""Who works on a ticket, and who follows it."""

from collections.abc import Collection
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Person, StaffMember, Team
from accounts.tenancy import acting_for
from contracts.models import Contract
from contracts.queries import contracts_for
from helpdesk.lib.refusals import Refusal
from tickets import paging, story, telling
from tickets.commands.coverage import follow_contract, give_promise
from tickets.commands.filing import NotCovered
from tickets.commands.privacy import NotForThem
from tickets.commands.states import set_status
from tickets.models import Event, Status, Ticket, Watcher


class ContractSettled(Refusal):
    sentence = _("A closed statement has work on this ticket: it stays under its contract.")


class MovedAway(Refusal):
    sentence = _("A ticket with work of this month was moved to another contract a moment ago. Try again in a few seconds.")


def assign(*, ticket: Ticket, agent: Person, assignee: StaffMember | None, now: datetime) -> Ticket:
    """Give the ticket to somebody on the staff, or to nobody. They are told, unless they took it themselves."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.assignee_id == (assignee.pk if assignee else None) or ticket.is_closed:
            return ticket
        before = ticket.assignee_id
        ticket.assignee = assignee
        ticket.save(update_fields=["assignee"])
        event = story.record(
            ticket=ticket,
            kind=Event.Kind.ASSIGNED,
            actor=agent,
            by_staff=True,
            internal=True,
            now=now,
            facts={"from": before, "to": ticket.assignee_id},
        )
        if assignee is not None:
            paging.seen_to(ticket, agent, now)
            if ticket.status == Status.NEW:
                set_status(ticket, Status.OPEN, actor=agent, by_staff=True, now=now)
            telling.tell(
                readers=telling.staff_among([assignee.pk]) if assignee.pk != agent.pk else [],
                to_staff=True,
                ticket=ticket,
                event=event,
                notice=telling.Notice("ticket_assigned", gettext_noop("%(who)s gave you %(number)s.")),
                now=now,
            )
    return ticket


def move_to_team(*, ticket: Ticket, agent: Person, team: Team, now: datetime) -> Ticket:
    """Hand the ticket to another team, without an assignee; that team is told."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.team_id == team.pk or ticket.is_closed:
            return ticket
        before = ticket.team_id
        ticket.team, ticket.assignee = team, None
        ticket.save(update_fields=["team", "assignee"])
        event = story.record(
            ticket=ticket,
            kind=Event.Kind.TEAM_CHANGED,
            actor=agent,
            by_staff=True,
            internal=True,
            now=now,
            facts={"from": before, "to": team.pk},
        )
        telling.tell(
            readers=telling.staff_side(ticket, except_for=agent),
            to_staff=True,
            ticket=ticket,
            event=event,
            notice=telling.Notice("ticket_assigned", gettext_noop("%(who)s gave %(number)s to your team.")),
            now=now,
        )
    return ticket


def watch(*, ticket: Ticket, person: Person, actor: Person, by_staff: bool, now: datetime) -> None:
    """Let a person follow the ticket. `by_staff`: the watcher is on the staff, which customers don't see.

    Raises NotForThem for a colleague who may not see a private ticket.
    """
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.private and not by_staff and not telling.who_may_see(ticket).filter(person=person).exists():
            raise NotForThem
        _row, created = Watcher.objects.get_or_create(
            customer_id=ticket.customer_id, ticket=ticket, person=person, defaults={"internal": by_staff}
        )
        if created:
            story.record(
                ticket=ticket,
                kind=Event.Kind.WATCHER_ADDED,
                actor=actor,
                by_staff=by_staff,
                internal=by_staff,
                now=now,
                facts={"person": person.pk},
            )


def unwatch(*, ticket: Ticket, person: Person, actor: Person, by_staff: bool, now: datetime) -> None:
    """Stop following; no effect for somebody who doesn't."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        removed, _rows = Watcher.objects.filter(ticket=ticket, person=person).delete()
        if removed:
            story.record(
                ticket=ticket,
                kind=Event.Kind.WATCHER_REMOVED,
                actor=actor,
                by_staff=by_staff,
                internal=by_staff,
                now=now,
                facts={"person": person.pk},
            )


def move_to_contract(*, ticket: Ticket, actor: Person, contract: Contract, now: datetime) -> Ticket:
    """Put the ticket under another of the customer's contracts that covers its product (CON-3). Raises NotCovered, ContractSettled."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.contract_id == contract.pk:
            return ticket
        if ticket.contract_settled_at is not None:
            raise ContractSettled
        if contract not in contracts_for(ticket.customer, ticket.product, now):
            raise NotCovered
        give_promise(ticket, now)
        before = audit.facts(ticket, "contract")
        ticket.contract = contract
        ticket.save(update_fields=["contract"])
        after = audit.facts(ticket, "contract")
        audit.record(actor=actor, customer_id=ticket.customer_id, verb="move_ticket", target=ticket, before=before, after=after, now=now)
        event = story.record(
            ticket=ticket,
            kind=Event.Kind.CONTRACT_MOVED,
            actor=actor,
            by_staff=True,
            now=now,
            facts={"from": before["contract"], "to": contract.pk},
        )
        follow_contract(ticket, contract, actor=actor, now=now)
        telling.tell(
            readers=telling.customers_side(ticket),
            to_staff=False,
            ticket=ticket,
            event=event,
            notice=telling.Notice(
                "ticket_status", gettext_noop("%(who)s moved %(number)s to contract %(contract)s."), facts={"contract": contract.number}
            ),
            now=now,
        )
    return ticket


def settle_contract(*, contract: Contract, ticket_ids: Collection[int], now: datetime) -> None:
    """Their work is on a closed statement of this contract: they stay under it. Raises MovedAway when one of them has just left."""
    with acting_for(contract.customer_id):
        tickets = Ticket.objects.filter(pk__in=ticket_ids).order_by("pk").select_for_update(no_key=True)
        if any(contract_id != contract.pk for contract_id in tickets.values_list("contract_id", flat=True)):
            raise MovedAway
        Ticket.objects.filter(pk__in=ticket_ids, contract_settled_at=None).update(contract_settled_at=now)
