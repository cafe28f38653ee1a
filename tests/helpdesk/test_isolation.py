"""The nightly proof finds nothing where all is well, leaves nothing behind, and can fail."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import rls
from accounts.models import Customer
from accounts.tenancy import as_provider
from helpdesk import canaries, isolation
from tests import factories as make
from tests.conftest import _sign_in_as
from tickets import commands as tickets

TENANT_READ = rls._expected_policies()["tickets_ticket", "tenant_read"]
LEAKY = {
    "a policy that forgets the customer": (
        "DROP POLICY tenant_read ON tickets_ticket; CREATE POLICY tenant_read ON tickets_ticket FOR SELECT TO desk_tenant USING (true)",
        f"DROP POLICY tenant_read ON tickets_ticket; {TENANT_READ.sql('tickets_ticket')}",
        "tickets_ticket: desk_tenant of another customer reads 2 rows",
    ),
    "a policy that forgets private tickets": (
        "ALTER POLICY tenant_read ON tickets_ticket USING (customer_id = nullif(current_setting('app.customer', true), '')::bigint)",
        TENANT_READ.change_sql("tickets_ticket"),
        "tickets_ticket: a colleague reads 1 rows of a private ticket",
    ),
    "a table that forgets private tickets": (
        "ALTER POLICY tenant_read ON tickets_hold USING (customer_id = nullif(current_setting('app.customer', true), '')::bigint)",
        rls._expected_policies()["tickets_hold", "tenant_read"].change_sql("tickets_hold"),
        "tickets_hold: a colleague reads 1 rows of a private ticket",
    ),
    "security switched off": (
        "ALTER TABLE contracts_contract DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE contracts_contract ENABLE ROW LEVEL SECURITY",
        "contracts_contract: desk_command of another customer changes rows",
    ),
}


@pytest.mark.django_db
def test_nothing_is_found_and_nothing_stays(world, settings, capsys):
    call_command("verify_isolation")

    assert capsys.readouterr().out.splitlines()[-1] == "No leak found."
    with as_provider():
        assert set(Customer.objects.all()) == {world.acme, world.globex}
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", LEAKY)
def test_a_leak_is_found(what, capsys):
    break_it, mend_it, leak = LEAKY[what]
    _as_owner(break_it)
    try:
        with pytest.raises(SystemExit) as stopped:
            call_command("verify_isolation")
    finally:
        _as_owner(mend_it)

    assert stopped.value.code == 1
    assert f"LEAK: {leak}" in capsys.readouterr().err


def _as_owner(statement):
    _sign_in_as("DATABASE_OWNER_URL")
    with connection.cursor() as cursor:
        cursor.execute(statement)
    _sign_in_as("DATABASE_URL")


@pytest.mark.django_db(transaction=True)
def test_pages_are_probed_too():
    """With all policies off, pages show the other company's rows, and each way in is named.

    One table's policy alone is not enough for most pages: they join others that still hold.
    """
    tables = rls.tenant_tables()
    _as_owner("".join(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;" for table in tables))
    try:
        report = isolation.verify(make.NOW)
    finally:
        _as_owner("".join(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;" for table in tables))

    assert any("shows another customer's data" in leak for leak in report.leaks)
    assert any("to another customer, not 404" in leak for leak in report.leaks)
    assert any(leak.startswith("Searching") for leak in report.leaks)


@pytest.mark.django_db
def test_what_a_form_did_to_the_other_company_is_seen(world):
    with isolation._rolled_back() as stored:
        catalogue = canaries.prepare(make.NOW)
        victim, other = (canaries.plant(catalogue, make.NOW) for _ in range(2))
        stored += [(canary.loose_file.stored_as.storage, str(canary.loose_file.stored_as.name)) for canary in (victim, other)]
        before, client = isolation._rows_of(victim), Client()
        client.force_login(other.person)
        assert isolation._traces(client, victim, other, before) == []

        with as_provider():
            victim.ticket.subject = "changed"
            victim.ticket.save(update_fields=["subject"])
        tickets.watch(ticket=other.ticket, person=victim.person, actor=other.person, by_staff=False, now=make.NOW)

        assert isolation._traces(client, victim, other, before) == ["changes its rows of tickets_ticket", "takes its watcher"]


@pytest.mark.django_db
def test_the_forms_that_are_probed_are_filled_well(world):
    """A form refused for another reason than the foreign row would prove nothing."""
    with isolation._rolled_back() as stored:
        catalogue = canaries.prepare(make.NOW)
        mine = canaries.plant(catalogue, make.NOW)
        stored += [(mine.loose_file.stored_as.storage, str(mine.loose_file.stored_as.name))]
        client = Client()
        client.force_login(mine.person)
        answers = {}
        for name in ("ticket_new", "ticket_reply", "people", "people_role"):
            parameters = dict(isolation.addresses())[f"portal:{name}"]
            path = reverse(f"portal:{name}", kwargs=isolation._arguments(name, parameters, mine))
            with isolation._undone(client):
                answers[name] = client.post(path, isolation._filled(mine)).status_code

    assert answers == {"ticket_new": 302, "ticket_reply": 302, "people": 302, "people_role": 302}
