"""No page asks for what the content policy forbids, Django's own among them; and what a customer writes runs nowhere."""

import pytest
from django.urls import reverse

from accounts.tenancy import as_provider
from notifications.models import Mail
from tests import factories as make
from tests.browser.test_pages import places  # noqa: F401 - a fixture
from tests.helpdesk.test_hostile_text import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

LISTEN = """
window.refused = [];
document.addEventListener("securitypolicyviolation", (event) => window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
ADMIN = (
    *("/admin/", "/admin/contracts/product/", "/admin/contracts/product/add/", "/admin/accounts/team/", "/admin/accounts/team/add/"),
    *("/admin/accounts/staffmember/", "/admin/accounts/staffmember/add/", "/admin/accounts/person/", "/admin/sla/calendar/add/"),
)


def refusals(page, paths):
    found = {}
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        for frame in page.frames:
            if refused := frame.evaluate("window.refused || []"):
                found[f"{path} {frame.url}"] = refused
    return found


def test_no_page_asks_for_what_the_policy_forbids(world, places, desk):  # noqa: F811 - the fixture
    found = {}
    for person, start in ((world.ada, "portal"), (world.lea.person, "console"), (None, "account")):
        page = desk.window(person)
        page.add_init_script(LISTEN)
        found |= refusals(page, [path for name, path in places.items() if name.startswith(start)])
    desk.complaints[:] = [line for line in desk.complaints if "Content Security Policy" in line or "Refused" in line]

    assert found == {}


def test_configuration_keeps_to_the_policy_too(world, places, desk):  # noqa: F811 - the fixture
    page = desk.window(world.lea.person)
    page.add_init_script(LISTEN)
    paths = [*ADMIN, f"/admin/accounts/person/{world.ada.pk}/change/", f"/admin/contracts/product/{world.softswitch.pk}/change/"]

    assert refusals(page, paths) == {}
    desk.complaints[:] = [line for line in desk.complaints if "Content Security Policy" in line]


def test_a_letter_looks_as_it_should_in_a_frame_where_nothing_runs(world, desk):
    text = "Since today.\n\n" + "\n\n".join(HOSTILE)
    ticket = make.ticket(world.contract, world.softswitch, world.ada, description=text)
    with as_provider():
        mail = Mail.objects.filter(kind="ticket_opened", recipient=world.lea.person).first()
    page = desk.window(world.lea.person)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(reverse("console:mail", args=[mail.pk]))
    page.locator("iframe.mail-frame").scroll_into_view_if_needed()
    sheet = page.frame_locator("iframe.mail-frame").locator(".sheet")
    colour = sheet.evaluate("(box) => getComputedStyle(box).borderTopLeftRadius")
    sandbox = page.locator("iframe.mail-frame").get_attribute("sandbox")
    page.goto(reverse("console:ticket", args=[ticket.pk]))

    assert (colour, sandbox) == ("12px", "")
    assert [url for url in asked if "evil.example" in url] == []
