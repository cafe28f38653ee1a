"""Makes the demo data, all or nothing."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Person
from accounts.tenancy import as_nobody, as_provider
from helpdesk.demo import hours, on_call, outbox, promises, provider, readers
from helpdesk.demo.cast import COMPANIES, write_plans
from helpdesk.demo.clock import start_of_day
from helpdesk.demo.founding import found_company, found_provider
from helpdesk.demo.on_call import note_rotas
from helpdesk.demo.play import note_ticket
from helpdesk.demo.releases import note_releases
from helpdesk.demo.watching import note_watching
from helpdesk.demo.world import Timeline, World
from helpdesk.lib.refusals import Refusal

PASSWORD = "demo-pulse-2026"  # noqa: S105 - printed at every start of the demo
SEED = 20140311


class NotEmpty(Refusal):
    sentence = _("There are customers already. The demo data are made in an empty database only.")


@dataclass(frozen=True)
class Made:
    customers: int
    people: int
    contracts: int
    tickets: int
    files: int


def customers_exist() -> bool:
    with as_provider():
        return Customer.objects.exists()


def seed(now: datetime) -> Made:
    """Write customers, contracts and a year of tickets that ends at `now`: the same on the same day, as far as the day has gone.

    Raises NotEmpty. In one transaction; when it fails, stored files are removed as well.
    """
    world = World(start_of_day(now))
    try:
        with transaction.atomic():
            _alone()
            with as_provider(), _little_collecting():
                _play(world, now)
            _set_password(world)
            outbox.settle(now)
    except BaseException:
        for file in world.files:
            file.stored_as.delete(save=False)
        raise
    return Made(len(world.customers), len(world.people), len(world.contracts), len(set(world.tickets.values())), len(world.files))


@contextmanager
def _little_collecting() -> Iterator[None]:
    """Half a million short-lived objects are made here; looking for cycles among them all the time costs a fifth of the run."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _alone() -> None:
    """Two starts at once must not both find an empty database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('demo data'))")
    if customers_exist():
        raise NotEmpty


def _play(world: World, now: datetime) -> None:
    today, timeline = world.today, Timeline()
    found_provider(world, timeline, today.date())
    note_rotas(timeline, world, today.date())
    for company in COMPANIES:
        found_company(world, timeline, company, today.date())
    for number, plan in enumerate(write_plans(now, SEED)):
        note_ticket(world, timeline, number, plan)
    note_watching(timeline, world, now)
    hours.note_months(timeline, world, today.date())
    note_releases(world, timeline, {key: product.versions for key, product in provider.PRODUCTS.items()}, today.date())
    timeline.play(now, between=promises.notice_until)
    promises.tell_the_rest(now)
    hours.ask_today(world, now)
    readers.read(now)
    on_call.settle(now)


def _set_password(world: World) -> None:
    """One hash for all: hashing is slow on purpose, and sixty times the same password needs it once."""
    with as_nobody():
        Person.objects.filter(pk__in=[person.pk for person in world.people.values()]).update(password=make_password(PASSWORD))
