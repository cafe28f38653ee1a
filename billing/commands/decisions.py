"""What approvers decide: accept, wholly or less, or decline; ask for help themselves; end what they approved (BIL-6, SLA-7)."""

import uuid
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts.models import Person
from billing import reckoning
from billing.commands.charging import ChangedMeanwhile, Settled, change, finish, go_on, settled
from billing.commands.requests import (
    Asked,
    NotReleased,
    RemarkMissing,
    alone,
    alone_with,
    check_form,
    check_help,
    contracts_rate,
    create,
    is_account_manager,
    made_by,
    may_approve,
)
from billing.models import ChargeRequest, Decision
from billing.request_letters import News, approvers, managers, tell_customer, tell_staff, workers
from billing.shown import facts_shown, hash_of, listed_work
from helpdesk.lib.refusals import Refusal
from tickets.commands import cover, uncover
from tickets.models import Ticket

State, Verdict = ChargeRequest.State, Decision.Verdict


class NotAnApprover(Refusal):
    sentence = _("Only approvers and admins of your company decide about charges. Ask one of them.")


class AnsweredTooLate(Refusal):
    sentence = _("The time to answer this is over. Ask our staff to send it again.")


class CeilingOutOfRange(Refusal):
    sentence = _("Approve at least one minute, and no more than was asked for.")


class Answer:
    """Where an answer came from, which is kept with it: the client's address, and its browser as it calls itself."""

    def __init__(self, address: str | None, user_agent: str) -> None:
        self.address, self.user_agent = address, user_agent[:300]


ACCEPTED = News("accepted", gettext_noop("%(who)s approved the charge request on %(number)s: %(kind)s."))
DECLINED = News("declined", gettext_noop("%(who)s declined the charge request on %(number)s: %(kind)s."))
ENDED = News(
    "ended",
    gettext_noop("%(who)s ended the approval on %(number)s: what was done until now stays approved."),
    says_why=gettext_noop("Why: %(why)s"),
)


def accept(
    *, request: ChargeRequest, approver: Person, minutes: int | None = None, shown_hash: str, answer: Answer, now: datetime
) -> ChargeRequest:
    """Approve what was shown, wholly or with a lower ceiling: of two answers the first counts (BIL-6).

    `minutes`: the ceiling, as asked unless it is given. The same answer by the same person again changes nothing. Raises NotAnApprover,
    Settled, AnsweredTooLate, CeilingOutOfRange, ChangedMeanwhile where something else than the present request was shown, and what
    `tickets.commands.cover` does for off-hours help.
    """
    with alone(request, now) as (row, book):
        if _is_the_same_answer(row, approver, Verdict.ACCEPTED):
            return row
        facts = _check_answerable(row, approver, shown_hash, now)
        ceiling = row.minutes if minutes is None else minutes
        if not 1 <= ceiling <= row.minutes:
            raise CeilingOutOfRange
        _accept(row, book, approver, ceiling, facts, answer, now)
    return row


def decline(*, request: ChargeRequest, approver: Person, reason: str = "", shown_hash: str, answer: Answer, now: datetime) -> ChargeRequest:
    """Say no to what was shown, with or without a reason. A member's wish is refused so too. Raises as `accept` does."""
    with alone(request, now) as (row, _book):
        if _is_the_same_answer(row, approver, Verdict.DECLINED):
            return row
        facts = _check_answerable(row, approver, shown_hash, now)
        was_wished = row.state == State.WISHED
        _keep(row, Verdict.DECLINED, 0, reason.strip(), approver, facts, answer, now)
        finish(row, State.DECLINED, "decline_charge", actor=approver, by_staff=False, remark=reason.strip()[:300], now=now)
        _tell_decided(row, DECLINED, approver, to_staff=not was_wished, now=now)
    return row


def _check_answerable(row: ChargeRequest, approver: Person, shown_hash: str, now: datetime) -> dict[str, object]:
    """What was shown, as it is kept. A wish is priced by the contract as of now."""
    if not may_approve(approver, row.customer_id):
        raise NotAnApprover
    if not row.may_be_answered:
        raise Settled(what=settled(row))
    if now > row.answer_by:
        raise AnsweredTooLate
    price_wish(row, now)
    facts = facts_shown(row, listed_work([row]).get(row.pk, []))
    if hash_of(facts) != shown_hash:
        raise ChangedMeanwhile
    return facts


def price_wish(row: ChargeRequest, now: datetime) -> None:
    """A wish costs what the contract says on the day on which it is granted; set on the row, not saved."""
    if row.state == State.WISHED:
        row.rate_cents = contracts_rate(row.contract, row.kind, now)


def _is_the_same_answer(row: ChargeRequest, approver: Person, verdict: str) -> bool:
    """A double click, or a page that was sent again."""
    return Decision.objects.filter(request=row, by=approver, verdict=verdict).exists()


def _accept(
    row: ChargeRequest, book: reckoning.Book, approver: Person, ceiling: int, facts: dict[str, object], answer: Answer, now: datetime
) -> None:
    _keep(row, Verdict.ACCEPTED, ceiling, "", approver, facts, answer, now)
    columns = {"state": State.ACCEPTED, "accepted_at": now, "accepted_minutes": ceiling, "rate_cents": row.rate_cents}
    change(row, "accept_charge", actor=approver, now=now, **columns)
    if row.kind == ChargeRequest.Kind.OFF_HOURS:
        assert row.work_from is not None, "the database says so"
        assert row.work_until is not None, "the database says so"
        cover(ticket=row.ticket, actor=approver, by_staff=False, key=row.cover_key, start=row.work_from, until=row.work_until, now=now)
    go_on(row, actor=approver, by_staff=False, now=now)
    book.touch(row.ticket_id)
    _tell_decided(row, ACCEPTED, approver, to_staff=True, now=now)


def _keep(
    row: ChargeRequest, verdict: str, minutes: int, reason: str, approver: Person, facts: dict[str, object], answer: Answer, now: datetime
) -> None:
    Decision.objects.create(
        customer_id=row.customer_id,
        request=row,
        verdict=verdict,
        minutes=minutes,
        reason=reason,
        by=approver,
        at=now,
        address=answer.address,
        user_agent=answer.user_agent,
        shown=facts,
        shown_hash=hash_of(facts),
    )


def _tell_decided(row: ChargeRequest, news: News, approver: Person, *, to_staff: bool, now: datetime) -> None:
    """The other approvers, so that nobody decides in vain; who wished for it; and the staff, whose turn it is."""
    tell_customer(row, news, [*approvers(row), *([row.wished_by] if row.wished_by else [])], actor=approver, now=now)
    if to_staff:
        tell_staff(row, news, [*workers(row), *managers(row)], actor=approver, now=now)


# --- An approver's own wish -------------------------------------------------------------------------------------------
def would_be(ticket: Ticket, asked: Asked, submission_key: uuid.UUID) -> ChargeRequest:
    """The request that such a form would make, not saved: to be shown, and held against what was shown. `ticket`: with its contract."""
    return ChargeRequest(
        customer_id=ticket.customer_id, contract=ticket.contract, ticket=ticket, submission_key=submission_key, **asked.columns()
    )


def ask_for_help(
    *, ticket: Ticket, approver: Person, asked: Asked, submission_key: uuid.UUID, shown_hash: str, answer: Answer, now: datetime
) -> ChargeRequest:
    """Help outside business hours, asked for and approved in one act: at the contract's rate, up to a ceiling of their choice (SLA-7).

    The same form twice is one. Raises NotAnApprover, ChangedMeanwhile, and what `check_form`, `check_help` and `tickets.commands.cover` do.
    """
    check_form(asked, now)
    with alone_with(ticket, now) as (ticket, book):
        earlier = made_by(ticket.customer_id, submission_key)
        if earlier is not None:
            return earlier
        if not may_approve(approver, ticket.customer_id):
            raise NotAnApprover
        check_help(ticket, asked, now)
        facts = facts_shown(would_be(ticket, asked, submission_key), ())
        if hash_of(facts) != shown_hash:
            raise ChangedMeanwhile
        row = create(
            ticket,
            asked,
            state=State.WISHED,
            actor=approver,
            wished_by=approver,
            submission_key=submission_key,
            verb="wish_charge",
            now=now,
        )
        _accept(row, book, approver, row.minutes, facts, answer, now)
    return row


# --- No more of it ----------------------------------------------------------------------------------------------------
def end(*, request: ChargeRequest, actor: Person, by_staff: bool, remark: str = "", now: datetime) -> ChargeRequest:
    """End an approval for what comes, never for work done (BIL-6). A second time changes nothing.

    Staff need to be account managers and say why. Raises NotReleased, RemarkMissing, NotAnApprover, Settled.
    """
    with alone(request, now) as (row, book):
        _check_may_end(row, actor, by_staff=by_staff, remark=remark)
        if row.state == State.ENDED:
            return row
        if row.state != State.ACCEPTED:
            raise Settled(what=settled(row))
        finish(row, State.ENDED, "end_charge", actor=actor, by_staff=by_staff, remark=remark.strip(), now=now)
        if row.kind == ChargeRequest.Kind.OFF_HOURS:
            uncover(ticket=row.ticket, actor=actor, by_staff=by_staff, key=row.cover_key, now=now)
        book.touch(row.ticket_id)
        tell_customer(row, ENDED, approvers(row), actor=actor, now=now)
        tell_staff(row, ENDED, [*workers(row), *managers(row)], actor=actor, now=now)
    return row


def _check_may_end(row: ChargeRequest, actor: Person, *, by_staff: bool, remark: str) -> None:
    if not by_staff:
        if not may_approve(actor, row.customer_id):
            raise NotAnApprover
        return
    if not is_account_manager(actor):
        raise NotReleased
    if not remark.strip():
        raise RemarkMissing
