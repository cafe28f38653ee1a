"""How long somebody is signed in, and when at once no more."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import commands, sessions
from accounts.tenancy import as_provider
from tests import factories as make

pytestmark = pytest.mark.django_db


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


def shifted(client, **earlier):
    """The same session, begun or last seen so long ago."""
    session = client.session
    for name, delta in earlier.items():
        session[name] = int((timezone.now() - delta).timestamp())
    session.save()
    return client


@pytest.mark.parametrize(
    ("earlier", "stays"),
    [
        ({"signed_in_at": timedelta(hours=15), "seen_at": timedelta(hours=3)}, True),
        ({"signed_in_at": timedelta(hours=17), "seen_at": timedelta(minutes=1)}, False),
        ({"signed_in_at": timedelta(hours=6), "seen_at": timedelta(hours=5)}, False),
    ],
)
def test_staff_sign_in_again_after_a_long_shift_or_an_evening_away(world, earlier, stays):
    client = signed_in(world.sara.person)
    client.get("/console/customers/")
    answer = shifted(client, **earlier).get("/console/customers/")

    assert answer.status_code == (200 if stays else 302)
    assert stays or answer["Location"] == f"{reverse('account_login')}?next=/console/customers/"
    assert stays == ("_auth_user_id" in client.session)


def test_customers_stay_signed_in(world):
    client = shifted(signed_in(world.ada), signed_in_at=timedelta(days=10), seen_at=timedelta(days=9))

    assert client.get("/").status_code == 200


def test_a_session_is_not_written_by_every_request(world):
    client = signed_in(world.sara.person)
    client.get("/console/customers/")
    seen = client.session[sessions.SEEN]
    client.get("/console/customers/")

    assert client.session[sessions.SEEN] == seen


def test_signing_in_makes_a_new_session(world):
    client = Client()
    session = client.session
    session["planted"] = "by somebody else"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    client.post(reverse("account_login"), {"login": world.ada.email, "password": make.PASSWORD})

    assert client.cookies["sessionid"].value != before
    assert client.get("/").status_code == 200
    assert Client(headers={"cookie": f"sessionid={before}"}).get("/").status_code == 302


def test_another_password_ends_all_other_sessions(world):
    here, elsewhere = signed_in(world.ada), signed_in(world.ada)
    here.post(reverse("account_login"))
    form = {"oldpassword": make.PASSWORD, "password1": "a much better phrase", "password2": "a much better phrase"}
    here.post(reverse("account_change_password"), form)

    assert (here.get("/").status_code, elsewhere.get("/").status_code) == (200, 302)


def test_who_is_removed_or_loses_a_role_has_no_access_from_then_on(world):
    alan, sara, grace = signed_in(world.alan), signed_in(world.sara.person), signed_in(world.grace)
    before = [client.get(path).status_code for client, path in ((alan, "/"), (sara, "/console/customers/"), (grace, "/"))]
    with as_provider():
        membership = world.alan.memberships.get()
    commands.remove_member(actor=world.ada, membership=membership, now=make.NOW)
    commands.set_staff_roles(actor=None, person=world.sara.person, display_name="Sara", roles=[], now=make.NOW)
    world.grace.is_active = False
    world.grace.save()

    assert before == [200, 200, 200]
    assert [client.get(path).status_code for client, path in ((alan, "/"), (sara, "/console/customers/"), (grace, "/"))] == [403, 404, 302]


def test_after_signing_out_nothing_of_the_pages_is_kept(world):
    client = signed_in(world.ada)
    page = client.get("/tickets/")
    client.post(reverse("account_logout"))

    assert "no-store" in page["Cache-Control"]
    assert client.get("/tickets/").status_code == 302


@pytest.mark.parametrize(("headers", "counts"), [({}, True), ({"Unattended": "yes"}, False)])
def test_what_an_open_page_fetches_by_itself_is_no_sign_of_life(world, headers, counts):
    client = signed_in(world.sara.person)
    client.get("/console/customers/")
    shifted(client, signed_in_at=timedelta(hours=3), seen_at=timedelta(hours=2))
    seen = client.session[sessions.SEEN]

    answer = client.get("/console/customers/", headers=headers)

    assert (answer.status_code, client.session[sessions.SEEN] > seen) == (200, counts)


def test_a_page_that_is_left_open_is_signed_out_like_any_other(world):
    client = signed_in(world.sara.person)
    client.get("/console/customers/")
    shifted(client, signed_in_at=timedelta(hours=6), seen_at=timedelta(hours=5))

    assert client.get("/console/customers/", headers={"Unattended": "yes"}).status_code == 302


def test_a_session_that_ran_out_signs_nobody_in(world):
    client = signed_in(world.ada)
    assert client.get(reverse("portal:home")).status_code == 200

    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    assert client.get(reverse("portal:home")).url.startswith(reverse("account_login"))


@pytest.mark.parametrize(
    "changed",
    [
        {"_auth_user_hash": "0" * 64},
        {"_auth_user_hash": ""},
        {"_auth_user_backend": "elsewhere.Backend"},
        {"_auth_user_id": "999999999"},
    ],
    ids=str,
)
def test_a_session_that_does_not_fit_its_person_signs_nobody_in(world, changed):
    client = signed_in(world.ada)
    before = client.get("/").status_code
    session = client.session
    session.update(changed)
    session.save()

    assert [before, client.get("/").status_code] == [200, 302]


def test_who_may_no_longer_sign_in_is_signed_out(world):
    client = signed_in(world.ada)
    world.ada.is_active = False
    world.ada.save()

    assert client.get("/").status_code == 302


@pytest.mark.parametrize(("kept", "answer"), [(True, 200), (False, 302)])
def test_a_session_of_the_secret_before_lasts_as_long_as_that_is_kept(world, settings, kept, answer):
    client = signed_in(world.ada)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "b" * 60, [settings.SECRET_KEY] if kept else []

    assert client.get("/").status_code == answer
