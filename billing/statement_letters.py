"""Mails about statements. Called by commands, in their transaction; it only writes the outbox."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Membership, Person
from billing.models import Review, Statement
from helpdesk.lib import money
from helpdesk.lib.addresses import address
from helpdesk.lib.minutes import spell
from notifications.commands import Letter, Owed, owe_all
from tickets.telling import staff_among

READERS = (Membership.Role.APPROVER, Membership.Role.ADMIN)


def tell_closed(statement: Statement, *, now: datetime) -> None:
    """Everybody of the customer who may agree to charges gets the statement's total and the way to it."""
    members = Membership.objects.in_force().filter(customer=statement.customer_id, role__in=READERS).select_related("person")
    people = [membership.person for membership in members.order_by("person_id")]
    mails = [
        _owed(person, "statement_closed", f"statement-{statement.pk}", _of_statement(person, statement), statement) for person in people
    ]
    owe_all(customer_id=statement.customer_id, mails=mails, now=now)


def tell_returned(review: Review, *, now: datetime) -> None:
    """Whoever did the work hears that it came back, and why."""
    people = [person for person in staff_among([review.log.agent_id]) if person.pk != review.by_id]
    mails = [_owed(person, "work_returned", f"returned-{review.pk}", _of_return(person, review), review) for person in people]
    owe_all(customer_id=review.customer_id, mails=mails, now=now)


def _owed(person: Person, kind: str, key: str, letter: Letter, about: Review | Statement) -> Owed:
    return Owed(
        person=person, address=person.email, language=person.language, kind=kind, key=f"{key}:{person.pk}", letter=letter, about=about
    )


def _of_statement(person: Person, statement: Statement) -> Letter:
    with translation.override(person.language):
        facts = {
            "number": statement.number,
            "month": date_format(statement.month, "YEAR_MONTH_FORMAT"),
            "contract": statement.contract.number,
            "total": money.shown(statement.total_cents, statement.currency),
            "used": spell(statement.agreed["allowance_used_minutes"]),
            "granted": spell(statement.agreed["allowance_minutes"]),
        }
        page = address("portal:statement", statement.pk)
        return Letter(
            subject=_("Statement %(number)s: %(month)s, contract %(contract)s") % facts,
            headline=_("The statement of %(month)s is ready: %(total)s.") % facts,
            body_text=_("Of the allowance, %(used)s of %(granted)s were used. Each line with its ticket is on the page, as PDF and as CSV.")
            % facts,
            action_label=_("Open the statement"),
            action_url=f"{settings.BASE_URL}{page}?company={statement.customer_id}",
            reason=_("You get this because you are an approver or an administrator of your company."),
        )


def _of_return(person: Person, review: Review) -> Letter:
    log = review.log
    with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
        facts = {
            "who": review.by.name,
            "number": log.ticket.number,
            "day": date_format(timezone.localtime(log.began_at), "SHORT_DATE_FORMAT"),
            "reason": review.reason,
        }
        return Letter(
            subject=_("[%(number)s] Your work of %(day)s came back") % facts,
            headline=_("%(who)s returned your work of %(day)s on %(number)s.") % facts,
            body_text=review.reason,
            needs=_("Correct the log, so that the month can be closed."),
            action_label=_("Open %(number)s") % facts,
            action_url=settings.BASE_URL + log.ticket.console_url,
            reason=_("You get this because you logged this work."),
        )
