"""Signing in, invitations, resets and second factors, through the pages."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse

from accounts import commands
from accounts.models import AuditEntry, Invitation, Membership, Person
from accounts.tenancy import as_provider
from notifications.models import Mail
from tests import factories as make

pytestmark = pytest.mark.django_db


def sign_in(person, password=make.PASSWORD):
    client = Client()
    answer = client.post(reverse("account_login"), {"login": person.email, "password": password})
    return client, answer


def link_in_last_mail():
    with as_provider():
        mail = Mail.objects.order_by("pk").last()
    return mail.address, re.sub(r"^https?://[^/]+", "", mail.action_url)


def test_signing_in_leads_a_customer_to_the_portal_and_staff_to_the_console(world):
    client, answer = sign_in(world.ada)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200

    client, answer = sign_in(world.sara.person)
    assert client.get("/")["Location"] == reverse("console:home")


def test_a_wrong_password_and_an_unknown_address_get_the_same_sentence(world):
    _client, wrong = sign_in(world.ada, "not this one")
    unknown = Client().post(reverse("account_login"), {"login": "nobody@acme.example", "password": "not this one"})

    assert wrong.status_code == unknown.status_code == 200
    sentences = [list(answer.context["form"].non_field_errors()) for answer in (wrong, unknown)]
    assert sentences == [["The email address and/or password you specified are not correct."]] * 2


def test_a_reset_goes_by_mail_and_works_once(world):
    Client().post(reverse("account_reset_password"), {"email": world.ada.email})
    address, path = link_in_last_mail()
    client = Client()
    form_path = client.get(path)["Location"]
    new = {"password1": "a much better phrase", "password2": "a much better phrase"}

    assert address == world.ada.email
    assert client.post(form_path, new).status_code == 302
    assert sign_in(world.ada, "a much better phrase")[1].status_code == 302
    assert "Location" not in Client().get(path)


def test_a_reset_for_an_unknown_address_tells_nothing(world):
    known = Client().post(reverse("account_reset_password"), {"email": world.ada.email})
    with as_provider():
        count = Mail.objects.count()
    unknown = Client().post(reverse("account_reset_password"), {"email": "nobody@acme.example"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    with as_provider():
        assert Mail.objects.count() == count


@pytest.fixture
def invited(world):
    commands.invite(
        actor=world.ada, customer=world.acme, email="new@acme.example", name="Nina New", role="approver", language="en", now=timezone_now()
    )
    return link_in_last_mail()[1]


def timezone_now():
    from django.utils import timezone  # noqa: PLC0415

    return timezone.now()


ACCOUNT = {"name": "Nina New", "password": "a much better phrase"}


def test_an_invitation_makes_an_account_once(world, invited):
    client = Client()
    answer = client.post(invited, ACCOUNT)

    assert answer.status_code == 302
    assert client.get("/").status_code == 200
    with as_provider():
        assert Membership.objects.get(person__email="new@acme.example").role == "approver"
    assert Client().get(invited).status_code == 410


def test_a_weak_password_is_explained_and_the_name_stays(world, invited):
    answer = Client().post(invited, {"name": "Nina New", "password": "short"})

    assert answer.status_code == 422
    assert answer.context["form"]["name"].value() == "Nina New"
    assert answer.context["form"].errors["password"]
    with as_provider():
        assert not Person.objects.filter(email="new@acme.example").exists()


def test_an_expired_or_withdrawn_invitation_is_closed(world, invited):
    with as_provider():
        invitation = Invitation.objects.get()
    commands.revoke_invitation(actor=world.ada, invitation=invitation, now=timezone_now())

    answer = Client().get(invited)
    assert answer.status_code == 410
    assert "Ask your company's admin for a new one" in answer.content.decode().replace("&#x27;", "'")


def test_the_token_is_nowhere_in_the_database(world, invited):
    token = invited.rstrip("/").rpartition("/")[2]
    with as_provider():
        assert token not in str(Invitation.objects.values())


def test_an_invitation_adds_a_company_to_the_account_there_is(world):
    commands.invite(
        actor=world.ada, customer=world.acme, email=world.grace.email, name="Grace", role="member", language="en", now=timezone_now()
    )
    _address, path = link_in_last_mail()

    assert "account_login" in Client().get(path).content.decode() or reverse("account_login") in Client().get(path).content.decode()
    client, _answer = sign_in(world.grace)
    client.post(path)

    assert client.get("/").context["customer"] == world.acme
    client.post(reverse("portal:switch"), {"customer": world.globex.pk})
    assert client.get("/").context["customer"] == world.globex


def test_somebody_else_cannot_take_an_invitation_of_an_existing_person(world):
    commands.invite(
        actor=world.ada, customer=world.acme, email=world.grace.email, name="Grace", role="admin", language="en", now=timezone_now()
    )
    client, _answer = sign_in(world.alan)
    client.post(link_in_last_mail()[1])

    with as_provider():
        assert not Membership.objects.filter(customer=world.acme, person=world.grace).exists()
        assert Invitation.objects.get().accepted_at is None


def test_a_removed_colleague_is_out_at_once(world):
    client, _answer = sign_in(world.alan)
    assert client.get("/").status_code == 200
    with as_provider():
        membership = Membership.objects.get(person=world.alan)
    commands.remove_member(actor=world.ada, membership=membership, now=timezone_now())

    assert client.get("/").status_code == 403
    assert client.get(reverse("portal:tickets")).status_code == 403


def test_the_last_admin_stays(world):
    with as_provider():
        membership = Membership.objects.get(person=world.ada)
    for refused in (
        lambda: commands.remove_member(actor=world.ada, membership=membership, now=timezone_now()),
        lambda: commands.change_role(actor=world.ada, membership=membership, role="member", now=timezone_now()),
    ):
        with pytest.raises(commands.LastAdmin):
            refused()


def test_changes_of_rights_are_written_down(world):
    with as_provider():
        membership = Membership.objects.get(person=world.alan)
    commands.change_role(actor=world.ada, membership=membership, role="approver", now=timezone_now())

    with as_provider():
        entry = AuditEntry.objects.get(verb="change_role")
    assert (entry.actor, entry.before, entry.after) == (world.ada, {"role": "member"}, {"role": "approver"})


def test_staff_need_a_second_factor(world, settings, django_capture_on_commit_callbacks):
    settings.STAFF_SECOND_FACTOR = True
    client, _answer = sign_in(world.sara.person)
    assert client.get(reverse("console:home"))["Location"] == reverse("mfa_activate_totp")

    client.post(reverse("account_reauthenticate"), {"password": make.PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_activate_totp"), {"code": code_for(secret)})

    assert Authenticator.objects.filter(user=world.sara.person).count() == 2  # the app, and recovery codes
    assert client.get(reverse("console:queue", args=["all"])).status_code == 200
    with as_provider():
        assert Mail.objects.filter(recipient=world.sara.person, kind="totp_activated").exists()


def code_for(secret):
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def test_whoever_has_a_second_factor_is_asked_for_it(world):
    secret = generate_totp_secret()
    TOTP.activate(world.ada, secret)
    client, answer = sign_in(world.ada)

    assert answer["Location"] == reverse("mfa_authenticate")
    assert client.get("/").status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert client.get("/").status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": code_for(secret)})
    assert client.get("/").status_code == 200


def test_a_customers_admin_may_require_the_second_factor(world):
    client, _answer = sign_in(world.ada)
    client.post(reverse("portal:people_second_factor"), {"required": "on"})

    other, _answer = sign_in(world.alan)
    assert other.get("/")["Location"] == reverse("mfa_activate_totp")


def test_a_session_elsewhere_can_be_ended(world):
    first, _answer = sign_in(world.ada)
    second, _answer = sign_in(world.ada)
    page = second.get(reverse("usersessions_list"))
    assert len(page.context["sessions"]) == 2

    second.post(reverse("usersessions_list"))

    assert first.get("/").status_code == 302
    assert second.get("/").status_code == 200


def test_pages_speak_the_persons_language_and_time(world):
    client, _answer = sign_in(world.ada)
    profile = {"name": "Ada", "language": "pt-br", "time_zone": "Europe/Lisbon"}
    client.post(reverse("account_profile"), profile)

    assert 'lang="pt-br"' in client.get("/").content.decode()
    refused = client.post(reverse("account_profile"), profile | {"time_zone": "Mars/Olympus"})
    assert refused.status_code == 422
    assert refused.context["form"].errors["time_zone"]


def test_a_reset_link_never_follows_the_host_that_was_named(world, settings):
    settings.ALLOWED_HOSTS = ["*"]
    Client().post(reverse("account_reset_password"), {"email": world.ada.email}, headers={"host": "evil.example:6666"})

    with as_provider():
        assert Mail.objects.order_by("pk").last().action_url.startswith(settings.BASE_URL + "/account/")


def test_an_impossible_invitation_is_a_closed_one(world):
    assert Client().get("/invitations/9223372036854775808/abc/").status_code == 410


def test_a_link_to_ones_other_company_opens_there(world):
    commands.add_member(actor=None, customer=world.globex, person=world.ada, role="member", now=timezone_now())
    ticket = make.ticket(world.globex_contract, world.softswitch, world.ada)
    client, _answer = sign_in(world.ada)
    assert client.get(ticket.portal_url).status_code == 404
    with as_provider():
        link = Mail.objects.get(customer=world.globex, recipient=world.ada).action_url

    assert client.get(re.sub(r"^https?://[^/]+", "", link)).status_code == 200
    assert client.get(ticket.portal_url).status_code == 200
    assert client.get("/").context["customer"] == world.globex


def test_a_link_to_somebody_elses_company_opens_nothing(world):
    ticket = make.ticket(world.globex_contract, world.softswitch, world.grace)
    client, _answer = sign_in(world.ada)

    assert client.get(f"{ticket.portal_url}?company={world.globex.pk}").status_code == 404
    assert client.get("/").context["customer"] == world.acme


def test_a_strangers_company_in_a_link_moves_nobody(world):
    commands.add_member(actor=None, customer=world.globex, person=world.ada, role="member", now=timezone_now())
    stranger = make.customer("Hooli")
    client, _answer = sign_in(world.ada)
    client.get(f"/?company={world.globex.pk}")
    client.get(f"/?company={stranger.pk}")

    assert client.get("/").context["customer"] == world.globex
