"""Amounts as people write and read them, in both languages."""

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib import money

LANGUAGES = ("en", "pt-br")


@pytest.mark.parametrize(
    ("language", "cents", "currency", "shown"),
    [
        ("pt-br", 123456, "BRL", "R$\N{NO-BREAK SPACE}1.234,56"),
        ("en", 123456, "BRL", "R$1,234.56"),
        ("en", 5, "USD", "US$0.05"),
        ("pt-br", -12000, "BRL", "−R$\N{NO-BREAK SPACE}120,00"),
        ("en", -12000, "EUR", "−€120.00"),
        ("en", 100_000_000_01, "CHF", "CHF100,000,000.01"),
    ],
)
def test_an_amount_is_shown_in_the_readers_form(language, cents, currency, shown):
    with translation.override(language):
        assert money.shown(cents, currency) == shown


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("text", "cents"),
    [("240", 24000), ("240,00", 24000), ("240.00", 24000), ("240.5", 24050), ("R$ 1.240,50", 124050), ("1,240.50", 124050), ("0,07", 7)],
)
def test_what_has_one_reading_is_read_in_both_languages(language, text, cents):
    with translation.override(language):
        assert money.parse(text) == cents


@pytest.mark.parametrize(("language", "text"), [("pt-br", "1.234"), ("en", "1,234")])
def test_three_figures_after_the_languages_own_mark_are_thousands(language, text):
    with translation.override(language):
        assert money.parse(text) == 123400


@pytest.mark.parametrize(("language", "text"), [("en", "1.234"), ("pt-br", "1,234"), ("en", "1.234.567"), ("pt-br", "12,345")])
def test_an_amount_with_two_readings_is_refused(language, text):
    with translation.override(language), pytest.raises(money.TwoReadings):
        money.parse(text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", "-1", "abc", "1e9", "1,2,3", "1.23.456", "1,2345", "²40", "٢٤٠", ".50", "1,", "9" * 30])
def test_what_is_no_amount_is_refused(language, text):
    with translation.override(language), pytest.raises(money.NoAmount):
        money.parse(text)


def test_what_nobody_could_pay_is_refused():
    assert money.parse("10000000") == money.MOST_CENTS
    with pytest.raises(money.TooMuch):
        money.parse("10000000.01")


@given(st.integers(0, money.MOST_CENTS), st.sampled_from(LANGUAGES))
def test_what_a_form_shows_is_read_as_the_same_amount(cents, language):
    with translation.override(language):
        assert money.parse(money.editable(cents)) == cents
        assert money.parse(money.shown(cents, "BRL")) == cents
