"""A release's files in a browser: one that is refused leaves nothing in the way of the one that is meant."""

import pytest
from playwright.sync_api import expect

from tests import factories as make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def upload(page, name, content):
    page.get_by_label("File", exact=True).set_input_files({"name": name, "mimeType": "application/gzip", "buffer": content})
    page.get_by_role("button", name="Upload").click()


def test_a_file_that_is_refused_says_so_until_the_right_one_is_sent(desk, world):
    draft = make.draft(world.softswitch, package=b"")
    page = desk.window(make.staff("Rita Releases", "release_manager").person)
    page.goto(f"/console/releases/{draft.pk}/")
    upload(page, "empty.tgz", b"")
    refused = page.locator(".upload-item", has_text="empty.tgz")
    expect(refused).to_contain_text("is empty. Choose the file that you mean.")
    expect(refused.get_by_role("button")).to_have_count(0)

    upload(page, "package.tgz", b"x" * 100_000)
    expect(page.locator(".artifacts")).to_contain_text("package.tgz")
    expect(page.get_by_text("No file yet.")).to_have_count(0)


def test_without_a_file_the_form_asks_for_one(desk, world):
    draft = make.draft(world.softswitch, package=b"")
    page = desk.window(make.staff("Rita Releases", "release_manager").person)
    page.goto(f"/console/releases/{draft.pk}/")
    page.get_by_role("button", name="Upload").click()

    assert page.evaluate("document.activeElement.id") == "id_file"
