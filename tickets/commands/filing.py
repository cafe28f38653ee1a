"""Opening a ticket."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Person
from accounts.tenancy import acting_for
from contracts.models import Contract, Environment, Product, Version
from contracts.queries import covers
from helpdesk.lib.refusals import Refusal
from helpdesk.lib.writing import Insert
from tickets import identifying, paging, promising, story, telling
from tickets.commands.reading import note_read
from tickets.commands.uploading import lock_untaken
from tickets.models import Channel, Event, File, Severity, Ticket, Type, Watcher


class NotCovered(Refusal):
    sentence = _("No contract in force covers this product. Choose another product or contract, or talk to your account manager.")


class OnlyTechnicalIsCritical(Refusal):
    sentence = _("Only technical events can be critical. Choose “technical”, or a lower severity.")


class AlreadyFiled(Refusal):
    sentence = _("This form already registered %(number)s. If this is another event, send it once more.")


def open_ticket(
    *,
    contract: Contract,
    product: Product,
    environment: Environment | None,
    version: Version | None,
    type: str,
    severity: str,
    subject: str,
    description: str,
    files: Sequence[File] = (),
    requester: Person | None,
    opened_by: Person | None,
    channel: str = Channel.PORTAL,
    watchers: Iterable[Person] = (),
    private: bool = False,
    follow_up_of: Ticket | None = None,
    submission_key: uuid.UUID | None = None,
    now: datetime,
) -> Ticket:
    """Register an event: ticket, first message with evidence, story, and what is owed to requester, watchers and team.

    `opened_by`: None where monitoring does. `private`: only the requester and the company's admins see it. Raises NotCovered when
    the contract is not in force today or does not cover the product, OnlyTechnicalIsCritical, and MissingFile. The same
    `submission_key` again returns the ticket that it made, and tells nobody twice; with other words it raises AlreadyFiled.
    """
    with acting_for(contract.customer_id):
        _check_event(contract, product, type, severity, now)
        ticket, is_new = _insert_once(
            customer_id=contract.customer_id,
            submission_key=submission_key or uuid.uuid4(),
            contract=contract,
            product=product,
            environment=environment,
            version=version,
            type=type,
            severity=severity,
            subject=subject,
            requester=requester,
            opened_by=opened_by,
            channel=channel,
            private=private,
            follow_up_of=follow_up_of,
            now=now,
        )
        if is_new:
            _note_watchers(ticket, watchers)
            _tell(ticket, _begin_story(ticket, description, files, submission_key, now), description, now)
        else:
            _refuse_other_text(ticket, subject, description)
    return ticket


def _check_event(contract: Contract, product: Product, type: str, severity: str, now: datetime) -> None:
    if severity == Severity.CRITICAL and type != Type.TECHNICAL:
        raise OnlyTechnicalIsCritical
    if not covers(contract, product, now):
        raise NotCovered


def _note_watchers(ticket: Ticket, people: Iterable[Person]) -> None:
    rows = [Watcher(customer_id=ticket.customer_id, ticket=ticket, person=one) for one in people if one != ticket.requester]
    Watcher.objects.bulk_create(rows)


def _begin_story(ticket: Ticket, description: str, files: Sequence[File], submission_key: uuid.UUID | None, now: datetime) -> Event:
    """The first message with its evidence, the first event, and a word on the ticket that this one follows up."""
    lock_untaken(files)
    by_staff = ticket.channel == Channel.STAFF
    message = story.write(
        ticket=ticket, author=ticket.opened_by, by_staff=by_staff, body=description, files=files, submission_key=submission_key, now=now
    )
    identifying.keep_from_text(message, ticket.subject)
    event = story.begin(
        ticket=ticket,
        actor=ticket.opened_by,
        by_staff=by_staff,
        message=message,
        facts=_opening_facts(ticket),
        now=now,
    )
    if ticket.requester is not None and ticket.requester == ticket.opened_by:
        note_read(customer_id=ticket.customer_id, person=ticket.requester, positions={ticket.pk: ticket.event_count}, now=now)
    if ticket.follow_up_of is not None:
        story.record(
            ticket=story.lock(ticket.follow_up_of),
            kind=Event.Kind.FOLLOWED_UP,
            actor=ticket.opened_by,
            by_staff=by_staff,
            facts={"follow_up": ticket.pk},
            now=now,
        )
    return event


def _opening_facts(ticket: Ticket) -> dict[str, Any]:
    assert ticket.promise is not None, "it was made with the ticket"
    promised = {"policy_version": ticket.promise.version_id, "calendar": ticket.promise.calendar_id}
    declared = {"type": str(ticket.type), "severity": str(ticket.severity)}
    return declared | promised | {"channel": str(ticket.channel), "contract": ticket.contract_id}


def _insert_once(*, customer_id: int, submission_key: uuid.UUID, **values: Any) -> tuple[Ticket, bool]:
    """The ticket of this form, and whether it was made now. The unique key lets the slower of two wait for the faster."""
    try:
        with transaction.atomic():
            return _insert(customer_id=customer_id, submission_key=submission_key, **values), True
    except IntegrityError:
        earlier = Ticket.objects.filter(customer_id=customer_id, submission_key=submission_key).first()
        if earlier is None:
            raise
        return earlier, False


def _refuse_other_text(ticket: Ticket, subject: str, description: str) -> None:
    """A form that comes again with other words is another event: losing it without a word would be worse than asking."""
    first = ticket.messages.order_by("pk").first()
    if ticket.subject != subject or first is None or first.body != description:
        raise AlreadyFiled(number=ticket.number)


def _insert(*, contract: Contract, product: Product, type: str, severity: str, now: datetime, **columns: Any) -> Ticket:
    promised = promising.promise_for(contract, (type, severity), now)
    ticket = Ticket(
        contract=contract,
        promise=promised.promise,
        next_due_at=promised.next_due_at,
        product=product,
        team_id=product.team_id,
        type=type,
        severity=severity,
        declared_type=type,
        declared_severity=severity,
        verdict_wanted_since=now,
        opened_at=now,
        changed_at=now,
        public_changed_at=now,
        event_count=1,  # the one that its story begins with
        **columns,
    )
    _insert_ticket([ticket])
    paging.page_opened(ticket, promised, now)
    return ticket


_insert_ticket = Insert(Ticket)


def _tell(ticket: Ticket, event: Event, description: str, now: datetime) -> None:
    if ticket.channel == Channel.MONITORING:
        receipt = gettext_noop("Monitoring registered %(number)s. We have it and will check it now.")
    elif event.by_staff:
        receipt = gettext_noop("%(who)s registered %(number)s for you. We have it and will check it now.")
    else:
        receipt = gettext_noop("We have received %(number)s and will check it now.")
    task = (
        gettext_noop("Monitoring registered %(number)s. Please verify its qualification.")
        if ticket.channel == Channel.MONITORING
        else gettext_noop("%(who)s registered %(number)s. Please verify its qualification.")
    )
    customers, staff = telling.both_sides(ticket)
    others = [person for person in staff if not (event.by_staff and person == event.actor)]
    telling.tell_sides(
        telling.Side(customers, to_staff=False, notice=telling.Notice("ticket_opened", receipt, may_wait=False)),
        telling.Side(others, to_staff=True, notice=telling.Notice("ticket_opened", task, may_wait=False)),
        ticket=ticket,
        event=event,
        body=description,
        now=now,
    )
