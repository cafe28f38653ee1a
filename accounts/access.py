"""Who is asking: the person signed in, their staff roles, their memberships, and the customer they look at now."""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts.models import Customer, Membership, Person, StaffMember, StaffRole

Role = StaffRole.Role


@dataclass(frozen=True)
class Access:
    """`membership` is the one in use; None for staff without a customer and for people removed everywhere."""

    person: Person
    staff_roles: frozenset[str] = frozenset()
    memberships: tuple[Membership, ...] = ()
    membership: Membership | None = None
    is_staff: bool = False

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


def load_access(person: Person, chosen_customer: int | None) -> Access:
    """Read the person's own rights; must run with `app.person` set to them, before any customer's scope.

    `chosen_customer`: the one kept in their session; without one, or when it is theirs no longer, the first by name.
    """
    member = StaffMember.objects.filter(person=person).prefetch_related("roles").first()
    memberships = tuple(Membership.objects.filter(person=person, ended_at=None).select_related("customer").order_by("customer__name"))
    current = next((m for m in memberships if m.customer_id == chosen_customer), memberships[0] if memberships else None)
    roles = frozenset(role.role for role in member.roles.all()) if member else frozenset()
    return Access(person=person, staff_roles=roles, memberships=memberships, membership=current, is_staff=bool(roles))
