"""The release manager's pages: what is said before publishing, how telling goes, who has it, and notes that can do no harm."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.tenancy import as_provider
from notifications.models import Mail
from releases import commands
from releases.models import Recipient, Release
from releases.queries import desk as queries
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(rita):
    client = Client()
    client.force_login(rita)
    return client


def page(client, name, *arguments, **query):
    answer = client.get(reverse(f"console:{name}", args=arguments), query)
    assert answer.status_code == 200
    return answer.content.decode()


def form(world, **changes):
    values = {
        "product": world.softswitch.pk,
        "number": "8.2",
        "kind": "update",
        "nature": "technical",
        "notes_en": "News",
        "notes_pt": "Novas",
    }
    return values | changes


def test_a_draft_is_made_changed_and_published_on_its_pages(world, desk):
    made = desk.post(reverse("console:release_new"), form(world))
    with as_provider():
        draft = Release.objects.get()
    assert made["Location"] == reverse("console:release", args=[draft.pk])
    desk.post(reverse("console:release_edit", args=[draft.pk]), form(world, number="8.2.1"))
    make.artifact(draft)
    done = desk.post(reverse("console:release_publish", args=[draft.pk]), {"publish": "1"})

    assert done["Location"] == reverse("console:release", args=[draft.pk])
    with as_provider():
        draft.refresh_from_db()
    assert (draft.number, draft.state) == ("8.2.1", "published")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"number": "latest"}, "is not a version"),
        ({"number": "7.0"}, "There is a release of Softswitch 7.0 already"),
        ({"product": ""}, "required"),
    ],
)
def test_a_mistake_is_said_beside_the_field_and_nothing_is_lost(world, desk, changes, sentence):
    make.draft(world.softswitch, "7.0")
    answer = desk.post(reverse("console:release_new"), form(world, **changes))

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert "Novas" in answer.content.decode()


def test_a_new_draft_is_the_smallest_step_unless_somebody_says_otherwise(world, desk):
    text = page(desk, "release_new")

    assert ('value="update" selected' in text, 'value="technical" selected' in text) == (True, True)


def test_a_preview_shows_the_notes_and_saves_nothing(world, desk):
    answer = desk.post(reverse("console:release_new"), form(world, notes_en="**bold**", preview="1"))

    assert "<strong>bold</strong>" in answer.content.decode()
    with as_provider():
        assert not Release.objects.exists()


def test_html_in_notes_is_text_on_every_page_and_in_the_mail(world, desk, told):
    notes = "<script>alert(1)</script> <img src=x onerror=alert(2)> [x](javascript:alert(3))"
    release = make.release(world.softswitch, notes_en=notes, notes_pt=notes)
    told(release)
    ada = Client()
    ada.force_login(world.ada)
    shown = [page(desk, "release", release.pk), ada.get(reverse("portal:release", args=[release.pk])).content.decode()]
    with as_provider():
        shown.append(Mail.objects.filter(kind="release_published").first().body_html)

    for html in shown:
        assert "<script>alert" not in html
        assert "<img" not in html.replace('<img src="/static/logo.svg"', "")
        assert 'href="javascript' not in html
        assert "&lt;script&gt;alert(1)" in html


def test_the_page_before_publishing_says_who_would_hear_of_it(world, desk):
    empty = make.customer("Initech")
    make.contract(empty, world.softswitch, manager=world.max)
    text = page(desk, "release_publish", make.draft(world.softswitch).pk)

    assert "<strong>3</strong> customers" in text
    assert "<strong>3</strong> people" in text
    assert "One customer without a contact that mail reaches" in text
    assert reverse("console:customer", args=[empty.pk]) in text


def test_what_can_not_be_published_says_why_on_the_page(world, desk):
    answer = desk.post(reverse("console:release_publish", args=[make.draft(world.softswitch, package=b"").pk]), {"publish": "1"})

    assert answer.status_code == 422
    assert "Upload its package first" in answer.content.decode()


def test_publishing_again_from_an_old_page_changes_nothing(world, desk):
    release = make.release(world.softswitch)
    answer = desk.post(reverse("console:release_publish", args=[release.pk]), {"publish": "1"}, follow=True)

    assert "nobody is told twice" in answer.content.decode()


def test_an_instant_is_read_in_the_managers_zone(world, rita, desk):
    draft = make.draft(world.softswitch)
    local = timezone.now().astimezone(timezone.get_default_timezone()) + timedelta(days=2)
    desk.post(reverse("console:release_publish", args=[draft.pk]), {"schedule": "1", "at": f"{local:%Y-%m-%dT%H:%M}"})

    with as_provider():
        draft.refresh_from_db()
    assert draft.publish_at == local.replace(second=0, microsecond=0)
    past = desk.post(
        reverse("console:release_publish", args=[make.draft(world.softswitch, "8.3").pk]), {"schedule": "1", "at": "2020-01-01T10:00"}
    )
    assert "This instant is past" in past.content.decode()


def test_progress_counts_people_by_what_became_of_telling_them(world, rita, told):
    release = make.release(world.softswitch)
    before = _progress(release)
    told(release)
    with as_provider():
        mails = Mail.objects.filter(about_id=release.pk)
        mails.filter(recipient=world.ada).update(state="delivered")
        mails.filter(recipient=world.alan).update(state="parked", unknown_outcomes=1)
    after = _progress(release)

    assert (before.people, before.customers, before.waiting, before.percent, before.goes_on) == (3, 2, 3, 0, True)
    assert (after.sent, after.unknown, after.on_their_way, after.waiting, after.percent) == (1, 1, 1, 0, 66)


def test_what_was_owed_a_moment_ago_is_on_its_way_and_what_is_kept_back_is_not_done(world, rita, told):
    release = make.release(world.softswitch)
    told(release)
    with as_provider():
        mails = Mail.objects.filter(about_id=release.pk)
        mails.update(due_at=make.NOW + timedelta(seconds=1))  # by a clock that is ahead of the page's
        fresh = _progress(release)
        mails.update(due_at=make.NOW + timedelta(hours=1))
    later = _progress(release)

    assert (fresh.on_their_way, fresh.kept_back, fresh.percent, fresh.goes_on) == (3, 0, 0, True)
    assert (later.on_their_way, later.kept_back, later.percent, later.goes_on) == (0, 3, 0, False)


def _progress(release):
    with as_provider():
        return queries.progress(release, "published", make.NOW)


def test_the_page_asks_for_its_progress_until_everybody_is_told(world, desk, told):
    release = make.release(world.softswitch)
    assert "hx-get" in page(desk, "release_progress", release.pk)
    told(release)
    with as_provider():
        Mail.objects.filter(about_id=release.pk).update(state="sent")
    text = page(desk, "release_progress", release.pk)

    assert "hx-get" not in text
    assert "3 of 3 people" in text
    assert "100 %" in text


def test_an_unknown_outcome_is_shown_with_what_to_do(world, desk, told):
    release = make.release(world.softswitch)
    told(release)
    with as_provider():
        error = "Its sending was cut off: it may have arrived."
        Mail.objects.filter(recipient=world.ada, about_id=release.pk).update(
            state="parked", unknown_outcomes=1, attempts=1, last_error=error
        )
    text = page(desk, "release", release.pk)

    assert "Outcome unknown" in text
    assert "Ask its reader before you send it again." in text


def test_who_has_it_and_who_has_not(world, desk, told):
    release = make.release(world.softswitch)
    told(release)
    with as_provider():
        file = release.artifacts.get()
        Mail.objects.filter(recipient=world.grace, about_id=release.pk).update(state="bounced")
    commands.count_download(customer_id=world.acme.pk, person=world.ada, file=file, link="1" * 32, now=make.NOW)
    found = {only: page(desk, "release_customers", release.pk, only=only) for only in queries.FILTERS}

    assert {only: ("Acme" in text, "Globex" in text) for only, text in found.items()} == {
        "": (True, True),
        "fetched": (True, False),
        "not_fetched": (False, True),
        "not_reached": (False, True),
    }


def test_a_customer_that_came_later_and_fetched_it_is_no_trouble(world, rita, desk):
    release = make.release(world.softswitch)
    late, empty = make.customer("Late Ltd"), make.customer("Empty Ltd")
    with as_provider():
        file = release.artifacts.get()
        Recipient.objects.create(release=release, customer=empty, purpose="published", state="nobody")
    person = make.member(late, "Lou Late")
    commands.count_download(customer_id=late.pk, person=person, file=file, link="2" * 32, now=make.NOW)

    assert "nobody told" not in page(desk, "release_customers", release.pk, only="fetched")
    assert "nobody told" in page(desk, "release_customers", release.pk, only="not_reached")


def test_of_a_withdrawn_release_only_telling_why_is_tried_again(world, rita, desk, told):
    release = make.release(world.softswitch)
    told(release)
    with as_provider():
        Mail.objects.filter(about_id=release.pk).update(state="bounced")
    assert "Try again what failed" in page(desk, "release", release.pk)

    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="", now=make.NOW)
    assert "Try again what failed" not in page(desk, "release", release.pk)


def test_who_lacks_a_security_update_is_listed_with_what_they_run(world, desk):
    make.environment(world.acme, installed={world.softswitch: world.version})
    fresh = make.release(world.softswitch, "8.3", is_security=True)
    make.environment(world.globex, installed={world.softswitch: fresh.version})
    lacking = page(desk, "versions", product=world.softswitch.pk, only="security")
    everybody = page(desk, "versions", product=world.softswitch.pk)

    assert ("Acme" in lacking, "Globex" in lacking, "8.3 not fetched" in lacking) == (True, False, True)
    assert ("Acme" in everybody, "Globex" in everybody) == (True, True)
    with as_provider():
        file = fresh.artifacts.get()
    commands.count_download(customer_id=world.acme.pk, person=world.ada, file=file, link="2" * 32, now=make.NOW)
    assert "8.3: fetched, not noted as installed" in page(desk, "versions", product=world.softswitch.pk, only="security")


def test_who_runs_a_withdrawn_version_is_not_up_to_date(world, rita, desk):
    make.release(world.softswitch, "8.2")
    withdrawn = make.release(world.softswitch, "8.3")
    make.environment(world.acme, contract=world.contract, installed={world.softswitch: withdrawn.version})
    ada = Client()
    ada.force_login(world.ada)
    own = reverse("portal:products")
    assert ("Up to date" in ada.get(own).content.decode(), "newest</span>" in page(desk, "versions")) == (True, True)

    commands.withdraw(actor=rita, release=withdrawn, why_en="It loses calls.", why_pt="", now=make.NOW)
    staff, customer = page(desk, "versions", only="behind"), ada.get(own).content.decode()
    assert ("Up to date" in customer, "Withdrawn version in use" in customer) == (False, True)
    assert ("newest</span>" in staff, "withdrawn</span>" in staff, "Acme" in staff) == (False, True, True)
    make.release(world.softswitch, "8.3")
    assert "Up to date" in ada.get(own).content.decode()


def test_a_licence_is_issued_on_the_contracts_page(world, desk):
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415

    path = reverse("console:licences", args=[world.contract.pk])
    file = SimpleUploadedFile("acme.key", b"key")
    empty = desk.post(path, {"product": world.softswitch.pk, "file": SimpleUploadedFile("acme.key", b"")})

    assert (empty.status_code, "is empty" in empty.content.decode()) == (422, True)
    assert desk.post(path, {"product": world.softswitch.pk, "file": file, "expires_date": "2027-12-31"}).status_code == 302
    assert "acme.key" in page(desk, "licences", world.contract.pk)
