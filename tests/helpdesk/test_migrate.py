"""Migrating while others work: it steps back instead of making everybody queue behind it."""

import io
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from tests.conftest import _sign_in_as

pytestmark = pytest.mark.django_db(transaction=True)
COLUMN = ("altering", "0001_column")


@pytest.fixture
def owner(db):
    """The owner's connection, with an app installed whose migrations alter the table of customers; undone afterwards."""
    _sign_in_as("DATABASE_OWNER_URL")
    with override_settings(
        INSTALLED_APPS=[*configured.INSTALLED_APPS, "tests.helpdesk.altering"],
        TIMEOUTS=configured.TIMEOUTS | {"migrate": ("60s", "100ms", "60s")},
    ):
        yield
        call_command("migrate", "altering", "zero", verbosity=0, pause=0.1)
    _sign_in_as("DATABASE_URL")


@contextmanager
def application():
    """A cursor of the application's, in a transaction as the staff."""
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    with closing(psycopg2.connect(address)) as session, session.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE desk_provider")
        yield cursor


@contextmanager
def somebody_at_the_table(is_over: Callable[[], bool] = lambda: False, mode="ACCESS SHARE"):
    """A transaction that has read customers (or written some) goes on until something is over, or the block is."""
    begun, left = threading.Event(), threading.Event()

    def work():
        with application() as cursor:
            cursor.execute(f"LOCK TABLE accounts_customer IN {mode} MODE")
            begun.set()
            while not left.wait(0.02) and not is_over():
                pass

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(10)
    try:
        yield thread
    finally:
        left.set()
        thread.join()


def pages_while(busy):
    """How long each page's read of customers took while somebody was at the table, and the thread that reads."""
    waits = []

    def read():
        while busy.is_alive():
            with application() as cursor:
                begun = time.monotonic()
                cursor.execute("SELECT count(*) FROM accounts_customer")
                waits.append(time.monotonic() - begun)
            time.sleep(0.02)

    thread = threading.Thread(target=read)
    thread.start()
    return waits, thread


class Told(io.StringIO):
    """What migrate says when it steps back."""

    @property
    def times(self):
        return self.getvalue().count("A table is in use")


def seconds_of_queue():
    """Tells whether somebody else's reading has waited at the table for two seconds."""
    since = []

    def is_over():
        with application() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_locks WHERE relation = 'accounts_customer'::regclass AND mode = 'AccessShareLock' AND NOT granted"
            )
            since.extend([time.monotonic()] if cursor.fetchone() else [])
        return bool(since) and time.monotonic() - since[0] > 2

    return is_over


def asked(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_it_steps_back_from_a_table_in_use_and_nobody_queues_behind_it(owner):
    told = Told()
    with somebody_at_the_table(lambda: told.times == 5) as report:
        waits, pages = pages_while(report)
        call_command("migrate", *COLUMN, verbosity=0, pause=0.2, stderr=told)
        pages.join()

    assert asked("SELECT count(*) FROM information_schema.columns WHERE column_name = 'of_a_test'") == [(1,)]
    assert "A table is in use; trying again in 0.2 s (29 tries left)." in told.getvalue()
    assert max(waits) < 1.5


def test_without_a_limit_pages_queue_behind_it(owner):
    """The control of the one above."""
    with (
        override_settings(TIMEOUTS=configured.TIMEOUTS | {"migrate": ("0s", "0s", "0s")}),
        somebody_at_the_table(seconds_of_queue()) as report,
    ):
        waits, pages = pages_while(report)
        call_command("migrate", *COLUMN, verbosity=0)
        pages.join()

    assert max(waits) > 1.5


def test_it_gives_up_in_the_end_and_leaves_the_session_as_it_was(owner):
    with somebody_at_the_table(), pytest.raises(CommandError, match="A table stayed in use through 2 tries"):
        call_command("migrate", *COLUMN, verbosity=0, tries=2, pause=0.1)

    assert asked("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')") == [("0", "0")]


def test_an_index_whose_building_was_cut_off_is_built_anew(owner):
    call_command("migrate", *COLUMN, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = '300ms'")
        with somebody_at_the_table(mode="ROW EXCLUSIVE"), pytest.raises(Exception, match="statement timeout"):
            cursor.execute("CREATE INDEX CONCURRENTLY of_a_test ON accounts_customer (of_a_test)")
        cursor.execute("RESET statement_timeout")
    assert asked("SELECT indisvalid FROM pg_index WHERE indexrelid = 'of_a_test'::regclass") == [(False,)]

    call_command("migrate", "altering", verbosity=0)

    assert asked("SELECT indisvalid FROM pg_index WHERE indexrelid = 'of_a_test'::regclass") == [(True,)]


def test_two_at_once_do_it_one_after_the_other(owner):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [0x6865_6C70])
    failures = []

    def second():
        try:
            call_command("migrate", *COLUMN, verbosity=0, tries=2, pause=0.1)
        except CommandError as error:
            failures.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    thread.join()
    asked("SELECT pg_advisory_unlock_all()")

    assert failures == ["Another migrate is running; start again when it has ended."]
