"""The gate: whether an environment may be watched at this moment (MON-1). Asked with every signal, and never remembered.

It needs a standing authorisation by the customer, and a contract that is in force today and was signed after 30 November 2014: the
environment's usual one; where it names none, the best of the customer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LAST_DAY_BEFORE = date(2014, 11, 30)  # contracts signed until then know nothing of monitoring


class Shut:
    """Why the gate is shut."""

    RETIRED = "retired"
    UNAUTHORISED = "unauthorised"
    NO_CONTRACT = "no_contract"
    SIGNED_BEFORE = "signed_before"


SHUT_WORDS: dict[str, "str | Promise"] = {
    Shut.RETIRED: _("This environment is no longer in use."),
    Shut.UNAUTHORISED: _("An admin of the customer has not authorised monitoring of this environment, or has withdrawn it."),
    Shut.NO_CONTRACT: _("No contract of this environment is in force."),
    Shut.SIGNED_BEFORE: _("The contract of this environment was signed before 1 December 2014, which leaves out monitoring."),
}

# What the gate is asked of an environment `e`; %(now)s throughout. As subqueries, since the planner takes longer over each further join,
# and this is asked with every signal. The day is that of the contract's calendar, as `Contract.is_in_force_on` has it: a test holds the
# two together.
IN_FORCE = """
    c.first_date <= c.today AND coalesce(c.state, 'active') = 'active' AND c.last_date >= c.today
    AND NOT EXISTS (SELECT FROM contracts_standing s WHERE s.contract_id = c.id AND s.from_date <= c.today AND s.state = 'ended')
"""
CONTRACT = f"""
    SELECT ARRAY[c.id, ({IN_FORCE})::int, (c.signed_date > %(before)s)::int] FROM (
        SELECT d.*,
            (SELECT t.last_date FROM contracts_terms t
             WHERE t.contract_id = d.id AND t.last_date IS NOT NULL AND (t.number = 0 OR t.from_date <= d.today)
             ORDER BY t.number = 0, t.from_date DESC, t.number DESC LIMIT 1) AS last_date,
            (SELECT s.state FROM contracts_standing s WHERE s.contract_id = d.id AND s.from_date <= d.today
             ORDER BY s.from_date DESC, s.id DESC LIMIT 1) AS state
        FROM (
            SELECT c.id, c.signed_date, c.first_date,
                (%(now)s AT TIME ZONE (SELECT k.time_zone FROM sla_calendar k WHERE k.id = c.calendar_id))::date AS today
            FROM contracts_contract c
            WHERE c.customer_id = e.customer_id AND (e.contract_id IS NULL OR c.id = e.contract_id) OFFSET 0
        ) d OFFSET 0
    ) c ORDER BY ({IN_FORCE}) DESC, c.signed_date > %(before)s DESC, c.last_date DESC, c.id DESC LIMIT 1
"""  # noqa: S608 - our own text
AUTHORISATION = """
    SELECT a.id FROM monitoring_authorisation a
    WHERE a.environment_id = e.id AND a.withdrawn_at IS NULL AND (a.ends_at IS NULL OR a.ends_at > %(now)s)
"""
COLUMNS = f"""
    e.id, e.customer_id, e.retired_at IS NOT NULL, ({AUTHORISATION}), ({CONTRACT}),
    (SELECT u.time_zone FROM accounts_customer u WHERE u.id = e.customer_id)
"""  # noqa: S608 - our own text


@dataclass(frozen=True)
class Gate:
    """`shut`: why, or nothing while it is open. `authorisation_id`, `contract_id`: what opens it, None where there is none."""

    environment_id: int
    customer_id: int
    authorisation_id: int | None
    contract_id: int | None
    time_zone: str
    shut: str

    @property
    def is_open(self) -> bool:
        return not self.shut

    @property
    def sentence(self) -> "str | Promise":
        return SHUT_WORDS.get(self.shut, "")


def gate_of(row: Sequence[Any]) -> Gate:
    """Of COLUMNS."""
    environment_id, customer_id, is_retired, authorisation_id, contract, time_zone = row
    contract_id, is_in_force, is_signed_since = contract or (None, 0, 0)
    shut = ""
    if is_retired:
        shut = Shut.RETIRED
    elif authorisation_id is None:
        shut = Shut.UNAUTHORISED
    elif not is_in_force:
        shut = Shut.NO_CONTRACT
    elif not is_signed_since:
        shut = Shut.SIGNED_BEFORE
    return Gate(environment_id, customer_id, authorisation_id, contract_id, time_zone, shut)


def gates(environment_ids: Sequence[int], now: datetime) -> dict[int, Gate]:
    """By environment, as the present scope shows them. One query."""
    return {gate.environment_id: gate for gate in _ask("e.id = ANY(%(environments)s)", now, environments=list(environment_ids))}


def gate(environment_id: int, now: datetime) -> Gate:
    """Of one environment that the present scope shows."""
    return gates([environment_id], now)[environment_id]


def open_gates(now: datetime) -> list[Gate]:
    """Every environment that may be watched now."""
    return [one for one in _ask(f"EXISTS ({AUTHORISATION})", now) if one.is_open]


def _ask(condition: str, now: datetime, **values: list[int]) -> list[Gate]:
    with connection.cursor() as cursor:
        sql = f"SELECT {COLUMNS} FROM contracts_environment e WHERE {condition}"  # noqa: S608 - our own text
        cursor.execute(sql, {"now": now, "before": LAST_DAY_BEFORE, **values})
        return [gate_of(row) for row in cursor.fetchall()]
