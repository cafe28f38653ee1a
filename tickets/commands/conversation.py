"""Replies, answers, notes."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Person
from accounts.tenancy import acting_for
from contracts.queries import contracts_for, usual_contract
from helpdesk.lib.refusals import Refusal
from tickets import paging, story, telling
from tickets.commands.filing import open_ticket
from tickets.commands.reading import note_read
from tickets.commands.states import check_new_status, set_status
from tickets.commands.uploading import lock_untaken
from tickets.models import Event, File, Message, Status, Ticket

REOPENED_BY_REPLY = {Status.WAITING_CUSTOMER, Status.RESOLVED}


class ClosedTicket(Refusal):
    sentence = _("This ticket is closed. Write an internal note, or register a new ticket for the customer.")


def reply(
    *, ticket: Ticket, author: Person, body: str, files: Sequence[File] = (), submission_key: uuid.UUID | None = None, now: datetime
) -> Ticket:
    """A customer's reply. It reopens a ticket that waited for the customer or was resolved.

    To a closed ticket it opens a linked follow-up, which is returned; without a contract in force it is held for staff on
    the closed ticket. Otherwise the ticket itself is returned. Sent twice, it is written once. Raises MissingFile, AlreadySent.
    """
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        earlier = story.already_written(ticket, submission_key, body)
        if earlier is not None:
            return earlier.ticket
        if ticket.is_closed:
            return _follow_up(ticket, author, body, files, submission_key, now)
        lock_untaken(files)
        message = story.write(ticket=ticket, author=author, by_staff=False, body=body, files=files, submission_key=submission_key, now=now)
        event = story.record(ticket=ticket, kind=Event.Kind.REPLIED, actor=author, by_staff=False, message=message, now=now)
        headline = gettext_noop("%(who)s replied on %(number)s.")
        if ticket.status in REOPENED_BY_REPLY:
            if ticket.status == Status.RESOLVED:
                headline = gettext_noop("%(who)s replied on %(number)s: it is not solved, and open again.")
            set_status(ticket, Status.OPEN, actor=author, by_staff=False, now=now)
        note_read(customer_id=ticket.customer_id, person=author, positions={ticket.pk: ticket.event_count}, now=now)
        _tell_both(ticket, event, headline, body, now)
    return ticket


def _follow_up(ticket: Ticket, author: Person, body: str, files: Sequence[File], submission_key: uuid.UUID | None, now: datetime) -> Ticket:
    contracts = contracts_for(ticket.customer, ticket.product, now)
    contract = ticket.contract if ticket.contract in contracts else usual_contract(contracts, ticket.environment)
    if contract is None:
        lock_untaken(files)
        message = story.write(ticket=ticket, author=author, by_staff=False, body=body, files=files, submission_key=submission_key, now=now)
        event = story.record(ticket=ticket, kind=Event.Kind.REPLY_HELD, actor=author, by_staff=False, message=message, now=now)
        readers = {*telling.staff_side(ticket), *telling.staff_among([ticket.contract.account_manager_id])}
        notice = telling.Notice("ticket_replied", gettext_noop("%(who)s replied on %(number)s, which is closed; no contract is in force."))
        telling.tell(
            readers=sorted(readers, key=lambda p: p.pk), to_staff=True, ticket=ticket, event=event, notice=notice, body=body, now=now
        )
        return ticket
    # What is private stays with whom it was private to, also when an admin writes on.
    stays = ticket.private and telling.who_may_see(ticket).filter(person=ticket.requester_id).exists()
    requester = ticket.requester if stays and ticket.requester else author
    return open_ticket(
        contract=contract,
        product=ticket.product,
        environment=ticket.environment,
        version=ticket.version,
        type=ticket.type,
        severity=ticket.severity,
        subject=ticket.subject,
        description=body,
        files=files,
        requester=requester,
        opened_by=author,
        watchers=sorted({*telling.customers_side(ticket), author} - {requester}, key=lambda person: person.pk),
        private=ticket.private,
        follow_up_of=ticket,
        submission_key=submission_key,
        now=now,
    )


def answer(
    *,
    ticket: Ticket,
    agent: Person,
    body: str,
    files: Sequence[File] = (),
    status: str | None = None,
    submission_key: uuid.UUID | None = None,
    now: datetime,
) -> Message:
    """A public answer by staff, with the state the ticket is left in if it changes. Raises ClosedTicket, HoldInPlace.

    Sent twice, it is written once.
    """
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        earlier = story.already_written(ticket, submission_key, body)
        if earlier is not None:
            return earlier
        if ticket.is_closed:
            raise ClosedTicket
        lock_untaken(files)
        new_status = status or (Status.OPEN if ticket.status == Status.NEW else ticket.status)
        check_new_status(ticket, new_status)
        message = story.write(ticket=ticket, author=agent, by_staff=True, body=body, files=files, submission_key=submission_key, now=now)
        event = story.record(ticket=ticket, kind=Event.Kind.REPLIED, actor=agent, by_staff=True, message=message, now=now)
        moved = set_status(ticket, new_status, actor=agent, by_staff=True, now=now)
        paging.seen_to(ticket, agent, now)
        _tell_answer(ticket, event, body, ticket.status if moved or status == Status.WAITING_CUSTOMER else "", now)
    return message


def _tell_answer(ticket: Ticket, event: Event, body: str, became: str, now: datetime) -> None:
    """`became`: the state that came with the answer, which changes what the mail says first."""
    headline, needs = gettext_noop("%(who)s answered on %(number)s."), ""
    if became == Status.WAITING_CUSTOMER:
        headline = gettext_noop("%(who)s asks you something on %(number)s.")
        needs = gettext_noop("We need your answer to go on.")
    elif became == Status.RESOLVED:
        headline = gettext_noop("%(who)s solved %(number)s.")
        needs = gettext_noop("Still failing? Reply on the ticket within 7 days and it opens again.")
    telling.tell(
        readers=telling.customers_side(ticket),
        to_staff=False,
        ticket=ticket,
        event=event,
        notice=telling.Notice("ticket_replied", headline, needs, asks_satisfaction=became == Status.RESOLVED),
        body=body,
        now=now,
    )


def _tell_both(ticket: Ticket, event: Event, headline: str, body: str, now: datetime) -> None:
    notice = telling.Notice("ticket_replied", headline)
    customers, staff = telling.both_sides(ticket)
    telling.tell_sides(
        telling.Side([person for person in customers if person != event.actor], to_staff=False, notice=notice),
        telling.Side(staff, to_staff=True, notice=notice),
        ticket=ticket,
        event=event,
        body=body,
        now=now,
    )


def note(
    *, ticket: Ticket, author: Person, body: str, files: Sequence[File] = (), submission_key: uuid.UUID | None = None, now: datetime
) -> Message:
    """An internal note: for customers neither it nor its files exist. Assignee and staff who watch are told."""
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        earlier = story.already_written(ticket, submission_key, body)
        if earlier is not None:
            return earlier
        lock_untaken(files)
        message = story.write(
            ticket=ticket, author=author, by_staff=True, body=body, files=files, internal=True, submission_key=submission_key, now=now
        )
        event = story.record(ticket=ticket, kind=Event.Kind.NOTED, actor=author, by_staff=True, message=message, internal=True, now=now)
        notice = telling.Notice("ticket_replied", gettext_noop("%(who)s wrote an internal note on %(number)s."))
        readers = telling.staff_side(ticket, except_for=author) if ticket.assignee_id else []
        telling.tell(readers=readers, to_staff=True, ticket=ticket, event=event, notice=notice, body=body, now=now)
    return message
