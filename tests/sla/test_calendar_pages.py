"""Calendars through the staff's pages, the customers', and Django's admin."""

import re
from datetime import date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import commands as accounts
from accounts.tenancy import as_provider
from sla.commands import calendars
from sla.edits import Close
from sla.models import Calendar, CalendarVersion
from sla.shipped import Follows
from tests import factories as make
from tickets.commands.clocks import GRACE

pytestmark = pytest.mark.django_db
CHRISTMAS_EVE = date(2026, 12, 24)
WEEK = {f"day_{weekday}": "09:00–18:00" for weekday in range(5)} | {"day_5": "", "day_6": ""}


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: make.NOW)


@pytest.fixture
def calendar(db):
    return make.calendar(follows=Follows.FLORIANOPOLIS)


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def helena():
    return make.staff("Helena Prado", "administrator").person


@pytest.fixture
def client(helena):
    return client_of(helena)


def send(client, name, calendar, data=None, year=2026):
    return client.post(reverse(f"console:calendar_{name}", args=[calendar.pk, year]), data or {})


def day(client, calendar, kind, **changes):
    return send(client, "day", calendar, {"day": CHRISTMAS_EVE.isoformat(), "kind": kind, "hours": "", "name": ""} | changes)


def shown(client, calendar, year=2026):
    return client.get(reverse("console:calendar_year", args=[calendar.pk, year]))


def drafted(client, calendar):
    """What the draft says otherwise, as the page shows it."""
    return [(one.label, one.before, one.after) for one in shown(client, calendar).context["changes"]]


def confirm(client, calendar, expected=1, reason="Agreed"):
    return client.post(reverse("console:calendar_review", args=[calendar.pk]), {"expected": expected, "reason": reason})


def versions(calendar):
    with as_provider():
        return list(CalendarVersion.objects.filter(calendar=calendar))


# --- Looking ----------------------------------------------------------------------------------------------------------
def test_all_staff_look_and_only_administrators_get_forms(calendar, world, client):
    seen = {
        who: shown(client_of(person), calendar).content.decode()
        for who, person in {"agent": world.sara.person, "lead": world.lea.person}.items()
    }
    seen["administrator"] = shown(client, calendar).content.decode()

    assert {who: "Add to the draft" in page for who, page in seen.items()} == {"agent": False, "lead": False, "administrator": True}
    assert {who: "Switch on" in page for who, page in seen.items()} == {"agent": False, "lead": False, "administrator": True}
    for page in seen.values():
        assert "closed: National Day of Zumbi and Black Awareness" in page


def test_each_kind_of_day_has_words_and_not_only_a_colour(client, calendar):
    page = re.sub(r"\s+", " ", shown(client, calendar).content.decode())

    assert re.search(r'day-closed[^>]*>20<span class="hidden-text">: closed: National Day', page)
    assert '<span class="hidden-text"> (today)' in page
    for words in ("Closed day", "Shorter day", "Other hours", "Extra day", "No hours on this weekday"):
        assert words in page


def test_a_page_in_portuguese_names_days_in_portuguese(calendar):
    person = make.staff("Camila Nunes", "agent").person
    accounts.change_profile(person=person, language="pt-br")

    page = shown(client_of(person), calendar).content.decode()

    assert "Dia Nacional de Zumbi e da Consciência Negra" in page
    assert "Black Awareness" not in page


def test_years_that_are_not_kept_are_not_found(client, calendar):
    answers = [shown(client, calendar, year).status_code for year in (2013, 2014, 2041, 2042, 99999)]

    assert answers == [404, 200, 200, 404, 404]


@pytest.mark.parametrize("text", ["", "nonsense", "2026-13-45", "2026-11-22", "2026-12-24"])
def test_a_day_can_be_chosen_by_its_address(client, calendar, text):
    answer = client.get(reverse("console:calendar_year", args=[calendar.pk, 2026]), {"day": text})

    assert answer.context["chosen"] == (CHRISTMAS_EVE if text == "2026-12-24" else None)


# --- Drafting ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "changes", "after"),
    [
        ("closed", {"name": "Rest"}, "closed: Rest"),
        ("morning", {}, "09:00–12:00"),
        ("afternoon", {"name": "Late start"}, "12:00–18:00 (Late start)"),
        ("hours", {"hours": "8h-12h30; 14 às 20"}, "08:00–12:30, 14:00–20:00"),
        ("hours", {"hours": "22:00 - 06:00"}, "22:00–06:00 of the next day"),
    ],
)
def test_a_day_is_drafted_and_nothing_of_it_is_in_force(client, calendar, kind, changes, after):
    answer = day(client, calendar, kind, **changes)

    assert answer["Location"] == reverse("console:calendar_year", args=[calendar.pk, 2026])
    assert drafted(client, calendar) == [("Thu, 24 Dec 2026", "usual: 09:00–18:00", after)]
    assert len(versions(calendar)) == 1


def test_a_name_that_is_left_as_shown_stays_in_both_languages(client, calendar):
    form = client.get(reverse("console:calendar_year", args=[calendar.pk, 2026]), {"day": "2026-12-25"}).context["day_form"]
    day(client, calendar, "hours", day="2026-12-25", hours="10:00–12:00", name=form["name"].value())
    day(client, calendar, "closed", name="Christmas Day")
    confirm(client, calendar)

    content = versions(calendar)[-1].content()
    assert content.dates[date(2026, 12, 25)].name == {"pt-br": "Natal", "en": "Christmas Day"}
    assert content.holidays[CHRISTMAS_EVE] == {"": "Christmas Day"}


def test_an_extra_day_a_break_and_other_weekly_hours_are_drafted(client, calendar):
    day(client, calendar, "hours", day="2026-11-28", hours="09:00-12:00")
    send(client, "break", calendar, {"start": "2026-11-26T12:00", "end": "2026-11-26T14:00", "name": "Move"})
    send(client, "week", calendar, WEEK | {"day_4": "09:00–12:00, 13:00–17:00"})

    assert drafted(client, calendar) == [
        ("Friday", "09:00–18:00", "09:00–12:00, 13:00–17:00"),
        ("Sat, 28 Nov 2026", "usual: closed", "09:00–12:00"),
        ("Thu, 26 Nov 2026, 12:00–14:00", "", "closed: Move"),
    ]


MISTAKES = {
    "a day that is over": ("day", {"day": "2026-11-22", "kind": "closed"}, "day", "This day is over"),
    "a day far away": ("day", {"day": "2090-01-01", "kind": "closed"}, "day", "too far away"),
    "no day": ("day", {"day": "31/31/2026", "kind": "closed"}, "day", "Enter a valid date."),
    "no hours": ("day", {"day": "2026-12-24", "kind": "hours", "hours": ""}, "hours", "Write the hours of this day."),
    "hours that are none": ("day", {"day": "2026-12-24", "kind": "hours", "hours": "all day"}, "hours", "“all day” are no hours."),
    "an hour that is none": ("day", {"day": "2026-12-24", "kind": "hours", "hours": "9-25"}, "hours", "“25:00” is not a time"),
    "overlap": ("day", {"day": "2026-12-24", "kind": "hours", "hours": "9-12, 11-18"}, "hours", "Two windows overlap"),
    "half of nothing": ("day", {"day": "2026-11-28", "kind": "morning"}, "kind", "no such hours to halve"),
    "a kind that is none": ("day", {"day": "2026-12-24", "kind": "party"}, "kind", "Select a valid choice."),
    "nothing new": ("day", {"day": "2026-12-24", "kind": "usual"}, "__all__", "The calendar says this already."),
    "a name too long": ("day", {"day": "2026-12-24", "kind": "closed", "name": "x" * 81}, "name", "at most 80 characters"),
    "a break reversed": ("break", {"start": "2026-12-24T14:00", "end": "2026-12-24T13:00"}, "end", "must end after it begins"),
    "a break that is over": ("break", {"start": "2026-11-01T14:00", "end": "2026-12-24T13:00"}, "start", "This day is over"),
    "a break without end": ("break", {"start": "2026-12-24T14:00", "end": ""}, "end", "This field is required."),
    "a break over all": ("break", {"start": "2026-11-23T00:00", "end": "2028-12-24T13:00"}, "__all__", "closed for a whole year"),
    "an empty week": ("week", {f"day_{n}": "" for n in range(7)}, "__all__", "closed for a whole year"),
    "a week of nights into days": ("week", WEEK | {"day_0": "20:00–09:30"}, "__all__", "go on past midnight"),
    "a week that overlaps": ("week", WEEK | {"day_2": "9-12, 10-11"}, "day_2", "Two windows overlap"),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_is_explained_beside_its_field_and_nothing_is_drafted(client, calendar, what):
    name, data, field, sentence = MISTAKES[what]

    answer = send(client, name, calendar, data)

    form = answer.context[f"{name}_form"]
    assert answer.status_code == 422
    assert list(form.errors) == [field]
    assert sentence in str(form.errors[field])
    assert {key: form.data[key] for key in data} == data
    assert drafted(client, calendar) == []


def test_a_day_says_what_breaks_leave_of_it(client, calendar):
    send(client, "break", calendar, {"start": "2026-11-24T10:45", "end": "2026-11-26T15:00", "name": "Office move"})

    special = shown(client, calendar).context["page"].special

    assert [(one.day.day, one.text) for one in special if one.day.month == 11 and one.day.day in range(21, 30)] == [
        (24, "usual: 09:00–18:00; closed 10:45–24:00 (Office move)"),
        (25, "closed: Office move"),
        (26, "usual: 09:00–18:00; closed 00:00–15:00 (Office move)"),
    ]


def test_a_proposal_is_switched_on_off_and_on_for_every_year(client, calendar):
    send(client, "click", calendar, {"on": "2026-12-24"})
    once = drafted(client, calendar)
    send(client, "click", calendar, {"off": "2026-12-24"})
    off = drafted(client, calendar)
    send(client, "click", calendar, {"every": "2026-12-24"})
    every = drafted(client, calendar)

    assert once == [("Thu, 24 Dec 2026, 14:00–24:00", "", "closed: Christmas Eve")]
    assert off == []
    assert [label for label, _before, _after in every] == [
        *(
            "Thu, 24 Dec 2026, 14:00–24:00",
            "Fri, 24 Dec 2027, 14:00–24:00",
            "Sun, 24 Dec 2028, 14:00–24:00",
            "Mon, 24 Dec 2029, 14:00–24:00",
        ),
        *(
            "Tue, 24 Dec 2030, 14:00–24:00",
            "Wed, 24 Dec 2031, 14:00–24:00",
            "Fri, 24 Dec 2032, 14:00–24:00",
            "Sat, 24 Dec 2033, 14:00–24:00",
        ),
        *("Sun, 24 Dec 2034, 14:00–24:00", "Mon, 24 Dec 2035, 14:00–24:00", "Wed, 24 Dec 2036, 14:00–24:00"),
    ]


@pytest.mark.parametrize("data", [{}, {"on": "2026-02-18"}, {"on": "2026-12-25"}, {"on": "x"}, {"remove_break": "x"}, {"off": ""}])
def test_a_click_on_what_is_not_there_drafts_nothing(client, calendar, data):
    answer = send(client, "click", calendar, data)

    assert answer.status_code == 302
    assert drafted(client, calendar) == []


def test_a_break_is_removed(client, calendar):
    send(client, "break", calendar, {"start": "2026-11-26T12:00", "end": "2026-11-26T14:00", "name": ""})
    value = re.search(r'name="remove_break" value="([^"]+)"', shown(client, calendar).content.decode())[1]

    send(client, "click", calendar, {"remove_break": value})

    assert drafted(client, calendar) == []


def test_the_last_step_is_taken_back_or_everything(client, calendar):
    day(client, calendar, "closed")
    send(client, "click", calendar, {"every": "2026-12-24"})
    send(client, "take_back", calendar, {"last": "1"})
    after_one = drafted(client, calendar)
    send(client, "take_back", calendar, {"all": "1"})

    assert after_one == [("Thu, 24 Dec 2026", "usual: 09:00–18:00", "closed")]
    assert drafted(client, calendar) == []


def test_a_draft_has_an_end(client, calendar, monkeypatch):
    monkeypatch.setattr("sla.views.drafts.MOST_STEPS", 1)
    day(client, calendar, "closed")

    answer = day(client, calendar, "morning")

    assert answer.status_code == 422
    assert "too many for one version" in str(answer.context["day_form"].errors)


# --- Putting in force -------------------------------------------------------------------------------------------------
def test_confirming_makes_one_version_with_all_changes(client, calendar, helena):
    day(client, calendar, "closed", name="Rest")
    day(client, calendar, "morning", day="2026-12-31")
    review = client.get(reverse("console:calendar_review", args=[calendar.pk]))
    answer = confirm(client, calendar, review.context["form"]["expected"].value())

    first, second = versions(calendar)
    assert [one.after for one in review.context["changes"]] == ["closed: Rest", "09:00–12:00"]
    assert answer["Location"] == reverse("console:calendar_year", args=[calendar.pk, 2026])
    assert (second.number, second.rules_from, second.reason, second.author) == (2, make.NOW - GRACE, "Agreed", helena)
    assert second.content().holidays == first.content().holidays | {CHRISTMAS_EVE: {"": "Rest"}}
    assert drafted(client, calendar) == []


def test_a_version_needs_a_reason(client, calendar):
    day(client, calendar, "closed")

    answer = confirm(client, calendar, reason="  ")

    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["reason"])
    assert len(versions(calendar)) == 1


def test_confirming_twice_makes_one_version(client, calendar):
    day(client, calendar, "closed")

    answers = [confirm(client, calendar).status_code for _ in range(2)]

    assert (answers, len(versions(calendar))) == ([302, 302], 2)


def test_who_confirms_second_sees_what_happened_and_looks_again(client, calendar, helena):
    other = make.staff("Ines Installer", "administrator").person
    day(client, calendar, "closed", name="Rest")
    client.get(reverse("console:calendar_review", args=[calendar.pk]))
    content = Close(date(2026, 12, 31), {"": "Theirs"}).on(versions(calendar)[0].content())
    calendars.change_calendar(actor=other, calendar=calendar, content=content, reason="Sooner", expected=1, now=make.NOW)

    refused = confirm(client, calendar, expected=1)
    again = confirm(client, calendar, expected=refused.context["form"]["expected"].value())

    assert refused.status_code == 409
    assert "Version 2 was made meanwhile" in refused.content.decode()
    assert [one.label for one in refused.context["changes"]] == ["Thu, 24 Dec 2026"]
    assert refused.context["form"]["reason"].value() == "Agreed"
    assert again.status_code == 302
    holidays = versions(calendar)[-1].content().holidays
    assert (holidays[CHRISTMAS_EVE], holidays[date(2026, 12, 31)]) == ({"": "Rest"}, {"": "Theirs"})


def test_nothing_to_review_leads_back(client, calendar):
    answer = client.get(reverse("console:calendar_review", args=[calendar.pk]))

    assert answer["Location"] == reverse("console:calendar_year", args=[calendar.pk, 2026])


def test_versions_tell_who_when_why_and_what(client, calendar):
    day(client, calendar, "closed", name="Rest <b>")
    confirm(client, calendar, reason="Agreed & signed")
    calendars.extend_calendars(now=datetime.fromisoformat("2027-03-01T12:00:00+00:00"))

    page = client.get(reverse("console:calendar_versions", args=[calendar.pk]))

    rows = page.context["rows"]
    assert [(row.version.number, row.version.get_kind_display(), str(row.version.author)) for row in rows] == [
        (3, "Holidays of further years", "None"),
        (2, "Changed", "Helena Prado"),
        (1, "As shipped", "None"),
    ]
    assert [(one.label, one.before, one.after) for one in rows[1].changes] == [
        ("Thu, 24 Dec 2026", "usual: 09:00–18:00", "closed: Rest <b>")
    ]
    assert rows[0].changes[-1].after == "6 more optional days"
    assert "Rest &lt;b&gt;" in page.content.decode()


def test_older_versions_are_on_further_pages(client, calendar, monkeypatch):
    monkeypatch.setattr("sla.queries.calendars.VERSIONS_A_PAGE", 1)
    day(client, calendar, "closed")
    confirm(client, calendar)
    address = reverse("console:calendar_versions", args=[calendar.pk])

    pages = [client.get(address, query).context for query in ({}, {"before": 2}, {"before": "x" * 30})]

    assert [([row.version.number for row in page["rows"]], page["has_more"]) for page in pages] == [([2], True), ([1], False), ([2], True)]
    assert len(pages[0]["rows"][0].changes) == 1


@pytest.mark.parametrize(("name", "queries"), [("calendar_versions", 12), ("calendar_year", 13)])
def test_what_a_page_costs_does_not_grow_with_the_versions(client, calendar, name, queries):
    address = reverse(f"console:{name}", args=[calendar.pk] + [2026] * (name == "calendar_year"))
    client.get(address)
    costs = []
    for number in (1, 2, 3):
        day(client, calendar, "closed", name=f"Rest {number}")
        confirm(client, calendar, number)
        client.get(address)  # shows the message that it is in force
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        costs.append(len(asked))

    assert costs == [queries] * 3


# --- Other pages ------------------------------------------------------------------------------------------------------
def test_a_customer_reads_the_hours_of_their_contract(world):
    calendar = make.calendar()
    content = Close(CHRISTMAS_EVE, {"": "Rest"}).on(versions(calendar)[0].content())
    calendars.change_calendar(actor=None, calendar=calendar, content=content, reason="Between us", expected=1, now=make.NOW)

    page = client_of(world.ada).get(reverse("portal:contract", args=[world.contract.pk])).content.decode()

    assert "Monday to Friday" in page
    assert "09:00–18:00" in page
    assert "closed: Rest" in page
    assert "Between us" not in page


def test_a_calendar_made_in_the_admin_can_be_counted_by_at_once(client, helena):
    answer = client.post("/admin/sla/calendar/add/", {"name": "Recife", "time_zone": "America/Recife", "follows": "br"})

    with as_provider():
        calendar = Calendar.objects.get(name="Recife")
    assert answer.status_code == 302
    assert [(version.number, version.author) for version in versions(calendar)] == [(1, helena)]


def test_a_zone_never_changes(client, calendar):
    answer = client.post(f"/admin/sla/calendar/{calendar.pk}/change/", {"name": "Renamed", "time_zone": "Asia/Tokyo", "follows": ""})

    with as_provider():
        calendar.refresh_from_db()
    assert answer.status_code == 302
    assert (calendar.name, calendar.time_zone, calendar.follows) == ("Renamed", "America/Sao_Paulo", "br_florianopolis")
