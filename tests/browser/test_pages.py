"""Every page, at both widths, in both themes and both languages: no fault for a reader of the page, no overflow, no complaint of the browser."""

from datetime import date, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.files.base import ContentFile
from django.test.testcases import LiveServerThread
from django.urls import reverse
from django.utils import timezone

from accounts import commands as accounts
from accounts.models import StaffRole
from accounts.tenancy import as_provider
from billing.commands import decisions, work
from contracts import commands as contracts
from helpdesk.isolation import addresses
from helpdesk.lib.refusals import Refusal
from monitoring import commands as monitoring
from notifications import commands as outbox
from notifications.models import Mail
from releases import commands as releases
from tests import factories as make
from tests.billing.charges import ANSWER, shown
from tests.test_access import GET
from tickets import commands

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WIDTHS, THEMES, LANGUAGES = (1280, 375), ("light", "dark"), ("en", "pt-br")
LONG = "Verylongwordwithoutanyspaceinitwhichnobodyexpectedinasubject" * 2
# Asked by machines, downloads, addresses that only send elsewhere, and the mail that console:mail frames, where no script may run.
NOT_PAGES = {
    *("portal:tickets_export", "console:queue_export", "console:search_export"),
    *("portal:reports_export", "portal:reports_missed_export", "console:reports_export", "console:reports_missed_export"),
    *("portal:ticket_preview", "console:ticket_preview"),
    *("portal:artifact", "portal:licence", "portal:download", "portal:release_link"),
    *("console:artifact", "console:licence", "console:release_progress"),
    *("portal:statement_pdf", "portal:statement_csv", "console:statement_pdf", "console:statement_csv"),
    *("portal:ticket_hours", "console:ticket_hours"),
    *("beat", "beat_told", "discovery", "portal:watch_curve", "console:watch_curve"),
    *("healthz", "readyz", "metrics", "robots", "portal:file", "console:file", "console:home", "console:mail_html"),
    *("account_signup", "account_email", "mfa_authenticate", "mfa_download_recovery_codes"),
}
WORDS = ("news", "nothinghasthis", "1-none@192.168.1.7")  # found, and not
FIRST_PAGE_BYTES = 60_000
STILL = {"reduced_motion": "reduce"}  # else colours are read while they change from one theme to the other
# How wide the page is and its window, and the innermost elements that reach out of it.
WIDE = """() => {
  const root = document.documentElement, inside = (box) => box.getBoundingClientRect().right <= root.clientWidth + 1;
  const out = [...document.querySelectorAll("body *")].filter((box) => !inside(box) && !box.closest("pre, table, .hidden-text"));
  const innermost = out.filter((box) => ![...box.children].some((child) => out.includes(child)));
  return [root.scrollWidth, root.clientWidth, innermost.slice(0, 4).map((box) => `${box.tagName}.${box.className}`)];
}"""


@pytest.fixture
def places(world):
    """Something on every page, and the values of every address: a person's pages are Ada's and Lea's, who may do most."""
    accounts.set_staff_roles(actor=None, person=world.lea.person, display_name="Lea", roles=[*StaffRole.Role], now=make.NOW)
    environment = make.environment(world.acme, contract=world.contract, contacts=(world.ada,), installed={world.softswitch: world.version})
    contracts.set_standing(
        actor=None, contract=world.contract, state="suspended", from_date=date(2027, 6, 1), reason="Unpaid invoices", now=make.NOW
    )
    invitation = accounts.invite(
        actor=world.ada, customer=world.acme, email="new@acme.example", name="New", role="member", language="en", now=make.NOW
    )
    ticket = _long_ticket(world, environment)
    make.ticket(world.contract, world.softswitch, world.alan, subject="Waits for its qualification", severity="critical")
    rota = make.rota(world.sara, world.lea, name=LONG[:80], first_date=timezone.localdate(), escalate_minutes=10)
    make.override(rota, world.lea, timezone.now() + timedelta(hours=1), timezone.now() + timedelta(days=2), note=LONG[:200])
    make.way(world.lea.person, label=LONG[:60])
    page = make.page(title=LONG, text=LONG, customer_id=world.acme.pk, url="http://127.0.0.1/console/")
    outbox.paging.address_due(timezone.now())
    with as_provider():
        mail = Mail.objects.filter(customer=world.acme).order_by("pk").first()
        membership = world.alan.memberships.get()
        token = Mail.objects.get(address="new@acme.example").action_url.rstrip("/").rpartition("/")[2]
    pks = {"contract": world.contract.pk, "environment": environment.pk, "customer": world.acme.pk, "mail": mail.pk}
    pks |= {"calendar": world.contract.calendar_id}
    pks |= {"rota_edit": rota.pk, "page": page.pk}
    pks |= _releases(world, ticket) | {"licences": world.contract.pk}
    pks |= _hours(world) | _watching(world, environment)
    pks |= {"people_revoke": invitation.pk, "people": membership.pk, "ticket": ticket.pk}
    common = {
        "number": ticket.pk,
        "customer_id": world.acme.pk,
        "slug": "all",
        "token": token,
        "uidb36": "1",
        "key": "made-up",
        "year": 2026,
        "product_id": world.softswitch.pk,
        "contract_id": world.contract.pk,
        "month": make.NOW.date().replace(day=1),
    }
    found = {
        name: reverse(name, kwargs={p: common.get(p) or _pk(pks, name) for p in parameters})
        for name, parameters in addresses()
        if name in GET and name not in NOT_PAGES
    }
    searches = {f"{name} {words}": f"{found[name]}?q={words}&state=all" for name in ("portal:tickets", "console:search") for words in WORDS}
    return found | searches


def _hours(world):
    """Work that the contract doesn't include, on a ticket of which everything was asked, and a closed month."""
    sara, now = world.sara.person, make.NOW
    about = {"type": "functional", "severity": "medium", "subject": LONG, "now": now - timedelta(hours=4)}
    ticket = make.ticket(world.contract, world.softswitch, world.ada, **about)
    log = work.log_work(ticket=ticket, agent=world.sara, began_at=now - timedelta(hours=3), ended_at=now, note=LONG, now=now)
    work.start_timer(ticket=ticket, agent=world.lea, now=now)
    accepted = make.charge(ticket, sara, reason=LONG)
    decisions.accept(request=accepted, approver=world.ada, answer=ANSWER, shown_hash=shown(accepted), now=now)
    waiting = make.charge(ticket, sara, reason=LONG, work_from=now + timedelta(days=5), work_until=now + timedelta(days=5, hours=2))
    draft = make.charge(ticket, sara, "draft", reason=LONG, kind="functional_excess", work_from=None, work_until=None, rate_cents=99_999_99)
    drafts = dict.fromkeys(("charge_edit", "charge_send"), draft.pk)
    ends = dict.fromkeys(("charge_end", "approval_end"), accepted.pk)
    return drafts | ends | {"charge": waiting.pk, "approval": waiting.pk, "work": log.pk, "statement": make.statement(world).pk}


def _watching(world, environment):
    """An environment that is watched, with a heartbeat that failed, an alert that lasts, maintenance, and a refusal."""
    ada, now = world.ada, timezone.now()
    make.authorisation(ada, environment)
    _credential, token = make.credential(ada, environment, "heartbeat", name=LONG[:60])
    beat = make.heartbeat(ada, environment, name=LONG[:60])
    make.maintenance(ada, environment, now + timedelta(days=1), now + timedelta(days=1, hours=2), reason=LONG)
    monitoring.add_target(actor=ada, environment=environment, address="a.example:9100", job="node", now=now)
    monitoring.accept(source="heartbeat", token=token, body=LONG.encode(), ping=monitoring.Ping(beat.slug, "fail"), now=now, tick=0.0)
    with pytest.raises(Refusal):
        monitoring.accept(source="events", token=token, body=b"{}", now=now, tick=1.0)
    monitoring.work_signals(now=now)
    return {"watch": environment.pk}


def _releases(world, ticket):
    """A release with everything that a page of one can show, and a draft for the pages of drafts."""
    issue = make.known_issue(world.softswitch, LONG[:200])
    releases.link_issue(actor=world.lea.person, ticket=ticket, issue=issue, now=make.NOW)
    notes = {"notes_en": f"# News\n\n{LONG}\n\n- one\n- two", "notes_pt": LONG, "fixes": [issue]}
    draft = make.draft(world.softswitch, "8.3", **notes)
    make.artifact(draft, f"{LONG}.pdf", kind="manual")
    release = make.release(world.softswitch, "8.2", is_security=True, **notes)
    releases.distribute(now=make.NOW)
    make.licence(world.contract, world.softswitch, f"{LONG}.key")
    of_drafts = dict.fromkeys(("release_edit", "release_publish"), draft.pk)
    return of_drafts | {"release": release.pk, "known_issue": issue.pk}


def _pk(pks, name):
    page = name.rpartition(":")[2]
    return next((pk for start, pk in pks.items() if page.startswith(start)), 1)


def _long_ticket(world, environment):
    """One with everything a ticket can show, and words that are too long."""
    sara, now = world.sara.person, make.NOW
    upload = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name=f"{LONG}.pcap", content=ContentFile(b"x"), now=now)
    text = f"# Heading\n\n- one\n- `two`\n\n| a | b |\n|---|---|\n| {LONG} | 2 |\n\n```\n{LONG} {LONG}\n```\n\n> quoted\n\n[link](https://acme.example)"
    ticket = make.ticket(
        world.contract, world.softswitch, world.ada, subject=LONG, description=text, files=[upload], environment=environment
    )
    commands.watch(ticket=ticket, person=world.alan, actor=world.ada, by_staff=False, now=now)
    commands.assign(ticket=ticket, agent=sara, assignee=world.sara, now=now)
    commands.note(ticket=ticket, author=sara, body="They never pay.", now=now)
    commands.verify(ticket=ticket, agent=sara, type="technical", severity="medium", reason=f"A way around. {LONG}", now=now)
    commands.answer(ticket=ticket, agent=sara, body=text, status="waiting_customer", now=now)
    for hour in range(8):
        commands.reply(ticket=ticket, author=world.alan, body=f"News {hour}", now=now + timedelta(hours=hour))
    commands.place_hold(ticket=ticket, reason="Two more hours", placed_by=sara, now=now)
    return ticket


def faults_of(page):
    """What axe finds and what is wider than the window, on the page as it is now."""
    report = Axe().run(page, options={"resultTypes": ["violations"], "iframes": False}).response
    found = [f"{fault['id']}: {[node['target'] for node in fault['nodes']][:3]}" for fault in report["violations"]]
    wide, window, sticking_out = page.evaluate(WIDE)
    return found + ([f"{wide} wide in {window}: {sticking_out}"] if wide > window else [])


def crawl(page, paths, complaints):
    """Faults by page, width and theme."""
    found = {}
    for name, path in paths.items():
        before = len(complaints)
        answer = page.goto(path)
        if answer.status in {403, 404}:
            del complaints[before:]
            continue
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                if faults := faults_of(page):
                    found[f"{name} {width} {theme}"] = faults
        if complaints[before:]:
            found[f"{name} complains"] = complaints[before:]
            del complaints[before:]
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("face", ["portal", "console", "account"])
def test_every_page_of_a_face(world, places, desk, face, language):
    person = world.lea.person if face == "console" else world.ada
    accounts.change_profile(person=person, language=language)
    mine = {name: path for name, path in places.items() if (name.partition(":")[0] if ":" in name else "account") == face}
    page = desk.window(person, **STILL)

    assert crawl(page, mine, desk.complaints) == {}
    assert page.goto(mine[next(iter(mine))]).status < 500


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_for_somebody_who_is_not_signed_in(places, desk, language):
    mine = {name: places[name] for name in places if name.startswith(("account_", "invitation"))}
    page = desk.window(locale="pt-BR" if language == "pt-br" else "en", **STILL)

    assert crawl(page, mine, desk.complaints) == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_with_nothing_on_them(world, desk, language):
    empty = make.member(make.customer("Empty"), "Eve Empty", "admin", language=language)
    names = (
        "home",
        "tickets",
        "ticket_new",
        "overview",
        "contracts",
        "environments",
        "people",
        "approvals",
        "hours",
        "statements",
        "products",
    )
    page = desk.window(empty, **STILL)

    assert crawl(page, {name: reverse(f"portal:{name}") for name in names}, desk.complaints) == {}


@pytest.fixture
def as_deployed(settings):
    """The address of a server whose style sheets and scripts are named and compressed as in production."""
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}
    server = LiveServerThread("127.0.0.1", static_handler=lambda handler: handler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    assert server.error is None, server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


def test_a_first_page_weighs_little(world, places, desk, as_deployed):
    desk.address = as_deployed
    page = desk.window(world.ada)
    answers = []
    page.on("requestfinished", lambda request: answers.append(request))
    assert page.goto("/", wait_until="networkidle").status == 200

    weights = {request.url: sum(request.sizes()[part] for part in ("responseBodySize", "responseHeadersSize")) for request in answers}
    assert sum(weights.values()) < FIRST_PAGE_BYTES, sorted(((size, url) for url, size in weights.items()), reverse=True)[:10]
