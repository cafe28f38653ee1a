"""Guessing passwords is stopped where it comes from, and locks nobody else out: not their owner elsewhere, not a browser they used before."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts import known_browsers
from accounts.models import Person
from accounts.tenancy import as_nobody, as_provider
from notifications.models import Mail
from tests import factories as make

pytestmark = pytest.mark.django_db
HOME, ELSEWHERE = "198.51.100.7", "203.0.113.1"
IN, WRONG, STOPPED = "in", "wrong", "stopped"


def browser(address):
    return Client(REMOTE_ADDR=address)


def attempt(person, password=make.PASSWORD, client=None, at=HOME):
    """What came of one try to sign in."""
    answer = (client or browser(at)).post(reverse("account_login"), {"login": person.email, "password": password})
    if answer.status_code == 302:
        return IN
    return STOPPED if "Too many failed login attempts" in answer.content.decode() else WRONG


def guess(person, times, at=ELSEWHERE):
    return [attempt(person, f"guess {n}", at=at) for n in range(times)]


def guess_from_everywhere(person, addresses=30):
    return [attempt(person, "a guess", at=f"203.0.113.{n}") for n in range(addresses)]


@pytest.fixture
def known(world):
    """The browser that Ada signed in with before."""
    client = browser(HOME)
    assert attempt(world.ada, client=client) == IN
    client.post(reverse("account_logout"))
    return client


def test_a_stranger_is_stopped_even_with_the_right_password(world):
    assert guess(world.ada, 6) == [WRONG] * 5 + [STOPPED]
    assert attempt(world.ada, at=ELSEWHERE) == STOPPED


def test_whom_a_stranger_guesses_signs_in_from_another_address(world):
    guess(world.ada, 9)

    assert attempt(world.ada, at=HOME) == IN


def test_one_address_alone_never_stops_the_others(world):
    """What it is refused counts for nobody: it could go on for hours."""
    for _minute in range(10):
        guess(world.ada, 12)

    assert attempt(world.ada, at=HOME) == IN


def test_an_address_is_stopped_whomever_it_tries(world):
    people = [make.person(f"Person {n}", email=f"p{n}@acme.example") for n in range(12)]

    assert [attempt(person, "a guess", at=ELSEWHERE) for person in people] == [WRONG] * 10 + [STOPPED] * 2


def test_nobody_learns_from_the_limits_who_has_an_account(world):
    nobody = Person(email="nobody@acme.example")

    assert guess(nobody, 6) == guess(world.ada, 6, at="203.0.113.2")


# --- From many addresses -----------------------------------------------------------------------------------------------
@pytest.fixture
def few(settings):
    """So many as in an hour, yet sooner reached."""
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_failed_anywhere": "20/h/key"}


def test_guessing_from_many_addresses_stays_bounded(world, few):
    assert guess_from_everywhere(world.ada) == [WRONG] * 20 + [STOPPED] * 10
    assert attempt(world.ada, at="203.0.113.99") == STOPPED


def test_a_browser_that_signed_in_before_is_not_stopped_by_it(world, few, known):
    guess_from_everywhere(world.ada)

    assert attempt(world.ada, client=known) == IN


def test_a_browser_that_signed_in_before_is_not_stopped_by_guesses_from_its_own_office(world, known):
    guess(world.ada, 9, at=HOME)

    assert attempt(world.ada, client=known) == IN


def test_a_browser_that_signed_in_before_has_a_limit_of_its_own(world, known):
    assert [attempt(world.ada, "a guess", client=known) for _n in range(11)] == [WRONG] * 10 + [STOPPED]
    assert attempt(world.ada, at="198.51.100.8") == IN


def test_it_is_known_for_whom_it_signed_in_alone(world, few, known):
    guess_from_everywhere(world.alan)

    assert attempt(world.alan, client=known) == STOPPED


def test_whoever_shares_a_browser_is_known_each(world, few, known):
    assert attempt(world.alan, client=known) == IN
    known.post(reverse("account_logout"))
    guess_from_everywhere(world.ada)

    assert attempt(world.ada, client=known) == IN


def set_password(person, password):
    with as_nobody(person.pk):
        person.set_password(password)
        person.save(update_fields=["password"])


def test_it_is_known_no_longer_when_the_password_is_another(world, few, known):
    set_password(world.ada, "a much better phrase")
    guess_from_everywhere(world.ada)

    assert attempt(world.ada, "a much better phrase", client=known) == STOPPED


@pytest.mark.parametrize("how", ["forged", "of somebody else", "old"])
def test_a_cookie_that_does_not_hold_makes_no_browser_known(world, few, known, how, monkeypatch):
    (name, morsel) = next((name, morsel) for name, morsel in known.cookies.items() if name.startswith(known_browsers.PREFIX))
    if how == "forged":
        known.cookies[name] = morsel.value[:-2] + "xx"
    elif how == "old":
        monkeypatch.setattr(known_browsers, "LIFETIME", timedelta(0))
    elif how == "of somebody else":
        other = browser("198.51.100.9")
        attempt(world.alan, client=other)
        known.cookies[name] = next(morsel.value for name, morsel in other.cookies.items() if name.startswith(known_browsers.PREFIX))
    guess_from_everywhere(world.ada)

    assert attempt(world.ada, client=known) == STOPPED


def test_the_cookie_names_nobody_and_goes_to_no_script(world, known):
    (cookie,) = (morsel for name, morsel in known.cookies.items() if name.startswith(known_browsers.PREFIX))

    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/account/")
    assert "ada" not in cookie.OutputString().lower().replace("path=/account/", "").replace("httponly", "")


def test_a_reset_lets_its_owner_in_when_nothing_else_does(world, few):
    guess_from_everywhere(world.ada)
    client = browser(HOME)
    client.post(reverse("account_reset_password"), {"email": world.ada.email})
    with as_provider():
        path = re.sub(r"^https?://[^/]+", "", Mail.objects.latest("pk").action_url)
    form = client.get(path)["Location"]
    answer = client.post(form, {"password1": "a much better phrase", "password2": "a much better phrase"})

    assert client.get(answer["Location"], follow=True).wsgi_request.user == world.ada
    client.post(reverse("account_logout"))
    assert attempt(world.ada, "a much better phrase", client=client) == IN


def test_the_host_that_a_request_names_opens_no_new_account_of_attempts(world):
    def try_at(host):
        answer = browser(ELSEWHERE).post(
            reverse("account_login"), {"login": world.ada.email, "password": "a guess"}, headers={"host": host}
        )
        return "Too many failed login attempts" in answer.content.decode()

    assert [try_at(host) for host in ("testserver", "TestServer", "testserver.", "testserver:1", "testserver:2", "testserver:3")] == [
        False
    ] * 5 + [True]


def test_a_browser_in_which_the_password_is_changed_stays_known(world, few, known):
    phrase = "a much better phrase"
    attempt(world.ada, client=known)
    known.post(reverse("account_change_password"), {"oldpassword": make.PASSWORD, "password1": phrase, "password2": phrase})
    known.post(reverse("account_logout"))
    guess_from_everywhere(world.ada)

    assert attempt(world.ada, phrase, client=known) == IN
