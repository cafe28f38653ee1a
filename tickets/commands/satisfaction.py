"""What the customer says about a solution."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Person
from accounts.tenancy import acting_for
from helpdesk.lib.refusals import Refusal
from tickets import story, telling
from tickets.models import Event, Satisfaction, Ticket
from tickets.queries import satisfaction

Level = Satisfaction.Level
HEADLINES = {
    Level.SATISFIED: gettext_noop("%(who)s says that %(number)s was solved well."),
    Level.NEUTRAL: gettext_noop("%(who)s says that %(number)s was solved so-so."),
    Level.DISSATISFIED: gettext_noop("%(who)s says that %(number)s was solved badly."),
}


class NotSolvedByStaff(Refusal):
    sentence = _("We ask this once our staff have solved a ticket. This one is open, or you solved it yourselves.")


def rate(*, ticket: Ticket, person: Person, level: str, comment: str = "", now: datetime) -> None:
    """One answer per ticket, and the latest counts; every one stays in the story, with its comment (TIC-7).

    The assignee, else the team, is told of a comment and of a bad answer only. Sent twice, it is one. Raises NotSolvedByStaff.
    """
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if not satisfaction.was_solved_by_staff(ticket):
            raise NotSolvedByStaff
        before = satisfaction.said(ticket)
        is_again = before is not None and (before.person_id, before.level) == (person.pk, level) and comment in {"", before.comment}
        if is_again and not satisfaction.is_asked(ticket, before):
            return
        Satisfaction.objects.update_or_create(
            customer_id=ticket.customer_id, ticket=ticket, defaults={"person": person, "level": level, "rated_at": now}
        )
        message = story.write(ticket=ticket, author=person, by_staff=False, body=comment, now=now) if comment else None
        event = story.record(
            ticket=ticket,
            kind=Event.Kind.RATED,
            actor=person,
            by_staff=False,
            message=message,
            facts={"from": before.level if before else None, "to": str(level)},
            now=now,
        )
        if comment or level == Level.DISSATISFIED:
            notice = telling.Notice("ticket_replied", HEADLINES[Level(level)])
            telling.tell(
                readers=telling.staff_side(ticket), to_staff=True, ticket=ticket, event=event, notice=notice, body=comment, now=now
            )
