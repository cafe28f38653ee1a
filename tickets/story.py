"""Writing the story: the only place where an event or a message is made. Called by commands, with the ticket's row locked."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from helpdesk.lib import markdown
from helpdesk.lib.prepared import Prepared, among
from helpdesk.lib.refusals import Refusal
from helpdesk.lib.writing import Insert, Update
from sla.locks import HOLD_STILL
from tickets import identifying, paging, promising
from tickets.models import Event, File, Message, Ticket


class AlreadySent(Refusal):
    sentence = _("This form was sent already, with another text. If you mean to send this as well, send it once more.")


def lock(ticket: Ticket) -> Ticket:
    """The ticket as it is now, with its promise, alone until the transaction ends; what two people do at once happens in turn.

    Calendars are held still before, always in this order: whoever changes one waits for those who have a ticket, and they not for it.
    The ticket is read by a statement of its own behind its lock: the one that waited for it would read the promise as it was before.
    """
    found = _locked.behind(f"{HOLD_STILL}; SELECT FROM tickets_ticket WHERE id = {int(ticket.pk)} FOR UPDATE", ticket.pk)
    if not found:
        raise Ticket.DoesNotExist
    return found[0]


_locked = Prepared(lambda ticket: Ticket.objects.filter(pk=ticket).select_related("promise"))


def write(
    *,
    ticket: Ticket,
    author: Person | None,
    by_staff: bool,
    body: str,
    files: Sequence[File] = (),
    internal: bool = False,
    submission_key: uuid.UUID | None = None,
    now: datetime,
) -> Message:
    """A message and the files that go with it; `files` are uploads of its author that nothing has taken yet."""
    message = Message(
        customer_id=ticket.customer_id,
        ticket=ticket,
        author=author,
        by_staff=by_staff,
        internal=internal,
        body=body,
        html=markdown.to_html(body),
        html_version=markdown.VERSION,
        written_at=now,
        scanned_at=now,
        submission_key=submission_key or uuid.uuid4(),
    )
    _insert_message([message])
    identifying.keep_from_text(message, body)
    if files:
        taken = File.objects.filter(pk__in=[f.pk for f in files], message=None).update(message=message, internal=internal)
        assert taken == len(files), "the command locked them"
    return message


def record(
    *,
    ticket: Ticket,
    kind: str,
    actor: Person | None,
    by_staff: bool,
    message: Message | None = None,
    internal: bool = False,
    facts: Mapping[str, Any] | None = None,
    dated: datetime | None = None,
    now: datetime,
) -> Event:
    """Add one event; the ticket's count and last change move with it, and its promise takes in what the event means for it.

    `dated`: the instant of what was noticed only now, for events that no clock hears of.

    A story goes on in the order of its events: one that comes from a clock which lags behind is dated as the last.
    """
    now = promising.not_before(ticket, now)
    ticket.event_count += 1
    ticket.changed_at = max(now, ticket.changed_at)
    if not internal:
        ticket.public_changed_at = max(now, ticket.public_changed_at)
    event = _add(ticket, kind, actor, by_staff=by_staff, message=message, internal=internal, facts=facts or {}, at=dated or now)
    outcome = promising.tell(ticket, event)
    if outcome is not None:
        paging.page_change(ticket, event, outcome)
    _update_ticket(ticket)
    return event


_update_ticket = Update(Ticket, "event_count", "changed_at", "public_changed_at", "next_due_at")


def begin(*, ticket: Ticket, actor: Person | None, by_staff: bool, message: Message, facts: Mapping[str, Any], now: datetime) -> Event:
    """The first event, of a ticket whose row was made now: it came with its count, and its promise, which began no earlier."""
    assert ticket.event_count == 1, "the row counts this event"
    at = max(now, ticket.promise.told_at) if ticket.promise is not None else now
    return _add(ticket, Event.Kind.OPENED, actor, by_staff=by_staff, message=message, internal=False, facts=facts, at=at)


def _add(
    ticket: Ticket,
    kind: str,
    actor: Person | None,
    *,
    by_staff: bool,
    message: Message | None,
    internal: bool,
    facts: Mapping[str, Any],
    at: datetime,
) -> Event:
    event = Event(
        customer_id=ticket.customer_id,
        ticket=ticket,
        position=ticket.event_count,
        kind=kind,
        at=at,
        actor=actor,
        by_staff=by_staff,
        internal=internal,
        message=message,
        data=dict(facts),
    )
    _insert_event([event])
    return event


_insert_message, _insert_event = Insert(Message), Insert(Event)


def already_written(ticket: Ticket, submission_key: uuid.UUID | None, body: str) -> Message | None:
    """The message that the same form made before, if it was sent twice. Raises AlreadySent when the text is another now."""
    if submission_key is None:
        return None
    earlier = _sent_by.first(ticket.customer_id, [submission_key])
    if earlier is not None and earlier.body != body:
        raise AlreadySent
    return earlier


_sent_by = Prepared(lambda customer, keys: Message.objects.filter(among("submission_key", keys), customer=customer))
