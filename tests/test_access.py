"""Who gets what at every address: the table's keys must be the resolver's, so that a new page can't be forgotten.

Each page of one thing is asked for Acme's; Grace of Globex must get what she gets for a thing that does not exist.
"""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import commands as accounts
from accounts.tenancy import as_provider
from billing.commands import work
from helpdesk.isolation import addresses
from monitoring import commands as monitoring
from notifications.models import BouncingAddress, Mail
from tests import factories as make
from tickets import commands
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

SIGN_IN, OK, SENT, GONE, REFUSED, NONE = "sign in", 200, 302, 410, 403, 404
COLUMNS = ("nobody", "admin", "member", "stranger", "agent", "manager", "administrator")


def row(*expected):
    return dict(zip(COLUMNS, expected, strict=True))


PORTAL = row(SIGN_IN, OK, OK, OK, SENT, SENT, SENT)
ONE_OF_ACMES = row(SIGN_IN, OK, OK, NONE, SENT, SENT, SENT)
ADMINS_ONLY = row(SIGN_IN, SENT, REFUSED, NONE, SENT, SENT, SENT)
CONSOLE = row(SIGN_IN, NONE, NONE, NONE, OK, OK, OK)
AGENTS = row(SIGN_IN, NONE, NONE, NONE, OK, REFUSED, REFUSED)
OWN = row(SIGN_IN, OK, OK, OK, OK, OK, OK)


def posted(table):
    """The same for a form that is posted: what was a page is now a redirect back to one."""
    return {who: SENT if answer == OK else answer for who, answer in table.items()}


PUBLISHING = row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, REFUSED)  # release managers': tests/releases/test_desk.py

GET = {
    "healthz": row(*[OK] * 7),
    "readyz": row(*[OK] * 7),
    "metrics": row(*[OK] * 7),  # the test is this machine; who else gets what: tests/helpdesk/test_figures.py
    "robots": row(*[OK] * 7),
    "portal:home": PORTAL,
    "portal:tickets": PORTAL,
    "portal:tickets_export": PORTAL,
    "portal:overview": PORTAL,
    "portal:reports": PORTAL,
    "portal:reports_export": PORTAL,
    "portal:reports_missed": PORTAL,
    "portal:reports_missed_export": PORTAL,
    "portal:ticket_new": PORTAL,
    "portal:ticket_preview": PORTAL,
    "portal:ticket": ONE_OF_ACMES,
    "portal:ticket_promise": ONE_OF_ACMES,
    "portal:ticket_contest": ONE_OF_ACMES,
    "portal:ticket_declare": ONE_OF_ACMES,
    "portal:ticket_satisfaction": ONE_OF_ACMES,
    "portal:file": ONE_OF_ACMES,
    "portal:approvals": PORTAL,
    "portal:hours": PORTAL,
    "portal:statements": row(SIGN_IN, OK, REFUSED, OK, SENT, SENT, SENT),
    "portal:statement": row(SIGN_IN, OK, REFUSED, NONE, SENT, SENT, SENT),
    "portal:statement_pdf": row(SIGN_IN, OK, REFUSED, NONE, SENT, SENT, SENT),
    "portal:statement_csv": row(SIGN_IN, OK, REFUSED, NONE, SENT, SENT, SENT),
    "portal:ticket_hours": PORTAL,
    "portal:approval": ONE_OF_ACMES,
    "portal:ticket_help": ONE_OF_ACMES,
    "portal:help_update": PORTAL,
    "portal:contracts": PORTAL,
    "portal:contract": ONE_OF_ACMES,
    "portal:environments": PORTAL,
    "portal:watching": PORTAL,
    "portal:watching_authorise": row(SIGN_IN, OK, REFUSED, OK, SENT, SENT, SENT),
    "portal:watch": ONE_OF_ACMES,
    "portal:watch_settings": row(SIGN_IN, OK, REFUSED, NONE, SENT, SENT, SENT),
    "portal:watch_curve": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, SENT),
    "portal:people": PORTAL,
    "portal:products": PORTAL,
    "portal:release": PORTAL,  # every customer with a contract gets every release; who else: tests/releases/test_downloads.py
    "portal:artifact": row(SIGN_IN, SENT, SENT, SENT, SENT, SENT, SENT),
    "portal:licence": row(SIGN_IN, SENT, SENT, NONE, SENT, SENT, SENT),
    "portal:release_link": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, SENT),
    "portal:download": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, SENT),
    "console:releases": CONSOLE,
    "console:release": CONSOLE,
    "console:release_progress": CONSOLE,
    "console:release_customers": CONSOLE,
    "console:release_new": PUBLISHING,
    "console:release_edit": PUBLISHING,
    "console:release_publish": PUBLISHING,
    "console:release_withdraw": PUBLISHING,
    "console:versions": CONSOLE,
    "console:artifact": CONSOLE,
    "console:known_issues": CONSOLE,
    "console:known_issue": CONSOLE,
    "console:known_issue_new": PUBLISHING,
    "console:ticket_issues": CONSOLE,
    "console:licences": CONSOLE,
    "console:licence": CONSOLE,
    "console:home": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, SENT),
    "console:queue": CONSOLE,
    "console:queue_export": CONSOLE,
    "console:search": CONSOLE,
    "console:search_export": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, SENT),
    "console:overview": CONSOLE,
    "console:reports": CONSOLE,
    "console:reports_export": CONSOLE,
    "console:reports_missed": CONSOLE,
    "console:reports_missed_export": CONSOLE,
    "console:ticket": CONSOLE,
    "console:ticket_promise": CONSOLE,
    "console:ticket_time": AGENTS,
    "console:my_time": AGENTS,
    "console:work": AGENTS,
    "console:file": CONSOLE,
    "console:ticket_qualify": row(SIGN_IN, NONE, NONE, NONE, OK, REFUSED, REFUSED),
    "console:ticket_correct": row(SIGN_IN, NONE, NONE, NONE, OK, REFUSED, REFUSED),
    "console:charge": CONSOLE,
    "console:charges": CONSOLE,
    "console:statements": CONSOLE,
    "console:statement": CONSOLE,
    "console:statement_preview": row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, REFUSED),
    "console:statement_pdf": CONSOLE,
    "console:statement_csv": CONSOLE,
    "console:contract_hours": CONSOLE,
    "console:ticket_hours": row(SIGN_IN, NONE, NONE, NONE, OK, OK, REFUSED),
    "console:charge_new": row(SIGN_IN, NONE, NONE, NONE, OK, OK, REFUSED),
    "console:charge_edit": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, REFUSED),
    "console:ticket_new": row(SIGN_IN, NONE, NONE, NONE, OK, OK, REFUSED),
    "console:ticket_preview": row(SIGN_IN, NONE, NONE, NONE, OK, OK, REFUSED),
    "console:customers": CONSOLE,
    "console:customer": CONSOLE,
    "console:customer_new": row(SIGN_IN, NONE, NONE, NONE, REFUSED, OK, OK),
    "console:customer_edit": row(SIGN_IN, NONE, NONE, NONE, REFUSED, OK, OK),
    "console:customer_invite": row(SIGN_IN, NONE, NONE, NONE, REFUSED, OK, OK),
    "console:contract": CONSOLE,
    "console:contract_new": row(SIGN_IN, NONE, NONE, NONE, REFUSED, OK, REFUSED),
    "console:contract_edit": row(SIGN_IN, NONE, NONE, NONE, REFUSED, OK, REFUSED),
    "console:contract_amend": row(SIGN_IN, NONE, NONE, NONE, REFUSED, OK, REFUSED),
    "console:environment_new": row(SIGN_IN, NONE, NONE, NONE, OK, OK, REFUSED),
    "console:environment_edit": row(SIGN_IN, NONE, NONE, NONE, OK, OK, REFUSED),
    "console:watching": CONSOLE,
    "console:watch": CONSOLE,
    "console:watch_settings": row(SIGN_IN, NONE, NONE, NONE, OK, OK, REFUSED),
    "console:watch_curve": row(SIGN_IN, NONE, NONE, NONE, NONE, NONE, NONE),
    "console:calendars": CONSOLE,
    "console:calendar_year": CONSOLE,
    "console:calendar_versions": CONSOLE,
    "console:calendar_review": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, SENT),
    "console:policies": CONSOLE,
    "console:policy": CONSOLE,
    "console:policy_new": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, OK),
    "console:policy_edit": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, OK),
    "console:policy_move": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, OK),
    "console:outbox": CONSOLE,
    "console:addresses": CONSOLE,
    "console:mail": CONSOLE,
    "console:mail_html": CONSOLE,
    "console:on_call": CONSOLE,
    "console:rota_new": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, OK),
    "console:rota_edit": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, OK),
    "console:page": CONSOLE,
    "console:reach": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, OK),
    "console:audit": row(SIGN_IN, NONE, NONE, NONE, REFUSED, OK, OK),
    "beat": row(*[401] * 7),
    "beat_told": row(*[401] * 7),
    "discovery": row(*[NONE] * 7),  # for the holder of DISCOVERY_TOKEN: tests/monitoring/test_discovery.py
    "invitation": row(*[GONE] * 7),
    "account_login": row(OK, *[SENT] * 6),
    "account_logout": row(SENT, *[OK] * 6),
    "account_inactive": row(*[OK] * 7),
    "account_signup": row(*[SENT] * 7),
    "account_email": row(*[SENT] * 7),
    "account_profile": OWN,
    "account_on_call": row(SIGN_IN, NONE, NONE, NONE, OK, OK, OK),
    "account_change_password": OWN,
    "account_set_password": row(SIGN_IN, *[SENT] * 6),
    "account_reset_password": row(*[OK] * 7),
    "account_reset_password_done": row(*[OK] * 7),
    "account_reset_password_from_key": row(*[OK] * 7),
    "account_reset_password_from_key_done": row(*[OK] * 7),
    "account_reauthenticate": OWN,
    "usersessions_list": OWN,
    "mfa_index": OWN,
    "mfa_authenticate": row(SENT, *[SENT] * 6),
    "mfa_reauthenticate": row(SIGN_IN, *[SENT] * 6),
    "mfa_activate_totp": row(SIGN_IN, *[SENT] * 6),
    "mfa_deactivate_totp": row(SIGN_IN, *[NONE] * 6),
    "mfa_view_recovery_codes": row(SIGN_IN, *[NONE] * 6),
    "mfa_generate_recovery_codes": row(SIGN_IN, *[SENT] * 6),
    "mfa_download_recovery_codes": row(SIGN_IN, *[NONE] * 6),
}
WATCH_ADMINS = row(SIGN_IN, 422, REFUSED, NONE, SENT, SENT, SENT)
WATCH_ADMINS_PRESS = row(SIGN_IN, SENT, REFUSED, NONE, SENT, SENT, SENT)
POST = {
    "signals_alertmanager": row(*[401] * 7),
    "signals_zabbix": row(*[401] * 7),
    "signals_events": row(*[401] * 7),
    "signals_alertmanager_by_address": row(*[401] * 7),
    "signals_zabbix_by_address": row(*[401] * 7),
    "signals_events_by_address": row(*[401] * 7),
    "portal:watch_withdraw": WATCH_ADMINS,
    "portal:watch_erase": WATCH_ADMINS_PRESS,
    "portal:watch_credential": WATCH_ADMINS,
    "portal:watch_credential_rotate": WATCH_ADMINS_PRESS | {"admin": OK},
    "portal:watch_credential_revoke": WATCH_ADMINS_PRESS,
    "portal:watch_heartbeat": WATCH_ADMINS,
    "portal:watch_heartbeat_pause": WATCH_ADMINS_PRESS,
    "portal:watch_heartbeat_remove": WATCH_ADMINS_PRESS,
    "portal:watch_target": WATCH_ADMINS,
    "portal:watch_target_remove": WATCH_ADMINS_PRESS,
    "portal:watch_maintenance": row(SIGN_IN, 422, 422, NONE, SENT, SENT, SENT),
    "portal:watch_maintenance_end": row(SIGN_IN, SENT, SENT, NONE, SENT, SENT, SENT),
    "console:watch_maintenance": row(SIGN_IN, NONE, NONE, NONE, 422, 422, REFUSED),
    "console:watch_maintenance_end": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, REFUSED),
    "portal:tickets_read": posted(PORTAL),
    "portal:ticket_reply": row(SIGN_IN, 422, 422, NONE, SENT, SENT, SENT),
    "portal:ticket_solved": posted(ONE_OF_ACMES),
    "portal:ticket_watch": posted(ONE_OF_ACMES),
    "portal:ticket_private": row(SIGN_IN, SENT, REFUSED, NONE, SENT, SENT, SENT),
    "portal:ticket_new_help": PORTAL,
    "portal:approval_end": row(SIGN_IN, SENT, REFUSED, NONE, SENT, SENT, SENT),
    "portal:upload": row(SIGN_IN, 422, 422, 422, SENT, SENT, SENT),
    "portal:upload_remove": row(SIGN_IN, 204, 204, 204, SENT, SENT, SENT),
    "portal:people_second_factor": row(SIGN_IN, SENT, REFUSED, SENT, SENT, SENT, SENT),
    "portal:people_role": ADMINS_ONLY | {"admin": NONE},
    "portal:people_remove": ADMINS_ONLY,
    "portal:people_revoke": ADMINS_ONLY,
    "portal:switch": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, SENT),
    "console:upload": row(SIGN_IN, NONE, NONE, NONE, 422, 422, REFUSED),
    "console:upload_remove": row(SIGN_IN, NONE, NONE, NONE, 204, 204, REFUSED),
    "console:ticket_answer": row(SIGN_IN, NONE, NONE, NONE, 422, 422, REFUSED),
    "console:ticket_confirm": row(SIGN_IN, NONE, NONE, NONE, SENT, REFUSED, REFUSED),
    "console:ticket_assign": row(SIGN_IN, NONE, NONE, NONE, SENT, REFUSED, REFUSED),
    "console:ticket_team": row(SIGN_IN, NONE, NONE, NONE, NONE, REFUSED, REFUSED),
    "console:ticket_status": row(SIGN_IN, NONE, NONE, NONE, NONE, REFUSED, REFUSED),
    "console:ticket_contract": row(SIGN_IN, NONE, NONE, NONE, REFUSED, NONE, REFUSED),
    "console:ticket_watch": posted(CONSOLE),
    "console:ticket_private": row(SIGN_IN, NONE, NONE, NONE, SENT, REFUSED, REFUSED),
    "console:ticket_timer": posted(AGENTS),
    "console:timer_stop": posted(AGENTS),
    "console:timer_discard": posted(AGENTS),
    "console:work_delete": posted(AGENTS),
    "console:ticket_hold": row(SIGN_IN, NONE, NONE, NONE, SENT, REFUSED, REFUSED),
    "console:ticket_hold_release": row(SIGN_IN, NONE, NONE, NONE, SENT, REFUSED, REFUSED),
    "console:statements_close": row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, REFUSED),
    "console:statement_review": row(SIGN_IN, NONE, NONE, NONE, REFUSED, OK, REFUSED),
    "console:statement_approve": row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, REFUSED),
    "console:statement_timer": row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, REFUSED),
    "console:statement_close": row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, REFUSED),
    "console:contract_amend_preview": row(SIGN_IN, NONE, NONE, NONE, REFUSED, 422, REFUSED),
    "console:contract_standing_preview": row(SIGN_IN, NONE, NONE, NONE, REFUSED, 422, REFUSED),
    "console:charge_send": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, REFUSED),
    "console:charge_release": row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, REFUSED),
    "console:charge_return": row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, REFUSED),
    "console:charge_withdraw": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, REFUSED),
    "console:charge_end": row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, REFUSED),
    "console:contract_standing": row(SIGN_IN, NONE, NONE, NONE, REFUSED, 422, REFUSED),
    "console:policy_standard": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, SENT),
    "console:environment_retire": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, REFUSED),
    "console:calendar_day": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, 422),
    "console:calendar_break": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, 422),
    "console:calendar_week": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, 422),
    "console:calendar_click": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, SENT),
    "console:calendar_take_back": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, SENT),
    "console:address_try_again": row(SIGN_IN, NONE, NONE, NONE, SENT, SENT, SENT),
    "console:override_remove": row(SIGN_IN, NONE, NONE, NONE, SENT, REFUSED, SENT),
    "console:page_acknowledge": posted(CONSOLE),
    "console:page_test": row(SIGN_IN, NONE, NONE, NONE, REFUSED, REFUSED, SENT),
    **dict.fromkeys(("console:artifact_upload", "console:artifact_remove", "console:release_unschedule"), PUBLISHING),
    **dict.fromkeys(("console:release_discard", "console:release_pause", "console:release_resume", "console:release_retry"), PUBLISHING),
    "console:ticket_issue_remove": row(SIGN_IN, NONE, NONE, NONE, NONE, REFUSED, REFUSED),
    "account_way_test": row(SIGN_IN, NONE, NONE, NONE, SENT, NONE, NONE),
    "account_way_remove": row(SIGN_IN, NONE, NONE, NONE, SENT, NONE, NONE),
    "service_reports": row(*[NONE] * 7),
    **dict.fromkeys(("console:mail_resend", "console:mail_arrived"), row(SIGN_IN, NONE, NONE, NONE, REFUSED, SENT, SENT)),
}


def test_every_address_is_in_the_table():
    assert sorted(name for name, _parameters in addresses()) == sorted([*GET, *POST])


@pytest.fixture
def cast(world):
    administrator = make.staff("Ines Installer", "administrator")
    people = {"nobody": None, "admin": world.ada, "member": world.alan, "stranger": world.grace}
    return people | {"agent": world.sara.person, "manager": world.max.person, "administrator": administrator.person}


@pytest.fixture
def arguments(world):
    """Acme's own ids for every parameter of an address."""
    upload = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a.txt", content=ContentFile(b"x"), now=make.NOW)
    ticket = make.ticket(world.contract, world.softswitch, world.ada, files=[upload])
    commands.verify(ticket=ticket, agent=world.lea.person, type="technical", severity="high", now=make.NOW)
    hold = commands.place_hold(ticket=ticket, reason="x", placed_by=None, now=make.NOW)
    invitation = accounts.invite(
        actor=world.ada, customer=world.acme, email="new@acme.example", name="New", role="member", language="en", now=make.NOW
    )
    environment = make.environment(world.acme)
    make.authorisation(world.ada, environment)
    target = monitoring.add_target(actor=world.ada, environment=environment, address="a.example:9100", job="node", now=make.NOW)
    watched = {
        "credential_id": make.credential(world.ada, environment)[0].pk,
        "heartbeat_id": make.heartbeat(world.ada, environment).pk,
        "target_id": target.pk,
        "maintenance_id": make.maintenance(world.ada, environment, make.NOW, make.NOW + timedelta(days=29)).pk,
        "span": "day",
        "what": "fail",
    }
    with as_provider():
        mail = Mail.objects.filter(customer=world.acme).first()
        membership = world.alan.memberships.get()
        mark = BouncingAddress.objects.create(address="x@acme.example", since=make.NOW, last_at=make.NOW, tried_at=make.NOW)
    rota = make.rota(world.sara)
    override = make.override(rota, world.sara, timezone.now(), timezone.now() + timedelta(days=1))
    on_call = {"rota_edit": rota.pk, "override_remove": override.pk, "account_way": make.way(world.sara.person).pk}
    on_call |= {"page_test": world.sara.pk, "page": make.page(customer_id=world.acme.pk).pk}
    pks = on_call | {
        "contract": world.contract.pk,
        "environment": environment.pk,
        "watch": environment.pk,
        "customer": world.acme.pk,
        "mail": mail.pk,
        "address": mark.pk,
    }
    charge = make.charge(ticket, world.sara.person)
    closed = make.statement(world)
    pks |= {"statement": closed.pk}
    pks |= {"approval": charge.pk, "charge": charge.pk}
    pks |= {"work": _log(ticket, world.sara).pk}
    pks |= {"calendar": world.contract.calendar_id, "policy": make.policy().pk}
    release = make.release(world.softswitch)
    licence = make.licence(world.contract, world.softswitch)
    with as_provider():
        pks |= {"release": release.pk, "artifact": release.artifacts.get().pk, "licences": world.contract.pk, "licence": licence.pk}
    pks |= {"known_issue": make.known_issue(world.softswitch).pk}
    pks |= {"people_revoke": invitation.pk, "people": membership.pk, "file": upload.pk, "ticket_hold": hold.pk}
    common = {
        "number": ticket.pk,
        "customer_id": world.acme.pk,
        "slug": "all",
        "token": "made-up",
        "uidb36": "1",
        "key": "made-up",
        "year": 2026,
        **watched,
        "product_id": world.softswitch.pk,
        "contract_id": closed.contract_id,
        "month": closed.month,
    }

    def for_address(name, parameters):
        page = name.rpartition(":")[2]
        pk = next((value for start, value in pks.items() if page.startswith(start)), 0)
        return {parameter: common.get(parameter, pk) for parameter in parameters}

    return for_address


def _log(ticket, agent):
    return work.log_work(ticket=ticket, agent=agent, began_at=make.NOW - timedelta(hours=1), ended_at=make.NOW, note="Looked", now=make.NOW)


PARAMETERS = dict(addresses())


@pytest.mark.parametrize(("name", "method", "table"), [(n, "get", t) for n, t in GET.items()] + [(n, "post", t) for n, t in POST.items()])
def test_access(name, method, table, cast, arguments):
    path = reverse(name, kwargs=arguments(name, PARAMETERS[name]))

    assert {who: _ask(person, method, path) for who, person in cast.items()} == table


def _ask(person, method, path):
    """What this person gets; nothing of it stays."""
    with transaction.atomic():
        client = Client()
        if person is not None:
            client.force_login(person)
        answer = getattr(client, method)(path)
        b"".join(answer) if answer.streaming else answer.content  # lets go of a file
        transaction.set_rollback(True)
    to_sign_in = answer.status_code == 302 and answer["Location"].startswith(f"{reverse('account_login')}?next=")
    return SIGN_IN if to_sign_in else answer.status_code


@pytest.mark.parametrize("name", [name for name, table in GET.items() if table is ONE_OF_ACMES])
def test_a_strangers_404_is_that_of_nothing(name, cast, arguments, world):
    client = Client()
    client.force_login(world.grace)
    found = arguments(name, PARAMETERS[name])

    foreign = client.get(reverse(name, kwargs=found))
    missing = client.get(reverse(name, kwargs=dict.fromkeys(found, 999999999)))

    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.content == missing.content


OF_ONE_TICKET = [name for name, parameters in addresses() if name.startswith("portal:") and "number" in parameters]


@pytest.mark.parametrize("name", OF_ONE_TICKET)
def test_a_private_ticket_does_not_exist_for_colleagues(name, arguments, world):
    found = arguments(name, PARAMETERS[name])
    method, other = ("get" if name in GET else "post"), make.member(world.acme, "Amy Approver", "approver")
    before = {person: _ask(person, method, reverse(name, kwargs=found)) for person in (world.alan, other)}

    with as_provider():
        ticket = Ticket.objects.get(pk=found["number"])
    commands.set_private(ticket=ticket, person=world.ada, private=True, by_staff=False, now=make.NOW)

    assert set(before.values()) <= {OK, SENT, 422, REFUSED}
    assert {_ask(person, method, reverse(name, kwargs=found)) for person in (world.alan, other)} == {NONE}
    assert _ask(world.ada, method, reverse(name, kwargs=found)) in {OK, SENT, 422}


@pytest.mark.parametrize("path", ["/admin/", "/admin/accounts/person/", "/admin/contracts/product/"])
def test_configuration_is_for_administrators(path, cast):
    answers = {}
    for who, person in cast.items():
        client = Client()
        if person is not None:
            client.force_login(person)
        answers[who] = client.get(path).status_code

    assert answers["administrator"] == 200
    assert {answers[who] for who in ("admin", "member", "stranger")} == {404}
    assert {answers[who] for who in ("agent", "manager")} <= {302, 403}
