"""Help with an update: a ticket of its own, with a charge request that staff complete (REL-5)."""

import uuid
from datetime import datetime, timedelta

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, Person
from accounts.tenancy import acting_for
from billing import reckoning
from billing.commands.requests import Asked, NotTheirs, check_distance, contracts_rate, create, made_by
from billing.facts import Kind
from billing.models import ChargeRequest
from contracts.models import Environment, Version
from contracts.queries import contracts_for, usual_contract
from helpdesk.lib import moments
from helpdesk.lib.refusals import Refusal
from tickets.commands import NotCovered, open_ticket
from tickets.models import Severity, Ticket, Type

PROPOSED_MINUTES = 120  # until staff say what they think it takes
TIME_TO_ANSWER = timedelta(days=7)
SUBJECT_LENGTH = 150


class NotInstalled(Refusal):
    sentence = _("%(product)s does not run in that environment. Choose another one.")


class TooSoon(Refusal):
    sentence = _("The time that you would like is over. Choose a later one, or none.")


def request_update(
    *,
    version: Version,
    environment: Environment,
    person: Person,
    wanted_at: datetime | None = None,
    note: str = "",
    submission_key: uuid.UUID | None = None,
    now: datetime,
) -> ChargeRequest:
    """Ask for help with bringing an environment to a version: opens a ticket, with a draft of the charge request for staff to complete.

    `version`: with its product. `wanted_at`: when it suits the company. The same form twice makes one. Raises NotTheirs, NotInstalled,
    TooSoon, TooFarAway, NotCovered.
    """
    with acting_for(environment.customer_id):
        earlier = made_by(environment.customer_id, submission_key)
        if earlier is not None:
            return earlier
        _check(version, environment, person, wanted_at, now)
        contract = usual_contract(contracts_for(environment.customer, version.product, now), environment)
        if contract is None:
            raise NotCovered
        subject = gettext("Help with updating %(environment)s to %(product)s %(version)s") % {
            "environment": environment,
            "product": version.product,
            "version": version,
        }
        with reckoning.book(contract.pk, now=now) as book:
            ticket = open_ticket(
                contract=contract,
                product=version.product,
                environment=environment,
                version=version,
                type=Type.UPDATE_SERVICE,
                severity=Severity.LOW,
                subject=subject[:SUBJECT_LENGTH],
                description=_description(wanted_at, note),
                requester=person,
                opened_by=person,
                submission_key=submission_key,
                now=now,
            )
            book.keep(ticket)
            return _wish(ticket, subject, submission_key, now)


def _check(version: Version, environment: Environment, person: Person, wanted_at: datetime | None, now: datetime) -> None:
    if not Membership.objects.in_force().filter(customer=environment.customer_id, person=person).exists():
        raise NotTheirs
    if not environment.installations.filter(product=version.product_id).exists():
        raise NotInstalled(product=version.product)
    if wanted_at is not None and wanted_at <= now:
        raise TooSoon
    check_distance(now, wanted_at)


def _wish(ticket: Ticket, reason: str, submission_key: uuid.UUID | None, now: datetime) -> ChargeRequest:
    """The requester's wish, at the contract's price and for a time that staff will mend."""
    asked = Asked(
        kind=Kind.UPDATE_SERVICE,
        reason=reason,
        minutes=PROPOSED_MINUTES,
        rate_cents=max(1, contracts_rate(ticket.contract, Kind.UPDATE_SERVICE, now)),
        answer_by=now + TIME_TO_ANSWER,
    )
    who, draft = ticket.requester, ChargeRequest.State.DRAFT
    return create(ticket, asked, state=draft, actor=who, wished_by=who, submission_key=submission_key, verb="wish_charge", now=now)


def _description(wanted_at: datetime | None, note: str) -> str:
    """What the ticket begins with, in the language of whoever asks."""
    when = (
        gettext("When: %(instant)s.") % {"instant": moments.zoned(wanted_at)}
        if wanted_at is not None
        else gettext("When: as it suits you; please propose a time.")
    )
    return f"{when}\n\n{note}".strip()
