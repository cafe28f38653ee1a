"""The demo data: what is promised is there, the same every time, and nothing of it is half-done."""

import struct
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import CommandError, call_command
from django.db.models import Count

from accounts.models import Customer, Membership, Person, StaffRole
from accounts.rls import isolation_faults
from accounts.tenancy import as_nobody, as_provider
from contracts.models import Contract, Standing
from helpdesk.demo import evidence, outbox, seed, showcase
from helpdesk.demo.cast import COMPANIES, write_plans
from helpdesk.demo.plan import ACTIVE_GOALS, Do
from helpdesk.demo.stories import BY_LANGUAGE
from notifications.models import Mail, RotaOverride
from notifications.queries import on_call_now
from releases.models import Artifact, Licence
from tickets.models import Event, File, Message, Status, Ticket

NOW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(django_db_setup: Any, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The whole demo once, in a transaction that is rolled back after the module."""
    from django.conf import settings  # noqa: PLC0415 - only once settings are there to be changed
    from django.db import transaction  # noqa: PLC0415 - as above

    before, settings.MEDIA_ROOT = settings.MEDIA_ROOT, str(tmp_path_factory.mktemp("files"))
    with django_db_blocker.unblock():
        block = transaction.atomic()
        block.__enter__()
        try:
            yield seed.seed(NOW)
        finally:
            transaction.set_rollback(True)
            block.__exit__(None, None, None)
            settings.MEDIA_ROOT = before


@pytest.fixture
def provider(made: Any) -> Any:
    with as_provider():
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("provider")
class TestWhatIsMade:
    def test_somebody_is_on_call_and_a_night_is_taken_by_another(self) -> None:
        rotas = {found.rota.name: found for found in on_call_now(NOW)}
        night = RotaOverride.objects.select_related("member").get()

        assert {name: found.name for name, found in rotas.items()} == {"Support": "Karen Walsh", "Second line": "Larissa Koerich"}
        assert (night.member.display_name, night.from_at) == ("Camila Nunes", datetime(2026, 11, 27, 21, 0, tzinfo=UTC))
        assert rotas["Support"].until == night.from_at

    def test_the_counts_are_those_promised(self, made: seed.Made) -> None:
        active = Ticket.objects.active().count()

        assert (made.customers, made.contracts) == (15, 17)
        assert 55 <= made.people <= 80
        assert 380 <= made.tickets == Ticket.objects.count() <= 430
        assert 40 <= active <= 60
        assert (attached := File.objects.exclude(message=None).count()) >= 100
        assert made.files == attached + Artifact.objects.count() + Licence.objects.count()

    def test_every_state_is_there(self) -> None:
        assert set(Ticket.objects.values_list("status", flat=True)) == set(Status)

    def test_every_kind_of_event_but_those_without_a_command_is_there(self) -> None:
        kinds = set(Event.objects.values_list("kind", flat=True))

        assert kinds >= {Event.Kind(do) for do in ("opened", "replied", "noted", "verified", "status_changed", "assigned", "team_changed")}
        assert kinds >= {Event.Kind(do) for do in ("contested", "rated")}
        assert kinds >= {Event.Kind(do) for do in ("hold_placed", "hold_released", "watcher_added", "followed_up", "reply_held")}

    def test_most_tickets_are_over(self) -> None:
        assert Ticket.objects.filter(status=Status.CLOSED).count() > Ticket.objects.count() * 0.75

    def test_some_declarations_were_changed_with_a_reason(self) -> None:
        changed = Event.objects.filter(kind=Event.Kind.VERIFIED).exclude(message=None)

        assert changed.count() > 20
        assert not changed.filter(message__body="").exists()

    def test_some_verdicts_are_contested_and_restored_and_some_tickets_private(self) -> None:
        decided = Event.objects.filter(kind=Event.Kind.VERIFIED, data__has_key="contest")

        assert decided.count() >= 5
        assert 0 < decided.filter(data__has_key="restores").count() < decided.count()
        assert 3 <= Ticket.objects.filter(private=True).count() <= 20

    def test_nothing_lies_in_the_future(self) -> None:
        assert not Event.objects.filter(at__gt=NOW).exists()
        assert not Message.objects.filter(written_at__gt=NOW).exists()

    def test_numbers_follow_the_order_of_opening(self) -> None:
        opened = list(Ticket.objects.order_by("pk").values_list("opened_at", flat=True))

        assert opened == sorted(opened)

    def test_stories_are_told_in_order(self) -> None:
        """But for what time brings: a sweep comes later and dates it at its own instant."""
        by_ticket: dict[int, list[datetime]] = {}
        told = Event.objects.exclude(kind__in=[Event.Kind.ESCALATED, Event.Kind.MISSED])
        for ticket, at in told.order_by("ticket_id", "position").values_list("ticket_id", "at"):
            by_ticket.setdefault(ticket, []).append(at)

        assert all(instants == sorted(instants) for instants in by_ticket.values())

    def test_no_placeholder_is_left_open(self) -> None:
        texts = [*Message.objects.values_list("body", flat=True), *Ticket.objects.values_list("subject", flat=True)]

        assert [text for text in texts if "{name}" in text or "{trunk}" in text or "{version}" in text] == []

    def test_tickets_do_not_look_copied(self) -> None:
        opening = Event.objects.filter(kind=Event.Kind.OPENED)
        bodies = list(opening.values_list("message__body", flat=True))

        assert len(set(bodies)) > len(bodies) * 0.97

    def test_contracts_of_every_kind_are_there(self) -> None:
        contracts = list(Contract.objects.prefetch_related("terms", "standings"))
        today = NOW.date()

        assert {c.currency for c in contracts} == {"BRL", "USD"}
        assert {c.state_on(today) for c in contracts} == set(Standing.State)
        assert any(c.first_date > today for c in contracts)
        assert any(0 < (c.terms_on(today).last_date - today).days < 30 for c in contracts if c.is_in_force_on(today))
        assert any(c.signed_date < datetime(2014, 11, 30, tzinfo=UTC).date() for c in contracts)
        assert any(c.terms.count() > 1 for c in contracts)
        assert any(c.terms_on(today).package_minutes for c in contracts)
        assert max(Contract.objects.values("customer").annotate(n=Count("pk")).values_list("n", flat=True)) == 2

    def test_every_role_is_held(self) -> None:
        assert set(Membership.objects.values_list("role", flat=True)) == set(Membership.Role)
        assert set(StaffRole.objects.values_list("role", flat=True)) == set(StaffRole.Role)

    def test_only_the_last_mails_are_still_to_be_sent_and_some_went_wrong(self) -> None:
        states = dict(Mail.objects.values("state").annotate(n=Count("pk")).values_list("state", "n"))

        assert {state: states[state] for state in ("due", "parked", "bounced")} == {"due": outbox.LEFT_DUE, "parked": 1, "bounced": 1}
        assert set(states) == {"due", "parked", "bounced", "delivered", "muted"}
        assert not Mail.objects.filter(
            state="delivered", sent_at__lt=NOW - timedelta(days=30), created_at__gt=NOW - timedelta(days=29)
        ).exists()

    def test_every_address_is_under_a_reserved_name(self) -> None:
        assert [email for email in Person.objects.values_list("email", flat=True) if not email.endswith(".example")] == []

    def test_the_accounts_shown_exist_and_open_with_the_password(self) -> None:
        addresses = {address for _who, address, _sees in showcase.ACCOUNTS}
        hashes = set(Person.objects.values_list("password", flat=True))

        assert set(Person.objects.filter(email__in=addresses).values_list("email", flat=True)) == addresses
        assert [PBKDF2PasswordHasher().verify(seed.PASSWORD, encoded) for encoded in hashes] == [True]

    def test_one_person_belongs_to_two_customers(self) -> None:
        ricardo = Person.objects.get(email="ricardo@menezes-consultoria.example")

        assert sorted(m.customer.name for m in ricardo.memberships.select_related("customer")) == [
            "Pampa Fibra",
            "Telesul Telecomunicações",
        ]

    def test_isolation_holds(self) -> None:
        assert isolation_faults() == []

    def test_a_second_time_is_refused(self) -> None:
        with pytest.raises(seed.NotEmpty):
            seed.seed(NOW)


def test_the_same_moment_gives_the_same_plans() -> None:
    assert write_plans(NOW, seed.SEED) == write_plans(NOW, seed.SEED)


def test_later_on_the_same_day_only_adds_steps() -> None:
    morning = write_plans(NOW - timedelta(hours=8), seed.SEED)
    evening = {plan.steps[0]: plan.steps for plan in write_plans(NOW, seed.SEED)}

    assert all(evening[plan.steps[0]][: len(plan.steps)] == plan.steps for plan in morning)


@pytest.mark.parametrize("offset", range(0, 370, 23))
def test_every_day_can_tell_its_stories(offset: int) -> None:
    plans = write_plans(NOW + timedelta(days=offset, hours=offset), seed.SEED)

    assert len(plans) >= sum(count for _goal, count in ACTIVE_GOALS) + 330
    assert all(plan.steps[0].do == Do.OPEN for plan in plans)


def test_every_story_can_be_told_by_some_customer() -> None:
    for language, stories in BY_LANGUAGE.items():
        products = {
            product
            for company in COMPANIES
            if company.weight and any(person.language == language for person in company.people)
            for environment in company.environments
            for product in environment.installed
        }
        assert {story.product for story in stories} <= products


def test_each_language_has_thirty_stories() -> None:
    assert {language: len(stories) >= 30 for language, stories in BY_LANGUAGE.items()} == {"pt-br": True, "en": True}


def test_a_capture_is_a_valid_pcap() -> None:
    words = dict.fromkeys(("callid", "branch", "domain", "version"), "x") | {
        "ip": "203.0.113.7",
        "ip2": "192.0.2.9",
        "ext": "1234",
        "digits": "48",
    }

    name, content = evidence.make("pcap", Random(1), words, NOW)  # noqa: S311 - nothing secret

    assert name == "capture-1234.pcap"
    assert struct.unpack("<IHHiIII", content[:24]) == (0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    position, packets = 24, 0
    while position < len(content):
        captured, original = struct.unpack("<II", content[position + 8 : position + 16])
        frame = content[position + 16 : position + 16 + captured]
        assert captured == original == len(frame)
        assert struct.unpack("!H", frame[16:18])[0] == len(frame) - 14
        assert sum(struct.unpack("!10H", frame[14:34])) % 0xFFFF == 0
        position += 16 + captured
        packets += 1
    assert packets >= 11


@pytest.mark.django_db
def test_a_failure_leaves_neither_rows_nor_files(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = write_plans(NOW, seed.SEED)[:12]
    monkeypatch.setattr(seed, "write_plans", lambda now, number: plans)
    monkeypatch.setattr(seed.outbox, "settle", lambda now: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        seed.seed(NOW)

    assert not seed.customers_exist()
    with as_nobody():
        assert Person.objects.count() == 0
    assert [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()] == []


@pytest.mark.django_db
def test_the_command_does_nothing_where_customers_are(settings: Any) -> None:
    settings.EMBEDDED = True
    with as_provider():
        Customer.objects.create(name="Acme", language="en", time_zone="UTC", created_at=NOW)

    call_command("demo", "--if-empty")

    with as_provider():
        assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_the_command_refuses_outside_the_embedded_demo(settings: Any) -> None:
    settings.EMBEDDED = False

    with pytest.raises(CommandError, match="--force"):
        call_command("demo")

    assert not seed.customers_exist()


def test_the_accounts_are_printed_with_their_password(settings: Any) -> None:
    settings.EMBEDDED = True
    out = StringIO()

    call_command("demo", "--accounts", stdout=out)

    assert "ana.ribeiro@telesul.example" in out.getvalue()
    assert seed.PASSWORD in out.getvalue()
