"""A release announced to thousands while worker, relay, beat and queue are killed at random moments: each customer hears once (REL-2).

By default a few hundred customers and two rounds; RELEASE_CUSTOMERS=5000 RELEASE_ROUNDS=20 is what it was made for.
"""

import os
import random
import time
from datetime import UTC, date, datetime

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Customer, Membership, Person
from accounts.tenancy import acting_for, as_provider
from contracts.models import Contract, ContractProduct, Terms
from notifications.models import Mail
from releases import commands
from releases.models import Recipient
from releases.queries.desk import desk_page
from tests import factories as make
from tests.faults.mail_server import HOLD
from tests.faults.outbox import leases_run_out
from tooling.processes import wait_until

pytestmark = pytest.mark.slow
CUSTOMERS = int(os.environ.get("RELEASE_CUSTOMERS", "300"))
ROUNDS = int(os.environ.get("RELEASE_ROUNDS", "2"))
KILLS = 8
SECONDS = max(120, CUSTOMERS // 10)


def many_customers(town, number):
    """So many companies with one person and a contract each, as rows: through commands they would take an hour."""
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    signed = {"signed_date": date(2025, 1, 10), "first_date": date(2025, 2, 1), "created_at": now}
    who = {"calendar_id": town.contract.calendar_id, "account_manager": town.max}
    with transaction.atomic(), as_provider():
        terms = Terms.objects.filter(contract=town.contract).values().get()
        customers = Customer.objects.bulk_create([Customer(name=f"Company {n}", created_at=now) for n in range(number)])
        contracts = Contract.objects.bulk_create([Contract(customer=one, number="C-1", **signed, **who) for one in customers])
        Terms.objects.bulk_create([Terms(**terms | {"id": None, "customer_id": c.customer_id, "contract_id": c.pk}) for c in contracts])
        ContractProduct.objects.bulk_create(
            [ContractProduct(customer_id=c.customer_id, contract=c, product=town.softswitch) for c in contracts]
        )
    people = Person.objects.bulk_create([Person(email=f"p{n}@company-{n}.example", name=f"P {n}", created_at=now) for n in range(number)])
    with transaction.atomic(), as_provider():
        pairs = zip(customers, people, strict=True)
        Membership.objects.bulk_create([Membership(customer=one, person=person, role="admin", created_at=now) for one, person in pairs])


class Havoc:
    """Kills one of the four at a time and starts it again; knows how many relays it killed with a mail in their hands."""

    def __init__(self, desk, seed):
        self.desk, self.dice, self.done = desk, random.Random(seed), []  # noqa: S311 - the same kills again is the point

    def begin(self):
        self.desk.start_worker()
        self.desk.start_relay()
        self.desk.start_beat()

    def end(self):
        """All at once, as whatever they do."""
        self.desk.end("worker", "relay-1", "beat")
        self.done += ["worker", "relay-1", "beat"]

    def strike(self):
        what = self.dice.choice(("worker", "relay-1", "beat", "valkey"))
        self.done.append(what)
        self.desk.end_widows()
        if what == "valkey":
            self.desk.stop_queue()
            self.desk.start_queue()
        elif what == "worker":
            self.desk.kill("worker")
            self.desk.end_widows()
            self.desk.start_worker()
        elif what == "beat":
            self.desk.kill("beat")
            self.desk.start_beat()
        else:
            self._strike_relay()

    def _strike_relay(self):
        """One of its own has ended when there was nothing to send."""
        if self.desk.child("relay-1").has_ended():
            self.desk.end("relay-1")
        else:
            self.desk.kill("relay-1")
        self.desk.start_relay()

    def wait_for_mails(self, number):
        def are_there():
            self.keep_up()
            return len(self.desk.mail.accepted) >= number

        assert wait_until(are_there, SECONDS, 0.1), f"{len(self.desk.mail.accepted)} mails instead of {number}"

    def keep_up(self):
        """A worker that ends when it finds no queue to give back to what it had taken is started again, as a container is."""
        if "worker" in self.desk.names and self.desk.child("worker").has_ended():
            self.done.append("(worker ended)")
            self.desk.end("worker")
            self.desk.start_worker()

    @property
    def relays_killed(self):
        """A worker that is killed, or ends itself, takes both its processes along, each of which may be a relay."""
        return self.done.count("relay-1") + 2 * (self.done.count("worker") + self.done.count("(worker ended)"))


def outcome(release):
    """Mails of the announcement by state, those of unknown outcome apart."""
    with as_provider():
        rows = list(Mail.objects.filter(about_table="releases_release", about_id=release.pk).values_list("state", "unknown_outcomes"))
    found = {}
    for state, unknown in rows:
        name = "unknown" if unknown else state
        found[name] = found.get(name, 0) + 1
    return found


def waiting(release):
    with as_provider():
        return Recipient.objects.filter(release=release, state="waiting").count()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_every_customer_is_told_once_whatever_is_killed(desk, town, counted, seed):
    many_customers(town, CUSTOMERS)
    people = CUSTOMERS + 3
    release = make.release(town.softswitch, now=timezone.now())
    havoc = Havoc(desk, seed)
    havoc.begin()
    for kill in range(KILLS):
        havoc.wait_for_mails(people * (kill + 1) // (KILLS + 2))
        time.sleep(havoc.dice.random() / 2)
        havoc.strike()
    havoc.end()
    leases_run_out()
    havoc.begin()

    def is_over():
        havoc.keep_up()
        if waiting(release):  # asked first: what waits becomes due meanwhile, and what is due does not begin to wait
            return False
        left = outcome(release)
        return not left.get("due") and not left.get("sending")

    assert wait_until(is_over, SECONDS, 0.5), (waiting(release), outcome(release))
    found, times = outcome(release), desk.mail.counts()
    reached = {str(message["To"]) for message in desk.mail.accepted}
    assert sum(found.values()) == people  # each is owed one mail
    assert set(times.values()) == {1}  # none was accepted twice
    assert len(reached) == len(desk.mail.accepted) >= people - found.get("unknown", 0)
    assert found.get("unknown", 0) <= havoc.relays_killed
    assert set(found) <= {"sent", "unknown"}
    counted(
        f"{people} people of {CUSTOMERS + 2} customers, killed {', '.join(havoc.done)}: {found.get('sent', 0)} told once, "
        f"{found.get('unknown', 0)} unknown shown, 0 told twice, 0 forgotten"
    )


def test_an_announcement_whose_relay_died_in_the_window_waits_for_a_person(desk, town, counted):
    release = make.release(town.softswitch, now=timezone.now())
    commands.distribute(now=timezone.now())
    desk.mail.rule("DATA", HOLD)
    desk.start_relay()
    desk.mail.wait_for("DATA")
    with desk.holding("SELECT FROM notifications_mail FOR UPDATE"):
        desk.mail.let_go()
        desk.wait_for_lock()  # the server's 250 is there, and the mark is not
        desk.kill("relay-1")
        desk.cut_waiting()  # nor does what it asked for last happen without it
    leases_run_out()
    desk.relay()
    desk.relay()

    assert outcome(release) == {"sent": 2, "unknown": 1}
    assert sorted(desk.mail.counts().values()) == [1, 1, 1]
    with as_provider():
        shown = [one.may_have_arrived for one in desk_page(release, timezone.now()).troubles]
    assert shown == [True]
    counted("3 people, 1 relay killed after acceptance: each mail accepted once, 1 unknown outcome shown, none sent again by itself")


def test_two_publications_at_once_are_one(desk, town, counted):
    """The second waits for the first, and is refused; both come from processes of their own in production, here from two connections."""
    draft = make.draft(town.softswitch)
    with desk.holding(f"SELECT FROM releases_release WHERE id = {draft.pk} FOR UPDATE"):
        import threading  # noqa: PLC0415

        from django.db import connection  # noqa: PLC0415

        outcomes = []

        def press():
            try:
                commands.publish(actor=None, release=draft, now=timezone.now())
                outcomes.append("published")
            except commands.PublishedAlready:
                outcomes.append("refused")
            finally:
                connection.close()

        threads = [threading.Thread(target=press) for _press in range(2)]
        for thread in threads:
            thread.start()
        desk.wait_for_lock()
    for thread in threads:
        thread.join(30)

    with as_provider():
        assert Recipient.objects.filter(release=draft).count() == 3
    assert sorted(outcomes) == ["published", "refused"]
    with acting_for(town.acme.pk):
        assert not Mail.objects.filter(about_table="releases_release").exists()  # nobody distributes here
    counted("2 publications at once: 1 made, 1 refused, 3 recipients")
