"""Which text is a version, and which of two is newer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from releases import numbers

figures = st.lists(st.integers(0, 20), min_size=1, max_size=4)


@pytest.mark.parametrize("text", ["8", "8.2", "8.2.1", "2026.11.23", "9.0-rc.1", "1.2.3.4.5"])
def test_numbers_with_dots_are_versions(text):
    assert numbers.is_number(text)


@pytest.mark.parametrize(
    "text", ["", "v8.2", "latest", "8..2", "8.2.", ".8", "8,2", "8.2 ", "8.2\n", "8/2", "-1", "8.2-", "1.2.3.4.5.6", "8" * 41, "٨.٢"]
)
def test_anything_else_is_none(text):
    assert not numbers.is_number(text)


@pytest.mark.parametrize(
    ("older", "newer"),
    [("8.9", "8.10"), ("8.2", "8.2.1"), ("9.0-rc.1", "9.0"), ("9.0-rc.2", "9.0-rc.10"), ("8.9", "9.0-rc.1"), ("old name", "0.1")],
)
def test_the_newer_of_two(older, newer):
    assert numbers.is_newer(newer, older)
    assert not numbers.is_newer(older, newer)


@given(figures, st.sampled_from(["rc.1", "beta", "rc.12"]))
def test_what_comes_before_a_version_is_older_and_zeros_at_its_end_say_nothing(parts, early):
    number = ".".join(map(str, parts))

    assert numbers.key(f"{number}-{early}") < numbers.key(number) == numbers.key(f"{number}.0")


@given(figures, figures)
def test_figures_decide_from_the_left(a, b):
    longest = max(len(a), len(b))
    padded = [parts + [0] * (longest - len(parts)) for parts in (a, b)]

    assert numbers.is_newer(".".join(map(str, a)), ".".join(map(str, b))) == (padded[0] > padded[1])


@given(st.text(max_size=50))
def test_whatever_is_typed_sorts(text):
    assert numbers.key(text) < numbers.key("0") or numbers.is_number(text)
