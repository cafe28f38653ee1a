"""The smallest parts of a page."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation
from django.utils.formats import date_format
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.dues import Due
from helpdesk.templatetags import atoms

YEARS = datetime(1990, 1, 1), datetime(2060, 1, 1)  # noqa: DTZ001 - the strategy adds the zone
ZONES = ["America/Sao_Paulo", "Europe/Lisbon", "Asia/Kolkata", "Pacific/Auckland"]


@given(
    at=st.datetimes(*YEARS, timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
    language=st.sampled_from(["en", "pt-br"]),
)
def test_an_instant_is_written_as_django_writes_it(at, zone, language):
    with translation.override(language), timezone.override(ZoneInfo(zone)):
        local = timezone.localtime(at)

        shown = atoms.instant(at)

        assert f">{date_format(local, 'SHORT_DATETIME_FORMAT')}</time>" in shown
        assert f'title="{date_format(local, "DATETIME_FORMAT")} ' in shown
        assert f'datetime="{local.isoformat(timespec="seconds")}"' in shown


def test_an_instant_of_a_plan_says_its_weekday_and_not_how_far_away_it_is():
    at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    with translation.override("en"), timezone.override(ZoneInfo("America/Sao_Paulo")):
        shown, zone = atoms.dated(at), atoms.zone_of(at)

    assert ">Mon 23 Nov 2026, 09:00</time>" in shown
    assert "data-relative" not in shown
    assert zone == "Sao Paulo, UTC−3"


def test_a_format_with_an_unknown_letter_is_left_to_django():
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)

    with translation.override("en"):
        assert atoms._compiled("D d. N Y")(at) == "Tue 03. Nov. 2026"


@pytest.mark.parametrize(("at", "zone"), [("2018-12-01", "Sao Paulo, UTC−2"), ("2026-12-01", "Sao Paulo, UTC−3")])
def test_the_zone_is_named_with_its_distance_on_that_day(at, zone):
    with timezone.override(ZoneInfo("America/Sao_Paulo")):
        assert f'{zone}"' in atoms.instant(datetime.fromisoformat(at).replace(tzinfo=UTC))


HOSTILE = '"><script>alert(1)</script>'


@pytest.mark.parametrize(
    "tag",
    [
        "{% icon bad %}",
        '{% icon "mail" extra=bad %}',
        "{% chip bad tone=bad icon=bad title=bad %}",
        "{% severity_chip bad bad %}",
        "{% state_chip bad bad %}",
        '{% type_chip "technical" bad %}',
        "{% avatar bad kind=bad %}",
        "{% due_chip due now %}",
        '{% listing "ticket_rows.html" rows=rows %}',
        '{% listing "ticket_rows_console.html" rows=rows now=now %}',
    ],
)
def test_what_people_wrote_stays_text(tag):
    row = dict.fromkeys(("url", "number", "subject", "customer", "state", "state_label", "severity", "severity_label", "assignee"), HOSTILE)
    row |= {"environment": HOSTILE, "ask": HOSTILE, "changed_at": None, "due": Due(label=HOSTILE, terms=HOSTILE, waits_for=HOSTILE)}
    now = datetime(2026, 11, 23, tzinfo=UTC)

    html = Template(tag).render(Context({"bad": HOSTILE, "rows": [row], "due": row["due"], "now": now}))

    assert "<script" not in html
    assert '">' + HOSTILE[2:10] not in html
