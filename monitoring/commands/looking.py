"""Writing down who of the staff looked at what a customer lets us watch (MON-1)."""

from collections.abc import Iterable
from datetime import datetime

from accounts.models import Person
from accounts.tenancy import as_provider
from contracts.models import Environment
from monitoring.models import Look


def note_looks(*, person: Person, environments: Iterable[Environment], page: str, now: datetime) -> None:
    """One line for each environment that the page shows."""
    with as_provider():
        Look.objects.bulk_create(
            Look(customer_id=environment.customer_id, environment=environment, person=person, page=page, at=now)
            for environment in environments
        )
