"""What customers do besides writing: they say how their tickets were solved, and read what they get."""

from collections.abc import Callable
from datetime import datetime, timedelta

from accounts.models import Membership
from accounts.tenancy import as_provider
from helpdesk.demo.plan import Do, Step
from helpdesk.demo.world import Timeline
from tickets import commands
from tickets.models import Satisfaction, Ticket

Level = Satisfaction.Level
READ_ALL_BUT_DAYS = 2
# One in so many solved tickets is rated; of those, in turn:
RATED = 3
LEVELS = (Level.SATISFIED, Level.SATISFIED, Level.NEUTRAL, Level.SATISFIED, Level.DISSATISFIED)
COMMENTS = {
    Level.SATISFIED: {"pt-br": "Rápido e claro, obrigado.", "en": "Quick and clear, thank you."},
    Level.NEUTRAL: {"pt-br": "", "en": ""},
    Level.DISSATISFIED: {"pt-br": "Resolveu, mas esperamos demais por isso.", "en": "It works now, but we waited too long for it."},
}


def note_rating(timeline: Timeline, number: int, step: Step, ticket: Callable[[], Ticket]) -> None:
    """Let the requester say some hours later how this step solved the ticket."""
    if step.do == Do.ANSWER and step.status == "resolved" and number % RATED == 0:
        level = LEVELS[number // RATED % len(LEVELS)]
        timeline.at(step.at + timedelta(hours=2 + number % 7), lambda now: _rate(ticket(), level, number % 2 == 0, now))


def _rate(ticket: Ticket, level: Level, has_comment: bool, now: datetime) -> None:
    person = ticket.requester
    if person is None:
        return
    try:
        commands.rate(
            ticket=ticket, person=person, level=level, comment=COMMENTS[level].get(person.language, "") if has_comment else "", now=now
        )
    except commands.NotSolvedByStaff:
        return  # they had opened it again by then


def read(now: datetime) -> None:
    """Everybody has read what is older than READ_ALL_BUT_DAYS."""
    with as_provider():
        members = list(Membership.objects.in_force().select_related("person"))
    for member in members:
        until = now - timedelta(days=READ_ALL_BUT_DAYS)
        commands.mark_all_read(customer_id=member.customer_id, person=member.person, until=until, now=now)
