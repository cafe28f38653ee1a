"""What pages about people and customers need."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter

from django.db.models import Value

from accounts.models import AuditEntry, Customer, Invitation, Membership, Person, StaffMember
from helpdesk.lib.prepared import Prepared, Question, among


def display_names(person_ids: Iterable[int | None]) -> dict[int, str]:
    """Names by person, as the present scope may know them: of staff their display name; whoever it may not know is missing."""
    ids = sorted({pk for pk in person_ids if pk is not None})
    return named(_names(ids)) if ids else {}


def names_question(person_ids: Sequence[int]) -> Question:
    """The same to be asked together with others; `named` reads the answer."""
    return _names.question(person_ids)


def named(rows: Iterable[tuple[int, str, int]]) -> dict[int, str]:
    return {pk: name for pk, name, _is_display_name in sorted(rows, key=itemgetter(2))}


_names = Prepared(
    lambda ids: (
        Person.objects.filter(among("id", ids))
        .order_by()
        .values_list("pk", "name", Value(0))
        .union(StaffMember.objects.filter(among("person_id", ids)).order_by().values_list("pk", "display_name", Value(1)), all=True)
    )
)


def people_page(customer: Customer, now: datetime) -> dict[str, object]:
    """Members in force and open invitations of one customer."""
    return {
        "members": Membership.objects.in_force().filter(customer=customer).select_related("person").order_by("person__name"),
        "invitations": Invitation.objects.filter(customer=customer, accepted_at=None, revoked_at=None, expires_at__gt=now).order_by(
            "email"
        ),
        "roles": Membership.Role.choices,
    }


def audit_page(*, before: int | None, customer_id: int | None = None, size: int = 50) -> list[AuditEntry]:
    """Newest lines first, one more than `size` when there are more; `before` is the last id of the page before."""
    entries = AuditEntry.objects.select_related("actor", "customer").order_by("-id")
    if before is not None:
        entries = entries.filter(pk__lt=before)
    if customer_id is not None:
        entries = entries.filter(customer_id=customer_id)
    return list(entries[: size + 1])
