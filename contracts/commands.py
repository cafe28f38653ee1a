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
    AGREED,
    AGREED_COLUMNS,
    UNLESS_AGREED,
    Contract,
    ContractProduct,
    Environment,
    EnvironmentContact,
    Installation,
    Product,
    RulingTerms,
    Standing,
    Terms,
    Version,
    fold,
)
from helpdesk.lib.refusals import Refusal
from sla.models import Calendar

CONTRACT_FACTS = ("number", "signed_date", "first_date", "currency", "calendar", "account_manager", "deputy")
ENVIRONMENT_FACTS = ("name", "kind", "contract", "notes")


class NumberTaken(Refusal):
    sentence = _("This customer already has a contract with this number.")


class NameTaken(Refusal):
    sentence = _("This customer already has an environment with this name.")


class DatesReversed(Refusal):
    sentence = _("The last day lies before the first.")


class NothingChanges(Refusal):
    sentence = _("This is what rules on that day already. Change at least one value.")


class FeeWithoutMinutes(Refusal):
    sentence = _("A package with a fee needs minutes.")


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
    """A new contract with its first terms. `terms`: columns of `AGREED`; without one of `UNLESS_AGREED`, that.

    Raises DatesReversed, FeeWithoutMinutes, NumberTaken.
    """
    signed = UNLESS_AGREED | dict(terms)
    _check_signed(signed, first_date)
    with acting_for(customer.pk):
        contract = _insert_contract(
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
        _set_products(contract, products)
        first = Terms.objects.create(customer=customer, contract=contract, number=0, from_date=first_date, created_at=now, **signed)
        audit.record(
            actor=actor,
            customer_id=customer.pk,
            verb="sign_contract",
            target=contract,
            after=_contract_facts(contract) | audit.facts(first, "from_date", *AGREED),
            now=now,
        )
    return contract


def _check_signed(signed: Mapping[str, Any], first_date: date) -> None:
    if signed["last_date"] < first_date:
        raise DatesReversed
    if signed["package_fee_cents"] and not signed["package_minutes"]:
        raise FeeWithoutMinutes


def _insert_contract(**columns: Any) -> Contract:
    try:
        with transaction.atomic():
            return Contract.objects.create(**columns)
    except IntegrityError as error:
        raise NumberTaken from error


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
    """Change what is agreed from a day on. `changes`: columns of `AGREED`, and `reason`; what rules on that day already is not stored.

    The rest stays as agreed, also what another amendment says for a later day; the signature's date stays.
    Raises BeforeFirstDay, NothingChanges, DatesReversed, FeeWithoutMinutes.
    """
    with acting_for(contract.customer_id):
        row = _lock(contract)
        if from_date < row.first_date:
            raise BeforeFirstDay(first=row.first_date)
        rows = list(row.terms.all())
        ruling = fold(rows, from_date)
        before = ruling.agreed()
        wanted = {name: changes[name] for name in AGREED if name in changes}
        changed = {name: value for name, value in wanted.items() if (value.pk if name == "policy" else value) != before[name]}
        if not changed:
            raise NothingChanges
        number = max(t.number for t in rows) + 1
        reason = changes.get("reason", "")
        terms = Terms(
            customer_id=row.customer_id, contract=row, number=number, from_date=from_date, reason=reason, created_at=now, **changed
        )
        _refuse_nonsense(row, [*rows, terms])
        terms.save()
        audit.record(
            actor=actor,
            customer_id=row.customer_id,
            verb="amend_contract",
            target=row,
            before=audit.facts(_as_row(ruling), "from_date", *changed),
            after=audit.facts(terms, "from_date", *changed, "reason") | {"amendment": number},
            now=now,
        )
    return terms


def _refuse_nonsense(contract: Contract, rows: list[Terms]) -> None:
    """Look at each day from which something else rules: an amendment ahead must still make sense with a new one before it."""
    for day in {row.from_date for row in rows}:
        ruling = fold(rows, day)
        if ruling.last_date < contract.first_date:
            raise DatesReversed
        if ruling.package_fee_cents and not ruling.package_minutes:
            raise FeeWithoutMinutes


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


def _as_row(ruling: RulingTerms) -> Terms:
    """Unsaved, for the audit trail to read."""
    return Terms(from_date=ruling.from_date, **{column: getattr(ruling, column) for column in AGREED_COLUMNS})


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
