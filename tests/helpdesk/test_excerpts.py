"""Excerpts: what people wrote stays text, and what matched is marked."""

import pytest
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib import excerpts


def find(*words):
    return excerpts.words_finder(words)


def test_words_are_marked_and_the_rest_is_escaped():
    shown = excerpts.excerpt('<script>alert("calls")</script> & <mark>x</mark>', find("calls"))

    assert shown == "&lt;script&gt;alert(&quot;<mark>calls</mark>&quot;)&lt;/script&gt; &amp; &lt;mark&gt;x&lt;/mark&gt;"


def test_an_excerpt_is_from_where_the_words_stand_together():
    text = "calls " + "and so on " * 100 + "here all calls drop at night " + "and so on " * 100

    shown = excerpts.excerpt(text, find("calls", "drop"))

    assert "here all <mark>calls</mark> <mark>drop</mark> at night" in shown
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(strip_tags(shown)) < 300


def test_without_a_match_it_is_the_beginning():
    assert excerpts.excerpt("Since this morning.", find("calls")) == "Since this morning."


@pytest.mark.parametrize(("word", "shown"), [("soft", "<mark>soft</mark>-switch"), ("soft-switch", "<mark>soft-switch</mark>")])
def test_of_a_compound_the_part_is_marked_or_the_whole(word, shown):
    assert excerpts.excerpt("soft-switch", find(word)) == shown


def test_candidates_begin_as_the_words_do():
    assert excerpts.candidates(["As ligações caem, disse a Lígia; 7.2.1 e mais"], ["ligação", "7.2"]) == [
        "ligações",
        "Lígia",
        "7",
        "2",
        "7.2.1",
    ]


@given(st.text(max_size=800), st.sets(st.sampled_from(["<b>", "calls", "amp", "a", "lt", '"'])))
def test_no_text_becomes_markup(text, words):
    shown = excerpts.excerpt(excerpts.plain(text, 800), find(*words))

    rest = shown.replace("<mark>", "").replace("</mark>", "")
    assert not set("<>\"'") & set(rest)


def test_a_text_full_of_different_words_asks_no_more_than_enough():
    text = " ".join(f"ca{number:05d}" for number in range(20_000))

    assert len(excerpts.candidates([text], ["calls"])) == 2_000


def test_identifiers_are_marked_whatever_their_capitals():
    find = excerpts.identifiers_finder(["ab12@10.0.0.1", "ab12"])

    assert excerpts.excerpt("See AB12@10.0.0.1, not xab12.", find) == "See <mark>AB12@10.0.0.1</mark>, not xab12."
