"""Counting what customers fetch. Nothing of it is ever a charge (REL-3)."""

import uuid
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from accounts.tenancy import acting_for
from helpdesk.lib.refusals import Refusal
from releases.models import Artifact, Download, Licence


class WithdrawnRelease(Refusal):
    sentence = _("This version is withdrawn and can't be downloaded any more.")


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
