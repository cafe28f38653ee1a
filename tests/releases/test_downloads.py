"""Who gets which bytes: links of one's own, the right asked at the moment of the download, parts that go on, and what is counted."""

import html
import io
import re
import time
from datetime import date, timedelta

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from billing.models import ChargeRequest
from contracts import commands as contracts
from helpdesk.lib.ranges import part
from notifications.models import Mail
from releases import commands, links
from releases.models import Artifact, Download
from tests import factories as make
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
CONTENT = bytes(range(256)) * 4000  # a little over a megabyte


@pytest.fixture
def release(world):
    return make.release(world.softswitch, package=CONTENT)


@pytest.fixture
def file(release):
    with as_provider():
        return release.artifacts.get()


@pytest.fixture
def browser():
    def of(person):
        client = Client()
        client.force_login(person)
        return client

    return of


def link_to(client, file):
    """The link that the Download button leads to."""
    answer = client.get(reverse("portal:artifact", args=[file.pk]))
    assert answer.status_code == 302
    return answer["Location"]


def body(answer):
    return b"".join(answer) if answer.streaming else answer.content


def downloads():
    with as_provider():
        return list(Download.objects.order_by("pk").values_list("customer__name", "person__name", "release__number", "parts"))


def end_contract(contract, day=date(2026, 11, 22)):
    contracts.amend(actor=None, contract=contract, from_date=contract.first_date, changes={"last_date": day}, now=make.NOW)


@pytest.fixture(autouse=True)
def _on_that_day(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: make.NOW)


# --- The whole and its parts ------------------------------------------------------------------------------------------
def test_a_download_is_whole_names_its_checksum_and_is_never_active(world, file, browser):
    client = browser(world.ada)
    answer = client.get(link_to(client, file))

    assert (answer.status_code, body(answer), answer["ETag"]) == (200, CONTENT, f'"{file.sha256}"')
    assert answer["Content-Disposition"] == 'attachment; filename="package-8.2.tar.gz"'
    assert (answer["Content-Type"], answer["X-Content-Type-Options"], answer["Accept-Ranges"]) == (
        "application/octet-stream",
        "nosniff",
        "bytes",
    )
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Content-Length"] == str(len(CONTENT))


def test_two_interrupted_parts_make_the_whole_and_count_once(world, file, browser):
    client = browser(world.ada)
    link = link_to(client, file)
    whole = b""
    for wanted in ("bytes=0-399999", "bytes=400000-799999", "bytes=800000-"):
        answer = client.get(link, headers={"Range": wanted, "If-Range": f'"{file.sha256}"'})
        assert answer.status_code == 206
        assert answer["Content-Range"].startswith(f"bytes {len(whole)}-")
        whole += body(answer)

    assert whole == CONTENT
    assert downloads() == [("Acme", "Ada Lovelace", "8.2", 3)]


@pytest.mark.parametrize(
    ("header", "status", "part"),
    [
        ("bytes=-10", 206, CONTENT[-10:]),
        ("bytes=5-5", 206, CONTENT[5:6]),
        ("bytes=1023999-2000000", 206, CONTENT[1023999:]),
        ("bytes=0-9,20-29", 200, CONTENT),
        ("bytes=9-0", 200, CONTENT),
        ("lines=1-2", 200, CONTENT),
        ("bytes=-", 200, CONTENT),
        ("bytes=1024000-", 416, b""),
        ("bytes=-0", 416, b""),
    ],
)
def test_parts_that_are_asked_for(world, file, browser, header, status, part):
    client = browser(world.ada)
    answer = client.get(link_to(client, file), headers={"Range": header})

    assert (answer.status_code, body(answer)) == (status, part)


def test_a_header_of_thousands_of_spaces_costs_no_time():
    began = time.perf_counter()
    assert part("bytes=" + " " * 50_000 + "x", 100) is None
    assert time.perf_counter() - began < 0.5  # seconds; trying each way to split them takes four


def test_a_part_of_another_file_is_the_whole_of_this_one(world, file, browser):
    client = browser(world.ada)
    answer = client.get(link_to(client, file), headers={"Range": "bytes=5-", "If-Range": '"another"'})

    assert (answer.status_code, body(answer)) == (200, CONTENT)


def test_asking_for_the_headers_counts_nothing(world, file, browser):
    client = browser(world.ada)
    link = link_to(client, file)

    assert client.head(link).status_code == 200
    assert downloads() == []


def test_each_link_is_a_download_of_its_own(world, file, browser):
    for person in (world.ada, world.ada, world.grace):
        client = browser(person)
        client.get(link_to(client, file))

    assert downloads() == [("Acme", "Ada Lovelace", "8.2", 1)] * 2 + [("Globex", "Grace Hopper", "8.2", 1)]


def test_behind_a_proxy_the_proxy_sends_the_file(world, file, browser, settings):
    settings.FILES_ACCEL = "/files/"
    client = browser(world.ada)
    answer = client.get(link_to(client, file))

    assert (answer["X-Accel-Redirect"], answer.content) == (f"/files/{file.stored_as.name}", b"")
    assert (answer["ETag"], downloads()) == (f'"{file.sha256}"', [("Acme", "Ada Lovelace", "8.2", 1)])


# --- Whose link --------------------------------------------------------------------------------------------------------
def test_a_link_is_good_for_nobody_else(world, file, browser):
    link = link_to(browser(world.ada), file)

    assert browser(world.alan).get(link).status_code == 404
    assert browser(world.grace).get(link).status_code == 404
    assert Client().get(link)["Location"].startswith(reverse("account_login"))


def test_a_link_is_for_the_company_for_which_it_was_made(world, file, browser):
    from accounts import commands as accounts  # noqa: PLC0415

    accounts.add_member(actor=None, customer=world.globex, person=world.ada, role="member", now=make.NOW)
    client = browser(world.ada)
    link = links.file_link(purpose="artifact", file=file.pk, customer=world.globex.pk, person=world.ada.pk)

    answer = client.get(link, follow=True)
    assert (answer.status_code, downloads()) == (200, [("Globex", "Ada Lovelace", "8.2", 1)])


def test_a_link_for_a_company_that_one_left_is_none(world, file, browser):
    link = links.file_link(purpose="artifact", file=file.pk, customer=world.globex.pk, person=world.ada.pk)

    assert browser(world.ada).get(link, follow=True).status_code == 404


def test_a_link_of_another_purpose_opens_nothing_else(world, file, browser):
    licence = make.licence(world.contract, world.softswitch, content=b"secret")
    link = links.file_link(purpose="artifact", file=licence.pk + 1000, customer=world.acme.pk, person=world.ada.pk)
    mail = signing.dumps({"release": file.release_id, "customer": world.acme.pk, "person": world.ada.pk}, salt=links.MAIL)

    assert browser(world.ada).get(link).status_code == 404
    assert browser(world.ada).get(reverse("portal:download", args=[mail])).status_code == 404


def test_a_link_that_expired_says_so(world, file, browser, settings):
    client = browser(world.ada)
    link = link_to(client, file)
    settings.DOWNLOAD_LINK_SECONDS = -1

    answer = client.get(link)
    assert answer.status_code == 410
    assert "This link has expired" in answer.content.decode()


def test_the_mails_link_leads_its_reader_to_the_release_and_nobody_else(world, release, browser):
    link = links.mail_link(release=release.pk, customer=world.acme.pk, person=world.ada.pk)

    assert browser(world.ada).get(link, follow=True).redirect_chain[-1][0] == reverse("portal:release", args=[release.pk])
    assert browser(world.alan).get(link).status_code == 404
    assert browser(world.grace).get(link).status_code == 404
    assert Client().get(link)["Location"].startswith(reverse("account_login"))


def test_a_mails_link_that_expired_leads_to_ones_products(world, release, browser, settings):
    settings.RELEASE_MAIL_LINK_DAYS = -1
    link = links.mail_link(release=release.pk, customer=world.acme.pk, person=world.ada.pk)

    answer = browser(world.ada).get(link, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("portal:products")
    assert "This link has expired" in answer.content.decode()


# --- The right, at the moment of the download -------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["ended yesterday", "suspended", "ended", "product taken out"])
def test_with_the_contract_the_release_is_gone_also_for_links_made_before(world, release, file, browser, how):
    client = browser(world.ada)
    link = link_to(client, file)
    today = date(2026, 11, 23)
    if how == "ended yesterday":
        end_contract(world.contract)
    elif how == "product taken out":
        other = make.product("Recorder", world.core)
        contracts.change_contract(
            actor=world.max.person, contract=world.contract, account_manager=world.max, deputy=None, products=[other], now=make.NOW
        )
    else:
        contracts.set_standing(actor=None, contract=world.contract, state=how, from_date=today, reason="x", now=make.NOW)

    gone = [reverse("portal:release", args=[release.pk]), reverse("portal:artifact", args=[file.pk]), link]
    assert [client.get(path).status_code for path in gone] == [404, 404, 404]
    assert downloads() == []


def test_my_products_says_why_nothing_can_be_downloaded(world, release, browser):
    end_contract(world.contract)

    page = browser(world.ada).get(reverse("portal:products")).content.decode()
    assert "Contract C-1 ended on 22 November 2026." in page or "Contract C-1 ended on" in page
    assert "Talk to Max." in page
    assert reverse("portal:release", args=[release.pk]) not in page


def test_a_licence_is_its_own_contracts(world, browser):
    licence = make.licence(world.contract, world.softswitch, content=b"the key")
    second = make.contract(world.acme, world.softswitch, manager=world.max, number="C-2")
    client = browser(world.ada)
    path = reverse("portal:licence", args=[licence.pk])

    assert body(client.get(path, follow=True)) == b"the key"
    assert browser(world.grace).get(path).status_code == 404
    end_contract(world.contract)
    assert client.get(path).status_code == 404
    assert second.number in client.get(reverse("portal:contracts")).content.decode()


def test_a_newer_licence_takes_the_place_of_the_one_before_which_stays(world, browser):
    old = make.licence(world.contract, world.softswitch, "old.key", now=make.NOW - timedelta(days=300))
    new = make.licence(world.contract, world.softswitch, "new.key")

    page = browser(world.ada).get(reverse("portal:products")).content.decode()
    assert page.index("new.key") < page.index("Earlier licences") < page.index("old.key")
    assert browser(world.ada).get(reverse("portal:licence", args=[old.pk])).status_code == 302
    assert new.pk != old.pk


def test_a_withdrawn_release_says_why_and_gives_nothing(world, rita, release, file, browser):
    client = browser(world.ada)
    link = link_to(client, file)
    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="", now=make.NOW)

    answers = [client.get(link), client.get(reverse("portal:artifact", args=[file.pk]))]
    assert [answer.status_code for answer in answers] == [410, 410]
    assert "This version is withdrawn" in answers[0].content.decode()
    assert "It loses calls." in client.get(reverse("portal:release", args=[release.pk])).content.decode()
    assert downloads() == []


def test_the_mail_of_a_withdrawal_leads_somewhere_without_a_contract_too(world, rita, release, file, browser, told):
    client = browser(world.ada)
    client.get(link_to(client, file))
    end_contract(world.contract)
    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="", now=make.NOW)
    told(release)
    with as_provider():
        mail = Mail.objects.get(kind="release_withdrawn", recipient=world.ada)

    answer = client.get(mail.action_url)
    assert (mail.action_label, answer.status_code) == ("What runs at your company", 200)


def test_a_draft_is_nowhere(world, browser):
    draft = make.draft(world.softswitch)
    with as_provider():
        file = draft.artifacts.get()

    client = browser(world.ada)
    assert [
        client.get(reverse(f"portal:{name}", args=[pk])).status_code for name, pk in (("release", draft.pk), ("artifact", file.pk))
    ] == [404, 404]
    assert "8.2" not in client.get(reverse("portal:products")).content.decode()


def test_a_file_that_is_not_what_was_published_is_not_sent(world, file, browser):
    stored = file.stored_as
    stored.storage.delete(stored.name)
    stored.storage.save(stored.name, io.BytesIO(CONTENT[:-1] + b"!"))
    client = browser(world.ada)
    assert client.get(link_to(client, file)).status_code == 200  # as long as it should be: only reading it tells

    assert commands.compare_artifacts(now=make.NOW) == 1
    answer = client.get(reverse("portal:artifact", args=[file.pk]))
    assert answer.status_code == 409
    assert "This file is not what we published" in answer.content.decode()
    with as_provider():
        assert Artifact.objects.get(pk=file.pk).altered_at == make.NOW

    stored.storage.delete(stored.name)
    stored.storage.save(stored.name, io.BytesIO(CONTENT))
    commands.compare_artifacts(now=make.NOW + timedelta(hours=2))  # not only next week
    assert client.get(reverse("portal:artifact", args=[file.pk])).status_code == 302


def _refuses(*_arguments, **_options):
    raise ConnectionRefusedError


class _BreaksOff(io.BytesIO):
    def read(self, *_size):
        return super().read(10) if self.tell() < 10 else b""


@pytest.mark.parametrize(("method", "answer"), [("size", _refuses), ("_open", _refuses), ("_open", lambda *_name: _BreaksOff(CONTENT))])
def test_a_disk_or_a_bucket_that_is_away_says_nothing_about_the_file(world, file, browser, monkeypatch, method, answer):
    with monkeypatch.context() as away:
        away.setattr(type(file.stored_as.storage), method, answer)
        assert commands.compare_artifacts(now=make.NOW) == 0

    assert commands.compare_artifacts(now=make.NOW) == 1
    with as_provider():
        assert Artifact.objects.get(pk=file.pk).altered_at is None
    assert browser(world.ada).get(reverse("portal:artifact", args=[file.pk])).status_code == 302


def test_a_file_that_is_gone_or_cut_is_not_sent_at_once(world, file, browser):
    file.stored_as.storage.delete(file.stored_as.name)

    assert browser(world.ada).get(reverse("portal:artifact", args=[file.pk])).status_code == 409


def help_on(client, release):
    page = client.get(reverse("portal:release", args=[release.pk])).content.decode()
    return html.unescape(re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(?:(?!</a>).)*Help me update', page)[0])


def test_help_with_an_update_opens_a_ticket_with_a_charge_request(world, release, browser):
    environment = make.environment(world.acme, contract=world.contract, installed={world.softswitch: world.version})
    client = browser(world.ada)
    offered = help_on(client, release)
    assert offered in html.unescape(client.get(reverse("portal:products")).content.decode())
    assert client.get(offered).context["form"]["version"].value() == str(release.version_id)
    client.post(offered, {"environment": environment.pk, "version": release.version_id})

    with as_provider():
        ticket, request = Ticket.objects.get(), ChargeRequest.objects.get()
    assert (ticket.type, ticket.version_id, ticket.environment_id) == ("update_service", release.version_id, environment.pk)
    assert (request.ticket_id, request.kind, request.state) == (ticket.pk, "update_service", "draft")


def test_without_an_environment_help_with_an_update_is_a_ticket(world, release, browser):
    assert help_on(browser(world.ada), release) == reverse("portal:ticket_new")
