"""The customer gives and withdraws the permission on its pages, and sees everything that follows from it; staff see the worst first."""

import html
import re
import shlex
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from monitoring import commands, texts
from monitoring.models import Authorisation, Credential, Heartbeat, Look
from tests import factories as make
from tests.monitoring.conftest import alert, delivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: make.NOW)


def browser(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def ada(world):
    return browser(world.ada)


@pytest.fixture
def staff(world):
    return browser(world.sara.person)


def page(client, site, face="portal"):
    return client.get(reverse(f"{face}:watch", args=[site.environment.pk])).content.decode()


def test_an_admin_authorises_environments_after_reading_the_text(world, ada):
    one, other = make.environment(world.acme, "One"), make.environment(world.acme, "Other")
    address = reverse("portal:watching_authorise")

    shown = html.unescape(ada.get(address).content.decode())
    answer = ada.post(
        address, {"environments": [one.pk, other.pk], "last_date": "2026-12-31", "agreed": "on", "text_version": texts.CURRENT}
    )

    assert all(str(paragraph) in shown for paragraph in texts.AUTHORISATIONS[texts.CURRENT])
    assert answer.status_code == 302
    with as_provider():
        given = list(Authorisation.objects.order_by("environment_id").values_list("environment", "given_by", "ends_at"))
    until = make.datetime(2027, 1, 1, 3, tzinfo=make.UTC)  # the end of the day in São Paulo
    assert given == [(one.pk, world.ada.pk, until), (other.pk, world.ada.pk, until)]


@pytest.mark.parametrize("left_out", ["environments", "agreed"])
def test_without_an_environment_or_agreeing_nothing_is_authorised(world, ada, left_out):
    form = {"environments": [make.environment(world.acme).pk], "agreed": "on", "text_version": texts.CURRENT}

    answer = ada.post(reverse("portal:watching_authorise"), {name: value for name, value in form.items() if name != left_out})

    assert answer.status_code == 422
    with as_provider():
        assert not Authorisation.objects.exists()


def test_a_token_is_shown_once(site, ada):
    answer = ada.post(reverse("portal:watch_credential", args=[site.environment.pk]), {"source": "zabbix", "name": "Zabbix 1"})

    token = re.search(r"<code>(\d+-[\w-]{43})</code>", answer.content.decode())[1]
    assert answer["Cache-Control"] == "no-store"
    assert site.send({"event_value": "1", "event_id": "1", "event_name": "x"}, source="zabbix", token=token)
    assert token not in page(ada, site)
    assert f"…{token[-4:]}" in page(ada, site)


def test_replacing_a_token_shows_another(site, ada):
    with as_provider():
        credential = Credential.objects.get(environment=site.environment, source="zabbix")

    answer = ada.post(reverse("portal:watch_credential_rotate", args=[site.environment.pk, credential.pk]))

    assert re.search(r"<code>\d+-[\w-]{43}</code>", answer.content.decode())
    assert site.tokens["zabbix"] not in answer.content.decode()


@pytest.mark.parametrize(("stored", "kept"), [("keep", True), ("erase", False)])
def test_withdrawing_shuts_the_gate_and_does_with_what_was_stored_as_is_said(site, ada, stored, kept):
    site.alerts(alert())
    site.work()

    answer = ada.post(reverse("portal:watch_withdraw", args=[site.environment.pk]), {"stored": stored})

    assert answer.status_code == 302
    with pytest.raises(commands.GateShut):
        site.alerts(alert())
    assert (site.signals()[0].body is not None) == kept
    assert "Signals of this environment are refused" in page(ada, site)


def test_alerts_that_are_not_drawn_are_counted(site, ada):
    site.alerts(*(alert(f"Alert{number}", ended=5) for number in range(14)))
    site.work()

    assert "2 earlier alerts are not drawn." in page(ada, site)


def test_the_page_shows_what_lasts_what_came_and_what_was_refused(site, ada):
    site.alerts(alert(severity="critical"))
    site.work()
    with pytest.raises(commands.SignalRefused):
        site.send(b"{")

    shown = page(ada, site)

    [ticket] = site.tickets()
    assert f'href="/tickets/{ticket.pk}/"' in shown
    assert "DiskFull on a" in shown
    assert "This is not JSON in UTF-8." in shown
    assert "We observe only" in shown


def test_a_private_tickets_number_does_not_stand_on_the_page_for_colleagues(site, world):
    site.alerts(alert())
    site.work()
    [ticket] = site.tickets()
    with as_provider():
        ticket.private = True
        ticket.save(update_fields=["private"])

    assert f"/tickets/{ticket.pk}/" in page(browser(world.ada), site)
    assert f"/tickets/{ticket.pk}/" not in page(browser(world.alan), site)


def test_who_of_the_staff_looked_stands_on_the_customers_page(site, ada, staff):
    staff.get(reverse("console:watching"))
    page(staff, site, "console")

    with as_provider():
        looks = list(Look.objects.order_by("pk").values_list("environment", "person", "page"))
    assert looks == [(site.environment.pk, site.world.sara.pk, "list"), (site.environment.pk, site.world.sara.pk, "environment")]
    assert "Sara · page of the environment" in page(ada, site)


def test_staff_have_no_way_to_authorise_or_to_make_tokens(site, staff):
    shown = page(staff, site, "console")

    assert "withdraw/" not in shown
    assert "tokens/" not in shown


def test_the_worst_comes_first(site, staff, world):
    quiet = make.environment(world.globex, "Quiet", contract=world.globex_contract)
    make.authorisation(world.grace, quiet)
    other = make.environment(world.acme, "A little ill", contract=world.contract)
    make.authorisation(world.ada, other)
    token = make.credential(world.ada, other)[1]
    site.send(delivery(alert("Small", severity="low")), token=token)
    site.alerts(alert("Big", severity="critical"))
    site.work()

    shown = staff.get(reverse("console:watching")).content.decode()

    places = [shown.index(f">{name}</a>") for name in ("Main site", "A little ill", "Quiet")]
    assert places == sorted(places)


def test_a_heartbeat_is_added_on_the_page_and_drawn_as_bars(site, ada):
    address = reverse("portal:watch_heartbeat", args=[site.environment.pk])

    ada.post(address, {"name": "Cópia noturna", "period_minutes": "60", "grace_minutes": "5"})
    again = ada.post(address, {"name": "Cópia noturna", "period_minutes": "60", "grace_minutes": "5"})

    with as_provider():
        beat = Heartbeat.objects.get(environment=site.environment)
    assert (beat.slug, beat.period_seconds, beat.grace_seconds) == ("copia-noturna", 3600, 300)
    assert again.status_code == 422
    site.ping(beat.slug)
    site.work()
    assert page(ada, site).count('class="strip-') == 30


def test_settings_are_kept_and_a_rule_that_is_none_is_explained(site, ada):
    address = reverse("portal:watch_settings", args=[site.environment.pk])
    form = {"product": "", "usual_severity": "low", "storm_count": "5", "storm_minutes": "2", "settle_minutes": "0", "keep_days": "30"}

    wrong = ada.post(address, form | {"rules": "severity is page"})
    right = ada.post(address, form | {"rules": "team = voip: critical\nseverity = page: High"})

    assert (wrong.status_code, "“severity is page” is no rule" in wrong.content.decode()) == (422, True)
    assert right.status_code == 302
    assert "team = voip: critical\nseverity = page: high" in ada.get(address).content.decode()


def test_maintenance_is_planned_and_ended_by_either_side(site, staff, world):
    form = {"from_at": "2026-11-23T09:00", "until_at": "2026-11-23T11:00", "reason": "New disks"}

    alan = browser(world.alan)
    alan.post(reverse("portal:watch_maintenance", args=[site.environment.pk]), form)
    staff.post(reverse("console:watch_maintenance", args=[site.environment.pk]), form | {"reason": "Ours"})
    backwards = alan.post(reverse("portal:watch_maintenance", args=[site.environment.pk]), form | {"until_at": "2026-11-23T08:00"})

    assert backwards.status_code == 422
    shown = page(alan, site)
    assert ("New disks" in shown, "Ours" in shown) == (True, True)
    site.alerts(alert(started=1), minutes=1)
    site.work(1)
    assert site.tickets() == []


def test_the_queue_of_monitoring_holds_what_it_opened(site, staff):
    site.alerts(alert())
    site.work()
    make.ticket(site.world.contract, site.world.softswitch, site.world.ada, subject="By hand")

    shown = staff.get(reverse("console:queue", args=["monitoring"])).content.decode()

    assert ("DiskFull on a" in shown, "By hand" in shown) == (True, False)


def test_a_ticket_shows_its_alerts_and_who_wrote_it(site, ada):
    site.alerts(alert())
    site.work()
    site.alerts(alert(), minutes=1)
    site.work(1)
    [ticket] = site.tickets()

    shown = ada.get(reverse("portal:ticket", args=[ticket.pk])).content.decode()

    assert "reported 2 times" in shown
    assert 'class="message-author">Monitoring<' in shown


def test_a_ticket_that_people_opened_shows_no_alerts(site, ada):
    ticket = make.ticket(site.world.contract, site.world.softswitch, site.world.ada)

    assert "reported" not in ada.get(reverse("portal:ticket", args=[ticket.pk])).content.decode()


@pytest.mark.parametrize(
    ("name", "value"), [("storm_count", "1"), ("storm_minutes", "0"), ("settle_minutes", "121"), ("keep_days", "0"), ("keep_days", "401")]
)
def test_a_setting_out_of_its_bounds_is_explained_beside_its_field(site, ada, name, value):
    form = {
        "product": "",
        "usual_severity": "low",
        "storm_count": "5",
        "storm_minutes": "2",
        "settle_minutes": "5",
        "keep_days": "30",
        "rules": "",
    }

    answer = ada.post(reverse("portal:watch_settings", args=[site.environment.pk]), form | {name: value})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [name]


def test_maintenance_in_another_age_is_refused_and_the_page_stays(site, ada):
    form = {"from_at": "9999-12-31T23:00", "until_at": "9999-12-31T23:30", "reason": "Later"}

    answer = ada.post(reverse("portal:watch_maintenance", args=[site.environment.pk]), form)

    assert (answer.status_code, "Maintenance begins within a year from now." in answer.content.decode()) == (422, True)
    assert "No alert lasts." in page(ada, site)


def test_a_last_day_in_another_age_is_refused(world, ada):
    form = {"environments": [make.environment(world.acme).pk], "last_date": "9999-12-31", "agreed": "on", "text_version": texts.CURRENT}

    answer = ada.post(reverse("portal:watching_authorise"), form)

    assert (answer.status_code, "Choose an earlier day, or none." in answer.content.decode()) == (422, True)


def test_of_a_heartbeat_nothing_is_known_before_its_first_sign(site, ada):
    created = make.heartbeat(site.world.ada, site.environment, period=timedelta(days=2), now=make.NOW - timedelta(days=9))
    site.ping(created.slug, minutes=-60 * 24)
    site.work()

    shown = page(ada, site)

    assert (shown.count('class="strip-none"'), shown.count('class="strip-up"')) == (28, 2)


@pytest.mark.parametrize("source", ["zabbix", "events", "heartbeat"])
def test_what_the_tokens_page_says_to_try_works_as_it_stands(site, ada, source):
    make.heartbeat(site.world.ada, site.environment, "Cópia noturna")

    answer = ada.post(reverse("portal:watch_credential", args=[site.environment.pk]), {"source": source, "name": "Mine"})
    [said] = re.findall(r'<pre class="watch-body"><code>(.*?)</code>', answer.content.decode(), re.DOTALL)
    words = shlex.split(html.unescape(said).replace("\\\n", " "))

    headers = dict(words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H")
    path = words[-1].removeprefix("http://127.0.0.1:8000")
    if source == "heartbeat":
        assert (path.endswith("/copia-noturna"), Client().get(path).status_code) == (True, 200)
    else:
        body = words[words.index("-d") + 1]
        assert Client().post(path, body, content_type=headers.pop("Content-Type"), headers=headers).status_code == 202


def test_the_tokens_page_has_alertmanagers_configuration(site, ada):
    answer = ada.post(reverse("portal:watch_credential", args=[site.environment.pk]), {"source": "alertmanager", "name": "Mine"})

    token = re.search(r"credentials: (\d+-[\w-]{43})\n", answer.content.decode())[1]
    assert site.send(delivery(alert()), token=token)
