"""How long each kind of work may hold the database, and that nothing half-done stays when that is over."""

import threading
from contextlib import contextmanager

import pytest
from celery import shared_task
from django.core.files.base import ContentFile
from django.db import OperationalError, connection, transaction
from django.test import Client

from accounts.tenancy import acting_for, as_provider, as_tenant, working_as
from helpdesk import environment
from notifications.models import Mail
from tests import factories as make
from tickets import commands
from tickets.models import Event, File, Message, Ticket

NAMES = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
KINDS = {"web": ["15s", "5s", "1min"], "worker": ["1min", "30s", "5min"], "relay": ["15s", "5s", "1min"], "shell": ["5min", "30s", "15min"]}


def limits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(name) FROM unnest(%s) WITH ORDINALITY AS of_work (name, n) ORDER BY n", [list(NAMES)])
        return [value for (value,) in cursor.fetchall()]


@pytest.mark.django_db
@pytest.mark.parametrize("work", KINDS)
def test_every_scope_has_the_limits_of_its_kind_of_work(world, work):
    found = []
    with working_as(work):
        for scope in (as_provider(), as_tenant(world.acme.pk), acting_for(world.acme.pk)):
            with scope:
                found.append(limits())

    assert found == [KINDS[work]] * 3


@pytest.mark.django_db(transaction=True)
def test_a_limit_ends_with_its_scope_and_the_login_role_has_its_own():
    with working_as("worker"), as_provider():
        pass

    assert limits() == ["15s", "5s", "1min"]


@pytest.mark.django_db
def test_a_command_called_from_a_page_keeps_the_pages_limits(world):
    with working_as("web"), as_tenant(world.acme.pk, world.ada.pk):
        with acting_for(world.acme.pk):
            inside = limits()
        assert (inside, limits()) == (KINDS["web"], KINDS["web"])


@pytest.mark.django_db
def test_a_task_has_the_workers_limits_and_the_relay_its_own(world):
    def asked():
        with as_provider():
            return limits()

    sweep, relay = shared_task(name="sweep_of_a_test")(asked), shared_task(name="relay_of_a_test")(working_as("relay")(asked))

    assert (sweep(), relay(), asked()) == (KINDS["worker"], KINDS["relay"], KINDS["shell"])


def test_a_wrong_limit_is_told(monkeypatch):
    for value in ("15", "15/5/x", "1/2/3/4", "-1/5/60"):
        monkeypatch.setenv("TIMEOUTS_WEB", value)
        with pytest.raises(environment.WrongSetting, match="TIMEOUTS_WEB"):
            environment.timeouts("TIMEOUTS_WEB", "15/5/60")


# --- When one strikes --------------------------------------------------------------------------------------------------
@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada)


@contextmanager
def held_by_somebody(ticket):
    """Another connection has the ticket's row, and lets it go afterwards."""
    has_it, done = threading.Event(), threading.Event()

    def hold():
        with as_provider():
            Ticket.objects.select_for_update().get(pk=ticket.pk)
            has_it.set()
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert has_it.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join()


def written():
    with as_provider():
        unclaimed = File.objects.filter(message=None).count()
        return Message.objects.count(), Event.objects.count(), Mail.objects.count(), unclaimed


@pytest.mark.django_db(transaction=True)
def test_a_reply_that_waits_too_long_for_a_lock_leaves_nothing_and_can_be_sent_again(world, ticket, settings):
    settings.TIMEOUTS = settings.TIMEOUTS | {"web": ("15s", "100ms", "60s")}
    upload = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a.log", content=ContentFile(b"x"), now=make.NOW)
    client = Client(raise_request_exception=False)
    client.force_login(world.ada)
    form = {"body": "Any news?", "submission_key": "6f1c8f0e-0f5e-4a58-9a39-6d5d4c1f0a11", "upload": upload.pk}
    before = written()

    with held_by_somebody(ticket):
        refused = client.post(f"/tickets/{ticket.pk}/reply/", form)
        assert (refused.status_code >= 500, written()) == (True, before)

    assert client.post(f"/tickets/{ticket.pk}/reply/", form).status_code == 302
    messages, events, mails, unclaimed = written()
    assert (messages - before[0], events - before[1], mails > before[2], before[3] - unclaimed) == (1, 1, True, 1)


@pytest.mark.django_db(transaction=True)
def test_a_wait_for_a_lock_ends_as_an_operational_error(world, ticket, settings):
    settings.TIMEOUTS = settings.TIMEOUTS | {"web": ("15s", "100ms", "60s")}

    with held_by_somebody(ticket), working_as("web"), pytest.raises(OperationalError) as raised:
        commands.reply(ticket=ticket, author=world.ada, body="Any news?", now=make.NOW)

    assert raised.value.__cause__.pgcode == "55P03"


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_ends_as_an_operational_error(world, settings):
    settings.TIMEOUTS = settings.TIMEOUTS | {"web": ("100ms", "5s", "60s")}
    before = written()

    def write_and_wait():
        with working_as("web"), as_provider(), connection.cursor() as cursor:
            make.ticket(world.contract, world.softswitch, world.ada)
            cursor.execute("SELECT pg_sleep(5)")

    with pytest.raises(OperationalError) as raised:
        write_and_wait()
    assert (raised.value.__cause__.pgcode, written()) == ("57014", before)


@pytest.mark.django_db(transaction=True)
def test_whoever_falls_asleep_in_a_transaction_loses_it_and_holds_nobody(world, ticket, settings):
    settings.TIMEOUTS = settings.TIMEOUTS | {"web": ("15s", "5s", "100ms")}
    asleep, over = threading.Event(), []

    def sleep_in_it():
        try:
            with working_as("web"), as_provider():
                Ticket.objects.select_for_update().get(pk=ticket.pk)
                asleep.wait(1)
                Ticket.objects.update(subject="Half done")
        except OperationalError as error:
            over.append(error)
        finally:
            connection.close()

    sleeper = threading.Thread(target=sleep_in_it)
    sleeper.start()
    sleeper.join()

    with transaction.atomic(), as_provider():
        assert (len(over), Ticket.objects.select_for_update(nowait=True).get().subject) == (1, ticket.subject)
