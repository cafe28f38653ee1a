"""The staff's pages of those on call, and one's own ways of being reached, through the front door."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import commands as accounts
from accounts.tenancy import as_provider
from notifications.models import Page, PageDelivery, Rota, RotaOverride, RotaTurn, TeamRota, Way
from notifications.tasks import relay_pages
from tests import factories as make
from tests.service import serving

pytestmark = pytest.mark.django_db

SECRET = "tgram://123456789:abcdefghijklmnopqrstuvwxyzabcdefghi/12315544/"


def browser(person):
    client = Client()
    client.force_login(person)
    return client


def words(answer):
    """The answer without its tags, on one line."""
    return " ".join(" ".join(unescape(part.partition(">")[2]) for part in answer.content.decode().split("<")).split())


def at(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def filled(taken, by, **changes):
    now = timezone.now()
    times = {"from_at": at(now + timedelta(hours=1)), "until_at": at(now + timedelta(hours=5))}
    return {"rota": taken.pk, "member": by.pk, "note": ""} | times | changes


def rota_form(*members, **changes):
    """One that begins in two days: until then nobody is on call by it."""
    values = {
        "name": "Nights",
        "time_zone": "Europe/Lisbon",
        "first_date": str(timezone.localdate() + timedelta(days=2)),
        "handover_time": "21:00",
        "turn_days": "1",
        "escalate_minutes": "",
        "second_line": "",
    }
    return values | {f"turn_{number}": member.pk for number, member in enumerate(members)} | changes


def overrides():
    with as_provider():
        return list(RotaOverride.objects.filter(removed_at=None).values_list("member_id", flat=True))


def test_the_queue_says_who_is_on_call_until_when(world):
    make.rota(world.sara, world.lea, first_date=timezone.localdate() - timedelta(days=1))

    found = words(browser(world.lea.person).get(reverse("console:queue", args=["all"])))

    assert "On call now: Sara until" in found


def test_the_queue_says_loudly_that_nobody_is_on_call(world):
    make.rota(world.sara, first_date=timezone.localdate() + timedelta(days=1))

    found = words(browser(world.lea.person).get(reverse("console:queue", args=["all"])))

    assert "Nobody is on call. Pages go to the leads." in found


def test_the_queue_says_so_loudly_too_when_there_is_no_rota(world):
    found = words(browser(world.lea.person).get(reverse("console:queue", args=["all"])))

    assert "Nobody is on call. There is no rota yet: pages go to the leads." in found


def test_queue_and_card_warn_of_whoever_is_reached_by_mail_only(world):
    make.rota(world.sara, world.lea, first_date=timezone.localdate() - timedelta(days=1))
    make.way(world.lea.person)
    client = browser(world.lea.person)

    found = [words(client.get(address)) for address in (reverse("console:queue", args=["all"]), reverse("console:on_call"))]

    assert "Reached by mail only: Sara" in found[0]
    assert "Reached by mail only: Sara, Lea" not in found[0]
    assert "Sara is reached by mail only" in found[1]
    assert "Lea is reached by mail only" not in found[1]


def test_a_way_whose_last_page_failed_reaches_nobody(world):
    make.rota(world.sara, first_date=timezone.localdate() - timedelta(days=1))
    way, client = make.way(world.sara.person), browser(world.lea.person)
    page, seen = make.page(), []
    for state in ("sent", "failed", "sent"):
        with as_provider():
            PageDelivery.objects.create(page=page, person=world.sara.person, line=1, way=way, state=state, due_at=timezone.now())
        seen.append("Sara is reached by mail only" in words(client.get(reverse("console:on_call"))))

    assert seen == [False, True, False]


def test_whose_turn_an_override_took_is_said_in_words(world):
    rota = make.rota(world.sara, first_date=timezone.localdate() - timedelta(days=1))
    make.override(rota, world.max, timezone.now() + timedelta(hours=1), timezone.now() + timedelta(hours=2))

    found = words(browser(world.lea.person).get(reverse("console:on_call")))

    assert f"{world.max.display_name} (instead of Sara)" in found.partition("The coming shifts as a list")[0]


def test_a_failed_page_is_announced_however_many_came_after_it(world):
    failed = make.page("failed", now=timezone.now())
    with as_provider():
        Page.objects.update(state="failed")
    for number in range(21):
        make.page(f"page-{number}", now=timezone.now())

    answer = browser(world.lea.person).get(reverse("console:on_call"))

    assert "A page reached nobody" in words(answer)
    assert f'href="{reverse("console:page", args=[failed.pk])}"' in answer.content.decode()


def test_an_agent_takes_a_shift_and_gives_it_back(world):
    rota = make.rota(world.lea, first_date=timezone.localdate() - timedelta(days=1))
    client = browser(world.sara.person)

    answer = client.post(reverse("console:on_call"), filled(rota, world.sara))
    assert (answer.status_code, overrides()) == (302, [world.sara.pk])
    with as_provider():
        override = RotaOverride.objects.get()
    client.post(reverse("console:override_remove", args=[override.pk]))

    assert overrides() == []


def test_an_agent_does_not_give_away_what_is_anothers_and_keeps_what_was_typed(world):
    rota = make.rota(world.lea, first_date=timezone.localdate() - timedelta(days=1))

    answer = browser(world.sara.person).post(reverse("console:on_call"), filled(rota, world.max, note="Please"))

    assert (answer.status_code, overrides()) == (422, [])
    assert "In this time Lea is on call: ask a lead." in words(answer)
    assert 'value="Please"' in answer.content.decode()


def test_a_lead_gives_anybodys_shift_to_anybody(world):
    rota = make.rota(world.sara, first_date=timezone.localdate() - timedelta(days=1))

    answer = browser(world.lea.person).post(reverse("console:on_call"), filled(rota, world.max))

    assert (answer.status_code, overrides()) == (302, [world.max.pk])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"until_at": "2020-01-01T00:00"}, "This is not after its beginning."),
        ({"until_at": "2099-01-01T00:00"}, "That is more than 92 days"),
        ({"from_at": "9999-12-01T00:00", "until_at": "9999-12-31T23:59"}, "That is more than a year ahead."),
        ({"from_at": "2020-01-01T00:00", "until_at": "2020-01-02T00:00"}, "This time has passed already."),
        ({"from_at": "yesterday"}, "Enter a valid date/time."),
        ({"member": "0"}, "Select a valid choice."),
        ({"rota": "x"}, "Select a valid choice."),
    ],
)
def test_what_is_no_shift_is_refused_beside_the_form(world, changes, sentence):
    rota = make.rota(world.sara)
    make.rota(world.sara, name="Other", is_default=False)

    answer = browser(world.lea.person).post(reverse("console:on_call"), filled(rota, world.max, **changes))

    assert (answer.status_code, overrides()) == (422, [])
    assert sentence in words(answer)


def test_an_override_is_removed_by_those_whom_it_concerns_only(world):
    rota = make.rota(world.sara)
    override = make.override(rota, world.sara, timezone.now(), timezone.now() + timedelta(days=1))
    other = make.staff("Otto Other", "agent")

    answer = browser(other.person).post(reverse("console:override_remove", args=[override.pk]))

    assert (answer.status_code, overrides()) == (403, [world.sara.pk])


def test_a_lead_makes_a_rota_and_changes_the_order(world):
    client = browser(world.lea.person)

    client.post(reverse("console:rota_new"), rota_form(world.sara, world.lea, teams=[world.core.pk], is_default="on"))
    with as_provider():
        rota = Rota.objects.get()
        assert list(TeamRota.objects.values_list("team_id", "rota_id")) == [(world.core.pk, rota.pk)]
    shown = client.get(reverse("console:rota_edit", args=[rota.pk])).content.decode()
    answer = client.post(reverse("console:rota_edit", args=[rota.pk]), rota_form(world.lea, turn_1="", turn_2=world.sara.pk))

    assert 'value="21:00"' in shown
    assert answer.status_code == 302
    with as_provider():
        assert list(RotaTurn.objects.values_list("member_id", flat=True)) == [world.lea.pk, world.sara.pk]
        rota.refresh_from_db()
    assert (rota.is_default, rota.turn_days, str(rota.handover_time)) == (False, 1, "21:00:00")


def test_saving_asks_first_when_it_puts_somebody_else_on_call_now(world):
    rota = make.rota(world.sara, world.lea, first_date=timezone.localdate() - timedelta(days=1), time_zone="UTC")
    client, address = browser(world.lea.person), reverse("console:rota_edit", args=[rota.pk])
    form = rota_form(world.lea, world.sara, first_date=str(timezone.localdate() - timedelta(days=1)), turn_days="7")

    asked = client.post(address, form)
    with as_provider():
        unchanged = list(RotaTurn.objects.values_list("member_id", flat=True))
    agreed = client.post(address, form | {"agreed": str(world.lea.pk)})

    assert (asked.status_code, unchanged) == (422, [world.sara.pk, world.lea.pk])
    assert "On call now: Sara → Lea." in words(asked)
    assert f'name="agreed" value="{world.lea.pk}"' in asked.content.decode()
    with as_provider():
        assert (agreed.status_code, list(RotaTurn.objects.values_list("member_id", flat=True))) == (302, [world.lea.pk, world.sara.pk])


def test_whoever_left_the_staff_keeps_their_turn_when_something_else_is_saved(world):
    rota = make.rota(world.sara, world.lea)
    accounts.set_staff_roles(actor=None, person=world.sara.person, display_name="Sara", roles=[], now=make.NOW)
    client, address = browser(world.lea.person), reverse("console:rota_edit", args=[rota.pk])

    shown = words(client.get(address))
    form = rota_form(world.sara, world.lea, time_zone=rota.time_zone, handover_time="00:00", turn_days="7", first_date="2026-11-23")
    client.post(address, form)

    assert "Sara (left the staff)" in shown
    with as_provider():
        rota.refresh_from_db()
        assert (rota.name, list(RotaTurn.objects.values_list("member_id", flat=True))) == ("Nights", [world.sara.pk, world.lea.pk])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"turn_0": ""}, "A rota needs somebody who takes turns."),
        ({"name": "Support"}, "There is a rota of this name already."),
        ({"first_date": "9999-12-31"}, "That is more than a year ahead."),
        ({"time_zone": "Mars/Base"}, "is not a time zone"),
        ({"turn_days": "0"}, "greater than or equal to 1"),
        ({"turn_0": "x"}, "Select a valid choice."),
    ],
)
def test_what_makes_no_rota_is_refused_with_a_sentence(world, changes, sentence):
    make.rota(world.sara)

    answer = browser(world.lea.person).post(reverse("console:rota_new"), rota_form(world.sara) | changes)

    assert answer.status_code == 422
    assert sentence in words(answer)


def test_a_page_is_acknowledged_by_a_click_and_not_by_a_look(world):
    page = make.page(customer_id=world.acme.pk, url="http://127.0.0.1:8000/console/tickets/1/")
    client = browser(world.sara.person)

    shown = client.get(reverse("console:page", args=[page.pk]))
    with as_provider():
        assert Page.objects.get().acknowledged_at is None
    answers = [words(client.post(reverse("console:page_acknowledge", args=[page.pk]), follow=True)) for _again in range(2)]

    assert 'href="http://127.0.0.1:8000/console/tickets/1/"' in shown.content.decode()
    assert "Acknowledged: nobody else is paged for it." in answers[0]
    assert "Somebody had acknowledged it before." in answers[1]


def test_what_became_of_each_page_is_shown_failures_too(world):
    make.rota(world.sara, first_date=timezone.localdate() - timedelta(days=1))
    page = make.page(customer_id=world.acme.pk)
    with as_provider():
        PageDelivery.objects.create(
            page=page, person=world.sara.person, line=1, label="Chat", state="failed", attempts=4, due_at=make.NOW, last_error="status 403"
        )
        Page.objects.update(state="failed")

    found = words(browser(world.lea.person).get(reverse("console:on_call")))

    assert "Sara · Chat Failed The service answered 403. 4 attempts" in found
    assert "Failed: reached nobody" in found


def test_tests_are_not_among_the_pages(world):
    administrator = make.staff("Ines Installer", "administrator")
    client = browser(administrator.person)
    client.post(reverse("console:page_test", args=[world.sara.pk]))
    relay_pages()

    assert "Nobody was paged yet" in words(client.get(reverse("console:on_call")))
    assert "Sara mail only Sent" in words(client.get(reverse("console:reach")))


# --- One's own ways ---------------------------------------------------------------------------------------------------
def test_a_way_is_added_and_its_address_never_shown_again(world):
    client = browser(world.sara.person)

    answer = client.post(reverse("account_on_call"), {"label": "Telegram", "url": SECRET, "after_minutes": "0"}, follow=True)

    assert "Telegram" in words(answer)
    assert "abcdefghijklmnopqrstuvwxyz" not in answer.content.decode()
    with as_provider():
        assert Way.objects.get().url == SECRET


def test_what_is_no_way_is_refused_beside_its_field_with_what_was_typed(world):
    answer = browser(world.sara.person).post(reverse("account_on_call"), {"label": "Desk", "url": "dbus://", "after_minutes": "0"})

    assert answer.status_code == 422
    assert "This is the address of no service that pages are sent by." in words(answer)
    assert 'value="dbus://"' in answer.content.decode()


def test_nobody_tests_or_removes_a_colleagues_way(world):
    way = make.way(world.sara.person)
    client = browser(world.lea.person)

    answers = [client.post(reverse(name, args=[way.pk])).status_code for name in ("account_way_test", "account_way_remove")]

    with as_provider():
        assert (answers, Way.objects.count(), Page.objects.count()) == ([404, 404], 1, 0)


def test_a_customers_person_has_no_such_page(world):
    answer = browser(world.ada).get(reverse("account_on_call"))

    assert answer.status_code == 404
    assert "On call" not in words(browser(world.ada).get(reverse("account_profile")))


def test_a_test_page_shows_its_result_by_itself(world, settings):
    settings.PAGES_TO_PRIVATE_ADDRESSES = True
    client, page = browser(world.sara.person), reverse("account_on_call")
    with serving() as service:
        service.rules["broken"] = [500]
        ways = [make.way(world.sara.person, service.url(path), label=path) for path in ("good", "broken")]
        for way in ways:
            client.post(reverse("account_way_test", args=[way.pk]))
        waiting = client.get(page)
        relay_pages()
        done = client.get(page)

    assert (waiting.headers["Refresh"], "Refresh" in done.headers) == ("2", False)
    assert "good Webhook (JSON) · json://… at once Sent" in words(done)
    assert "The service answered 500." in words(done)
    assert len(service.messages("good")) == 1


def test_test_pages_have_a_limit(world, settings):
    settings.LIMITS = settings.LIMITS | {"paging": (2, 3600)}
    way = make.way(world.sara.person)
    client = browser(world.sara.person)

    assert [client.post(reverse("account_way_test", args=[way.pk])).status_code for _again in range(3)] == [302, 302, 429]


def test_an_administrator_sees_ways_masked(world):
    make.way(world.sara.person, SECRET, label="Telegram")
    administrator = make.staff("Ines Installer", "administrator")

    answer = browser(administrator.person).get(reverse("console:reach"))

    assert "Telegram tgram://…" in words(answer)
    assert "abcdefghijklmnopqrstuvwxyz" not in answer.content.decode()
