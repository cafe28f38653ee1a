"""Pure helpers: Markdown, file names, pages by key, amounts."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django import forms
from django.http import QueryDict
from django.urls import clear_script_prefix, set_script_prefix
from hypothesis import given
from hypothesis import strategies as st

from contracts.forms import MoneyField
from helpdesk.lib.addresses import _pattern, address, query_string, row_id
from helpdesk.lib.filenames import LONGEST, clean_file_name, media_type_for
from helpdesk.lib.keyset import Order, Place
from helpdesk.lib.markdown import to_html


@pytest.mark.parametrize(
    ("text", "never"),
    [
        ("<script>alert(1)</script>", "<script"),
        ("[click](javascript:alert(1))", "href="),
        ("[click](data:text/html,x)", "href="),
        ("![pixel](https://spy.example/p.gif)", "<img"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("<a href='https://x.example' onclick=alert(1)>x</a>", "<a "),
        ('[x](https://x.example "t\' onmouseover=alert(1)")', "<a onmouseover"),
    ],
)
def test_nothing_active_comes_out_of_markdown(text, never):
    assert never not in to_html(text)


def test_what_people_use_comes_out_of_markdown():
    html = to_html("**Bold**\nnext line\n\n```\nINVITE sip:1@host\n```\n\n[docs](https://docs.example/x)")

    assert "<strong>Bold</strong><br>" in html
    assert "<pre><code>INVITE sip:1@host\n</code></pre>" in html
    assert '<a href="https://docs.example/x" rel="nofollow noopener noreferrer">docs</a>' in html


@pytest.mark.parametrize(
    ("text", "tags"),
    [("# One\n## Two\n# Three", ["h3", "h4", "h3"]), ("# One\n#### Two", ["h3", "h4"]), ("One\n===\n###### Two", ["h3", "h4"])],
)
def test_headings_stand_below_those_of_the_page(text, tags):
    assert re.findall("<(h[1-6])>", to_html(text)) == tags


@pytest.mark.parametrize(
    "text",
    [
        "[r]: /" + "u" * 20_000 + " 't'\n\n" + "[r] " * 5_000,
        "[" * 50_000,
        "*" * 50_000,
        "> " * 5_000 + "x",
        "|a" * 10_000 + "\n" + "|-" * 10_000,
    ],
    ids=["references", "brackets", "stars", "quotes", "table"],
)
def test_a_small_text_stays_small(text):
    assert len(to_html(text)) < 20 * len(text)


@pytest.mark.parametrize(
    ("given_name", "cleaned"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\logs\\sip trace.log", "sip trace.log"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\nc.txt", "abc.txt"),
        ("...", "file"),
        ("", "file"),
        ('q"uo<t>e.pcap', "q uo t e.pcap"),
        ("ligação.pcap", "ligação.pcap"),
    ],
)
def test_file_names_are_cleaned(given_name, cleaned):
    assert clean_file_name(given_name) == cleaned


@given(st.text(max_size=400))
def test_a_clean_name_is_short_stays_clean_and_has_no_path(name):
    cleaned = clean_file_name(name)

    assert 0 < len(cleaned) <= LONGEST
    assert clean_file_name(cleaned) == cleaned
    assert not {"/", "\\", "\x00", "\u202e"} & set(cleaned)


@pytest.mark.parametrize("name", ["page.html", "image.svg", "script.js", "x.xml", "x.pdf", "noending", "trace.pcap"])
def test_whatever_may_be_active_is_a_download(name):
    assert media_type_for(name) == "application/octet-stream"


@pytest.mark.parametrize(
    ("text", "cents"),
    [("240", 24000), ("240,00", 24000), ("240.5", 24050), ("1.240,50", 124050), ("1,240.50", 124050), ("R$ 1,240", 124000), ("", None)],
)
def test_amounts_are_read_in_both_forms(text, cents):
    assert MoneyField(required=False).clean(text) == cents


def test_three_figures_after_a_mark_are_thousands():
    assert MoneyField().clean("12,345") == 1234500


@pytest.mark.parametrize("text", ["-1", "abc", "1e9", "99999999999", "1,2,3"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(forms.ValidationError):
        MoneyField().clean(text)


def test_a_cursor_is_read_to_the_microsecond_and_nonsense_is_not():
    instant = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
    micros = round(instant.timestamp() * 1_000_000)
    order = Order("changed_at")

    assert order.read(f"{micros}-42") == Place(instant, 42)
    assert [order.read(text) for text in ("", "x", f"{micros}", "9" * 30 + "-1", f"{micros}-{micros}-42", "never-1")] == [None] * 6


def test_a_cursor_of_what_is_due_says_when_or_never():
    due, changed = datetime(2026, 11, 23, 12, 0, 0, 1, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)
    order = Order("changed_at", due="due_at")
    rows = [SimpleNamespace(due_at=at, changed_at=changed, pk=42) for at in (due, None)]

    assert [order.read(order.cursor_of(row)) for row in rows] == [Place(changed, 42, due), Place(changed, 42, None)]
    assert [order.read(text) for text in ("", "1-2", "x-1-2", "-1-2", "never-1-x", "never-1-2-3")] == [None] * 6


@pytest.mark.parametrize(("text", "found"), [("42", 42), ("", None), ("-1", None), ("4 2", None), ("٤٢", None), ("9" * 19, None)])
def test_only_what_can_be_an_id_is_one(text, found):
    assert row_id(text) == found


def test_filters_go_along_and_can_be_left_out():
    filters = QueryDict("q=fax&before=9&severity=high")

    assert query_string(filters, before=None, severity="low") == "q=fax&severity=low"
    assert filters.urlencode() == "q=fax&before=9&severity=high"


def test_no_request_moves_the_addresses_of_the_pages_below_another():
    _pattern.cache_clear()
    set_script_prefix("/elsewhere/")
    try:
        first = address("console:ticket", 7)
    finally:
        clear_script_prefix()

    assert [first, address("console:ticket", 8)] == ["/console/tickets/7/", "/console/tickets/8/"]
