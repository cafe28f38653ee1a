"""What tools send, as observations; what can't be read is refused with a sentence."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring import reading
from monitoring.reading import Observation, Unreadable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def read(source, payload):
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return reading.read(source, text, NOW, SAO_PAULO)


def refused(source, payload):
    with pytest.raises(Unreadable) as why:
        read(source, payload)
    return str(why.value)


ALERT = {
    "status": "firing",
    "labels": {"alertname": "DiskFull", "severity": "critical"},
    "annotations": {"summary": "Disk of a is full", "description": "95 % used"},
    "startsAt": "2026-11-23T08:30:00.123456789-03:00",
    "endsAt": "0001-01-01T00:00:00Z",
    "generatorURL": "http://prometheus:9090/graph",
    "fingerprint": "c0ffee",
    "somethingNew": {"of": ["a", "later", "version"]},
}


def webhook(*alerts, **more):
    return {"version": "4", "alerts": list(alerts), **more}


def test_an_alert_of_alertmanager():
    started = datetime(2026, 11, 23, 11, 30, 0, 123456, tzinfo=UTC)

    assert read("alertmanager", webhook(ALERT, truncatedAlerts=0)) == [
        Observation(
            fingerprint="c0ffee",
            mark=started.isoformat(),
            lasts=True,
            title="Disk of a is full",
            started_at=started,
            labels={"alertname": "DiskFull", "severity": "critical"},
            texts={"summary": "Disk of a is full", "description": "95 % used"},
            url="http://prometheus:9090/graph",
        )
    ]


def test_the_end_of_an_alert_counts_only_when_it_is_resolved():
    ended = "2026-11-23T11:45:00Z"

    [lasting] = read("alertmanager", webhook(ALERT | {"endsAt": ended}))
    [over] = read("alertmanager", webhook(ALERT | {"status": "resolved", "endsAt": ended}))

    assert (lasting.ended_at, over.ended_at) == (None, datetime(2026, 11, 23, 11, 45, tzinfo=UTC))


def test_an_alert_without_a_fingerprint_is_known_by_its_labels_in_any_order():
    plain = {name: value for name, value in ALERT.items() if name != "fingerprint"}
    turned = plain | {"labels": dict(reversed(plain["labels"].items()))}

    assert read("alertmanager", webhook(plain))[0].fingerprint == read("alertmanager", webhook(turned))[0].fingerprint


NESTED = "[" * 1000 + "]" * 1000
BAD = {
    "no JSON": ("alertmanager", "nothing", "This is not JSON in UTF-8."),
    "no number": ("events", '{"title": "x", "values": {"a": NaN}}', "This is not JSON in UTF-8."),
    "nested a thousand deep": ("events", NESTED, "This JSON is nested deeper than 12 levels."),
    "nested ten thousand deep": ("events", "[" * 10_000 + "]" * 10_000, "This JSON is nested deeper than 12 levels."),
    "nested twenty deep": (
        "alertmanager",
        webhook(ALERT | {"x": json.loads("[" * 20 + "]" * 20)}),
        "This JSON is nested deeper than 12 levels.",
    ),
    "a list": ("alertmanager", [], "The delivery is not a JSON object."),
    "no alerts": ("alertmanager", webhook(), "alerts is missing, or holds none; is this Alertmanager's webhook?"),
    "another version": ("alertmanager", webhook(ALERT) | {"version": "5"}, "Only version 4 of Alertmanager's webhook is known here."),
    "an alert that is none": ("alertmanager", webhook("x"), "alerts[0] is not a JSON object."),
    "no status": ("alertmanager", webhook(ALERT, ALERT | {"status": "?"}), "alerts[1].status is neither firing nor resolved."),
    "many labels": ("alertmanager", webhook(ALERT | {"labels": {str(n): "" for n in range(65)}}), "alerts[0].labels: more than 64 labels."),
    "a long label": ("alertmanager", webhook(ALERT | {"labels": {"a": "x" * 1025}}), "alerts[0].labels.a is longer than 1024 characters."),
    "a label that is none": ("alertmanager", webhook(ALERT | {"labels": {"a": ["b"]}}), "alerts[0].labels.a is not a text."),
    "nobody's alert": (
        "alertmanager",
        webhook(ALERT | {"labels": {}, "fingerprint": ""}),
        "alerts[0] has neither labels nor a fingerprint.",
    ),
    "the future": (
        "alertmanager",
        webhook(ALERT | {"startsAt": "2026-11-23T12:11:00Z"}),
        "alerts[0].startsAt lies in the future; check the sender's clock and its time zone.",
    ),
    "long ago": ("alertmanager", webhook(ALERT | {"startsAt": "2019-01-01T00:00:00Z"}), "alerts[0].startsAt lies more than 400 days back."),
    "no time": (
        "alertmanager",
        webhook(ALERT | {"startsAt": "yesterday"}),
        "alerts[0].startsAt is not a time such as 2026-11-23T09:30:00-03:00.",
    ),
    "the wrong order": (
        "alertmanager",
        webhook(ALERT | {"status": "resolved", "endsAt": "2026-11-23T10:00:00Z"}),
        "alerts[0] ended before it started.",
    ),
    "no title": ("events", {"status": "firing"}, "Event 1: title is missing."),
    "no events": ("events", [], "A delivery holds one to 500 events."),
    "no problem": (
        "zabbix",
        {"event_id": "7"},
        "event_value is neither 1 (a problem) nor 0 (its recovery); use the media type from our documents.",
    ),
    "no zone": (
        "zabbix",
        {"event_value": "1", "event_id": "7", "time_zone": "../../etc"},
        "time_zone is not a name such as America/Sao_Paulo.",
    ),
    "tags that are none": (
        "zabbix",
        {"event_value": "1", "event_id": "7", "event_tags": "{x"},
        "event_tags is not JSON; use {EVENT.TAGSJSON}.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_refused_with_a_sentence(name):
    source, payload, sentence = BAD[name]

    assert refused(source, payload) == sentence


def test_a_clock_that_is_minutes_ahead_is_forgiven():
    assert read("alertmanager", webhook(ALERT | {"startsAt": "2026-11-23T12:09:00Z"}))[0].started_at == NOW


def test_what_the_database_cannot_hold_is_left_out():
    [seen] = read("events", '{"title": "a\\u0000b\\ud800c", "labels": {"x\\u0000": "y\\u0000"}}')

    assert (seen.title, seen.labels) == ("abc", {"x": "y"})


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "http://x y", 'https://a"><b', "https://a\\b", "//a", "ftp://a", "http://[", "data:text/html,x", "http://"],
)
def test_only_addresses_that_a_person_may_follow_are_kept(url):
    assert read("events", {"title": "x", "url": url})[0].url == ""


PROBLEM = {
    "event_value": "1",
    "event_id": "4711",
    "trigger_id": "17",
    "event_name": "High CPU on sbc-1",
    "event_severity": "Average",
    "host_name": "sbc-1",
    "host_ip": "192.0.2.7",
    "event_date": "2026.11.23",
    "event_time": "08:55:01",
    "event_recovery_date": "{EVENT.RECOVERY.DATE}",
    "event_recovery_time": "{EVENT.RECOVERY.TIME}",
    "event_opdata": "*UNKNOWN*",
    "event_tags": '[{"tag": "scope", "value": "capacity"}, {"tag": "scope", "value": "cpu"}]',
    "event_url": "https://zabbix.acme.example/tr_events.php?triggerid=17",
}


def test_a_problem_of_zabbix_with_macros_that_had_no_value():
    assert read("zabbix", PROBLEM) == [
        Observation(
            fingerprint=read("zabbix", PROBLEM | {"event_id": "4712"})[0].fingerprint,
            mark="event 4711",
            lasts=True,
            title="High CPU on sbc-1",
            started_at=datetime(2026, 11, 23, 11, 55, 1, tzinfo=UTC),
            labels={"scope": "capacity, cpu", "host": "sbc-1", "address": "192.0.2.7", "severity": "Average", "trigger": "17"},
            url="https://zabbix.acme.example/tr_events.php?triggerid=17",
        )
    ]


def test_its_recovery_has_the_same_mark_and_an_end():
    recovery = {"event_value": "0", "event_recovery_date": "2026.11.23", "event_recovery_time": "12:59:00", "time_zone": "Europe/Berlin"}

    [seen] = read("zabbix", PROBLEM | recovery | {"event_time": "12:55:01"})

    assert (seen.lasts, seen.mark, seen.ended_at) == (False, "event 4711", datetime(2026, 11, 23, 11, 59, tzinfo=UTC))


def test_a_title_is_one_line():
    [problem] = read("zabbix", PROBLEM | {"event_name": "High CPU\non sbc-1"})
    [event] = read("events", {"title": "Backup failed\nBcc: x@example.com"})

    assert (problem.title, event.title) == ("High CPU", "Backup failed")


def test_a_plain_event_is_known_by_its_key():
    first, second = (read("events", {"key": "backup", "title": title})[0] for title in ("Backup failed", "Backup failed again"))

    assert first.fingerprint == second.fingerprint


def test_events_may_come_as_a_list_and_seconds_count_as_times():
    seconds = int((NOW - timedelta(minutes=3)).timestamp())

    found = read("events", [{"title": "a", "started_at": seconds}, {"key": "b", "status": "resolved"}])

    assert [(one.title, one.started_at, one.lasts) for one in found] == [("a", NOW - timedelta(minutes=3), True), ("b", None, False)]


anything = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(
    [*ALERT, *PROBLEM, "alerts", "version", "title", "key", "values", "log", "text", "started_at", "ended_at", "time_zone"]
)


@given(source=st.sampled_from(list(reading.READERS)), payload=anything | st.dictionaries(KEYS, anything))
def test_whatever_is_sent_is_read_or_refused(source, payload):
    try:
        found = read(source, payload)
    except Unreadable:
        return
    assert all(one.fingerprint and one.title and len(one.title) <= 200 and len(one.mark) <= 64 for one in found)


@given(changes=st.dictionaries(st.sampled_from(list(ALERT)), anything))
def test_whatever_stands_in_an_alert_is_read_or_refused(changes):
    try:
        found = read("alertmanager", webhook(ALERT | changes))
    except Unreadable:
        return
    told = [one.evidence() for one in found]
    assert json.loads(json.dumps(told)) == told
