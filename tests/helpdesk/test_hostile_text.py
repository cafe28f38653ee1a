"""Whatever markup a customer writes, or a mail brings, shows as text or does nothing."""

import re
import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider
from helpdesk.lib.markdown import to_html
from notifications.models import Mail
from notifications.preview import preview
from tests import factories as make

HOSTILE = [
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    '<img src=x onerror="alert(1)">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    '<form action="https://evil.example"><input name=password></form>',
    '<div style="background:url(https://evil.example/x)">x</div>',
    "<style>body{background:url(https://evil.example)}</style>",
    '<iframe src="https://evil.example"></iframe>',
    '<object data="data:text/html,x"></object>',
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1))",
    "[click](\x01javascript:alert(1))",
    "[click](data:text/html;base64,PHNjcmlwdD4=)",
    "[click](vbscript:msgbox(1))",
    "<javascript:alert(1)>",
    "![pixel](https://evil.example/pixel.gif)",
    '[x](https://a.example "onmouseover=alert(1)")',
    '[x](https://a.example"onmouseover="alert(1))',
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "```html\n<script>alert(1)</script>\n```",
    '| a |\n|---|\n| <script>alert(1)</script> style="x" |',
]
TAG = re.compile(r"<(/?[a-zA-Z][^\s>/]*)([^>]*)>")
HARMLESS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}


def faults(html):
    """Elements and attributes in the HTML that no text of ours has."""
    found = []
    for name, rest in TAG.findall(html):
        attributes = re.findall(r'([\w-]+)="([^"]*)"', rest)
        found += [name] if name.lower().lstrip("/") not in HARMLESS else []
        found += [key for key, _value in attributes if key not in {"href", "title", "rel", "start"}]
        found += [value for key, value in attributes if key == "href" and not re.match(r"(https?|mailto|sips?|tel):", value)]
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_markup_does_nothing(text):
    assert faults(to_html(text)) == []


def test_the_check_itself_finds_something():
    assert faults('<p onclick="x"><script>1</script><a href="javascript:x">y</a></p>') == ["onclick", "script", "/script", "javascript:x"]


@pytest.mark.parametrize(
    "text", [">" * 20_000, "[" * 20_000, "*" * 40_000, "<div>" * 8_000, "- " * 20_000, "|" * 40_000, "`" * 40_000], ids=range(7)
)
def test_deep_nesting_and_long_runs_take_no_time(text):
    begun = time.monotonic()
    html = to_html(text)

    assert faults(html) == []
    assert time.monotonic() - begun < 3
    assert len(html) < 40 * len(text)


@pytest.mark.django_db
@pytest.mark.parametrize("text", [*HOSTILE, 'said style="position:fixed;background:url(//evil.example)" twice'])
def test_the_letters_frame_allows_nothing_but_its_own_looks(world, text):
    make.ticket(world.contract, world.softswitch, world.ada, description=f"Since today. {text}")
    with as_provider():
        mail = Mail.objects.filter(kind="ticket_opened").first()
    client = Client()
    client.force_login(world.lea.person)
    answer = client.get(reverse("console:mail_html", args=[mail.pk]))
    directives = {part.strip() for part in answer["Content-Security-Policy"].split(";")}
    html = answer.content.decode()

    assert {"default-src 'none'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'self'", "sandbox"} <= directives
    assert not any("unsafe" in directive for directive in directives)
    assert not re.search(r"<[a-z][^<>]* style=|<script|<img|<iframe|<form|<base|<meta http-equiv", html)
    assert "url(" not in html[: html.index("</style>")]


def test_looks_move_into_the_one_sheet_that_the_policy_names():
    shown = preview('<head><style> p { }</style></head><body style="margin:0"><p style="color:red" class="a">x style="y"</p></body>')

    assert shown.html == (
        '<head><style> p { }\n    [data-look="0"] { margin:0 }\n    [data-look="1"] { color:red }</style></head>'
        '<body data-look="0"><p data-look="1" class="a">x style="y"</p></body>'
    )
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", shown.style_hash)
