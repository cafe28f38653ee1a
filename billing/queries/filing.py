"""What filing would mean for the hours, in words: what uses them, what needs an approval, what costs nothing (TIC-1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Customer
from billing.queries.hours import Allowance, allowances
from contracts.models import Contract
from contracts.queries import contracts_in_force
from helpdesk.lib import money
from helpdesk.lib.minutes import spell
from tickets.forms import PreviewForm
from tickets.models import Type


@dataclass(frozen=True)
class Meaning:
    """What an event of a type means for the hours. `tone`: warn where an approval is needed."""

    type: str
    text: str
    tone: str = ""


def filing_hours(chosen: Mapping[str, Any], customer: Customer, now: datetime) -> list[Meaning]:
    """`chosen`: product, environment and contract as the filing form sends them, or less. Nothing without a contract in force."""
    contracts = contracts_in_force(customer, now)
    if not contracts:
        return []
    contract = PreviewForm(chosen).contract_among(contracts, customer)
    return [
        Meaning(Type.TECHNICAL, _("At no charge: repairs of our products are included.")),
        _of_questions(allowances([contract], now)[contract.pk], now),
        Meaning(
            Type.UPDATE_SERVICE,
            _("A paid extra at %(rate)s an hour: nothing is charged before you approve it.")
            % {"rate": money.shown(contract.terms_on(contract.today(now)).update_rate_cents, contract.currency)},
            "warn",
        ),
    ]


def _of_questions(allowance: Allowance, now: datetime) -> Meaning:
    contract: Contract = allowance.contract
    facts = {
        "left": spell(allowance.all_left_minutes),
        "day": date_format(allowance.resets_on, "SHORT_DATE_FORMAT"),
        "rate": money.shown(contract.terms_on(contract.today(now)).functional_rate_cents, contract.currency),
    }
    if allowance.all_left_minutes:
        return Meaning(Type.FUNCTIONAL, _("Uses the hours that your contract includes: %(left)s left until %(day)s.") % facts)
    sentence = _("This month's included hours are used up: help before %(day)s is a paid extra at %(rate)s an hour, if you approve it.")
    return Meaning(Type.FUNCTIONAL, sentence % facts, "warn")
