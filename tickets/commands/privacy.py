"""Who of the customer sees a ticket: the whole company, or its requester and the admins alone."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for
from helpdesk.lib.refusals import Refusal
from notifications.commands import withdraw_waiting
from tickets import story, telling
from tickets.models import Event, Ticket


class NotForThem(Refusal):
    sentence = _("This ticket is private: only who asked and your company's admins may follow it.")


def set_private(*, ticket: Ticket, person: Person, private: bool, by_staff: bool, now: datetime) -> Ticket:
    """Let only the requester and the company's admins see the ticket, or everybody of the company again (TIC-7).

    Colleagues who followed it hear nothing while it is private, nor what they were owed before and had not been sent. A second time
    changes nothing.
    """
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.private == private:
            return ticket
        before = audit.facts(ticket, "private")
        ticket.private = private
        ticket.save(update_fields=["private"])
        after = audit.facts(ticket, "private")
        audit.record(actor=person, customer_id=ticket.customer_id, verb="set_private", target=ticket, before=before, after=after, now=now)
        event = story.record(
            ticket=ticket, kind=Event.Kind.PRIVACY_CHANGED, actor=person, by_staff=by_staff, facts={"private": private}, now=now
        )
        headline = gettext_noop("%(who)s made %(number)s visible to your whole company.")
        if private:
            withdraw_waiting(about=Event.objects.filter(ticket=ticket), may_read=telling.who_may_see(ticket).values("person"))
            headline = gettext_noop("%(who)s made %(number)s private: only who asked and your company's admins see it.")
        telling.tell(
            readers=telling.customers_side(ticket, except_for=person),
            to_staff=False,
            ticket=ticket,
            event=event,
            notice=telling.Notice("ticket_status", headline),
            now=now,
        )
    return ticket
