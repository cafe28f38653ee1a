"""Who is asking: the person signed in, their staff roles, their memberships, and the customer they look at now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.http import HttpRequest

from accounts.models import Customer, Membership, Person, StaffRole
from accounts.tenancy import Scope, request_scope
from helpdesk.lib.statements import Statement

Role = StaffRole.Role


@dataclass(frozen=True)
class Access:
    """`membership` is the one in use; None for staff without a customer and for people removed everywhere."""

    person: Person
    staff_roles: frozenset[str] = frozenset()
    memberships: tuple[Membership, ...] = ()
    membership: Membership | None = None
    is_staff: bool = False
    has_second_factor: bool = False

    @property
    def customer(self) -> Customer:
        assert self.membership is not None, "the portal is only entered with a membership"
        return self.membership.customer

    @property
    def is_customer_admin(self) -> bool:
        return self.membership is not None and self.membership.role == Membership.Role.ADMIN

    def has_role(self, *roles: str) -> bool:
        return not self.staff_roles.isdisjoint(roles)


class DeskRequest(HttpRequest):
    """What a view receives behind ScopeMiddleware, for the type checker."""

    access: Access


# Staff roles, whether there is a second factor, and a row for each membership, or one without. Asked with `app.person` set.
OWN_RIGHTS = Statement(
    """
    SELECT own.roles, own.has_factor, m.id, m.role, m.created_at, c.id, c.name, c.language, c.time_zone, c.second_factor_required, c.created_at
    FROM (SELECT ARRAY(SELECT role::text FROM accounts_staffrole WHERE member_id = %s) AS roles,
                 EXISTS (SELECT FROM mfa_authenticator WHERE user_id = %s) AS has_factor) own
    LEFT JOIN (accounts_membership m JOIN accounts_customer c ON c.id = m.customer_id) ON m.person_id = %s AND m.ended_at IS NULL
    ORDER BY c.name
    """,
    parameters=[None] * 3,
    marks=[(0, 0), (1, 0), (2, 0)],
)


@contextmanager
def own_access(person: Person, *chosen_customers: int | None) -> Iterator[Access]:
    """What the person may do, read in the scope of their own rows before any customer's, at the beginning of a request's transaction.

    `chosen_customers`: the one in the address, the one kept in their session: the first of these that is theirs is looked at,
    without any the first by name.
    """
    with request_scope(Scope("none", None, person.pk), OWN_RIGHTS, [person.pk]) as rows:
        memberships = tuple(_membership(person, *row[2:]) for row in rows if row[2] is not None)
        chosen = (m for customer in chosen_customers for m in memberships if m.customer_id == customer)
        current = next(chosen, memberships[0] if memberships else None)
        roles, has_factor = frozenset(rows[0][0]), rows[0][1]
        yield Access(person, roles, memberships, current, is_staff=bool(roles), has_second_factor=has_factor)


def _membership(person: Person, pk: int, role: str, created_at: datetime, *customer: Any) -> Membership:
    """Of the row's columns, as the model has them; `customer`: its own, in the order of the query."""
    found = Customer.from_db(DEFAULT_DB_ALIAS, ("id", "name", "language", "time_zone", "second_factor_required", "created_at"), customer)
    return Membership(id=pk, person=person, role=role, created_at=created_at, customer=found)
