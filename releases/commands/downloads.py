"""Counting what customers fetch, and filing their wish for help with an update. Nothing of it is ever a charge (REL-3)."""

import uuid
from datetime import datetime

from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Customer, Person
from accounts.tenancy import acting_for
from contracts.models import Environment
from contracts.queries import contracts_for, usual_contract
from helpdesk.lib.refusals import Refusal
from releases.models import Artifact, Download, Licence, Release
from tickets import commands as tickets
from tickets.models import Severity, Ticket, Type


class WithdrawnRelease(Refusal):
    sentence = gettext_lazy("This version is withdrawn and can't be downloaded any more.")


def count_download(*, customer_id: int, person: Person, file: Artifact | Licence, link: str, now: datetime) -> Download:
    """Write down that a person fetches a file. Parts that are fetched by the same link later count as parts of the same download."""
    number = uuid.UUID(link)
    with acting_for(customer_id):
        again = Download.objects.filter(customer_id=customer_id, link=number)
        if again.update(last_at=now, parts=F("parts") + 1):
            return again.get()
        artifact, licence = (file, None) if isinstance(file, Artifact) else (None, file)
        row, _made = Download.objects.get_or_create(
            customer_id=customer_id,
            link=number,
            defaults={
                "person": person,
                "release": artifact.release if artifact else None,
                "artifact": artifact,
                "licence": licence,
                "begun_at": now,
                "last_at": now,
            },
        )
    return row


def ask_for_update(
    *,
    customer: Customer,
    person: Person,
    release: Release,
    environment: Environment | None,
    wish: str,
    submission_key: uuid.UUID | None,
    now: datetime,
) -> Ticket:
    """Open an `update_service` ticket for a release that is offered (REL-5); what it costs is quoted and approved on the ticket.

    Under the environment's contract where that covers the product, else the one that ends last. Raises WithdrawnRelease,
    tickets.NotCovered, tickets.AlreadyFiled.
    """
    if not release.is_offered:
        raise WithdrawnRelease
    contract = usual_contract(contracts_for(customer, release.product, now), environment)
    if contract is None:
        raise tickets.NotCovered
    with translation.override(person.language):
        facts = {"product": release.product.name, "version": release.number, "environment": environment.name if environment else ""}
        subject = _("Help with updating to %(product)s %(version)s") % facts
        if environment is not None:
            subject = _("Help with updating %(environment)s to %(product)s %(version)s") % facts
        description = wish.strip() or _("Please tell us when and how.")
    return tickets.open_ticket(
        contract=contract,
        product=release.product,
        environment=environment,
        version=release.version,
        type=Type.UPDATE_SERVICE,
        severity=Severity.LOW,
        subject=subject[:150],
        description=description,
        requester=person,
        opened_by=person,
        submission_key=submission_key,
        now=now,
    )
