"""What a ticket's qualification is: declared, verified, contested."""

import uuid
from collections.abc import Mapping
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Person, StaffRole
from accounts.queries import display_names
from accounts.tenancy import acting_for
from helpdesk.lib.refusals import Refusal
from sla.rules import Value
from sla.words import TARGETS
from tickets import story, telling
from tickets.commands.conversation import ClosedTicket
from tickets.commands.filing import OnlyTechnicalIsCritical
from tickets.commands.states import set_status
from tickets.models import Event, Message, Severity, Status, Ticket, Type
from tickets.promising import imagine
from tickets.qualifying import Effect, Happening, History, history, value_of
from tickets.sentences import sentence

AUDITED = ("type", "severity", "declared_type", "declared_severity", "verified_by")


class ReasonMissing(Refusal):
    sentence = _("Say why you change the qualification: the customer reads it.")


class AnswerMissing(Refusal):
    sentence = _("Say why you decide so: the customer asked for it, and reads it.")


class DecidedMeanwhile(Refusal):
    sentence = _("Meanwhile something happened: %(what)s. Nothing was changed by you. Look again, then decide.")


class OwnVerdictContested(Refusal):
    sentence = _("Your own verdict is contested: somebody else decides.")


class LeadMustDecide(Refusal):
    sentence = _(
        "This verdict would make a missed promise disappear (%(misses)s). Only a lead who isn't the assignee may give it: "
        "ask one, or leave the qualification as it is."
    )


class NothingToContest(Refusal):
    sentence = _("There is no verdict to contest: our staff have not checked what counts now.")


class AlreadyContested(Refusal):
    sentence = _("This verdict is contested already; a different person decides, and you will read it here.")


class VerdictSettled(Refusal):
    sentence = _("This verdict decided a contest and settles it. If something changed since, declare it anew.")


class VerdictChanged(Refusal):
    sentence = _("A new verdict came meanwhile. Read it first; you can contest that one.")


class ContestReasonMissing(Refusal):
    sentence = _("Say why the verdict is wrong: whoever decides reads it.")


class ChangeMissing(Refusal):
    sentence = _("Say what changed: this is higher than what our staff verified.")


class DeclaredAlready(Refusal):
    sentence = _("This is what counts already. Choose another type or severity, or leave it as it is.")


class DeclaredMeanwhile(Refusal):
    sentence = _("Meanwhile something happened: %(what)s. Read what your declaration does now, then send it again.")


class ClosedForCustomer(Refusal):
    sentence = _("This ticket is closed: its qualification stays. A reply opens a new ticket that is linked to it.")


def verify(*, ticket: Ticket, agent: Person, type: str, severity: str, reason: str = "", seen: int | None = None, now: datetime) -> Ticket:
    """Confirm the qualification, or change it with a reason that the customer reads (TIC-3). It decides what was contested or claimed.

    `seen`: how far the story went for whoever decides; what was declared, contested or decided after it raises
    DecidedMeanwhile, except that the same verdict again changes nothing. Raises ReasonMissing, AnswerMissing,
    OnlyTechnicalIsCritical, ClosedTicket, OwnVerdictContested for whoever gave the contested verdict, and LeadMustDecide where
    a missed promise would disappear (SLA-10).
    """
    _check_value(type, severity)
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.is_closed:
            raise ClosedTicket
        known, value, reason = history(ticket), (str(type), str(severity)), reason.strip()
        if value == known.value and ticket.is_verified and not ticket.wants_verdict:
            return ticket
        _refuse_if_unseen(known, seen, DecidedMeanwhile)
        if known.contested is not None and known.contested.actor_id == agent.pk:
            raise OwnVerdictContested
        if known.needs_reason(value) and not reason:
            raise ReasonMissing if known.contest is None and known.claim is None else AnswerMissing
        restored = known.restored_by(value, agent.pk)
        _refuse_if_misses_disappear(ticket, value, restored, agent, now)
        event = _decide(ticket, known, value, restored, agent, reason, now)
        if ticket.status == Status.NEW:
            set_status(ticket, Status.OPEN, actor=agent, by_staff=True, now=now)
        _tell_verdict(ticket, event, known, reason, now)
    return ticket


def _check_value(type: str, severity: str) -> None:
    if severity == Severity.CRITICAL and type != Type.TECHNICAL:
        raise OnlyTechnicalIsCritical


def _refuse_if_unseen(known: History, seen: int | None, refusal: type[Refusal]) -> None:
    """What came after the page was made may be what the person would have decided about."""
    unseen = known.after(seen) if seen is not None else []
    if unseen:
        last = unseen[-1]
        names = display_names([last.actor_id])
        who = names.get(last.actor_id or 0, _("a former colleague"))
        raise refusal(what=f"{who} {sentence(last, names, for_staff=True)}")


def _refuse_if_misses_disappear(ticket: Ticket, value: Value, restored: Happening | None, agent: Person, now: datetime) -> None:
    lost = imagine(ticket, value, restores=restored.position if restored else None, now=now).lost
    if lost and not may_undo_misses(agent.pk, ticket):
        raise LeadMustDecide(misses=", ".join(dict.fromkeys(str(TARGETS[clock.target]) for clock in lost)))


def may_undo_misses(agent_id: int, ticket: Ticket) -> bool:
    """Whether somebody is a lead, and not the assignee whose work was late (SLA-10)."""
    return ticket.assignee_id != agent_id and StaffRole.objects.filter(member=agent_id, role=StaffRole.Role.LEAD).exists()


def _decide(ticket: Ticket, known: History, value: Value, restored: Happening | None, agent: Person, reason: str, now: datetime) -> Event:
    """Write the verdict to the row, the trail and the story; the event says what it decides and whether it gives a value back."""
    before = audit.facts(ticket, *AUDITED)
    ticket.type, ticket.severity = value
    ticket.verified_at, ticket.verified_by, ticket.verdict_wanted_since = now, agent, None
    ticket.save(update_fields=["type", "severity", "verified_at", "verified_by", "verdict_wanted_since"])
    after = audit.facts(ticket, *AUDITED)
    audit.record(actor=agent, customer_id=ticket.customer_id, verb="verify", target=ticket, before=before, after=after, now=now)
    links = {"contest": known.contest, "claim": known.claim, "restores": restored}
    return story.record(
        ticket=ticket,
        kind=Event.Kind.VERIFIED,
        actor=agent,
        by_staff=True,
        message=story.write(ticket=ticket, author=agent, by_staff=True, body=reason, now=now) if reason else None,
        facts=_change(known.value, value) | {name: event.position for name, event in links.items() if event is not None},
        now=now,
    )


def _change(before: Value, after: Value) -> dict[str, str]:
    return dict(zip(("from_type", "from_severity", "type", "severity"), map(str, (*before, *after)), strict=True))


def _tell_verdict(ticket: Ticket, event: Event, known: History, reason: str, now: datetime) -> None:
    value = value_of(event)
    if known.contest is not None:
        headline = gettext_noop("%(who)s decided what you contested on %(number)s: the qualification stays as it is.")
        if "restores" in event.data:
            headline = gettext_noop("%(who)s decided what you contested on %(number)s: the qualification from before is given back.")
        elif value != known.value:
            headline = gettext_noop("%(who)s decided what you contested on %(number)s, and changed its qualification.")
    elif known.claim is not None:
        headline = gettext_noop("%(who)s checked what you declared anew on %(number)s: the qualification stays as it is.")
        if value == value_of(known.claim):
            headline = gettext_noop("%(who)s checked what you declared anew on %(number)s, and accepted it.")
        elif value != known.value:
            headline = gettext_noop("%(who)s checked what you declared anew on %(number)s, and changed its qualification.")
    elif "restores" in event.data:
        headline = gettext_noop("%(who)s corrected an earlier verdict on %(number)s: the qualification from before is given back.")
    elif value != known.value:
        headline = gettext_noop("%(who)s checked %(number)s and changed its qualification.")
    else:
        headline = gettext_noop("%(who)s checked %(number)s and confirmed its qualification.")
    telling.tell(
        readers=telling.customers_side(ticket),
        to_staff=False,
        ticket=ticket,
        event=event,
        notice=telling.Notice("ticket_qualified", headline),
        body=reason,
        now=now,
    )


def contest(*, ticket: Ticket, person: Person, reason: str, verdict: int, submission_key: uuid.UUID | None = None, now: datetime) -> Ticket:
    """Contest a verdict, once: a different person decides (TIC-3). It changes no value; staff are told and find it in their queue.

    `verdict`: the position in the story of the verdict that was read. Sent twice, it is written once. Raises NothingToContest,
    AlreadyContested, VerdictSettled, VerdictChanged, ContestReasonMissing, ClosedForCustomer, AlreadySent.
    """
    with acting_for(ticket.customer_id):
        ticket, reason = story.lock(ticket), reason.strip()
        if story.already_written(ticket, submission_key, reason) is not None:
            return ticket
        known = history(ticket)
        _refuse_contest(ticket, known, verdict)
        if not reason:
            raise ContestReasonMissing
        event = _record_asking(ticket, Event.Kind.CONTESTED, person, reason, {"verdict": verdict}, submission_key, now)
        assert known.standing is not None, "nothing else can be contested"
        headline = gettext_noop("%(who)s contests the qualification of %(number)s.")
        _tell_asking(ticket, event, headline, reason, now, not_alone=known.standing.actor_id)
    return ticket


def _refuse_contest(ticket: Ticket, known: History, verdict: int) -> None:
    if ticket.is_closed:
        raise ClosedForCustomer
    if known.standing is None:
        raise NothingToContest
    if known.standing.position != verdict:
        raise VerdictChanged
    if known.contest is not None:
        raise AlreadyContested
    if known.is_settled:
        raise VerdictSettled


def declare(
    *,
    ticket: Ticket,
    person: Person,
    type: str,
    severity: str,
    reason: str = "",
    seen: int | None = None,
    submission_key: uuid.UUID | None = None,
    now: datetime,
) -> Effect:
    """Declare type and severity anew, and return what that did (TIC-3).

    Before a verdict it replaces what was declared. After one, a higher value must say what changed: the first on a ticket
    counts at once, later ones change nothing until staff decide; a lower one counts at once. Staff verify what counts so.
    Raises DeclaredAlready, ChangeMissing, OnlyTechnicalIsCritical, ClosedForCustomer, DeclaredMeanwhile (`seen`: how far the
    story went on the page that said what would happen).
    """
    _check_value(type, severity)
    with acting_for(ticket.customer_id):
        ticket, value, reason = story.lock(ticket), (str(type), str(severity)), reason.strip()
        if ticket.is_closed:
            raise ClosedForCustomer
        known = history(ticket)
        earlier = _declared_by_form(known, submission_key, value, reason)
        if earlier is not None:
            return Effect(earlier.data["effect"])
        _refuse_if_unseen(known, seen, DeclaredMeanwhile)
        effect = known.effect_of(value)
        if effect is None or (known.claim is not None and value == value_of(known.claim)):
            raise DeclaredAlready
        if effect in {Effect.RAISED, Effect.CLAIMED} and not reason:
            raise ChangeMissing
        before = audit.facts(ticket, *AUDITED)
        ticket.declared_type, ticket.declared_severity = value
        if effect != Effect.CLAIMED:
            ticket.type, ticket.severity = value
            ticket.verified_at = ticket.verified_by = None
        ticket.save(update_fields=["declared_type", "declared_severity", "type", "severity", "verified_at", "verified_by"])
        after = audit.facts(ticket, *AUDITED)
        audit.record(actor=person, customer_id=ticket.customer_id, verb="declare", target=ticket, before=before, after=after, now=now)
        facts = _change(known.value, value) | {"effect": str(effect)} | ({"form": str(submission_key)} if submission_key else {})
        event = _record_asking(ticket, Event.Kind.DECLARED, person, reason, facts, submission_key, now)
        _tell_asking(ticket, event, DECLARED_HEADLINES[effect], reason, now)
    return effect


def _declared_by_form(known: History, submission_key: uuid.UUID | None, value: Value, reason: str) -> Happening | None:
    """The declaration that the same form made before. Raises AlreadySent when it says something else now."""
    earlier = next((event for event in known.events if submission_key and event.data.get("form") == str(submission_key)), None)
    if earlier is not None and (value_of(earlier), earlier.text) != (value, reason):
        raise story.AlreadySent
    return earlier


DECLARED_HEADLINES = {
    Effect.REPLACED: gettext_noop("%(who)s declared %(number)s anew. Please verify its qualification."),
    Effect.RAISED: gettext_noop(
        "%(who)s declared %(number)s higher than verified, and it counts at once. Please verify its qualification."
    ),
    Effect.CLAIMED: gettext_noop("%(who)s asks for a higher qualification of %(number)s. It counts when you accept it."),
    Effect.LOWERED: gettext_noop("%(who)s declared %(number)s lower than verified. Please verify its qualification."),
}


def _record_asking(
    ticket: Ticket, kind: str, person: Person, reason: str, facts: Mapping[str, object], submission_key: uuid.UUID | None, now: datetime
) -> Event:
    """An event of the customer that asks staff for a verdict, from now on."""
    message: Message | None = None
    if reason:
        message = story.write(ticket=ticket, author=person, by_staff=False, body=reason, submission_key=submission_key, now=now)
    event = story.record(ticket=ticket, kind=kind, actor=person, by_staff=False, message=message, facts=facts, now=now)
    ticket.verdict_wanted_since = now
    ticket.save(update_fields=["verdict_wanted_since"])
    return event


def _tell_asking(ticket: Ticket, event: Event, headline: str, reason: str, now: datetime, *, not_alone: int | None = None) -> None:
    """Tell the staff, and colleagues who follow. `not_alone`: somebody of the staff who can't act on it, so others must hear."""
    staff = telling.staff_side(ticket) if not_alone is None else telling.staff_besides(ticket, not_alone)
    colleagues = telling.Notice("ticket_qualified", COLLEAGUES_HEADLINES[Event.Kind(event.kind)])
    telling.tell_sides(
        telling.Side(telling.customers_side(ticket, except_for=event.actor), to_staff=False, notice=colleagues),
        telling.Side(staff, to_staff=True, notice=telling.Notice("ticket_qualified", headline)),
        ticket=ticket,
        event=event,
        body=reason,
        now=now,
    )


COLLEAGUES_HEADLINES = {
    Event.Kind.CONTESTED: gettext_noop("%(who)s contests the qualification of %(number)s."),
    Event.Kind.DECLARED: gettext_noop("%(who)s declared the qualification of %(number)s anew."),
}
