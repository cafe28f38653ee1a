"""What a ticket's story says of known issues and of the release that fixes one. Which issues there are is known above."""

from datetime import datetime

from django.utils.translation import gettext_noop

from accounts.models import Person
from accounts.tenancy import acting_for
from tickets import story, telling
from tickets.models import Event, Ticket


def note_issue(*, ticket: Ticket, agent: Person, issue: str, linked: bool, now: datetime) -> Event:
    """Write down that a ticket is about a known issue, or is not. `issue`: its reference, such as KI-12."""
    with acting_for(ticket.customer_id):
        kind = Event.Kind.ISSUE_LINKED if linked else Event.Kind.ISSUE_UNLINKED
        return story.record(ticket=story.lock(ticket), kind=kind, actor=agent, by_staff=True, facts={"issue": issue}, now=now)


def tell_fix(*, ticket: Ticket, issue: str, product: str, version: str, now: datetime) -> Event:
    """Tell both sides of a ticket that a released version fixes what it is about (REL-4). Whether that is so here is theirs to try.

    `product`: the name of the released one, which need not be the ticket's any more.
    """
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        facts = {"issue": issue, "version": version}
        event = story.record(ticket=ticket, kind=Event.Kind.FIX_RELEASED, actor=None, by_staff=True, facts=facts, now=now)
        headline = gettext_noop(
            "Version %(version)s of %(product)s is released. It fixes the known issue %(issue)s, which %(number)s is about."
        )
        notice = telling.Notice("ticket_fixed", headline, facts=facts | {"product": product})
        customers, staff = telling.both_sides(ticket)
        telling.tell_sides(
            telling.Side(customers, to_staff=False, notice=notice),
            telling.Side(staff, to_staff=True, notice=notice),
            ticket=ticket,
            event=event,
            now=now,
        )
    return event
