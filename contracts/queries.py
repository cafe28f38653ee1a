"""Which contract covers what, and what pages about contracts need."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, DateField, DateTimeField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Membership, Person, StaffMember
from accounts.tenancy import acting_for
from contracts.models import (
    Contract,
    ContractProduct,
    Environment,
    EnvironmentContact,
    Installation,
    Product,
    RulingTerms,
    Standing,
    Terms,
)
from helpdesk.lib.prepared import Prepared, Question, attach, attach_many, together
from sla.models import Policy

CUSTOMERS_A_PAGE = 100


def contracts_in_force(customer: Customer, now: datetime) -> list[Contract]:
    """The customer's contracts in force now, each by the day in its calendar's zone; the one that ends last comes first."""
    standing = [c for c in _with_products(customer.pk) if c.is_in_force_on(c.today(now))]
    return sorted(standing, key=lambda c: c.terms_on(c.today(now)).last_date, reverse=True)


def contracts_for(customer: Customer, product: Product, now: datetime) -> list[Contract]:
    """Those in force that cover the product: what a ticket on it may be opened under (CON-3)."""
    return [c for c in contracts_in_force(customer, now) if product in c.products.all()]


def covers(contract: Contract, product: Product, now: datetime) -> bool:
    """Whether something may be opened under this contract now (CON-3). Reads its terms, standings and products unless prefetched."""
    return contract.is_in_force_on(contract.today(now)) and product in contract.products.all()


def usual_contract(contracts: list[Contract], environment: Environment | None) -> Contract | None:
    """The filer's default among `contracts`: the environment's, else the one that ends last; None when there are none."""
    if environment is not None:
        for contract in contracts:
            if contract.pk == environment.contract_id:
                return contract
    return contracts[0] if contracts else None


def whom_to_talk_to(customer: Customer) -> list[str]:
    """Display names of those who answer for the newest contract on each product, for customers who have none in force.

    Its account manager, or the deputy of one who left the staff; where both left, those of the contract before. Empty when all did.
    Reads as a command does: who is still staff is not for customers to list.
    """
    names: list[str] = []
    answered: set[int] = set()
    with acting_for(customer.pk):
        staff = set(StaffMember.objects.filter(roles__isnull=False, person__is_active=True).values_list("pk", flat=True))
        contracts = Contract.objects.filter(customer=customer).select_related("account_manager", "deputy").prefetch_related("products")
        for contract in contracts.order_by("-first_date", "-pk"):
            products = {product.pk for product in contract.products.all()}
            member = next((m for m in (contract.account_manager, contract.deputy) if m is not None and m.pk in staff), None)
            if member is None or products <= answered:
                continue
            answered |= products
            names.append(member.display_name)
    return list(dict.fromkeys(names))


@dataclass(frozen=True)
class OutOfReach:
    """A contract in force of which nobody can be told by mail. `people`: those who would be, whose addresses all bounce."""

    contract: Contract
    people: list[Person]


def out_of_reach(customer: Customer, bouncing: Container[str], now: datetime) -> list[OutOfReach]:
    """Contracts that mail reaches nobody of: neither a contact of their environments nor, where those name none, anybody with an account.

    `bouncing`: addresses in small letters (NOT-5). Nothing is asked when there are none, so that the usual page costs nothing.
    """
    if not bouncing:
        return []
    members = Membership.objects.in_force().filter(customer=customer).select_related("person").order_by("person__name")
    everybody = {membership.person_id: membership.person for membership in members}
    contacts: dict[int | None, list[Person]] = {}
    named = EnvironmentContact.objects.filter(customer=customer, environment__retired_at=None, person_id__in=everybody)
    for contract_id, person_id in named.values_list("environment__contract_id", "person_id").distinct().order_by("person__name"):
        contacts.setdefault(contract_id, []).append(everybody[person_id])
    found = []
    for contract in contracts_in_force(customer, now):
        told = contacts.get(contract.pk) or list(everybody.values())
        if told and all(person.email.lower() in bouncing for person in told):
            found.append(OutOfReach(contract, told))
    return found


@dataclass(frozen=True)
class Site:
    """An environment as a line: `runs` names its products with their versions."""

    name: str
    runs: str


def panel_questions(customer_id: int) -> list[Question]:
    """What `customer_panel` is made of, for a page that asks for more in the same round trip."""
    return [query.question(customer_id) for query in (_contracts, _terms, _standings, _sites, _running)]


def customer_panel(answers: Sequence[list[Any]], now: datetime) -> dict[str, object]:
    """What staff need to know of a customer beside a ticket: contracts with today's state and allowance, environments."""
    contracts, terms, standings, sites, running = answers
    attach(contracts, "terms", terms, "contract_id")
    attach(contracts, "standings", standings, "contract_id")
    runs: dict[int, list[str]] = {}
    for environment, product, version in running:
        runs.setdefault(environment, []).append(f"{product} {version}")
    return {
        "contracts": [contract_card(contract, now) for contract in contracts],
        "environments": [Site(name, ", ".join(runs.get(pk, ()))) for pk, name in sites],
    }


def _with_products(customer_id: int) -> list[Contract]:
    """A customer's contracts by number, with terms and standings of every day and what each covers."""
    return _attached(*together(*_questions(_OF_CONTRACTS, customer_id)))


def _attached(contracts: list[Contract], terms: list[Terms], standings: list[Standing], covered: list[ContractProduct]) -> list[Contract]:
    attach(contracts, "terms", terms, "contract_id")
    attach(contracts, "standings", standings, "contract_id")
    products: dict[int, list[Product]] = {}
    for row in covered:
        products.setdefault(row.contract_id, []).append(row.product)
    for contract in contracts:
        attach_many(contract, "products", products.get(contract.pk, []))
    return contracts


# Pages that everybody opens ask these, so that each is put together once.
_contracts = Prepared(
    lambda customer: Contract.objects.filter(customer=customer).select_related("calendar", "account_manager").order_by("number")
)
_terms = Prepared(lambda customer: Terms.objects.filter(customer=customer))
_standings = Prepared(lambda customer: Standing.objects.filter(customer=customer))
_covered = Prepared(lambda customer: ContractProduct.objects.filter(customer=customer).select_related("product").order_by("product__name"))
_environments = Prepared(lambda customer: Environment.objects.filter(customer=customer, retired_at=None).select_related("contract"))
_installations = Prepared(lambda customer: Installation.objects.filter(customer=customer).select_related("product", "version"))
_sites = Prepared(lambda customer: Environment.objects.filter(customer=customer, retired_at=None).values_list("pk", "name"))
_running = Prepared(
    lambda customer: Installation.objects.filter(customer=customer).values_list("environment_id", "product__name", "version__number")
)
_contacts = Prepared(lambda customer: EnvironmentContact.objects.filter(customer=customer).select_related("person"))
_OF_CONTRACTS = (_contracts, _terms, _standings, _covered)
_OF_ENVIRONMENTS = (_environments, _installations, _contacts)


def _questions(queries: Sequence[Prepared[Any]], customer_id: int) -> list[Question]:
    return [query.question(customer_id) for query in queries]


@dataclass(frozen=True)
class ContractCard:
    """A contract as of today. `state`: `in_force`, `not_begun`, `expired`, `suspended` or `ended`."""

    contract: Contract
    terms: RulingTerms
    state: str
    label: "str | Promise"
    days_left: int | None


STATE_WORDS: dict[str, "str | Promise"] = {
    "in_force": _("In force"),
    "not_begun": _("Not begun"),
    "expired": _("Expired"),
    "suspended": _("Suspended"),
    "ended": _("Ended"),
}


def contract_card(contract: Contract, now: datetime) -> ContractCard:
    """What the contract is today, by its calendar's zone."""
    day = contract.today(now)
    terms = contract.terms_on(day)
    state = contract.state_on(day)
    if state == Standing.State.ACTIVE:
        state = "not_begun" if day < contract.first_date else ("in_force" if day <= terms.last_date else "expired")
    return ContractCard(
        contract=contract,
        terms=terms,
        state=state,
        label=STATE_WORDS[state],
        days_left=(terms.last_date - day).days if state == "in_force" else None,
    )


def contracts_of(customer: Customer, now: datetime) -> list[ContractCard]:
    """All of a customer's contracts, those in force first."""
    return _cards(_with_products(customer.pk), now)


def _cards(contracts: list[Contract], now: datetime) -> list[ContractCard]:
    cards = [contract_card(contract, now) for contract in contracts]
    return sorted(cards, key=lambda card: (card.state != "in_force", card.contract.number))


def environments_of(customer: Customer) -> list[Environment]:
    """Environments in use, with what runs there and who is told."""
    return _equipped(*together(*_questions(_OF_ENVIRONMENTS, customer.pk)))


def _equipped(environments: list[Environment], installations: list[Installation], contacts: list[EnvironmentContact]) -> list[Environment]:
    attach(environments, "installations", installations, "environment_id")
    attach(environments, "contacts", contacts, "environment_id")
    return environments


def holdings_questions(customer: Customer) -> list[Question]:
    """What contracts and environments are made of, for a page that asks for more in the same round trip; see `holdings`."""
    return _questions((*_OF_CONTRACTS, *_OF_ENVIRONMENTS), customer.pk)


def holdings(answers: Sequence[list[Any]], now: datetime) -> tuple[list[ContractCard], list[Environment]]:
    """What `contracts_of` and `environments_of` tell, of the answers to these questions."""
    split = len(_OF_CONTRACTS)
    return _cards(_attached(*answers[:split]), now), _equipped(*answers[split:])


def contract_page(pk: int, now: datetime) -> ContractCard | None:
    """One contract whole, with the terms and standings of every day; None when the scope does not show it."""
    rows = Contract.objects.select_related("customer", "calendar", "account_manager", "deputy")
    found = rows.prefetch_related("terms__policy", "standings", "products").filter(pk=pk).first()
    return contract_card(found, now) if found is not None else None


def in_force(now: datetime) -> "QuerySet[Contract]":
    """Every contract in force now in the scope, each by the day in its calendar's zone, as `is_in_force_on` says it."""
    in_zone = Func(F("calendar__time_zone"), Value(now), function="timezone", output_field=DateTimeField())
    standing = Standing.objects.filter(contract=OuterRef("pk"), from_date__lte=OuterRef("day")).order_by("-from_date", "-pk")
    return (
        Contract.objects.annotate(day=Cast(in_zone, DateField()))
        .annotate(
            last=Subquery(_said().exclude(last_date=None).values("last_date")[:1]),
            state=Coalesce(Subquery(standing.values("state")[:1]), Value(Standing.State.ACTIVE.value)),
            ended=Exists(standing.filter(state=Standing.State.ENDED)),
        )
        .filter(first_date__lte=F("day"), last__gte=F("day"), ended=False, state=Standing.State.ACTIVE)
    )


def _said() -> "QuerySet[Terms]":
    """What an outer contract says until its outer `day`, the last first: amendments by day and number, then the signature, as `fold` has it."""
    said = Terms.objects.filter(Q(number=0) | Q(from_date__lte=OuterRef("day")), contract=OuterRef("pk"))
    return said.order_by(Case(When(number=0, then=1), default=0), "-from_date", "-number")


def count_under(policy: Policy, now: datetime) -> int:
    """How many contracts in force name the policy. One query."""
    named = Subquery(_said().exclude(policy=None).values("policy_id")[:1])
    return in_force(now).annotate(named=named).filter(named=policy.pk).count()


@dataclass(frozen=True)
class CustomerRow:
    customer: Customer
    cards: list[ContractCard]


def customers_page(words: str, after: int | None, now: datetime, size: int | None = None) -> tuple[list[CustomerRow], bool]:
    """Customers by name, with what their contracts are today, and whether there are more.

    `after`: the last customer seen; the list begins anew when that is nobody's. `size`: CUSTOMERS_A_PAGE unless told.
    """
    size = size or CUSTOMERS_A_PAGE
    customers = Customer.objects.order_by("name", "pk")
    if words:
        customers = customers.filter(name__icontains=words)
    last = Customer.objects.filter(pk=after).first() if after is not None else None
    if last is not None:
        customers = customers.filter(Q(name__gt=last.name) | Q(name=last.name, pk__gt=last.pk))
    found = list(customers[: size + 1])
    page = found[:size]
    contracts: dict[int, list[ContractCard]] = {}
    rows = Contract.objects.filter(customer__in=page).select_related("calendar", "account_manager")
    for contract in rows.prefetch_related("terms", "standings", "products"):
        contracts.setdefault(contract.customer_id, []).append(contract_card(contract, now))
    return [CustomerRow(customer, contracts.get(customer.pk, [])) for customer in page], len(found) > size
