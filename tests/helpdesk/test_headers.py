"""What every answer carries, whoever makes it, and what no request may choose."""

import gzip

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider
from helpdesk.isolation import addresses
from notifications.models import Mail
from tests import factories as make
from tests.test_access import GET, POST
from tickets import commands

pytestmark = pytest.mark.django_db

MONTH = make.NOW.date().replace(day=1)
HEADERS = {
    *("Content-Security-Policy", "X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy"),
    *("Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Cache-Control"),
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-src 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def directives(policy):
    return {directive.strip() for directive in policy.split(";") if directive.strip()}


@pytest.fixture
def answers(world, tmp_path, settings):
    """One of each kind, by what it is."""
    upload = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a.txt", content=ContentFile(b"x"), now=make.NOW)
    ticket = make.ticket(world.contract, world.softswitch, world.ada, files=[upload])
    ada, nobody, strict = Client(), Client(), Client(enforce_csrf_checks=True)
    for client in (ada, strict):
        client.force_login(world.ada)
    found = {
        "page": ada.get("/"),
        "page of nobody": nobody.get(reverse("account_login")),
        "redirect": nobody.get("/"),
        "file": ada.get(reverse("portal:file", args=[ticket.pk, upload.pk])),
        "health": nobody.get("/healthz"),
        "figures": nobody.get("/metrics"),
        "400": nobody.get("/", content_type="text/html; charset=utf-7"),
        "403": strict.post(reverse("portal:ticket_solved", args=[ticket.pk])),
        "404": ada.get("/nothing/"),
        "405": ada.put("/"),
        "413": nobody.post("/tickets/new/", {"body": "x" * 100_000}),
        "bad host": nobody.get("/", headers={"host": "evil.example"}),
        "robots": nobody.get("/robots.txt"),
    }
    b"".join(found["file"])  # lets go of it
    return found


def test_every_answer_carries_every_header(answers):
    missing = {f"{what}: {name}" for what, answer in answers.items() for name in HEADERS if not answer.get(name)}

    assert missing == set()
    assert {
        what for what, answer in answers.items() if not {"private", "no-store"} <= {w.strip() for w in answer["Cache-Control"].split(",")}
    } == set()
    assert {answer["X-Frame-Options"] for answer in answers.values()} == {"DENY"}
    assert {answer["X-Content-Type-Options"] for answer in answers.values()} == {"nosniff"}


def test_the_content_policy_has_no_exceptions(answers):
    assert directives(answers["page"]["Content-Security-Policy"]) == directives(PAGE_POLICY)
    assert [what for what, answer in answers.items() if "unsafe" in answer["Content-Security-Policy"]] == []
    assert "sandbox" in directives(answers["file"]["Content-Security-Policy"])


def test_static_files_carry_them_too(settings, tmp_path):
    settings.STATIC_ROOT = str(tmp_path)
    settings.WHITENOISE_AUTOREFRESH = True
    (tmp_path / "x.js").write_text("1")
    answer = Client().get("/static/x.js")

    assert (answer.status_code, {name for name in HEADERS if not answer.get(name)}) == (200, set())
    b"".join(answer)


def test_behind_tls_every_answer_says_so_and_cookies_are_secure(settings, world):
    settings.SECURE_HSTS_SECONDS, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE = 1000, True, True
    client = Client()
    answer = client.post(reverse("account_login"), {"login": world.ada.email, "password": make.PASSWORD}, secure=True)
    session = answer.cookies["sessionid"]

    assert answer["Strict-Transport-Security"].startswith("max-age=1000")
    assert (session["secure"], session["httponly"], session["samesite"]) == (True, True, "Lax")
    csrf = client.get(reverse("account_login"), secure=True, follow=True).client.cookies.get("csrftoken")
    assert csrf is None or (csrf["secure"], csrf["httponly"]) == (True, True)


def test_every_posted_address_wants_its_own_key(world):
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.lea.person)
    told = {}
    for name, parameters in addresses():
        path = reverse(
            name, kwargs={p: {"token": "x", "key": "x", "uidb36": "1", "slug": "all", "month": MONTH}.get(p, 1) for p in parameters}
        )
        told[name] = client.post(path, {"x": "1"}).status_code

    # Machines prove themselves by a secret of their own; without one configured, an address for them may not exist.
    machines = {name for name in told if name.startswith(("beat", "signals_"))}
    assert {told[name] for name in machines} == {401}
    assert {name: status for name, status in told.items() if status != 403 and name not in machines} == {"service_reports": 404}


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace", "options"])
def test_pages_have_no_other_methods(world, method):
    client = Client()
    client.force_login(world.ada)

    assert {getattr(client, method)(path).status_code for path in ("/", "/tickets/", "/account/login/", "/healthz", "/nothing/")} == {405}


def test_what_is_posted_is_not_there_to_be_fetched(world):
    client = Client()
    client.force_login(world.lea.person)
    told = {}
    for name, parameters in addresses():
        if name in POST and name not in GET and name.startswith("console:"):
            told[name] = client.get(reverse(name, kwargs={p: MONTH if p == "month" else 1 for p in parameters})).status_code

    assert set(told.values()) == {405}, told


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", r"\\evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_signing_in_leads_nowhere_else(world, target):
    answer = Client().post(
        f"{reverse('account_login')}?next={target}", {"login": world.ada.email, "password": make.PASSWORD, "next": target}
    )

    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_no_host_that_a_request_names_gets_into_a_mail(world):
    client = Client()
    headers = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
    client.post(reverse("account_reset_password"), {"email": world.ada.email}, headers=headers)
    with as_provider():
        assert "evil" not in Mail.objects.order_by("pk").last().action_url


def test_a_named_company_is_not_kept_for_others(world):
    client = Client()
    client.force_login(world.ada)
    foreign = client.get(f"/?company={world.globex.pk}")

    assert "no-store" in foreign["Cache-Control"]
    assert "Globex" not in foreign.content.decode()


def test_pages_are_compressed_for_those_who_take_it_and_differ_in_length(world):
    client = Client()
    client.force_login(world.ada)
    plain, *packed = [client.get("/", headers={"accept-encoding": coding}) for coding in ("identity", *["gzip, br"] * 8)]

    assert not plain.has_header("Content-Encoding")
    assert {answer["Content-Encoding"] for answer in packed} == {"gzip"}
    assert all("Accept-Encoding" in answer["Vary"] for answer in (plain, *packed))
    assert all(int(answer["Content-Length"]) == len(answer.content) < len(plain.content) / 2 for answer in packed)
    assert {gzip.decompress(answer.content)[-50:] for answer in packed} == {plain.content[-50:]}
    assert len({len(answer.content) for answer in packed}) > 1
