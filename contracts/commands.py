"""Signing, amending, suspending and ending contracts; keeping environments. Each change is written to the audit trail."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Customer, Membership, Person, StaffMember
from accounts.tenancy import acting_for
from contracts.models import (
    Contract,
    ContractProduct,
    Environment,
    EnvironmentContact,
    Installation,
    Product,
    Standing,
    Terms,
    Version,
)
from helpdesk.lib.refusals import Refusal
from sla.models import Calendar

CONTRACT_FACTS = ("number", "signed_date", "first_date", "currency", "calendar", "account_manager", "deputy")
TERMS_FACTS = (
    *("from_date", "last_date", "policy", "allowance_minutes", "package_minutes", "package_fee_cents"),
    *("functional_rate_cents", "off_hours_rate_cents", "update_rate_cents", "increment_minutes", "reason"),
)
ENVIRONMENT_FACTS = ("name", "kind", "contract", "notes")


class NumberTaken(Refusal):
    sentence = _("This customer already has a contract with this number.")


class NameTaken(Refusal):
    sentence = _("This customer already has an environment with this name.")


class DatesReversed(Refusal):
    sentence = _("The last day lies before the first.")


class BeforeFirstDay(Refusal):
    sentence = _("The contract begins on %(first)s; choose that day or a later one.")


class AlreadyInThatState(Refusal):
    sentence = _("The contract is in that state on this day already.")


class EndedForGood(Refusal):
    sentence = _("The contract ends on %(day)s; what is ended stays ended. Sign a new contract instead.")


def sign_contract(
    *,
    actor: Person | None,
    customer: Customer,
    number: str,
    signed_date: date,
    first_date: date,
    calendar: Calendar,
    account_manager: StaffMember,
    deputy: StaffMember | None,
    currency: str,
    products: Iterable[Product],
    terms: Mapping[str, Any],
    now: datetime,
) -> Contract:
    """A new contract with its first terms. `terms`: the columns of `Terms` but number and from_date.

    Raises DatesReversed, NumberTaken.
    """
    if terms["last_date"] < first_date:
        raise DatesReversed
    with acting_for(customer.pk):
        try:
            with transaction.atomic():
                contract = Contract.objects.create(
                    customer=customer,
                    number=number,
                    signed_date=signed_date,
                    first_date=first_date,
                    calendar=calendar,
                    account_manager=account_manager,
                    deputy=deputy,
                    currency=currency,
                    created_at=now,
                )
        except IntegrityError as error:
            raise NumberTaken from error
        _set_products(contract, products)
        first = Terms.objects.create(customer=customer, contract=contract, number=0, from_date=first_date, created_at=now, **terms)
        audit.record(
            actor=actor,
            customer_id=customer.pk,
            verb="sign_contract",
            target=contract,
            after=_contract_facts(contract) | audit.facts(first, *TERMS_FACTS),
            now=now,
        )
    return contract


def change_contract(
    *,
    actor: Person,
    contract: Contract,
    account_manager: StaffMember,
    deputy: StaffMember | None,
    products: Iterable[Product],
    now: datetime,
) -> Contract:
    """Change who answers for the contract and which products it covers; dates, money and signature never change here."""
    with acting_for(contract.customer_id):
        row = _lock(contract)
        before = _contract_facts(row)
        row.account_manager, row.deputy = account_manager, deputy
        row.save(update_fields=["account_manager", "deputy"])
        _set_products(row, products)
        audit.record(
            actor=actor,
            customer_id=row.customer_id,
            verb="change_contract",
            target=row,
            before=before,
            after=_contract_facts(row),
            now=now,
        )
    return row


def amend(*, actor: Person | None, contract: Contract, from_date: date, changes: Mapping[str, Any], now: datetime) -> Terms:
    """New terms from a day on: those that rule on that day, with `changes` (columns of `Terms`); the signature's date stays.

    Raises BeforeFirstDay, DatesReversed.
    """
    with acting_for(contract.customer_id):
        row = _lock(contract)
        if from_date < row.first_date:
            raise BeforeFirstDay(first=row.first_date)
        ruling = row.terms_on(from_date)
        values = {field: getattr(ruling, field) for field in TERMS_FACTS} | {"reason": ""} | dict(changes) | {"from_date": from_date}
        if values["last_date"] < row.first_date:
            raise DatesReversed
        number = max(t.number for t in row.terms.all()) + 1
        terms = Terms.objects.create(customer_id=row.customer_id, contract=row, number=number, created_at=now, **values)
        audit.record(
            actor=actor,
            customer_id=row.customer_id,
            verb="amend_contract",
            target=row,
            before=audit.facts(ruling, *TERMS_FACTS),
            after=audit.facts(terms, *TERMS_FACTS) | {"amendment": number},
            now=now,
        )
    return terms


def set_standing(*, actor: Person | None, contract: Contract, state: str, from_date: date, reason: str, now: datetime) -> Standing:
    """Suspend, resume or end a contract from a day on. Raises BeforeFirstDay, AlreadyInThatState, EndedForGood."""
    with acting_for(contract.customer_id):
        row = _lock(contract)
        if from_date < row.first_date:
            raise BeforeFirstDay(first=row.first_date)
        ended = next((s for s in row.standings.all() if s.state == Standing.State.ENDED and s.from_date <= from_date), None)
        if ended is not None:
            raise EndedForGood(day=ended.from_date)
        before = row.state_on(from_date)
        if before == state:
            raise AlreadyInThatState
        standing = Standing.objects.create(
            customer_id=row.customer_id, contract=row, state=state, from_date=from_date, reason=reason, created_at=now
        )
        audit.record(
            actor=actor,
            customer_id=row.customer_id,
            verb="set_standing",
            target=row,
            before={"state": before},
            after={"state": str(state), "from_date": from_date.isoformat(), "reason": reason},
            now=now,
        )
    return standing


def _lock(contract: Contract) -> Contract:
    return Contract.objects.select_for_update(of=("self",)).select_related("calendar").get(pk=contract.pk)


def _contract_facts(contract: Contract) -> dict[str, Any]:
    products = ContractProduct.objects.filter(contract=contract).order_by("product_id").values_list("product_id", flat=True)
    return audit.facts(contract, *CONTRACT_FACTS) | {"products": list(products)}


def _set_products(contract: Contract, products: Iterable[Product]) -> None:
    wanted = {product.pk for product in products}
    rows = ContractProduct.objects.filter(contract=contract)
    rows.exclude(product_id__in=wanted).delete()
    kept = set(rows.values_list("product_id", flat=True))
    ContractProduct.objects.bulk_create(
        [ContractProduct(customer_id=contract.customer_id, contract=contract, product_id=pk) for pk in sorted(wanted - kept)]
    )


def keep_environment(
    *,
    actor: Person | None,
    customer: Customer,
    environment: Environment | None,
    name: str,
    kind: str,
    contract: Contract | None,
    notes: str,
    installed: Mapping[Product, Version],
    contacts: Iterable[Person],
    now: datetime,
) -> Environment:
    """Make an environment, or bring one up to date: its contract, what runs there in which version, and who is told.

    Contacts who don't belong to the customer are left out. Raises NameTaken.
    """
    with acting_for(customer.pk):
        values = {"name": name, "kind": kind, "contract": contract, "notes": notes}
        before: dict[str, Any] = {}
        try:
            with transaction.atomic():
                if environment is None:
                    row = Environment.objects.create(customer=customer, created_at=now, **values)
                else:
                    row = Environment.objects.select_for_update(of=("self",)).get(pk=environment.pk)
                    before = _environment_facts(row)
                    for field, value in values.items():
                        setattr(row, field, value)
                    row.save(update_fields=list(values))
        except IntegrityError as error:
            raise NameTaken from error
        Installation.objects.filter(environment=row).exclude(product__in=list(installed)).delete()
        for product, version in installed.items():
            Installation.objects.update_or_create(customer=customer, environment=row, product=product, defaults={"version": version})
        members = Membership.objects.in_force().filter(customer=customer, person__in=list(contacts)).values_list("person_id", flat=True)
        EnvironmentContact.objects.filter(environment=row).exclude(person_id__in=list(members)).delete()
        EnvironmentContact.objects.bulk_create(
            [EnvironmentContact(customer=customer, environment=row, person_id=pk) for pk in members], ignore_conflicts=True
        )
        audit.record(
            actor=actor,
            customer_id=customer.pk,
            verb="keep_environment",
            target=row,
            before=before,
            after=_environment_facts(row),
            now=now,
        )
    return row


def retire_environment(*, actor: Person, environment: Environment, now: datetime) -> None:
    """Take an environment out of the choices; old tickets keep it."""
    with acting_for(environment.customer_id):
        row = Environment.objects.select_for_update(of=("self",)).get(pk=environment.pk)
        if row.retired_at is None:
            row.retired_at = now
            row.save(update_fields=["retired_at"])
            audit.record(actor=actor, customer_id=row.customer_id, verb="retire_environment", target=row, now=now)


def _environment_facts(environment: Environment) -> dict[str, Any]:
    installed = Installation.objects.filter(environment=environment).order_by("product_id").values_list("product_id", "version_id")
    contacts = EnvironmentContact.objects.filter(environment=environment).order_by("person_id").values_list("person_id", flat=True)
    return audit.facts(environment, *ENVIRONMENT_FACTS) | {"installed": [list(pair) for pair in installed], "contacts": list(contacts)}
