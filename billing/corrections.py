"""What closed months owe to the next statement: kept as rows, so that lists need not reckon. Under the contract's lock."""

from datetime import date

from billing.facts import month_after
from billing.models import Correction, Statement
from billing.statements import Account
from contracts.models import Contract


def first_open(closed: set[date], month: date) -> date:
    """On whose statement a correction of a closed month will be."""
    while month in closed:
        month = month_after(month)
    return month


def keep(contract: Contract, account: Account) -> None:
    """Make the rows say what the account does."""
    closed = set(Statement.objects.filter(contract=contract).values_list("month", flat=True))
    owed = {
        (one.of_month, month): one.amount_cents
        for month in sorted({first_open(closed, each) for each in closed})
        for one in account.statement(month).corrections
    }
    kept = {(row.of_month, row.month): row.amount_cents for row in Correction.objects.filter(contract=contract)}
    if owed == kept:
        return
    Correction.objects.filter(contract=contract).delete()
    Correction.objects.bulk_create(
        Correction(customer_id=contract.customer_id, contract=contract, of_month=of_month, month=month, amount_cents=cents)
        for (of_month, month), cents in owed.items()
    )
