"""From a draft to a publication and back: who is frozen as a recipient, and what is refused with which sentence."""

import io
from datetime import date, timedelta

import pytest
from django.utils import timezone

from accounts import commands as accounts
from accounts.models import AuditEntry
from accounts.tenancy import as_provider, as_tenant
from contracts import commands as contracts
from contracts.models import Version
from notifications.models import BouncingAddress, Mail
from releases import commands
from releases.models import Artifact, Recipient, Release
from releases.queries.reach import reach
from tests import factories as make

pytestmark = pytest.mark.django_db
LATER = make.NOW + timedelta(hours=2)


def fresh(release):
    with as_provider():
        return Release.objects.get(pk=release.pk)


# --- Who is told ----------------------------------------------------------------------------------------------------
def test_everybody_of_each_customer_with_a_contract_in_force_is_told_once(world, told):
    release = make.release(world.softswitch)

    assert told(release) == [(name, "release_published") for name in ("Ada Lovelace", "Alan Turing", "Grace Hopper")]
    assert told(release) == told(release, LATER)


def test_only_the_contacts_of_environments_in_which_it_runs_are_told_where_there_are_some(world, told):
    make.environment(world.acme, contacts=(world.alan,), installed={world.softswitch: world.version})
    other = make.product("Recorder", world.core)
    make.environment(world.globex, contacts=(), installed={other: make.version(other)})

    assert told(make.release(world.softswitch)) == [("Alan Turing", "release_published"), ("Grace Hopper", "release_published")]


def test_contacts_who_left_leave_the_telling_to_their_colleagues(world, told):
    make.environment(world.acme, contacts=(world.alan,), installed={world.softswitch: world.version})
    with as_provider():
        membership = world.alan.memberships.get()
    accounts.remove_member(actor=world.ada, membership=membership, now=make.NOW)

    assert told(make.release(world.softswitch)) == [("Ada Lovelace", "release_published"), ("Grace Hopper", "release_published")]


@pytest.mark.parametrize("change", ["suspended", "ended", "expired", "not begun", "other product"])
def test_a_customer_without_a_contract_in_force_for_the_product_hears_nothing(world, told, change):
    today = date(2026, 11, 23)
    if change in {"suspended", "ended"}:
        contracts.set_standing(actor=None, contract=world.globex_contract, state=change, from_date=today, reason="x", now=make.NOW)
    elif change == "expired":
        contracts.amend(
            actor=None, contract=world.globex_contract, from_date=today, changes={"last_date": date(2026, 11, 22)}, now=make.NOW
        )
    else:
        contracts.set_standing(actor=None, contract=world.globex_contract, state="ended", from_date=today, reason="x", now=make.NOW)
        product = world.softswitch if change == "not begun" else make.product("Recorder", world.core)
        begins = date(2026, 11, 24) if change == "not begun" else today
        make.contract(world.globex, product, manager=world.max, number="C-2", first_date=begins)

    assert [name for name, _kind in told(make.release(world.softswitch))] == ["Ada Lovelace", "Alan Turing"]


def test_the_last_day_of_a_contract_is_its_own_calendars(world, told):
    """23:30 in São Paulo is the next day in UTC."""
    contracts.amend(
        actor=None, contract=world.globex_contract, from_date=date(2026, 11, 23), changes={"last_date": date(2026, 11, 23)}, now=make.NOW
    )
    late = make.NOW.replace(hour=2, minute=30) + timedelta(days=1)

    assert len(told(make.release(world.softswitch, now=late))) == 3
    assert len(told(make.release(world.softswitch, "8.3", now=late + timedelta(hours=1)), late)) == 2


def test_two_contracts_for_one_product_tell_nobody_twice(world, told):
    make.contract(world.globex, world.softswitch, manager=world.max, number="C-2")

    assert len(told(make.release(world.softswitch))) == 3


def test_somebody_of_two_customers_is_told_for_each(world, told):
    accounts.add_member(actor=None, customer=world.globex, person=world.alan, role="member", now=make.NOW)

    assert [name for name, _kind in told(make.release(world.softswitch))].count("Alan Turing") == 2


def test_the_dry_run_says_who_would_be_told_and_of_whom_nobody(world, states):
    empty = make.customer("Initech")
    make.contract(empty, world.softswitch, manager=world.max)
    with as_provider():
        BouncingAddress.objects.create(address=world.grace.email, since=make.NOW, last_at=make.NOW, tried_at=make.NOW)
        found = reach(world.softswitch, make.NOW)

    assert (found.customers, found.people, found.out_of_reach_count) == (3, 3, 2)
    assert found.out_of_reach == [world.globex, empty]
    assert states(make.release(world.softswitch)) == {"waiting": 3, "nobody": 1}


def test_customers_see_nothing_of_who_is_told(world):
    make.release(world.softswitch)

    with as_tenant(world.acme.pk, world.ada.pk), pytest.raises(Exception, match=r"permission denied"):
        Recipient.objects.count()


def test_a_draft_does_not_exist_for_customers_nor_a_product_that_no_contract_names(world):
    other = make.release(make.product("Recorder", world.core), "2.2")
    draft = make.draft(world.softswitch)

    with as_tenant(world.acme.pk, world.ada.pk):
        assert (list(Release.objects.all()), list(Artifact.objects.all())) == ([], [])
    published = commands.publish(actor=None, release=draft, now=make.NOW)
    with as_tenant(world.acme.pk, world.ada.pk):
        assert list(Release.objects.all()) == [published]
        assert {artifact.release_id for artifact in Artifact.objects.all()} == {published.pk}
    assert other.pk != published.pk


# --- Publishing -----------------------------------------------------------------------------------------------------
def test_publishing_makes_the_version_known(world, rita):
    release = commands.publish(actor=rita, release=make.draft(world.softswitch, "8.2"), now=make.NOW)

    with as_provider():
        assert list(Version.objects.filter(number="8.2").values_list("product", "available_date")) == [
            (world.softswitch.pk, date(2026, 11, 23))
        ]
    assert (release.state, release.version.number, release.published_by) == ("published", "8.2", rita)


def test_a_version_that_the_catalogue_knows_is_taken_as_it_is(world):
    release = make.release(world.softswitch, world.version.number)

    assert release.version == world.version


@pytest.mark.parametrize("number", ["v8.2", "latest", "8.2 final", "8..2"])
def test_what_is_no_version_is_refused(world, number):
    with pytest.raises(commands.NoVersion, match=r"is not a version. Write numbers with dots"):
        make.draft(world.softswitch, number)


def test_a_version_is_released_once(world):
    make.draft(world.softswitch, "8.2")

    with pytest.raises(commands.VersionTaken, match=r"There is a release of Softswitch 8.2 already"):
        make.draft(world.softswitch, "8.2")


def test_a_withdrawn_version_may_be_released_anew(world, rita):
    release = make.release(world.softswitch, "8.2")
    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="", now=LATER)

    assert make.release(world.softswitch, "8.2", now=LATER).state == "published"


def test_nothing_is_published_without_a_package(world, states):
    draft = make.draft(world.softswitch, package=b"")
    make.artifact(draft, "manual.pdf", kind="manual")

    with pytest.raises(commands.NoPackage, match=r"Upload its package first"):
        commands.publish(actor=None, release=draft, now=make.NOW)
    assert (fresh(draft).state, states(draft)) == ("draft", {})


def test_nothing_is_published_without_notes_in_both_languages(world):
    with pytest.raises(commands.NotesMissing, match=r"missing in one of the languages"):
        make.release(world.softswitch, notes_pt="  ")


def test_publishing_twice_tells_nobody_twice(world, told):
    release = make.release(world.softswitch)

    with pytest.raises(commands.PublishedAlready, match=r"nobody is told twice"):
        commands.publish(actor=None, release=release, now=LATER)
    assert len(told(release)) == 3


def test_what_is_published_is_not_changed(world, rita):
    release = make.release(world.softswitch)
    values = {"product": world.softswitch, "number": "9", "kind": "update", "nature": "technical", "is_security": False}

    with pytest.raises(commands.NoDraft, match=r"This release is published"):
        commands.change_release(actor=rita, release=release, values=values | {"notes_en": "", "notes_pt": ""}, fixes=(), now=LATER)
    with pytest.raises(commands.NoDraft):
        commands.discard_draft(actor=rita, release=release, now=LATER)
    with pytest.raises(commands.NoDraft):
        make.artifact(release, "more.txt")
    with pytest.raises(commands.NoDraft):
        commands.remove_artifact(actor=rita, artifact=make_first(release), now=LATER)


def make_first(release):
    with as_provider():
        return release.artifacts.select_related("release").first()


def test_every_step_is_in_the_audit_trail(world, rita):
    draft = make.draft(world.softswitch)
    commands.schedule(actor=rita, release=draft, at=LATER, now=make.NOW)
    commands.unschedule(actor=rita, release=draft, now=make.NOW)
    commands.publish(actor=rita, release=draft, now=make.NOW)
    commands.pause(actor=rita, release=draft, now=make.NOW)
    commands.resume(actor=rita, release=draft, now=make.NOW)
    commands.withdraw(actor=rita, release=draft, why_en="x", why_pt="", now=LATER)

    with as_provider():
        verbs = list(AuditEntry.objects.filter(target_table="releases_release").order_by("pk").values_list("verb", flat=True))
    steps = ["schedule", "unschedule", "publish", "pause", "resume", "withdraw"]
    assert verbs == ["draft_release", "add_artifact", *(f"{step}_release" for step in steps)]


# --- At an instant --------------------------------------------------------------------------------------------------
def test_a_scheduled_release_is_published_when_it_is_due_and_not_before(world, rita, told):
    draft = make.draft(world.softswitch)
    commands.schedule(actor=rita, release=draft, at=LATER, now=make.NOW)

    assert commands.publish_due(now=LATER - timedelta(seconds=1)) == 0
    assert commands.publish_due(now=LATER) == 1
    assert commands.publish_due(now=LATER) == 0
    assert (fresh(draft).published_at, fresh(draft).published_by, len(told(draft))) == (LATER, rita, 3)


def test_a_release_is_scheduled_for_what_is_to_come(world, rita):
    with pytest.raises(commands.InThePast, match=r"This instant is past"):
        commands.schedule(actor=rita, release=make.draft(world.softswitch), at=make.NOW, now=make.NOW)


def test_what_is_scheduled_is_changed_after_it_was_taken_off_the_schedule(world, rita):
    draft = make.draft(world.softswitch)
    commands.schedule(actor=rita, release=draft, at=LATER, now=make.NOW)

    with pytest.raises(commands.ScheduledAlready, match=r"Take it off the schedule first"):
        make.artifact(draft, "more.txt")
    commands.unschedule(actor=rita, release=draft, now=make.NOW)
    assert make.artifact(draft, "more.txt").name == "more.txt"


def test_what_can_not_be_published_when_it_is_due_is_told_to_whoever_scheduled_it(world, rita, states):
    draft = make.draft(world.softswitch)
    commands.schedule(actor=rita, release=draft, at=LATER, now=make.NOW)
    stored = make_first(draft).stored_as
    stored.storage.delete(stored.name)
    stored.storage.save(stored.name, io.BytesIO(b"PACKAGE " * 1000))  # as long, and another

    assert commands.publish_due(now=LATER) == 0
    assert (fresh(draft).state, fresh(draft).trouble, states(draft)) == ("draft", "ArtifactAltered", {})
    with as_provider():
        mail = Mail.objects.get(kind="release_not_published")
    assert (mail.recipient, "is not what was uploaded any more" in mail.body_text) == (rita, True)


@pytest.mark.parametrize("change", ["unschedule", "put off", "discard"])
def test_what_is_taken_off_the_schedule_while_its_files_are_read_is_not_published(world, rita, told, monkeypatch, change):
    draft = make.draft(world.softswitch)
    commands.schedule(actor=rita, release=draft, at=LATER, now=make.NOW)

    def read_slowly(_artifact, *, now):
        commands.unschedule(actor=rita, release=draft, now=now)
        if change == "put off":
            commands.schedule(actor=rita, release=draft, at=LATER + timedelta(days=1), now=now)
        elif change == "discard":
            commands.discard_draft(actor=rita, release=draft, now=now)
        return True

    monkeypatch.setattr("releases.commands.publishing.compare", read_slowly)
    assert commands.publish_due(now=LATER) == 0
    assert told(draft) == []
    with as_provider():
        states = [release.state for release in Release.objects.all()]
    assert states == {"unschedule": ["draft"], "put off": ["scheduled"], "discard": []}[change]


def test_a_mail_that_can_not_be_written_leaves_the_release_due(world, rita, monkeypatch):
    draft = make.draft(world.softswitch)
    commands.schedule(actor=rita, release=draft, at=LATER, now=make.NOW)
    with as_provider():
        Artifact.objects.update(altered_at=make.NOW, sha256="0" * 64)
    monkeypatch.setattr("releases.commands.publishing.owe", lambda **_mail: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        commands.publish_due(now=LATER)
    assert fresh(draft).state == "scheduled"


def test_files_that_can_not_be_read_now_are_no_reason_to_give_a_release_up(world, rita, monkeypatch):
    draft = make.draft(world.softswitch)
    commands.schedule(actor=rita, release=draft, at=LATER, now=make.NOW)
    storage = type(make_first(draft).stored_as.storage)
    with monkeypatch.context() as away:
        away.setattr(storage, "size", lambda *_name: (_ for _ in ()).throw(ConnectionRefusedError()))
        assert commands.publish_due(now=LATER) == 0
        with pytest.raises(commands.FilesAway, match=r"can't be reached now"):
            commands.publish(actor=rita, release=draft, now=LATER)

    assert fresh(draft).state == "scheduled"
    assert commands.publish_due(now=LATER) == 1


def test_a_file_is_read_by_one_sweep_at_a_time(world, rita, monkeypatch):
    draft = make.draft(world.softswitch)
    commands.schedule(actor=rita, release=draft, at=LATER, now=make.NOW)
    sha256, inner = make_first(draft).sha256, []

    def read(_artifact):
        inner.append((commands.publish_due(now=LATER), commands.compare_artifacts(now=LATER + timedelta(days=8))))
        return sha256

    monkeypatch.setattr("releases.commands.artifacts._digest", read)
    assert (commands.publish_due(now=LATER), inner) == (1, [(0, 0)])


def test_what_was_discarded_meanwhile_says_so(world, rita):
    draft = make.draft(world.softswitch)
    commands.discard_draft(actor=rita, release=draft, now=make.NOW)

    with pytest.raises(commands.Discarded, match=r"was discarded meanwhile"):
        commands.publish(actor=rita, release=draft, now=make.NOW)


# --- Withdrawal -----------------------------------------------------------------------------------------------------
def test_who_was_told_and_who_fetched_it_is_told_why_it_is_withdrawn(world, rita, told):
    release = make.release(world.softswitch)
    told(release)
    late = make.member(world.globex, "Gil Late")
    commands.count_download(customer_id=world.globex.pk, person=late, file=make_first(release), link="0" * 32, now=make.NOW)
    with as_provider():
        Mail.objects.filter(about_id=release.pk).update(state="sent", attempts=1)
    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="Perde chamadas.", now=LATER)

    withdrawn = [name for name, kind in told(release, LATER) if kind == "release_withdrawn"]
    assert withdrawn == ["Ada Lovelace", "Alan Turing", "Gil Late", "Grace Hopper"]
    with as_provider():
        assert "It loses calls." in Mail.objects.filter(kind="release_withdrawn").first().body_text


def test_a_withdrawal_during_distribution_reaches_nobody_who_had_not_heard(world, rita, told, states):
    release = make.release(world.softswitch)
    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="", now=LATER)

    assert (told(release), states(release), states(release, "withdrawn")) == ([], {"dropped": 3}, {})


def test_mails_that_no_relay_took_are_taken_back_by_a_withdrawal(world, rita, told, states):
    release = make.release(world.softswitch)
    told(release)
    with as_provider():
        Mail.objects.filter(recipient=world.grace, about_id=release.pk).update(state="sending", attempts=1, lease_until=LATER)
    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="", now=LATER)

    assert states(release) == {"dropped": 2, "owed": 1}
    assert [name for name, kind in told(release) if kind == "release_withdrawn"] == ["Grace Hopper"]
    with as_provider():
        assert Mail.objects.filter(about_id=release.pk, state="cancelled").count() == 2


def test_a_mail_that_failed_for_now_is_taken_back_and_who_may_have_heard_is_told_why(world, rita, told, states):
    release = make.release(world.softswitch)
    told(release)
    with as_provider():
        mails = Mail.objects.filter(about_id=release.pk)
        mails.filter(recipient=world.ada).update(attempts=1, last_error="451 later", due_at=LATER + timedelta(hours=1))
        mails.filter(recipient=world.alan).update(unknown_outcomes=1)  # put back by a person
    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="", now=LATER)

    assert states(release) == {"dropped": 2, "owed": 1}
    with as_provider():
        assert set(mails.filter(kind="release_published").values_list("state", flat=True)) == {"cancelled"}
    assert [name for name, kind in told(release, LATER) if kind == "release_withdrawn"] == ["Alan Turing"]


def test_a_withdrawn_release_is_never_announced_again(world, rita, told):
    release = make.release(world.softswitch)
    told(release)
    with as_provider():
        Mail.objects.filter(about_id=release.pk).update(state="bounced", attempts=1)
    commands.withdraw(actor=rita, release=release, why_en="It loses calls.", why_pt="", now=LATER)
    told(release, LATER)
    with as_provider():
        why = Mail.objects.filter(about_id=release.pk, kind="release_withdrawn")
        why.filter(recipient=world.ada).update(state="bounced", attempts=1)

    assert commands.retry(actor=rita, release=fresh(release), now=LATER) == 1
    with as_provider():
        assert set(Mail.objects.filter(kind="release_published").values_list("state", flat=True)) == {"bounced"}
        assert why.get(recipient=world.ada).state == "due"


@pytest.mark.parametrize(
    ("publish", "again", "why", "refusal"),
    [(False, False, "x", commands.NotPublished), (True, True, "x", commands.WithdrawnAlready), (True, False, " ", commands.WhyMissing)],
)
def test_what_can_not_be_withdrawn(world, rita, publish, again, why, refusal):
    release = make.release(world.softswitch) if publish else make.draft(world.softswitch)
    if again:
        commands.withdraw(actor=rita, release=release, why_en="x", why_pt="", now=LATER)

    with pytest.raises(refusal):
        commands.withdraw(actor=rita, release=release, why_en=why, why_pt="", now=LATER)


# --- Distribution ---------------------------------------------------------------------------------------------------
def test_a_pause_leaves_the_rest_waiting_and_going_on_tells_it(world, rita, told, states, monkeypatch):
    monkeypatch.setattr("releases.commands.distribution.MOST_WAITING", 2)
    release = make.release(world.softswitch)
    commands.distribute(now=make.NOW)
    commands.pause(actor=rita, release=release, now=make.NOW)
    with as_provider():
        Mail.objects.filter(about_id=release.pk).update(state="sent", attempts=1)

    assert (commands.distribute(now=make.NOW), states(release)) == (0, {"owed": 2, "waiting": 1})
    commands.resume(actor=rita, release=release, now=LATER)
    assert (commands.distribute(now=LATER), states(release)) == (1, {"owed": 3})


def test_the_outbox_is_never_filled_with_announcements(world, states, monkeypatch):
    monkeypatch.setattr("releases.commands.distribution.MOST_WAITING", 2)
    release = make.release(world.softswitch)

    assert [commands.distribute(now=timezone.now()) for _round in range(3)] == [2, 0, 0]
    assert states(release) == {"owed": 2, "waiting": 1}


def test_a_colleague_who_left_meanwhile_is_not_told(world, told, states):
    release = make.release(world.softswitch)
    with as_provider():
        membership = world.alan.memberships.get()
    accounts.remove_member(actor=world.ada, membership=membership, now=make.NOW)

    assert [name for name, _kind in told(release)] == ["Ada Lovelace", "Grace Hopper"]
    assert states(release) == {"owed": 2, "dropped": 1}


def test_whoever_mutes_releases_hears_of_those_that_close_a_hole_all_the_same(world, told):
    from accounts.tenancy import as_nobody  # noqa: PLC0415
    from notifications.commands import set_mutes  # noqa: PLC0415

    with as_nobody():
        set_mutes(person=world.grace, kinds=["release_published"])
    usual, urgent = make.release(world.softswitch, "8.2"), make.release(world.softswitch, "8.3", is_security=True)
    told(usual)
    told(urgent)

    with as_provider():
        mails = Mail.objects.filter(recipient=world.grace, about_table="releases_release").order_by("about_id")
        assert list(mails.values_list("kind", "state")) == [("release_published", "muted"), ("release_security", "due")]


def test_failures_are_sent_again_and_what_may_have_arrived_is_not(world, rita, told):
    release = make.release(world.softswitch)
    told(release)
    with as_provider():
        mails = Mail.objects.filter(about_id=release.pk)
        mails.filter(recipient=world.ada).update(state="parked", attempts=5, last_error="451 later")
        mails.filter(recipient=world.alan).update(state="parked", attempts=1, unknown_outcomes=1)
        mails.filter(recipient=world.grace).update(state="bounced", attempts=1)

    assert commands.retry(actor=rita, release=release, now=LATER) == 2
    with as_provider():
        assert dict(mails.values_list("recipient__name", "state")) == {
            "Ada Lovelace": "due",
            "Alan Turing": "parked",
            "Grace Hopper": "due",
        }


def test_a_customer_that_had_nobody_is_looked_at_again(world, rita, told, states):
    empty = make.customer("Initech")
    make.contract(empty, world.softswitch, manager=world.max)
    release = make.release(world.softswitch)
    make.member(empty, "Peter Gibbons")

    assert commands.retry(actor=rita, release=release, now=LATER) == 1
    assert ("Peter Gibbons", "release_published") in told(release)
    assert states(release) == {"owed": 4}
