"""Two people at once, with real commits: one outcome each.

Each race has its control: the same without the lock (or the key), which must go wrong, so that the proof can fail.
"""

import threading
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError
from django.test import Client

from accounts import commands as accounts
from accounts.models import AuditEntry, Membership, Person
from accounts.tenancy import as_provider
from notifications.models import Mail
from tests import factories as make
from tests.flows.meeting import Meeting, at_once
from tickets import commands, story
from tickets.commands import filing
from tickets.models import Event, File, Ticket

pytestmark = pytest.mark.django_db(transaction=True)
NOW = make.NOW
KEY = "6f1c8f0e-0f5e-4a58-9a39-6d5d4c1f0a11"


@pytest.fixture
def meeting():
    return Meeting()


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada)


def events(ticket):
    with as_provider():
        return list(Event.objects.filter(ticket=ticket).order_by("position").values_list("position", "kind"))


def names(results):
    """What each came to: the name of what it raised, else what it returned."""
    return [type(result).__name__ if isinstance(result, Exception) else result for result in results]


def unlocked(ticket):
    """What `story.lock` would be if it forgot the lock."""
    return Ticket.objects.select_related("customer", "product", "team", "requester", "assignee").get(pk=ticket.pk)


@pytest.fixture
def without_lock(meeting, monkeypatch):
    """Nobody waits for the ticket, and both have read all that decides before either goes on with its story."""
    monkeypatch.setattr(story, "lock", unlocked)
    monkeypatch.setattr(story, "record", meeting.before(story.record))


# --- The same form twice -----------------------------------------------------------------------------------------------
def send(world, client, **changes):
    form = {"type": "technical", "severity": "high", "product": world.softswitch.pk, "subject": "Calls drop", "description": "x"}
    answer = client.post("/tickets/new/", form | changes)
    return answer.status_code, answer.get("Location")


@pytest.fixture
def browsers(world):
    """Two windows of Ada's browser."""
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(world.ada)
    return clients


def test_the_same_form_twice_at_once_makes_one_ticket(world, browsers, meeting, monkeypatch):
    upload = commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a.log", content=ContentFile(b"x"), now=NOW)
    monkeypatch.setattr(filing, "_insert", meeting.before(filing._insert))

    results = at_once(*(lambda client=client: send(world, client, submission_key=KEY, upload=upload.pk) for client in browsers))

    with as_provider():
        ticket = Ticket.objects.get()
        assert list(File.objects.values_list("message__ticket", flat=True)) == [ticket.pk]
        assert Mail.objects.filter(kind="ticket_opened").count() == 3
    assert results == [(302, f"/tickets/{ticket.pk}/?filed=1")] * 2
    assert events(ticket) == [(1, "opened")]


def test_two_forms_at_once_make_two_tickets(world, browsers, meeting, monkeypatch):
    """The control of the one above: the two really are sent at once, and only the key makes them one."""
    monkeypatch.setattr(filing, "_insert", meeting.before(filing._insert))

    results = at_once(*(lambda client=client: send(world, client) for client in browsers))

    with as_provider():
        tickets = Ticket.objects.all()
        assert sorted(results) == sorted((302, f"/tickets/{ticket.pk}/?filed=1") for ticket in tickets)
        assert len(tickets) == 2


def test_the_same_reply_twice_at_once_is_written_once(world, ticket, browsers, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))
    form = {"body": "Any news?", "submission_key": KEY}

    answers = at_once(*(lambda client=client: client.post(f"/tickets/{ticket.pk}/reply/", form).status_code for client in browsers))

    assert answers == [302, 302]
    assert events(ticket) == [(1, "opened"), (2, "replied")]


def test_without_the_lock_the_same_reply_twice_collides(world, ticket, browsers, without_lock):
    for client in browsers:
        client.raise_request_exception = False  # Django's client hears of the other thread's exception too
    form = {"body": "Any news?", "submission_key": KEY}

    answers = at_once(*(lambda client=client: client.post(f"/tickets/{ticket.pk}/reply/", form).status_code for client in browsers))

    assert sorted(answers) == [302, 500]


# --- Two verdicts ------------------------------------------------------------------------------------------------------
def verify(world, ticket, agent, severity="high", reason="", seen=None):
    values = {"type": "technical", "severity": severity, "reason": reason, "seen": seen, "now": NOW}
    return commands.verify(ticket=ticket, agent=agent.person, **values).severity


def test_two_agents_confirm_at_once_and_it_is_verified_once(world, ticket, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    results = at_once(*(lambda agent=agent: verify(world, ticket, agent) for agent in (world.sara, world.lea)))

    assert results == ["high", "high"]
    assert events(ticket) == [(1, "opened"), (2, "verified"), (3, "status_changed")]
    with as_provider():
        assert Mail.objects.filter(kind="ticket_qualified").count() == 1


def test_without_the_lock_two_confirmations_collide(world, ticket, without_lock):
    results = at_once(*(lambda agent=agent: verify(world, ticket, agent) for agent in (world.sara, world.lea)))

    assert sorted(names(results)) == [IntegrityError.__name__, "high"]


def verdicts(ticket):
    """What each line of the trail changed the severity from and to."""
    with as_provider():
        audit = AuditEntry.objects.filter(verb="verify").order_by("pk")
        return [(entry.before["severity"], entry.after["severity"]) for entry in audit], Ticket.objects.get().severity


def decide_differently(world, ticket, **seen):
    return at_once(
        lambda: verify(world, ticket, world.sara, "medium", "One site only.", **seen),
        lambda: verify(world, ticket, world.lea, "low", "There is a way around.", **seen),
    )


def test_of_two_different_verdicts_at_once_the_second_is_refused(world, ticket, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    results = decide_differently(world, ticket, seen=1)

    found, last = verdicts(ticket)
    assert sorted(names(results)) == sorted(["DecidedMeanwhile", last])
    assert found == [("high", last)]


def test_two_verdicts_that_were_made_for_nothing_in_particular_follow_each_other(world, ticket, meeting, monkeypatch):
    """The control of the one above: only what a form was made for lets the second be refused."""
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    decide_differently(world, ticket)

    (first, second), last = verdicts(ticket)
    assert first[0] == "high"
    assert (first[1], second[1]) in {("medium", "low"), ("low", "medium")}
    assert (second[0], second[1]) == (first[1], last)


# --- A contest ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def lowered(world, ticket):
    verify(world, ticket, world.sara, "low", "One extension only.")
    return ticket


def contest(ticket, person, reason):
    return commands.contest(ticket=ticket, person=person, reason=reason, verdict=2, now=NOW).pk


def test_two_colleagues_contest_at_once_and_it_is_contested_once(world, lowered, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    results = at_once(lambda: contest(lowered, world.ada, "Every extension."), lambda: contest(lowered, world.alan, "No, all of them."))

    assert sorted(map(str, names(results))) == sorted([str(lowered.pk), "AlreadyContested"])
    assert [kind for _position, kind in events(lowered)].count("contested") == 1


def test_a_contest_against_another_verdict_has_one_outcome(world, lowered, meeting, monkeypatch):
    """Whoever comes second is told what happened meanwhile, and nothing of theirs counts."""
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    contested, verdict = at_once(
        lambda: contest(lowered, world.ada, "Every extension."),
        lambda: verify(world, lowered, world.lea, "medium", "Two of them.", seen=3),
    )

    kinds = [kind for _position, kind in events(lowered)][3:]
    assert (kinds, *names([contested, verdict])) in [
        (["contested"], lowered.pk, "DecidedMeanwhile"),
        (["verified"], "VerdictChanged", "medium"),
    ]


def test_without_the_lock_two_contests_collide(world, lowered, without_lock):
    results = at_once(lambda: contest(lowered, world.ada, "Every extension."), lambda: contest(lowered, world.alan, "No, all of them."))

    assert sorted(map(str, names(results))) == sorted([str(lowered.pk), IntegrityError.__name__])


def test_two_colleagues_declare_at_once_and_only_the_first_raise_counts(world, lowered, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    def declare(person, severity):
        values = {"type": "technical", "severity": severity, "reason": "It spread.", "now": NOW}
        return str(commands.declare(ticket=lowered, person=person, seen=3, **values))

    results = at_once(lambda: declare(world.ada, "high"), lambda: declare(world.alan, "medium"))

    assert sorted(names(results)) == ["DeclaredMeanwhile", "raised"]


# --- A reply against the closing of what is resolved -------------------------------------------------------------------
LATER = NOW + timedelta(days=7)


@pytest.fixture
def resolved(world, ticket):
    commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=NOW)
    return ticket


def close_and_reply(world, ticket, meeting, first):
    """Both at once, `first` having the ticket's row: how many were closed, and which ticket took the reply."""

    def close():
        return commands.close_resolved(now=LATER)

    def reply():
        return commands.reply(ticket=ticket, author=world.ada, body="It is back.", now=LATER).pk

    def second(deed):
        meeting.first_came.wait(10)
        return deed()

    if first == "reply":
        replied, closed = at_once(reply, lambda: second(close))
    else:
        closed, replied = at_once(close, lambda: second(reply))
    return closed, replied


def test_a_reply_that_comes_first_keeps_the_ticket_open(world, resolved, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    closed, replied = close_and_reply(world, resolved, meeting, first="reply")

    with as_provider():
        assert (closed, replied, Ticket.objects.get().status) == (0, resolved.pk, "open")


def test_a_reply_that_comes_too_late_opens_a_follow_up(world, resolved, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    closed, replied = close_and_reply(world, resolved, meeting, first="close")

    with as_provider():
        follow_up = Ticket.objects.exclude(pk=resolved.pk).get()
        assert (closed, replied, follow_up.follow_up_of_id) == (1, follow_up.pk, resolved.pk)
        assert Ticket.objects.get(pk=resolved.pk).status == "closed"


def test_without_the_lock_a_reply_that_comes_too_late_fails(world, resolved, monkeypatch):
    both_read, closed = threading.Barrier(2), threading.Event()

    def read_and_be_late(ticket):
        found = unlocked(ticket)
        both_read.wait(10)
        if threading.current_thread().name == "late":
            closed.wait(10)
        return found

    def close():
        try:
            return commands.close_resolved(now=LATER)
        finally:
            closed.set()

    def reply():
        threading.current_thread().name = "late"
        return commands.reply(ticket=resolved, author=world.ada, body="It is back.", now=LATER).pk

    monkeypatch.setattr(story, "lock", read_and_be_late)

    assert names(at_once(close, reply)) == [1, IntegrityError.__name__]


# --- Two sweeps, two assignments, two clicks ---------------------------------------------------------------------------
def closings(ticket):
    return [kind for _position, kind in events(ticket)].count("status_changed") - 1  # it was solved before


def test_two_sweeps_at_once_close_a_ticket_once(resolved, meeting, monkeypatch, caplog):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    results = at_once(*[lambda: commands.close_resolved(now=LATER)] * 2)

    assert (sorted(results), closings(resolved), caplog.messages) == ([0, 1], 1, [])


def test_without_the_lock_two_sweeps_collide(resolved, without_lock, caplog):
    results = at_once(*[lambda: commands.close_resolved(now=LATER)] * 2)

    assert (sorted(results), caplog.messages) == ([0, 1], [f"{resolved.number} could not be closed; the others go on"])


def assign_to_themselves(world, ticket):
    return at_once(
        *(lambda s=s: commands.assign(ticket=ticket, agent=s.person, assignee=s, now=NOW).assignee_id for s in (world.sara, world.lea))
    )


def test_two_assignments_at_once_follow_each_other(world, ticket, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    results = assign_to_themselves(world, ticket)

    with as_provider():
        steps = [(e.data["from"], e.data["to"]) for e in Event.objects.filter(kind="assigned").order_by("position")]
        last = Ticket.objects.get().assignee_id
    assert sorted(results) == sorted([world.sara.pk, world.lea.pk])
    assert steps == [(None, steps[0][1]), (steps[0][1], last)]


def test_without_the_lock_two_assignments_collide(world, ticket, without_lock):
    results = assign_to_themselves(world, ticket)

    assert [type(result) for result in results].count(IntegrityError) == 1


def solve_both(world, ticket):
    """Ada and Alan press “This is solved”."""
    return at_once(*(lambda p=p: str(commands.mark_solved(ticket=ticket, person=p, now=NOW).status) for p in (world.ada, world.alan)))


def test_two_clicks_on_solved_at_once_solve_it_once(world, ticket, meeting, monkeypatch):
    monkeypatch.setattr(story, "lock", meeting.after(story.lock))

    results = solve_both(world, ticket)

    assert (results, events(ticket)) == (["resolved", "resolved"], [(1, "opened"), (2, "status_changed")])
    with as_provider():
        assert Mail.objects.filter(kind="ticket_status", address="sara@support.example").count() == 1


def test_without_the_lock_two_clicks_on_solved_collide(world, ticket, without_lock):
    assert sorted(names(solve_both(world, ticket))) == [IntegrityError.__name__, "resolved"]


# --- The last admin ----------------------------------------------------------------------------------------------------
@pytest.fixture
def admins(world):
    """Ada and Alan, both admins of Acme, with their memberships."""
    with as_provider():
        memberships = [Membership.objects.get(person=person, customer=world.acme) for person in (world.ada, world.alan)]
    accounts.change_role(actor=world.ada, membership=memberships[1], role="admin", now=NOW)
    return memberships


def remove_each_other(world, admins):
    ada, alan = admins
    return at_once(
        lambda: accounts.remove_member(actor=world.ada, membership=alan, now=NOW),
        lambda: accounts.remove_member(actor=world.alan, membership=ada, now=NOW),
    )


def admins_left(world):
    with as_provider():
        return Membership.objects.in_force().filter(customer=world.acme, role="admin").count()


def test_two_admins_removing_each_other_leave_one(world, admins, meeting, monkeypatch):
    monkeypatch.setattr(accounts, "_lock_members", meeting.after(accounts._lock_members))

    results = remove_each_other(world, admins)

    assert sorted(map(str, names(results))) == ["LastAdmin", "None"]
    assert admins_left(world) == 1


def test_without_the_lock_two_admins_removing_each_other_leave_none(world, admins, meeting, monkeypatch):
    monkeypatch.setattr(accounts, "_lock_members", lambda membership: Membership.objects.get(pk=membership.pk))
    monkeypatch.setattr(accounts, "_refuse_last_admin", meeting.after(accounts._refuse_last_admin))

    results = remove_each_other(world, admins)

    assert names(results) == [None, None]
    assert admins_left(world) == 0


# --- An invitation -----------------------------------------------------------------------------------------------------
@pytest.fixture
def invitation(world):
    """The link's address."""
    accounts.invite(actor=world.ada, customer=world.acme, email="new@acme.example", name="New", role="member", language="en", now=NOW)
    with as_provider():
        link = Mail.objects.get(address="new@acme.example").action_url
    return "/" + link.split("/", 3)[3]


def test_an_invitation_accepted_twice_at_once_works_once(world, invitation, meeting, monkeypatch):
    monkeypatch.setattr(accounts, "accept_invitation", meeting.before(accounts.accept_invitation))
    form = {"name": "New Colleague", "password": "a long enough one"}

    answers = at_once(*(lambda client=client: client.post(invitation, form).status_code for client in (Client(), Client())))

    assert sorted(answers) == [302, 410]
    with as_provider():
        assert Person.objects.filter(email="new@acme.example").count() == 1
        assert Membership.objects.filter(customer=world.acme, person__email="new@acme.example").count() == 1
