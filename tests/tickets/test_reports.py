"""Reports of promises: figures of small worlds to the last one, whose they are, and the files."""

import csv
import io
import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.tenancy import as_provider, as_tenant
from tests import factories as make
from tests.sla.stories import at
from tickets import commands
from tickets.queries import missed, reports
from tickets.queries.kept import Asked, Figures, Group, Tally, Times

pytestmark = pytest.mark.django_db
OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
BOTH = Asked(OCTOBER, NOVEMBER)
NOW = at("25 Nov 12:00")


def filed(world, when, severity="high", **values):
    under, requester = values.pop("under", world.contract), values.pop("requester", world.ada)
    return make.ticket(under, values.pop("product", world.softswitch), requester, severity=severity, now=at(when), **values)


def answered(world, ticket, when, **values):
    commands.answer(ticket=ticket, agent=world.sara.person, body="Looking.", now=at(when), **values)


def kept_in_october(world, **values):
    """First response after 1 h, next update after 3 h, resolution after 4 h: all in time. The answer that solves is waited for by nobody."""
    ticket = filed(world, "26 Oct 09:00", **values)
    answered(world, ticket, "26 Oct 10:00")
    answered(world, ticket, "26 Oct 13:00", status="resolved")
    return ticket


def missed_in_october(world, **values):
    """24x7: due 20:00, 21:40 and 23:30 on the last day of October, and met after 1 h 10 and, in November, after 5 h 30."""
    ticket = filed(world, "31 Oct 19:30", "critical", **values)
    answered(world, ticket, "31 Oct 20:40")
    answered(world, ticket, "1 Nov 01:00", status="resolved")
    return ticket


def unanswered_in_november(world, **values):
    """Due 11:00 on 3 November, and answered by nobody; the resolution isn't due yet."""
    ticket = filed(world, "3 Nov 09:00", **values)
    commands.notice_due(now=at("3 Nov 12:00"))
    return ticket


def of_globex(world):
    return {"under": world.globex_contract, "requester": world.grace}


def lines(asked=BOTH, group=Group.MONTH, scope=None):
    with scope or as_provider():
        return {line.label: (line.tally.kept, line.tally.missed, line.annulled, line.times) for line in Figures(asked).lines(group)}


def misses(asked=BOTH, cursor="", scope=None, now=NOW):
    with scope or as_provider():
        return missed.missed(asked, cursor=cursor, now=now)


def test_promises_count_in_the_month_in_which_they_were_decided(world):
    kept_in_october(world)
    missed_in_october(world)
    unanswered_in_november(world)

    assert lines() == {
        "October 2026": (3, 3, 0, {"first_response": Times(3900, 4140), "resolution": Times(14400, 14400)}),
        "November 2026": (0, 1, 0, {"resolution": Times(19800, 19800)}),
    }
    with as_provider():
        figures = Figures(BOTH)
        assert (figures.total.tally, figures.total.tally.attainment, figures.open) == (Tally(3, 4), 428, 1)


def test_months_are_those_of_the_contracts_calendar(world):
    noronha = make.contract(
        world.acme, world.softswitch, manager=world.max, number="C-2", calendar=make.calendar("America/Noronha")
    )  # an hour ahead: what is due at 23:30 in Brasília is due on 1 November
    missed_in_october(world)
    missed_in_october(world, under=noronha)

    assert {month: counts[:2] for month, counts in lines().items()} == {"October 2026": (0, 5), "November 2026": (0, 1)}
    assert {month: counts[:2] for month, counts in lines(Asked(OCTOBER, OCTOBER)).items()} == {"October 2026": (0, 5)}


def test_figures_by_severity_promise_and_customer(world):
    kept_in_october(world)
    missed_in_october(world)
    unanswered_in_november(world, **of_globex(world))

    by = {group: {label: counts[:2] for label, counts in lines(group=group).items()} for group in Group}
    assert by[Group.SEVERITY] == {"Critical": (0, 3), "High": (3, 1)}
    assert by[Group.CLOCK] == {"First response": (1, 2), "Next update": (1, 1), "Resolution": (1, 1)}
    assert by[Group.CUSTOMER] == {"Acme": (3, 3), "Globex": (0, 1)}


def test_what_was_asked_for_is_counted_alone(world):
    billing = make.product("Billing", make.team("Money"))
    contract = make.contract(world.acme, billing, manager=world.max, number="C-2")
    money = kept_in_october(world, under=contract, product=billing)
    missed_in_october(world)
    unanswered_in_november(world, **of_globex(world))

    asked = {
        "product": {"product_id": billing.pk},
        "team": {"team_id": money.team_id},
        "customer": {"customer_id": world.globex.pk},
        "severity": {"severity": "critical"},
        "type": {"type": "functional"},
        "target": {"target": "resolution"},
    }
    with as_provider():
        tallies = {name: Figures(Asked(OCTOBER, NOVEMBER, **values)).total.tally for name, values in asked.items()}
    assert tallies == {
        "product": Tally(3, 0),
        "team": Tally(3, 0),
        "customer": Tally(0, 1),
        "severity": Tally(0, 3),
        "type": Tally(0, 0),
        "target": Tally(1, 1),
    }
    assert [row.ticket.product.name for row in misses(Asked(OCTOBER, NOVEMBER, product_id=billing.pk)).rows] == []


def test_what_the_customer_solves_itself_is_neither_kept_nor_missed_unless_it_was_late_before(world):
    in_time, late = filed(world, "3 Nov 09:00"), unanswered_in_november(world)

    for ticket in (in_time, late):
        commands.mark_solved(ticket=ticket, person=world.ada, now=at("3 Nov 13:00"))

    assert lines()["November 2026"] == (0, 2, 0, {})


def test_a_miss_that_a_verdict_annulled_stands_apart(world):
    ticket = filed(world, "7 Nov 10:00", "critical")
    commands.notice_due(now=at("7 Nov 11:00"))
    commands.verify(
        ticket=ticket, agent=world.lea.person, type="technical", severity="high", reason="One trunk of ten.", now=at("7 Nov 11:10")
    )

    assert lines()["November 2026"] == (0, 0, 1, {})
    assert [(row.target, row.due_at, row.annulled_at) for row in misses().rows] == [
        ("first_response", at("7 Nov 10:30"), at("7 Nov 11:10")),
    ]
    with as_provider():
        causes = next(p.chart for p in reports.console(BOTH, Group.MONTH).pictures if p.chart.id == "causes")
    assert causes.rows() == [("Annulled by a verdict", "", ["1", "0", "0"])]


def test_a_raise_that_moved_the_instant_earlier_is_the_cause(world):
    ticket = filed(world, "3 Nov 09:00", "low")
    commands.verify(
        ticket=ticket, agent=world.lea.person, type="technical", severity="critical", reason="All calls.", now=at("3 Nov 10:00")
    )
    commands.notice_due(now=at("3 Nov 11:00"))

    assert [(row.target, row.due_at, row.cause_label, row.met_at) for row in misses().rows] == [
        ("first_response", at("3 Nov 10:30"), "Requalification", None),
    ]


def test_each_missed_promise_says_when_how_late_and_why(world):
    late, waiting = missed_in_october(world), unanswered_in_november(world, **of_globex(world))

    rows = [(r.ticket.pk, r.what, r.due_at, r.met_at, r.late_label, r.cause_label) for r in misses(now=at("3 Nov 12:00")).rows]
    assert rows == [
        (waiting.pk, "First response", at("3 Nov 11:00"), None, "1 h", "Late work"),
        (late.pk, "Resolution", at("31 Oct 23:30"), at("1 Nov 01:00"), "1 h 30", "Late work"),
        (late.pk, "Next update", at("31 Oct 21:40"), at("1 Nov 01:00"), "3 h 20", "Late work"),
        (late.pk, "First response", at("31 Oct 20:00"), at("31 Oct 20:40"), "40 min", "Late work"),
    ]


def test_missed_promises_come_page_by_page(world, monkeypatch):
    missed_in_october(world)
    monkeypatch.setattr(missed, "PAGE", 2)

    first = misses()
    second = misses(cursor=first.next_cursor)

    assert [[row.target for row in page.rows] for page in (first, second)] == [["resolution", "next_update"], ["first_response"]]
    assert second.next_cursor == ""


def test_the_table_behind_the_first_chart_has_the_counts(world):
    kept_in_october(world)
    unanswered_in_november(world)

    with as_provider():
        report = reports.console(BOTH, Group.MONTH)
    charts = {picture.chart.id: picture.chart.rows() for picture in report.pictures}
    assert charts["months"] == [("October 2026", "", ["100%", "3", "0"]), ("November 2026", "", ["0%", "0", "1"])]
    assert charts["customers"] == [("Acme", reverse("console:customer", args=[world.acme.pk]), ["75%", "3", "1"])]
    assert charts["causes"] == [("Late work", "", ["1", "0", "0"])]
    assert charts["time-first_response"] == [("October 2026", "", ["1 h", "1 h"]), ("November 2026", "", ["–", "–"])]


def test_a_customer_sees_its_own_alone(world):
    missed_in_october(world)
    kept_in_october(world, **of_globex(world))

    grace, ada = as_tenant(world.globex.pk, world.grace.pk), as_tenant(world.acme.pk, world.ada.pk)
    with grace:
        assert (Figures(BOTH).total.tally, missed.missed(BOTH, cursor="", now=NOW).rows) == (Tally(3, 0), [])
    with ada:
        assert (Figures(BOTH).total.tally, len(missed.missed(BOTH, cursor="", now=NOW).rows)) == (Tally(0, 3), 3)


def test_asking_for_another_customers_id_shows_nothing_of_it(world):
    missed_in_october(world)

    with as_tenant(world.globex.pk, world.grace.pk):
        foreign = Asked(OCTOBER, NOVEMBER, customer_id=world.acme.pk)
        assert (Figures(foreign).total.tally, missed.batch(foreign, None, for_staff=False, now=NOW)) == (Tally(), ([], None))


def test_a_private_ticket_counts_only_for_those_who_see_it(world):
    ticket = missed_in_october(world)
    commands.set_private(ticket=ticket, person=world.ada, private=True, by_staff=False, now=at("1 Nov 02:00"))

    seen = {}
    for name, person in (("ada", world.ada), ("alan", world.alan)):
        with as_tenant(world.acme.pk, person.pk):
            seen[name] = (Figures(BOTH).total.tally, len(missed.missed(BOTH, cursor="", now=NOW).rows))
    assert seen == {"ada": (Tally(0, 3), 3), "alan": (Tally(), 0)}


@pytest.mark.parametrize(("face", "group", "queries"), [("console", "month", 7), ("console", "customer", 9), ("portal", "month", 5)])
def test_the_figures_cost_the_same_for_any_number_of_tickets(face, group, queries, world):
    costs = []
    for _more in range(2):
        missed_in_october(world)
        scope = as_provider() if face == "console" else as_tenant(world.acme.pk, world.ada.pk)
        with scope, CaptureQueriesContext(connection) as asked:
            getattr(reports, face)(BOTH, Group(group))
        costs.append(len(asked))

    assert costs == [queries, queries]


def test_missed_promises_cost_the_same_for_any_number(world):
    costs = []
    for _more in range(2):
        missed_in_october(world)
        with as_provider(), CaptureQueriesContext(connection) as asked:
            [str(row.ticket.customer) + str(row.ticket.product) + row.reason for row in missed.missed(BOTH, cursor="", now=NOW).rows]
        costs.append(len(asked))

    assert costs == [3, 3]


# --- Pages and files ---------------------------------------------------------------------------------------------------
@pytest.fixture
def november(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def ask(person, name, **parameters):
    client = Client()
    client.force_login(person)
    return client.get(reverse(name), parameters)


def table(answer, delimiter=","):
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_the_pages_show_figures_and_misses(world, november):
    ticket = missed_in_october(world)

    figures = ask(world.lea.person, "console:reports", first="2026-10").content.decode()
    listed = ask(world.ada, "portal:reports_missed").content.decode()

    assert figures.count('<details class="chart-figures">') == 7
    assert "0 of 3 promises were kept." in figures
    assert listed.count(f'href="{ticket.portal_url}"') == 3
    assert "style=" not in figures


@pytest.mark.parametrize("name", ["portal:reports", "console:reports", "portal:reports_missed", "console:reports_missed"])
def test_without_promises_the_pages_say_so(name, world, november):
    html = ask(world.ada if name.startswith("portal") else world.lea.person, name).content.decode()

    assert '<svg class="chart-svg' not in html
    assert "No promise was kept or missed in these months" in html or "No promise was missed" in html


@pytest.mark.parametrize(
    ("name", "controls"), [("console:reports", ["first", "last", "group"]), ("console:reports_missed", ["first", "last"])]
)
def test_what_the_lines_are_is_chosen_where_there_are_lines(name, controls, world, november):
    html = ask(world.lea.person, name, group="severity").content.decode()

    assert re.findall(r'<select name="(\w+)"', html)[: len(controls) + 1] == [*controls, "target"]
    assert ('type="hidden" name="group" value="severity"' in html) == (name == "console:reports_missed")


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"first": "2026-11", "last": "2026-10"}, "This month is before the first one."),
        ({"first": "2025-10", "last": "2026-11"}, "At most 13 months at a time."),
        ({"first": "1066-10"}, "1066-10 is not one of the available choices."),
        ({"customer": "Initech"}, "No customer has this in its name."),
    ],
)
def test_a_mistake_is_explained_and_not_exported(parameters, says, world, november):
    page, file = (ask(world.lea.person, name, **parameters) for name in ("console:reports", "console:reports_export"))

    assert says in page.content.decode()
    assert (file.status_code, file["Location"].partition("?")[0]) == (302, reverse("console:reports"))


def test_thirteen_months_can_be_asked_for(world, november):
    assert "At most" not in ask(world.lea.person, "console:reports", first="2025-11", last="2026-11").content.decode()


def test_the_table_as_csv_and_xlsx(world, november):
    kept_in_october(world)
    missed_in_october(world)

    answer = ask(world.lea.person, "console:reports_export", first="2026-10", group="customer")

    assert answer["Content-Disposition"] == 'attachment; filename="kept-promises-2026-11-25.csv"'
    assert table(answer)[1:] == [["Acme", "3", "3", "50.0", "0", "65", "69", "285", "321"]]
    assert ask(world.lea.person, "console:reports_export", format="xlsx").getvalue()[:2] == b"PK"
    assert ask(world.lea.person, "console:reports_export", format="pdf").status_code == 404


def test_missed_promises_as_csv_run_nothing(world, november):
    ticket = missed_in_october(world, subject="=cmd()")

    rows = table(ask(world.lea.person, "console:reports_missed_export"))

    assert rows[0] == [
        *("Number", "Subject", "Product", "Promise", "Type", "Severity", "Due", "Met", "Annulled", "Late by (minutes)", "Cause", "Customer")
    ]
    assert next(row for row in rows if row[3] == "Resolution") == [
        *(ticket.number, "'=cmd()", "Softswitch", "Resolution", "Technical", "Critical"),
        *("2026-10-31 23:30:00-03:00", "2026-11-01 01:00:00-03:00", "", "90", "Late work", "Acme"),
    ]
    assert table(ask(world.ada, "portal:reports_missed_export"))[0][-1] == "Cause"


def test_the_staffs_filters_are_not_the_customers(world, november):
    kept_in_october(world, **of_globex(world))

    html = ask(world.grace, "portal:reports", customer="Acme", team="0").content.decode()

    assert "3 of 3 promises were kept." in html
    assert 'name="customer"' not in html
