"""Which contract covers what, and what pages about contracts need."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from contracts.models import Contract, Environment, Product, Standing, Terms


def contracts_in_force(customer: Customer, now: datetime) -> list[Contract]:
    """The customer's contracts in force now, each by the day in its calendar's zone; the one that ends last comes first."""
    contracts = (
        Contract.objects.filter(customer=customer)
        .select_related("calendar", "account_manager")
        .prefetch_related("terms", "standings", "products")
        .order_by("number")
    )
    standing = [c for c in contracts if c.is_in_force_on(c.today(now))]
    return sorted(standing, key=lambda c: c.terms_on(c.today(now)).last_date, reverse=True)


def contracts_for(customer: Customer, product: Product, now: datetime) -> list[Contract]:
    """Those in force that cover the product: what a ticket on it may be opened under (CON-3)."""
    return [c for c in contracts_in_force(customer, now) if product in c.products.all()]


def usual_contract(contracts: list[Contract], environment: Environment | None) -> Contract | None:
    """The filer's default among `contracts`: the environment's, else the one that ends last; None when there are none."""
    if environment is not None:
        for contract in contracts:
            if contract.pk == environment.contract_id:
                return contract
    return contracts[0] if contracts else None


def whom_to_talk_to(customer: Customer) -> list[str]:
    """Display names of the account managers of the customer's contracts, for those who have none in force."""
    return list(
        Contract.objects.filter(customer=customer)
        .order_by("account_manager__display_name")
        .values_list("account_manager__display_name", flat=True)
        .distinct()
    )


def customer_panel(customer: Customer, now: datetime) -> dict[str, object]:
    """What staff need to know of a customer beside a ticket: contracts with today's state and allowance, environments."""
    contracts = (
        Contract.objects.filter(customer=customer)
        .select_related("calendar", "account_manager", "deputy")
        .prefetch_related("terms", "standings", "products")
    )
    environments = Environment.objects.filter(customer=customer, retired_at=None)
    return {
        "contracts": [contract_card(contract, now) for contract in contracts],
        "environments": environments.prefetch_related("installations__product", "installations__version"),
    }


@dataclass(frozen=True)
class ContractCard:
    """A contract as of today. `state`: `in_force`, `not_begun`, `expired`, `suspended` or `ended`."""

    contract: Contract
    terms: Terms
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
    contracts = Contract.objects.filter(customer=customer).select_related("calendar", "account_manager", "deputy")
    cards = [contract_card(c, now) for c in contracts.prefetch_related("terms__policy", "standings", "products")]
    return sorted(cards, key=lambda card: (card.state != "in_force", card.contract.number))


def environments_of(customer: Customer) -> list[Environment]:
    """Environments in use, with what runs there and who is told."""
    rows = Environment.objects.filter(customer=customer, retired_at=None).select_related("contract")
    return list(rows.prefetch_related("installations__product", "installations__version", "contacts__person"))


def contract_page(pk: int, now: datetime) -> ContractCard | None:
    """One contract whole, with the terms and standings of every day; None when the scope does not show it."""
    rows = Contract.objects.select_related("customer", "calendar", "account_manager", "deputy")
    found = rows.prefetch_related("terms__policy", "standings", "products").filter(pk=pk).first()
    return contract_card(found, now) if found is not None else None


@dataclass(frozen=True)
class CustomerRow:
    customer: Customer
    cards: list[ContractCard]


def customers_page(words: str, after: str, now: datetime, size: int = 100) -> tuple[list[CustomerRow], bool]:
    """Customers by name, with what their contracts are today, and whether there are more; `after`: the last name seen."""
    customers = Customer.objects.order_by("name")
    if words:
        customers = customers.filter(name__icontains=words)
    if after:
        customers = customers.filter(name__gt=after)
    found = list(customers[: size + 1])
    page = found[:size]
    contracts: dict[int, list[ContractCard]] = {}
    rows = Contract.objects.filter(customer__in=page).select_related("calendar", "account_manager")
    for contract in rows.prefetch_related("terms", "standings", "products"):
        contracts.setdefault(contract.customer_id, []).append(contract_card(contract, now))
    return [CustomerRow(customer, contracts.get(customer.pk, [])) for customer in page], len(found) > size
