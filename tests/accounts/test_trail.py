"""The audit trail in words."""

from datetime import date

import pytest

from accounts import trail
from accounts.models import AuditEntry
from accounts.tenancy import as_provider
from contracts import commands
from tests import factories as make

pytestmark = pytest.mark.django_db


def words(verb):
    with as_provider():
        lines = trail.in_words(AuditEntry.objects.filter(verb=verb).order_by("id"))
    return lines[-1].verb, {(change.label, change.before, change.after) for change in lines[-1].changes}


def test_columns_choices_and_references_are_named():
    acme = make.customer("Acme")
    ada = make.member(acme, "Ada Lovelace", "approver")

    verb, changes = words("add_member")

    assert verb == "Person joined"
    assert changes == {("person", "", ada.name), ("role", "", "Approver")}


def test_what_was_agreed_reads_as_minutes_money_and_days():
    contract = make.contract(make.customer("Acme"), make.product())

    commands.amend(
        actor=make.person("Max Manager", email="max@sippulse.example"),
        contract=contract,
        from_date=date(2026, 12, 1),
        changes={"allowance_minutes": 240, "functional_rate_cents": 26050, "reason": "Yearly adjustment"},
        now=make.NOW,
    )

    _verb, changes = words("amend_contract")
    assert changes == {
        ("from", "1 Feb 2025", "1 Dec 2026"),
        ("functional minutes a month", "120", "240"),
        ("functional excess, per hour", "240.00", "260.50"),
        ("reason", "", "Yearly adjustment"),
        ("amendment", "", "1"),
    }


def test_an_environment_names_what_is_installed():
    acme, softswitch = make.customer("Acme"), make.product()

    make.environment(acme, "Main site", installed={softswitch: make.version(softswitch)})

    _verb, changes = words("keep_environment")
    assert changes == {("name", "", "Main site"), ("kind", "", "Production"), ("installed", "", "Softswitch 7.2.1")}
