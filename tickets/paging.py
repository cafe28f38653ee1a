"""When whoever is on call is paged: for tickets covered 24x7 at opening, when they become so, at reopening, and at each step (SLA-9)."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.conf import settings
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Person
from notifications.commands import acknowledge_about, page
from sla.commands.promises import Outcome
from sla.models import Firing
from sla.rules import Target
from tickets.models import Event, Ticket
from tickets.states import OVER

OPENED = gettext_noop("%(number)s, %(severity)s: new")
COVERED = gettext_noop("%(number)s, %(severity)s: covered around the clock from now on")
REOPENED = gettext_noop("%(number)s, %(severity)s: reopened")
STEPS = {
    Target.FIRST_RESPONSE: gettext_noop("%(number)s, %(severity)s: %(percent)s %% of the time for the first response is used up"),
    Target.NEXT_UPDATE: gettext_noop("%(number)s, %(severity)s: %(percent)s %% of the time for the next update is used up"),
    Target.RESOLUTION: gettext_noop("%(number)s, %(severity)s: %(percent)s %% of the time for the resolution is used up"),
}
MISSES = {
    Target.FIRST_RESPONSE: gettext_noop("%(number)s, %(severity)s: the first response is late"),
    Target.NEXT_UPDATE: gettext_noop("%(number)s, %(severity)s: the next update is late"),
    Target.RESOLUTION: gettext_noop("%(number)s, %(severity)s: the resolution is late"),
}


def page_opened(ticket: Ticket, promised: Outcome, now: datetime) -> None:
    """A new ticket, if promises of answers run around the clock."""
    if promised.fold.is_covered(now):
        _page(ticket, "opened", OPENED, now=now)


def page_change(ticket: Ticket, event: Event, outcome: Outcome) -> None:
    """What an event did: the ticket was opened again, or became one that is covered around the clock."""
    if not outcome.fold.is_covered(event.at):
        return
    if event.kind == Event.Kind.STATUS_CHANGED and event.data["from"] in OVER:
        _page(ticket, f"reopened-{event.position}", REOPENED, now=event.at)
    elif not outcome.was_covered:
        page_covered(ticket, key=f"covered-{event.position}", now=event.at)


def page_covered(ticket: Ticket, *, key: str, now: datetime) -> None:
    _page(ticket, key, COVERED, now=now)


def page_step(ticket: Ticket, firing: Firing, *, is_late: bool, now: datetime) -> None:
    """`is_late`: it was noticed only after an outage, and says so."""
    headlines = MISSES if firing.percent == 100 else STEPS
    facts = {"percent": str(firing.percent)} | ({"late": "yes"} if is_late else {})
    _page(ticket, f"step-{firing.pk}", headlines[Target(firing.clock.target)], facts=facts, now=now)


def seen_to(ticket: Ticket, agent: Person, now: datetime) -> None:
    """Somebody on the staff answered, took it in hand or solved it: whoever was paged about it need not say so as well."""
    acknowledge_about(table=Ticket._meta.db_table, row_id=ticket.pk, customer_id=ticket.customer_id, person=agent, now=now)


def _page(ticket: Ticket, key: str, title: str, *, facts: Mapping[str, str] | None = None, now: datetime) -> None:
    """A number and a severity, and nothing that a customer wrote: pages go to phones and through others' hands."""
    page(
        key=f"ticket-{ticket.pk}-{key}",
        title=_in_words(title, ticket, facts or {}),
        url=settings.BASE_URL + ticket.console_url,
        team=ticket.team,
        about_table=Ticket._meta.db_table,
        about_id=ticket.pk,
        customer_id=ticket.customer_id,
        now=now,
    )


def _in_words(title: str, ticket: Ticket, facts: Mapping[str, str]) -> "str | Promise":
    """The sentence, in whatever language it is asked for."""
    words: str | Promise = lazy(partial(_sentence, title, ticket, facts), str)()
    return words


def _sentence(title: str, ticket: Ticket, facts: Mapping[str, str]) -> str:
    said = _(title) % {"number": ticket.number, "severity": ticket.get_severity_display(), **facts}
    return _("%(said)s (told late)") % {"said": said} if "late" in facts else said
