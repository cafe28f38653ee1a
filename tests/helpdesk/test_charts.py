"""Charts: what they draw is what the figures say, for every reader, and nothing in them is style or script."""

import re
from xml.etree import ElementTree

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.charts import Chart, Series, bars, columns, number, per_mille, scale, time_scale

DRAWINGS = [columns, bars]


def chart(*series, names=("Mon", "Tue"), **changes):
    values = {"id": "c", "title": "Tickets", "description": "Two days.", "heading": "Day", "categories": names, "short": names}
    return Chart(series=series or (Series("Opened", (3, 0)), Series("Solved", (1, 2), "info", hatched=True)), **(values | changes))


def parsed(svg):
    return ElementTree.fromstring(svg)  # noqa: S314 - our own


def titles(svg):
    return [title.text for title in parsed(svg).iter("title")]


@pytest.mark.parametrize("draw", DRAWINGS)
def test_a_chart_has_title_description_and_a_sentence_for_each_category(draw):
    svg = draw(chart())

    assert titles(svg) == ["Tickets", "Mon: Opened 3, Solved 1", "Tue: Opened 0, Solved 2"]
    assert parsed(svg).attrib["aria-labelledby"] == "c-title c-description"
    assert parsed(svg).find("desc").text == "Two days."


@pytest.mark.parametrize("draw", DRAWINGS)
def test_nothing_in_it_needs_more_than_our_own_style_sheet(draw):
    svg = draw(chart(names=("<script>alert(1)</script>", '" onload="x'), title="<b>", description="&"))

    assert re.findall(r"style=|<style|<script|onload=\"|href", svg) == []
    assert "&lt;script&gt;" in svg


def test_columns_stand_side_by_side_and_are_as_high_as_their_values():
    drawn = [r.attrib for r in parsed(columns(chart(Series("Opened", (5, 10)), Series("Solved", (0, 10), "info")))).iter("rect")]

    assert [(r["x"], r["y"], r["height"]) for r in drawn if "chart-bar" in r["class"]] == [
        ("11.65%", "102", "88"),
        ("58.15%", "14", "176"),
        ("76.75%", "14", "176"),
    ]


def test_bars_are_as_wide_as_their_share_of_the_largest():
    svg = bars(chart(Series("Opened", (1, 4)), Series("Solved", (1, 0), "info", hatched=True)))

    assert [(r.attrib["x"], r.attrib["width"]) for r in parsed(svg).iter("rect") if "chart-bar" in r.attrib["class"]] == [
        ("0%", "25%"),
        ("25%", "25%"),
        ("0%", "100%"),
    ]


@pytest.mark.parametrize(("language", "shown"), [("en", "12,345"), ("pt-br", "12.345")])
def test_numbers_are_in_the_readers_form_and_lengths_are_not(language, shown):
    with translation.override(language):
        svg, rows = bars(chart(Series("Opened", (12345, 4321)))), chart(Series("Opened", (12345, 4321))).rows()

    assert (rows, f"Mon: Opened {shown}" in svg) == ([("Mon", "", [shown]), ("Tue", "", [rows[1][2][0]])], True)
    assert all(re.fullmatch(r"[\d.]+%?", r.attrib["width"]) for r in parsed(svg).iter("rect"))


@pytest.mark.parametrize(("largest", "steps"), [(0, [0, 1, 2]), (3, [0, 1, 2, 3]), (7, [0, 2, 4, 6, 8]), (94, [0, 20, 40, 60, 80, 100])])
def test_the_scale_has_round_numbers(largest, steps):
    assert scale(largest) == steps


@given(st.integers(0, 10**12))
def test_a_scale_reaches_the_largest_value(largest):
    steps = scale(largest)

    assert steps[-1] >= largest
    assert 3 <= len(steps) <= 6


@pytest.mark.parametrize("draw", DRAWINGS)
@pytest.mark.parametrize("values", [(), (0, 0)])
def test_nothing_is_drawn_as_nothing(draw, values):
    names = ("Mon", "Tue")[: len(values)]
    empty = chart(Series("Opened", values), names=names)

    assert empty.is_empty
    assert titles(draw(empty)) == ["Tickets", *(f"{name}: Opened {number(0)}" for name in names)]


@pytest.mark.parametrize(
    ("value", "english", "portuguese"), [(987, "98.7%", "98,7%"), (980, "98%", "98%"), (1000, "100%", "100%"), (1, "0.1%", "0,1%")]
)
def test_thousandths_are_written_in_per_cent(value, english, portuguese):
    written = {}
    for language in ("en", "pt-br"):
        with translation.override(language):
            written[language] = per_mille(value)

    assert written == {"en": english, "pt-br": portuguese}


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [
        (0, [0, 1, 2]),
        (240, [0, 1, 2, 3, 4]),
        (3600, [0, 15, 30, 45, 60]),
        (6 * 3600, [0, 120, 240, 360]),
        (90 * 3600, [0, 1200, 2400, 3600, 4800, 6000]),
    ],
)
def test_a_scale_of_time_has_round_minutes_and_hours(seconds, minutes):
    assert [tick // 60 for tick in time_scale(seconds)] == minutes


@pytest.mark.parametrize("draw", DRAWINGS)
def test_what_has_no_figure_is_said_to_have_none(draw):
    shares = chart(Series("Kept", (None, 750), form=per_mille), whole=1000, also=[Series("Missed", (0, 1))])

    assert titles(draw(shares))[1:] == ["Mon: Kept –", "Tue: Kept 75%"]
    assert shares.rows() == [("Mon", "", ["–", "0"]), ("Tue", "", ["75%", "1"])]
    assert [r.attrib["class"] for r in parsed(draw(shares)).iter("rect") if "chart-bar" in r.attrib["class"]] == ["chart-bar chart-accent"]


def test_a_share_is_drawn_as_a_part_of_the_whole():
    shares = chart(Series("Kept", (500, 250), form=per_mille), whole=1000)

    assert [r.attrib["width"] for r in parsed(bars(shares)).iter("rect")] == ["50%", "25%"]
    assert [t.text for t in parsed(columns(shares)).iter("text")][:6] == ["0", "20%", "40%", "60%", "80%", "100%"]


@pytest.mark.parametrize(
    ("values", "whole", "is_empty"), [((0, 0), 0, True), ((None, None), 1000, True), ((0, None), 1000, False), ((0, 1), 0, False)]
)
def test_a_share_of_nothing_is_a_figure_too(values, whole, is_empty):
    assert chart(Series("Kept", values), whole=whole).is_empty == is_empty


def test_columns_tell_a_share_of_nothing_from_no_figure():
    shares = chart(Series("Kept", (0, None), form=per_mille), whole=1000)

    assert [[t.text for t in bar.iter("text")] for bar in parsed(columns(shares)).iter("g")] == [["0%"], []]
