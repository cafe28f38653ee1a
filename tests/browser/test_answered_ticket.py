"""The main job in a browser: filed with evidence, verified by one key, answered, read; nothing written is lost, nothing is sent twice."""

import pytest
from playwright.sync_api import expect

from accounts.tenancy import as_provider
from tests import factories as make
from tickets.models import File, Ticket

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOG = {"name": "calls.log", "mimeType": "text/plain", "buffer": b"INVITE 503\r\n" * 4000}
CAPTURE = {"name": "sip.pcap", "mimeType": "application/octet-stream", "buffer": bytes(range(256)) * 400}
SUBJECT = "Calls are rejected with 503"


def fill(page, subject=SUBJECT):
    page.goto("/tickets/new/")
    page.get_by_text("It worked and stopped, or works wrongly").click()
    page.get_by_text("Many are hit").click()
    page.get_by_label("Product", exact=True).select_option(label="Softswitch")
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Description").fill("On trunk **EMBR** since ten.")


def tickets():
    with as_provider():
        return list(Ticket.objects.order_by("pk"))


def stored():
    """What came with messages: bytes by name."""
    with as_provider():
        files = list(File.objects.exclude(message=None))
    found = {}
    for file in files:
        with file.stored_as.open() as content:
            found[file.name] = content.read()
    return found


def is_filed(page):
    """Wait for the page with the number."""
    expect(page.get_by_role("status").filter(has_text="We have it")).to_be_visible()


def test_a_ticket_is_filed_verified_answered_and_read(world, desk):
    ada = desk.window()
    ada.goto("/")
    ada.get_by_label("Email").fill("ada@acme.example")
    ada.get_by_label("Password").fill(make.PASSWORD)
    ada.get_by_role("button", name="Sign in").click()
    expect(ada.get_by_role("heading", name="Acme")).to_be_visible()

    fill(ada)
    ada.locator("input[type=file]").set_input_files([LOG, CAPTURE])
    finished = ada.locator(".upload-item:has(input[name=upload])")
    expect(finished).to_have_count(2)
    expect(finished.nth(1)).to_contain_text("sip.pcap")
    expect(ada.locator(".upload-item progress")).to_have_count(0)
    ada.get_by_role("button", name="Send the ticket").click()
    is_filed(ada)
    assert stored() == {"calls.log": LOG["buffer"], "sip.pcap": CAPTURE["buffer"]}

    sara = desk.window(world.sara.person)
    sara.goto("/console/")
    sara.keyboard.press("j")
    sara.keyboard.press("Enter")
    expect(sara.get_by_role("heading", name=SUBJECT)).to_be_visible()
    sara.wait_for_load_state()  # keys are heard once the scripts are there
    sara.keyboard.press("y")
    expect(sara.get_by_role("status").filter(has_text="verified")).to_be_visible()
    sara.wait_for_load_state()
    sara.keyboard.press("r")
    sara.keyboard.type("Please *try again*.")
    sara.keyboard.press("Control+Enter")
    expect(sara.get_by_role("article", name="Message by Sara")).to_contain_text("Please try again.")

    ada.reload()
    expect(ada.get_by_role("article", name="Message by Sara")).to_contain_text("Please try again.")
    with ada.expect_download() as download:
        ada.locator("a.file", has_text="sip.pcap").first.click()
    assert download.value.path().read_bytes() == CAPTURE["buffer"]


def test_a_note_is_written_by_its_key_and_stays_internal(world, desk):
    ticket = make.ticket(world.contract, world.softswitch, world.ada)
    sara, ada = desk.window(world.sara.person), desk.window(world.ada)
    sara.goto(ticket.console_url)
    sara.keyboard.press("n")
    sara.keyboard.type("They never pay.")
    expect(sara.get_by_role("button", name="Save internal note")).to_be_visible()
    sara.get_by_role("button", name="Save internal note").click()

    expect(sara.get_by_role("article", name="Internal note by Sara")).to_contain_text("They never pay.")
    ada.goto(ticket.portal_url)
    expect(ada.get_by_role("article")).to_have_count(1)
    assert "never pay" not in ada.content()


def test_a_draft_survives_a_reload_and_goes_with_what_was_sent(world, desk):
    ada = desk.window(world.ada)
    ada.on("dialog", lambda dialog: dialog.accept())
    fill(ada)
    ada.reload()

    expect(ada.get_by_label("Subject")).to_have_value(SUBJECT)
    expect(ada.get_by_label("Description")).to_have_value("On trunk **EMBR** since ten.")
    expect(ada.locator("input[name=severity]:checked")).to_have_value("high")
    ada.get_by_label("Product", exact=True).select_option(label="Softswitch")
    ada.get_by_role("button", name="Send the ticket").click()
    is_filed(ada)
    ada.goto("/tickets/new/")
    expect(ada.get_by_label("Subject")).to_have_value("")


def test_a_double_click_on_send_makes_one_ticket(world, desk):
    ada = desk.window(world.ada)
    sent = []
    ada.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    fill(ada)
    ada.get_by_role("button", name="Send the ticket").dblclick()
    is_filed(ada)

    assert (len(tickets()), len(sent)) == (1, 1)


def test_a_file_that_is_taken_back_is_gone(world, desk):
    ada = desk.window(world.ada)
    fill(ada)
    ada.locator("input[type=file]").set_input_files([LOG, CAPTURE])
    expect(ada.locator(".upload-item:has(input[name=upload])")).to_have_count(2)
    with ada.expect_response("**/uploads/remove/") as removed:
        ada.get_by_role("button", name="Remove calls.log").click()
    assert removed.value.status == 204
    ada.get_by_role("button", name="Send the ticket").click()
    is_filed(ada)

    assert stored() == {"sip.pcap": CAPTURE["buffer"]}
    with as_provider():
        assert list(File.objects.filter(message=None)) == []


def test_sending_waits_for_what_still_goes_up(world, desk):
    ada = desk.window(world.ada)
    held = []
    ada.route("**/uploads/", lambda route: held.append(route))
    fill(ada)
    ada.locator("input[type=file]").set_input_files(LOG)
    ada.get_by_role("button", name="Send the ticket").click()
    expect(ada.locator("form.filing [role=status]")).to_have_text("Sending as soon as the files are here…")
    assert tickets() == []
    held[0].continue_()
    is_filed(ada)

    assert stored() == {"calls.log": LOG["buffer"]}


def test_mistakes_are_told_in_a_summary_that_takes_focus_and_files_stay(world, desk):
    ada = desk.window(world.ada)
    fill(ada, subject="x")
    ada.locator("form.filing").evaluate("form => { form.noValidate = true }")
    ada.locator("input[type=file]").set_input_files(LOG)
    expect(ada.locator(".upload-item:has(input[name=upload])")).to_have_count(1)
    ada.get_by_role("button", name="Send the ticket").click()

    expect(ada.locator("[data-errors]")).to_be_focused()
    expect(ada.get_by_label("Description")).to_have_value("On trunk **EMBR** since ten.")
    ada.get_by_label("Subject").fill(SUBJECT)
    ada.get_by_role("button", name="Send the ticket").click()
    is_filed(ada)
    assert stored() == {"calls.log": LOG["buffer"]}


def test_without_javascript_a_ticket_with_a_file_is_filed_verified_and_answered(world, desk):
    ada = desk.window(world.ada, java_script_enabled=False)
    fill(ada)
    ada.locator("input[type=file]").set_input_files([LOG, CAPTURE])
    ada.get_by_role("button", name="Send the ticket").click()
    is_filed(ada)
    assert stored() == {"calls.log": LOG["buffer"], "sip.pcap": CAPTURE["buffer"]}

    sara = desk.window(world.sara.person, java_script_enabled=False)
    sara.goto("/console/")
    sara.get_by_role("link", name=SUBJECT).click()
    sara.get_by_role("button", name="Confirm").click()
    sara.get_by_label("Message", exact=True).fill("Please try again.")
    sara.locator("form.composer button[data-send]").click()
    expect(sara.get_by_role("article", name="Message by Sara")).to_contain_text("Please try again.")
    ada.reload()
    expect(ada.get_by_role("article", name="Message by Sara")).to_contain_text("Please try again.")
