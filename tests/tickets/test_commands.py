"""The rules of tickets, through the commands."""

import uuid
from datetime import date, timedelta

import pytest
from django.core.files.base import ContentFile

from accounts.models import AuditEntry
from accounts.tenancy import as_provider, as_tenant
from contracts.commands import set_standing
from notifications.models import Mail
from tests import factories as make
from tickets import commands
from tickets.finding import find
from tickets.models import Event, File, Hold, Message, Status, Ticket

pytestmark = pytest.mark.django_db
NOW = make.NOW


@pytest.fixture
def ticket(world):
    return make.ticket(world.contract, world.softswitch, world.ada)


def reload(ticket):
    with as_provider():
        return Ticket.objects.get(pk=ticket.pk)


def kinds(ticket):
    with as_provider():
        return list(Event.objects.filter(ticket=ticket).order_by("position").values_list("kind", flat=True))


def told(kind=None):
    """Who is owed mail, with the headline."""
    with as_provider():
        mails = Mail.objects.order_by("pk") if kind is None else Mail.objects.filter(kind=kind).order_by("pk")
        return [(m.address, m.headline) for m in mails]


def forget_mail():
    with as_provider():
        Mail.objects.update(kind="told before")


def test_filing_tells_the_requester_and_the_products_team(world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada)

    assert ticket.number == f"SP-{ticket.pk}"
    assert ticket.pk > 10000
    assert ticket.status == Status.NEW
    assert ticket.team_id == world.core.pk
    assert told("ticket_opened") == [
        ("ada@acme.example", f"We have received {ticket.number} and will check it now."),
        ("sara@support.example", f"Ada Lovelace registered {ticket.number}. Please verify its qualification."),
        ("lea@lead.example", f"Ada Lovelace registered {ticket.number}. Please verify its qualification."),
    ]


def test_the_same_form_twice_makes_one_ticket(world):
    key = uuid.uuid4()
    first = make.ticket(world.contract, world.softswitch, world.ada, submission_key=key)
    again = make.ticket(world.contract, world.softswitch, world.ada, submission_key=key)

    assert again == first
    assert kinds(first) == ["opened"]
    assert len(told("ticket_opened")) == 3


def test_two_customers_may_send_the_same_key(world):
    key = uuid.uuid4()
    mine = make.ticket(world.contract, world.softswitch, world.ada, submission_key=key)
    theirs = make.ticket(world.globex_contract, world.softswitch, world.grace, submission_key=key)

    assert mine != theirs


def test_a_product_without_a_contract_in_force_is_refused(world):
    other = make.product("Billing", world.core)
    with pytest.raises(commands.NotCovered):
        make.ticket(world.contract, other, world.ada)

    set_standing(actor=None, contract=world.contract, state="suspended", from_date=date(2026, 11, 1), reason="", now=NOW)
    with pytest.raises(commands.NotCovered):
        make.ticket(world.contract, world.softswitch, world.ada)
    with as_provider():
        assert not Ticket.objects.exists()
        assert told("ticket_opened") == []


def test_only_technical_is_critical(world):
    with pytest.raises(commands.OnlyTechnicalIsCritical):
        make.ticket(world.contract, world.softswitch, world.ada, type="functional", severity="critical")


def test_evidence_goes_with_the_first_message(world):
    upload = commands.upload(
        customer_id=world.acme.pk, uploader=world.ada, name="../../etc/sip\u202egol.txt", content=ContentFile(b"INVITE"), now=NOW
    )
    ticket = make.ticket(world.contract, world.softswitch, world.ada, files=[upload])

    with as_provider():
        file = File.objects.get(message__ticket=ticket)
    assert (file.name, file.size) == ("sipgol.txt", 6)
    with pytest.raises(commands.MissingFile):
        make.ticket(world.contract, world.softswitch, world.ada, files=[upload])


def test_a_file_over_the_limit_is_refused(world, settings):
    settings.FILE_MAX_BYTES = 1024 * 1024
    with pytest.raises(commands.FileTooLarge, match=r"“big.log” is larger than 1 MB"):
        commands.upload(
            customer_id=world.acme.pk, uploader=world.ada, name="big.log", content=ContentFile(b"x" * (1024 * 1024 + 1)), now=NOW
        )


def test_confirming_the_qualification_opens_the_ticket_and_tells_the_customer(world, ticket):
    forget_mail()
    commands.verify(ticket=ticket, agent=world.sara.person, type="technical", severity="high", now=NOW)

    row = reload(ticket)
    assert (row.status, row.is_verified, row.verified_by_id) == (Status.OPEN, True, world.sara.pk)
    assert told("ticket_qualified") == [("ada@acme.example", f"Sara (SIP Pulse) checked {ticket.number} and confirmed its qualification.")]


def test_changing_the_qualification_needs_a_reason_that_the_customer_reads(world, ticket):
    with pytest.raises(commands.ReasonMissing):
        commands.verify(ticket=ticket, agent=world.sara.person, type="functional", severity="low", now=NOW)

    commands.verify(ticket=ticket, agent=world.sara.person, type="functional", severity="low", reason="A router setting.", now=NOW)

    row = reload(ticket)
    assert (row.type, row.severity, row.declared_type, row.declared_severity) == ("functional", "low", "technical", "high")
    with as_provider():
        mail = Mail.objects.get(kind="ticket_qualified")
        audit = AuditEntry.objects.get(verb="verify")
    assert mail.body_text == "A router setting."
    assert (audit.before["type"], audit.after["type"]) == ("technical", "functional")


def test_an_answer_reaches_requester_and_watchers_and_nobody_else(world, ticket):
    commands.watch(ticket=ticket, person=world.alan, actor=world.ada, by_staff=False, now=NOW)
    forget_mail()
    commands.answer(ticket=ticket, agent=world.sara.person, body="Which trunk?", status="waiting_customer", now=NOW)

    headline = f"Sara (SIP Pulse) asks you something on {ticket.number}."
    assert told("ticket_replied") == [("ada@acme.example", headline), ("alan@acme.example", headline)]
    assert reload(ticket).status == Status.WAITING_CUSTOMER


def test_each_reader_is_told_in_their_language(world, ticket):
    ana = make.member(world.acme, "Ana Silva", language="pt-br")
    commands.watch(ticket=ticket, person=ana, actor=world.ada, by_staff=False, now=NOW)
    commands.answer(ticket=ticket, agent=world.sara.person, body="x", now=NOW)

    with as_provider():
        languages = dict(Mail.objects.filter(kind="ticket_replied").values_list("address", "language"))
    assert languages == {"ada@acme.example": "en", "ana@acme.example": "pt-br"}


def test_a_person_who_left_is_not_told(world, ticket):
    from accounts.commands import remove_member  # noqa: PLC0415
    from accounts.models import Membership  # noqa: PLC0415

    commands.watch(ticket=ticket, person=world.alan, actor=world.ada, by_staff=False, now=NOW)
    with as_provider():
        membership = Membership.objects.get(person=world.alan)
    remove_member(actor=world.ada, membership=membership, now=NOW)
    forget_mail()

    commands.answer(ticket=ticket, agent=world.sara.person, body="x", now=NOW)

    assert [address for address, _headline in told("ticket_replied")] == ["ada@acme.example"]


def test_a_customers_reply_reaches_the_assignee_else_the_team(world, ticket):
    forget_mail()
    commands.reply(ticket=ticket, author=world.ada, body="Any news?", now=NOW)
    assert {address for address, _headline in told("ticket_replied")} == {"sara@support.example", "lea@lead.example"}

    commands.assign(ticket=ticket, agent=world.lea.person, assignee=world.sara, now=NOW)
    forget_mail()
    commands.reply(ticket=ticket, author=world.ada, body="Hello?", now=NOW)
    assert [address for address, _headline in told("ticket_replied")] == ["sara@support.example"]


@pytest.mark.parametrize("status", ["waiting_customer", "resolved"])
def test_a_customers_reply_reopens(world, ticket, status):
    commands.answer(ticket=ticket, agent=world.sara.person, body="Try this.", status=status, now=NOW)
    commands.reply(ticket=ticket, author=world.ada, body="Still failing.", now=NOW)

    assert reload(ticket).status == Status.OPEN
    assert kinds(ticket)[-2:] == ["replied", "status_changed"]


def test_waiting_for_the_customer_needs_a_question(world, ticket):
    with pytest.raises(commands.QuestionMissing):
        commands.change_status(ticket=ticket, agent=world.sara.person, status="waiting_customer", now=NOW)


def test_a_hold_makes_it_wait_and_its_release_lets_it_go_on(world, ticket):
    first = commands.place_hold(ticket=ticket, reason="Two more hours", placed_by=world.sara.person, now=NOW)
    second = commands.place_hold(ticket=ticket, reason="A new licence", placed_by=world.sara.person, now=NOW)
    with pytest.raises(commands.HoldInPlace):
        commands.answer(ticket=ticket, agent=world.sara.person, body="x", status="resolved", now=NOW)

    commands.release_hold(hold=first, released_by=world.sara.person, now=NOW)
    assert reload(ticket).status == Status.WAITING_APPROVAL
    commands.release_hold(hold=second, released_by=world.sara.person, now=NOW)
    commands.release_hold(hold=second, released_by=world.sara.person, now=NOW)
    assert reload(ticket).status == Status.OPEN
    assert kinds(ticket).count("hold_released") == 2


def test_the_customer_may_say_that_it_is_solved(world, ticket):
    commands.place_hold(ticket=ticket, reason="x", placed_by=None, now=NOW)
    forget_mail()
    commands.mark_solved(ticket=ticket, person=world.ada, now=NOW)
    commands.mark_solved(ticket=ticket, person=world.alan, now=NOW)

    assert reload(ticket).status == Status.RESOLVED
    with as_provider():
        assert not Hold.objects.filter(released_at=None).exists()
    assert {address for address, _headline in told("ticket_status")} == {"sara@support.example", "lea@lead.example"}


def test_resolved_tickets_close_after_seven_days(world, ticket):
    commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=NOW)

    assert commands.close_resolved(now=NOW + timedelta(days=7) - timedelta(seconds=1)) == 0
    assert commands.close_resolved(now=NOW + timedelta(days=7)) == 1
    assert commands.close_resolved(now=NOW + timedelta(days=8)) == 0
    assert reload(ticket).status == Status.CLOSED


@pytest.fixture
def closed(world, ticket):
    commands.answer(ticket=ticket, agent=world.sara.person, body="Fixed.", status="resolved", now=NOW)
    commands.close_resolved(now=NOW + timedelta(days=7))
    return reload(ticket)


def test_a_reply_to_a_closed_ticket_opens_a_linked_follow_up(world, closed):
    later = NOW + timedelta(days=20)
    follow_up = commands.reply(ticket=closed, author=world.ada, body="It is back.", now=later)

    assert follow_up.pk != closed.pk
    assert reload(follow_up).follow_up_of_id == closed.pk
    assert reload(closed).status == Status.CLOSED
    assert kinds(closed)[-1] == "followed_up"


def test_without_a_contract_in_force_a_reply_to_a_closed_ticket_is_held(world, closed):
    set_standing(actor=None, contract=world.contract, state="ended", from_date=date(2026, 12, 1), reason="", now=NOW)
    forget_mail()
    same = commands.reply(ticket=closed, author=world.ada, body="It is back.", now=NOW + timedelta(days=20))

    assert same.pk == closed.pk
    assert kinds(closed)[-1] == "reply_held"
    assert "max@manager.example" in {address for address, _headline in told("ticket_replied")}


def test_open_tickets_go_on_without_a_contract(world, ticket):
    set_standing(actor=None, contract=world.contract, state="suspended", from_date=date(2026, 11, 1), reason="", now=NOW)
    commands.reply(ticket=ticket, author=world.ada, body="Any news?", now=NOW)

    assert kinds(ticket)[-1] == "replied"


def test_a_closed_ticket_takes_no_answer_but_a_note(world, closed):
    with pytest.raises(commands.ClosedTicket):
        commands.answer(ticket=closed, agent=world.sara.person, body="x", now=NOW)
    commands.note(ticket=closed, author=world.sara.person, body="They called.", now=NOW)


def test_a_reply_sent_twice_is_written_once(world, ticket):
    key = uuid.uuid4()
    for _ in range(2):
        commands.reply(ticket=ticket, author=world.ada, body="Hello", submission_key=key, now=NOW)

    with as_provider():
        assert Message.objects.filter(body="Hello").count() == 1


def test_a_muted_kind_is_not_mailed(world, ticket):
    from notifications.commands import set_mutes  # noqa: PLC0415

    set_mutes(person=world.ada, kinds=["ticket_replied"])
    forget_mail()
    commands.answer(ticket=ticket, agent=world.sara.person, body="x", now=NOW)

    with as_provider():
        assert list(Mail.objects.filter(kind="ticket_replied").values_list("address", "state")) == [("ada@acme.example", "muted")]


def test_a_ticket_nobody_asked_tells_the_environments_contacts(world):
    environment = make.environment(world.acme, contacts=(world.alan,))
    ticket = make.ticket(world.contract, world.softswitch, None, environment=environment, opened_by=world.sara.person, channel="staff")

    assert ("alan@acme.example", f"Sara (SIP Pulse) registered {ticket.number} for you. We have it and will check it now.") in told()


def test_a_failure_while_telling_leaves_nothing(world):
    with as_provider():
        world.softswitch.team.members.through.objects.all().delete()
    before = len(told())

    with pytest.raises(ValueError, match="must be a"):
        make.ticket(world.contract, world.softswitch, world.ada, watchers=[object()])

    assert len(told()) == before
    with as_provider():
        assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("words", "found"),
    [("ligacoes", True), ("ligação", True), ("ligacao", True), ("dropped calls", True), ("licença", False), ("SP-{pk}", True)],
)
def test_search_knows_both_languages_and_accents(world, words, found):
    ticket = make.ticket(
        world.contract, world.softswitch, world.ada, subject="As ligações caem", description="Calls are dropped after 30 s."
    )
    with as_tenant(world.acme.pk, world.ada.pk):
        assert Ticket.objects.filter(find(words.format(pk=ticket.pk)).condition, pk=ticket.pk).exists() is found
