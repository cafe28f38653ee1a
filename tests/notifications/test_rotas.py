"""Keeping rotas, taking and giving shifts, and ways of being reached."""

from datetime import date, timedelta

import pytest
from django.db import connection

from accounts.models import AuditEntry
from accounts.tenancy import acting_for, as_nobody, as_provider, as_tenant
from notifications import commands
from notifications.models import Mail, Rota, RotaTurn, TeamRota, Way
from notifications.queries import on_call_now
from tests import factories as make

pytestmark = pytest.mark.django_db

NOW, DAY = make.NOW, timedelta(days=1)
SECRET = "tgram://123456789:abcdefghijklmnopqrstuvwxyzabcdefghi/12315544/"


def names(at):
    with as_provider():
        return [found.name for found in on_call_now(at)]


def take(rota, member, actor=None, start=NOW, length=DAY, any_shift=False):
    actor = actor or member.person
    return commands.give_shift(actor=actor, rota=rota, member=member, from_at=start, until_at=start + length, any_shift=any_shift, now=NOW)


def mails():
    with as_provider():
        return [(mail.address, mail.headline) for mail in Mail.objects.filter(kind="on_call").order_by("pk")]


def test_there_is_one_default_rota(world):
    first = make.rota(world.sara)
    second = make.rota(world.lea, name="Nights")

    with as_provider():
        assert dict(Rota.objects.values_list("pk", "is_default")) == {first.pk: False, second.pk: True}


def test_a_rota_is_changed_with_its_turns_and_teams_and_the_trail_says_from_what_to_what(world):
    rota = make.rota(world.sara, world.lea, teams=(world.core,))
    values = {name: getattr(rota, name) for name in commands.rotas.FACTS} | {"turn_days": 1}

    commands.keep_rota(actor=world.lea.person, rota=rota, members=[world.lea, world.sara, world.lea], teams=[], now=NOW, **values)

    with as_provider():
        assert list(RotaTurn.objects.filter(rota=rota).values_list("member_id", flat=True)) == [world.lea.pk, world.sara.pk, world.lea.pk]
        assert not TeamRota.objects.exists()
        entry = AuditEntry.objects.filter(verb="keep_rota").latest("pk")
    assert entry.before == {"turn_days": 7, "turns": [world.sara.pk, world.lea.pk], "teams": [world.core.pk]}
    assert entry.after == {"turn_days": 1, "turns": [world.lea.pk, world.sara.pk, world.lea.pk], "teams": []}


def test_the_trail_also_has_the_rota_that_lost_a_team_and_the_default(world):
    first = make.rota(world.sara, teams=(world.core,))
    make.rota(world.lea, name="Nights", teams=(world.core,))

    with as_provider():
        entry = AuditEntry.objects.filter(verb="keep_rota", target_id=first.pk).latest("pk")
    assert (entry.before, entry.after) == ({"is_default": True, "teams": [world.core.pk]}, {"is_default": False, "teams": []})


def test_whose_coming_shifts_change_with_the_rota_is_told(world):
    rota = make.rota(world.sara, world.lea)
    values = {name: getattr(rota, name) for name in commands.rotas.FACTS}

    commands.keep_rota(actor=world.max.person, rota=rota, members=[world.sara, world.lea], teams=[], now=NOW, **(values | {"name": "Days"}))
    assert mails() == []
    commands.keep_rota(actor=world.max.person, rota=rota, members=[world.sara], teams=[], now=NOW, **values)

    assert mails() == [
        (
            world.sara.person.email,
            "The rota Support was changed. When you are on call in the coming 14 days (America/Sao_Paulo):",
        ),
        (world.lea.person.email, "The rota Support was changed. You are not on call in the coming 14 days."),
    ]
    with as_provider():
        body = Mail.objects.get(kind="on_call", address=world.sara.person.email).body_text
    assert body == "23 Nov 2026, 09:00 – 7 Dec 2026, 09:00"


@pytest.mark.parametrize("refusal", [commands.NobodyInRota, commands.RotaNameTaken, commands.SecondLineIsItself])
def test_what_makes_no_rota_is_refused(world, refusal):
    rota = make.rota(world.sara)
    values = {name: getattr(rota, name) for name in commands.rotas.FACTS}
    asked = {
        commands.NobodyInRota: {"rota": rota, "members": []},
        commands.RotaNameTaken: {"rota": None, "members": [world.sara]},
        commands.SecondLineIsItself: {"rota": rota, "members": [world.sara], "second_line": rota},
    }[refusal]

    with pytest.raises(refusal):
        commands.keep_rota(**({"actor": None, "teams": [], "now": NOW} | values | asked))


def test_whoever_takes_a_shift_is_on_call_then_and_the_other_is_told(world):
    rota = make.rota(world.sara, world.lea)

    take(rota, world.lea)

    assert [names(at) for at in (NOW - timedelta(seconds=1), NOW, NOW + DAY)] == [["Sara"], ["Lea"], ["Sara"]]
    assert mails() == [
        (
            world.sara.person.email,
            "Lea is on call for Support from 23 Nov 2026, 09:00 until 24 Nov 2026, 09:00 (America/Sao_Paulo), instead of you.",
        )
    ]


def test_one_gives_away_ones_own_shift_and_the_other_is_told(world):
    rota = make.rota(world.sara, world.lea)

    take(rota, world.lea, actor=world.sara.person)

    assert names(NOW) == ["Lea"]
    assert [address for address, _words in mails()] == [world.lea.person.email]


def test_nobody_gives_away_what_is_somebody_elses(world):
    other = make.staff("Otto Other", "agent")
    rota = make.rota(world.sara, world.lea)

    with pytest.raises(commands.NotYourShift, match="Sara is on call"):
        take(rota, other, actor=world.lea.person)
    take(rota, other, actor=world.lea.person, any_shift=True)

    assert names(NOW) == ["Otto"]


def test_what_has_passed_is_neither_given_nor_taken_back(world):
    rota = make.rota(world.sara, world.lea)
    override = take(rota, world.lea)

    with pytest.raises(commands.OverrideOver):
        take(rota, world.lea, start=NOW - 2 * DAY)
    with pytest.raises(commands.OverrideOver):
        commands.remove_override(actor=world.lea.person, override=override, now=NOW + DAY)


def test_what_is_more_than_a_year_ahead_is_refused(world):
    rota = make.rota(world.sara)

    with pytest.raises(commands.TooFarAhead):
        take(rota, world.lea, start=NOW.replace(year=9998))
    with pytest.raises(commands.TooFarAhead):
        make.rota(world.sara, name="Far", first_date=date(9999, 12, 31))


def test_an_override_that_is_removed_gives_the_shift_back_once(world):
    rota = make.rota(world.sara, world.lea)
    override = take(rota, world.lea)

    for _again in range(2):
        commands.remove_override(actor=world.lea.person, override=override, now=NOW)

    assert names(NOW) == ["Sara"]
    assert len(mails()) == 2
    with as_provider():
        assert AuditEntry.objects.filter(verb="end_shift").count() == 1


def test_nobody_is_told_of_an_override_that_changed_nothing(world):
    rota = make.rota(world.sara, world.lea)
    override = make.override(rota, world.sara, NOW, NOW + DAY)

    commands.remove_override(actor=world.max.person, override=override, now=NOW)

    assert mails() == []


def test_whoever_keeps_a_part_of_a_removed_override_by_turn_is_told_which(world):
    rota = make.rota(world.sara, world.lea)
    monday = NOW.replace(hour=3) + 7 * DAY  # midnight there, when Lea's turn begins
    override = make.override(rota, world.lea, monday - DAY, monday + DAY)

    commands.remove_override(actor=world.max.person, override=override, now=NOW)

    with as_provider():
        bodies = dict(Mail.objects.filter(kind="on_call", key__contains="removed").values_list("address", "body_text"))
    assert bodies == {world.sara.person.email: "", world.lea.person.email: "30 Nov 2026, 00:00 – 1 Dec 2026, 00:00"}


def test_who_is_on_call_is_one_query(world, django_assert_num_queries):
    for number in range(3):
        rota = make.rota(world.sara, world.lea, name=f"Rota {number}")
        take(rota, world.lea)
    with as_provider(), django_assert_num_queries(1):
        assert [found.name for found in on_call_now(NOW)] == ["Lea"] * 3


# --- Ways -----------------------------------------------------------------------------------------------------------
def test_a_way_is_kept_for_its_person_alone(world):
    make.way(world.sara.person, SECRET)

    with as_nobody(world.sara.pk):
        own = Way.objects.count()
    with as_nobody(world.lea.pk):
        others = Way.objects.count()
    with as_provider():
        staff = Way.objects.count()
    assert (own, others, staff) == (1, 0, 1)


@pytest.mark.parametrize("scope", [as_tenant, acting_for])
def test_no_customers_page_or_command_reads_how_staff_are_reached(world, scope):
    make.way(world.sara.person, SECRET)

    with scope(world.acme.pk), connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('notifications_way', 'SELECT')")
        assert cursor.fetchone() == (False,)


def test_the_trail_has_nothing_of_a_way(world):
    with as_nobody(world.sara.pk):
        commands.remove_way(way=make.way(world.sara.person, SECRET))

    with as_provider(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_auditentry e WHERE e::text LIKE %s", ["%abcdefghijklmnop%"])
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize(
    ("url", "refusal", "sentence"),
    [
        ("dbus://", commands.NotThisWay, "the address of no service"),
        ("nothing", commands.NotThisWay, "the address of no service"),
        ("tgram://bad", commands.NotReadable, "Telegram can't read this address"),
    ],
)
def test_what_reaches_nobody_is_refused_with_a_sentence(world, url, refusal, sentence):
    with pytest.raises(refusal, match=sentence):
        make.way(world.sara.person, url)


def test_there_is_an_end_to_ways(world):
    for number in range(10):
        make.way(world.sara.person, label=str(number))

    with pytest.raises(commands.TooManyWays):
        make.way(world.sara.person)
