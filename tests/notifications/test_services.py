"""Which addresses are taken as ways of being reached, and what is shown of them."""

import logging
from importlib import import_module

import pytest

from helpdesk import logs
from notifications import services
from notifications.services import NotAllowed, plugin_for, shown
from notifications.views.reaching import EXAMPLES as EXAMPLES_SHOWN

SID, TOKEN = "AC" + "1" * 32, "2" * 32
EXAMPLES = (
    "tgram://123456789:abcdefghijklmnopqrstuvwxyzabcdefghi/12315544/",
    f"twilio://{SID}:{TOKEN}@+5548999990000/+5548988880000?method=call",
    "ntfys://ntfy.sh/topic-of-mine",
    "pover://" + "u" * 30 + "@" + "t" * 30,
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#channel",
    "vonage://key12345:secret1234@5548999990000/+5548988880000",
    "gotifys://gotify.example/abcdefghijklmno",
    "jsons://hooks.example/path",
    "mailtos://user:secret@mail.example?to=ana@mail.example",
)


@pytest.mark.parametrize("url", EXAMPLES)
def test_what_is_let_in_is_understood(url):
    assert plugin_for(url).app_id == "Helpdesk"


@pytest.mark.parametrize(
    "url",
    [
        *("dbus://", "windows://", "syslog://localhost", "macosx://", "gnome://", "glib://", "blink1://", "rsyslog://h"),
        *("xml://h/p", "file:///etc/passwd", "http://h/p", "apprise://h/token", "mqtt://h/t", "matrix://u:p@h/r", "smpp://u:p@h/1/2"),
        *("", "nothing", "@/etc/passwd", "://x", "json", "JSON//h", "javascript://x"),
        "jsons://h.example/\npath",
        "jsons://h.example/" + "x" * services.LONGEST,
    ],
)
def test_every_other_scheme_is_refused(url):
    with pytest.raises(NotAllowed):
        plugin_for(url)


@pytest.mark.parametrize(
    "url",
    [
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/passwd",
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?Template=/etc/passwd",
        "mailto://u:p@mail.example?pgpprv=/etc/passwd",
        "mailto://u:p@mail.example?x=1&PGPpub=http://10.0.0.1/key",
        "mailto://u:p@mail.example?x=1?wkd=yes",
        "jsons://h.example/p?attach=/etc/passwd",
        "jsons://h.example/p?%61ttach=/etc/passwd",
    ],
)
def test_what_would_read_a_file_of_ours_is_refused(url):
    with pytest.raises(NotAllowed):
        plugin_for(url)


@pytest.mark.parametrize("url", ["tgram://bad", "twilio://x:y/1/2", "jsons://", "pover://x"])
def test_what_its_service_can_not_read_is_told_apart(url):
    with pytest.raises(ValueError, match="can't read it"):
        plugin_for(url)


@pytest.mark.parametrize("scheme", sorted(services.SERVICES))
def test_every_service_named_is_one_of_apprises_and_has_that_scheme(scheme):
    service = services.SERVICES[scheme]
    plugin = getattr(import_module(f"apprise.plugins.{service.module}"), service.plugin)
    own = [plugin.protocol, plugin.secure_protocol]
    known = {name for names in own if names for name in ([names] if isinstance(names, str) else names)}

    assert scheme in known


def test_what_apprise_says_of_an_address_is_in_no_log():
    told = logs.configuration("line", "DEBUG")["loggers"]["apprise"]

    assert (told["handlers"], told["propagate"], told["level"] > logging.CRITICAL) == ([], False, True)


def test_no_example_on_the_page_is_of_a_service_that_is_not_let_in():
    assert [address for _name, address in EXAMPLES_SHOWN if services.service_of(address) is None] == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"twilio://{SID}:{TOKEN}@+5548999990000/+5548988880000?method=call", "twilio://…0000"),
        ("jsons://user:secret@h.example/secret", "jsons://…"),
        ("JSONS://h.example/a-long-secret-path?token=secret", "jsons://…path"),
        ("ntfys://ntfy.sh/topic", "ntfys://…"),
    ],
)
def test_what_is_shown_of_an_address_gives_away_nothing(url, words):
    assert shown(url) == words
