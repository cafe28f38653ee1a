"""Who hears of a release: everybody whom a customer with a contract in force has for that (REL-2, CON-2)."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from accounts.models import Customer, Membership, MembershipQuerySet
from contracts.models import Contract, EnvironmentContact, Product
from contracts.queries import in_force
from notifications.models import BouncingAddress

NAMED = 50  # of the customers that can't be told, by name


def covering(product: Product, now: datetime) -> "QuerySet[Contract]":
    """Contracts in force that cover the product, of all customers."""
    return in_force(now).filter(products=product)


def to_be_told(product: Product, now: datetime) -> MembershipQuerySet:
    """Who is told of a release of the product: of each customer the contacts of environments in which it runs; where there are none,
    everybody who has an account there.
    """
    contacts = EnvironmentContact.objects.filter(environment__retired_at=None, environment__installations__product=product)
    present = contacts.filter(
        Exists(Membership.objects.in_force().filter(customer=OuterRef("customer"), person=OuterRef("person"))),
        customer=OuterRef("customer"),
    )
    members = Membership.objects.in_force().filter(customer__in=covering(product, now).order_by().values("customer_id"))
    is_contact = Exists(contacts.filter(customer=OuterRef("customer"), person=OuterRef("person")))
    return members.filter(is_contact) | members.filter(~Exists(present))


@dataclass(frozen=True)
class Reach:
    """Who would hear of a release published now. `out_of_reach`: the first NAMED of those customers of whom nobody would."""

    customers: int
    people: int
    out_of_reach_count: int
    out_of_reach: list[Customer]


def reach(product: Product, now: datetime) -> Reach:
    """The same people as a publication would freeze, counted, and the customers of whom mail reaches nobody."""
    told = to_be_told(product, now).order_by()
    customers = Customer.objects.filter(pk__in=covering(product, now).order_by().values("customer_id"))
    bouncing = BouncingAddress.objects.standing().filter(address=OuterRef("small"))
    reachable = told.annotate(small=Lower("person__email")).filter(~Exists(bouncing), customer=OuterRef("pk"))
    unreached = customers.filter(~Exists(reachable)).order_by("name", "pk")
    return Reach(
        customers=customers.count(),
        people=told.values("person_id").distinct().count(),
        out_of_reach_count=unreached.count(),
        out_of_reach=list(unreached[:NAMED]),
    )
