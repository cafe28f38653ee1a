"""Charge requests until they are answered: wished, drafted, released, sent, withdrawn, expired (BIL-6)."""

import logging
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, F, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Membership, Person, StaffRole
from accounts.tenancy import acting_for, as_provider
from billing import reckoning
from billing.commands.charging import AUDITED, ChangedMeanwhile, change, expect, finish, let_wait, suits
from billing.facts import Kind, Qualification
from billing.models import ChargeRequest, ListedLog, WorkLog
from billing.outcomes import rate_of
from billing.permissions import DECIDERS
from billing.request_letters import News, approvers, managers, tell_customer, tell_staff, workers
from contracts.models import Contract
from helpdesk.lib.refusals import Refusal
from sla.queries.calendars import history
from tickets import promising
from tickets.commands import CoveredAlready, WindowOver, WindowReversed
from tickets.models import Ticket

log = logging.getLogger(__name__)
State = ChargeRequest.State
MOST_MINUTES = 12_000  # two hundred hours: more is a project, and a typing mistake
LONGEST_WINDOW = timedelta(days=31)
FURTHEST = timedelta(days=366)  # from now, either way: beyond that it is a typing mistake, and no clock can tell the ends of time
GRACE = timedelta(seconds=2)  # an answer given in time may still be on its way into the database
LAST_DAY = timedelta(hours=24)
SWEPT_AT_ONCE = 500


class ReasonMissing(Refusal):
    sentence = _("Say what the work is for: the approvers read it.")


class MinutesOutOfRange(Refusal):
    sentence = _("Ask for at least one minute and at most 200 hours.")


class RateMissing(Refusal):
    sentence = _("A rate of zero charges nothing: such work needs no approval. Enter what an hour costs.")


class TooFarAway(Refusal):
    sentence = _("That is more than a year away. Check the dates.")


class AnswerTooSoon(Refusal):
    sentence = _("The answer is wanted by an instant that is over. Choose a later one.")


class AnswerAfterWork(Refusal):
    sentence = _("The work would have to end before the answer is due. Choose an earlier answer, or a later end.")


class WindowMissing(Refusal):
    sentence = _("Say from when until when you shall be helped outside business hours.")


class WindowTooLong(Refusal):
    sentence = _("Help outside business hours is asked for at most 31 days at a time.")


class OnlyBusinessHours(Refusal):
    sentence = _("That time lies in business hours, in which help is promised already. Choose one outside them.")


class KindDoesNotFit(Refusal):
    sentence = _("A ticket that is “%(type)s” needs no such approval. Verify its qualification first, or choose another kind.")


class WorkUnknown(Refusal):
    sentence = _("Some of the work that was chosen is no longer there. Look again.")


class NobodyApproves(Refusal):
    sentence = _("Nobody of %(customer)s who sees this ticket may approve charges. One of its admins can name somebody.")


class NotReleased(Refusal):
    sentence = _("Only an account manager lets out a request whose price isn't the contract's.")


class NotTheirs(Refusal):
    sentence = _("Only people of the company may ask for this.")


class RemarkMissing(Refusal):
    sentence = _("Say why: whoever drafted it reads this.")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a request asks for. `logs`: earlier work that it lists; `work_from`: of off-hours help alone."""

    kind: str
    reason: str
    minutes: int
    rate_cents: int
    answer_by: datetime
    work_from: datetime | None = None
    work_until: datetime | None = None
    logs: Sequence[int] = ()

    def columns(self) -> dict[str, object]:
        names = ("kind", "reason", "minutes", "rate_cents", "answer_by", "work_from", "work_until")
        return {name: getattr(self, name) for name in names}


# --- Alone with it ----------------------------------------------------------------------------------------------------
@contextmanager
def alone(request: ChargeRequest, now: datetime) -> Iterator[tuple[ChargeRequest, reckoning.Book]]:
    """The request as it is now, with nobody else at it or at its contract's hours until the block ends, when those are reckoned.

    The contract's row is the lock, taken before any ticket's. Raises ChangedMeanwhile when its ticket was just moved to another contract.
    """
    with acting_for(request.customer_id):
        contract_id = ChargeRequest.objects.values_list("contract_id", flat=True).get(pk=request.pk)
        with reckoning.book(contract_id, now=now) as book:
            row = ChargeRequest.objects.select_related("ticket__promise", "contract__calendar", "contract__customer", "hold").get(
                pk=request.pk
            )
            if row.contract_id != contract_id:
                raise ChangedMeanwhile
            yield row, book


@contextmanager
def alone_with(ticket: Ticket, now: datetime) -> Iterator[tuple[Ticket, reckoning.Book]]:
    """The same for a ticket that is to have a request. Its story is taken into the hours from now on."""
    with acting_for(ticket.customer_id):
        contract_id = Ticket.objects.values_list("contract_id", flat=True).get(pk=ticket.pk)
        with reckoning.book(contract_id, now=now) as book:
            row = Ticket.objects.select_related("promise", "contract__calendar", "contract__customer").get(pk=ticket.pk)
            if row.contract_id != contract_id:
                raise ChangedMeanwhile
            book.keep(row)
            yield row, book


# --- Drafting ---------------------------------------------------------------------------------------------------------
def draft(*, ticket: Ticket, actor: Person | None, asked: Asked, submission_key: uuid.UUID | None = None, now: datetime) -> ChargeRequest:
    """Write a request that the customer does not see yet; none of its conditions but form is asked before it is sent.

    The same form twice makes one. Raises what `check_form` does, KindDoesNotFit, WorkUnknown.
    """
    check_form(asked, now)
    with alone_with(ticket, now) as (ticket, _book):
        earlier = made_by(ticket.customer_id, submission_key)
        if earlier is not None:
            return earlier
        check_kind(ticket, asked.kind)
        return create(
            ticket, asked, state=State.DRAFT, actor=actor, drafted_by=actor, submission_key=submission_key, verb="draft_charge", now=now
        )


def revise(*, request: ChargeRequest, actor: Person, asked: Asked, now: datetime) -> ChargeRequest:
    """Change a draft. Raises Settled for what is none any more, and what `draft` does."""
    check_form(asked, now)
    with alone(request, now) as (row, _book):
        expect(row, State.DRAFT)
        check_kind(row.ticket, asked.kind)
        drafted = row.drafted_by or actor  # what the system drafted is from now on whoever's who revises it
        change(row, "change_charge", actor=actor, now=now, **asked.columns(), drafted_by=drafted)
        _list_work(row, asked.logs)
    return row


def create(
    ticket: Ticket,
    asked: Asked,
    *,
    state: str,
    actor: Person | None,
    verb: str,
    drafted_by: Person | None = None,
    wished_by: Person | None = None,
    submission_key: uuid.UUID | None = None,
    now: datetime,
) -> ChargeRequest:
    """A new row in this state, written down; the caller is alone with the ticket's contract and has checked what it asks for."""
    row = ChargeRequest(
        customer_id=ticket.customer_id,
        contract=ticket.contract,
        ticket=ticket,
        state=state,
        drafted_by=drafted_by,
        wished_by=wished_by,
        drafted_at=now,
        submission_key=submission_key or uuid.uuid4(),
        **asked.columns(),
    )
    row.save()
    audit.record(actor=actor, customer_id=row.customer_id, verb=verb, target=row, after=audit.facts(row, *AUDITED), now=now)
    _list_work(row, asked.logs)
    return row


def made_by(customer_id: int, submission_key: uuid.UUID | None) -> ChargeRequest | None:
    """What the same form made before."""
    if submission_key is None:
        return None
    rows = ChargeRequest.objects.select_related("ticket", "contract__customer")
    return rows.filter(customer_id=customer_id, submission_key=submission_key).first()


def _list_work(row: ChargeRequest, logs: Sequence[int]) -> None:
    """Exactly these logs, of its own ticket. Raises WorkUnknown."""
    wanted = set(logs)
    known = set(WorkLog.objects.filter(ticket=row.ticket_id, pk__in=wanted, deleted_at=None).values_list("pk", flat=True))
    if known != wanted:
        raise WorkUnknown
    row.listed.exclude(log__in=known).delete()
    rows = [ListedLog(customer_id=row.customer_id, request=row, log_id=pk) for pk in sorted(known)]
    ListedLog.objects.bulk_create(rows, ignore_conflicts=True)


# --- What may be asked ------------------------------------------------------------------------------------------------
def check_form(asked: Asked, now: datetime) -> None:
    """Raises ReasonMissing, TooFarAway, MinutesOutOfRange, RateMissing, WindowMissing, WindowReversed, WindowTooLong."""
    if not asked.reason.strip():
        raise ReasonMissing
    check_distance(now, asked.answer_by, asked.work_from, asked.work_until)
    if not 1 <= asked.minutes <= MOST_MINUTES:
        raise MinutesOutOfRange
    if asked.rate_cents < 1:
        raise RateMissing
    if asked.kind != Kind.OFF_HOURS:
        return
    if asked.work_from is None or asked.work_until is None:
        raise WindowMissing
    if asked.work_until <= asked.work_from:
        raise WindowReversed
    if asked.work_until - asked.work_from > LONGEST_WINDOW:
        raise WindowTooLong


def check_distance(now: datetime, *instants: datetime | None) -> None:
    """Raises TooFarAway."""
    if any(at is not None and abs(at - now) > FURTHEST for at in instants):
        raise TooFarAway


def check_times(row: ChargeRequest | Asked, now: datetime) -> None:
    """Raises AnswerTooSoon, AnswerAfterWork, WindowOver: what a draft may say, and what is sent may not."""
    if row.work_until is not None and row.work_until <= now:
        raise WindowOver
    if row.answer_by <= now:
        raise AnswerTooSoon
    if row.work_until is not None and row.answer_by > row.work_until:
        raise AnswerAfterWork


def check_kind(ticket: Ticket, kind: str) -> None:
    """Raises CoveredAlready, KindDoesNotFit. `ticket`: with its promise."""
    is_always = ticket.promise is not None and promising.rules_of(ticket).always
    if suits(kind, Qualification(at=ticket.opened_at, type=ticket.type, always=is_always)):
        return
    if kind == Kind.OFF_HOURS:
        raise CoveredAlready
    raise KindDoesNotFit(type=ticket.get_type_display())


def check_window(contract: Contract, start: datetime, until: datetime, now: datetime) -> None:
    """Raises OnlyBusinessHours when the contract is open all that time."""
    hours = history(contract.calendar_id).known_at(now)
    if hours.elapsed(start, until) >= (until - start).total_seconds():
        raise OnlyBusinessHours


def contracts_rate(contract: Contract, kind: str, now: datetime) -> int:
    """What an hour of it costs by the contract today, in cents."""
    return rate_of(contract.terms_on(contract.today(now)), kind)


def may_approve(person: Person, customer_id: int) -> bool:
    """Whether the person is an approver or admin of the company now: no staff role counts (BIL-6)."""
    return Membership.objects.in_force().filter(customer=customer_id, person=person, role__in=DECIDERS).exists()


def is_account_manager(person: Person) -> bool:
    return StaffRole.objects.filter(member=person.pk, role=StaffRole.Role.ACCOUNT_MANAGER).exists()


# --- Out of the house -------------------------------------------------------------------------------------------------
SENT = News(
    "sent",
    gettext_noop("%(who)s asks for your approval on %(number)s: %(kind)s."),
    needs=gettext_noop("Please approve or decline by %(answer_by)s."),
    action=gettext_noop("Look and decide"),
)
TO_RELEASE = News(
    "to-release", gettext_noop("%(who)s drafted a charge request on %(number)s whose price isn't the contract's. Please release it.")
)
RETURNED = News(
    "returned", gettext_noop("%(who)s gave a charge request on %(number)s back to be changed."), says_why=gettext_noop("Why: %(why)s")
)
WITHDRAWN = News(
    "withdrawn",
    gettext_noop("%(who)s withdrew the charge request on %(number)s: nothing is to be decided."),
    says_why=gettext_noop("Why: %(why)s"),
)
EXPIRED = News("expired", gettext_noop("Nobody answered the charge request on %(number)s in time: it expired."))
REMINDER = News(
    "reminded",
    gettext_noop("A charge request on %(number)s still waits for you: %(kind)s."),
    needs=gettext_noop("Please approve or decline by %(answer_by)s."),
    action=gettext_noop("Look and decide"),
)


def send(*, request: ChargeRequest, actor: Person, now: datetime) -> ChargeRequest:
    """Ask the approvers; or, where the price isn't the contract's and it is no account manager who asks, ask one of those first.

    Raises Settled, AnswerTooSoon, AnswerAfterWork, WindowOver, OnlyBusinessHours, KindDoesNotFit, CoveredAlready, NobodyApproves.
    """
    with alone(request, now) as (row, _book):
        expect(row, State.DRAFT)
        _check_sendable(row, now)
        if row.rate_cents == contracts_rate(row.contract, row.kind, now):
            _send(row, actor, now)
        elif is_account_manager(actor):
            _send(row, actor, now, released_by=actor)
        else:
            change(row, "propose_charge", actor=actor, now=now, state=State.TO_RELEASE, drafted_by=row.drafted_by or actor, remark="")
            tell_staff(row, TO_RELEASE, managers(row), actor=actor, now=now)
    return row


def release(*, request: ChargeRequest, actor: Person, now: datetime) -> ChargeRequest:
    """Let out a request with a price of its own: the account manager's act. Raises NotReleased, and what `send` does."""
    with alone(request, now) as (row, _book):
        if not is_account_manager(actor):
            raise NotReleased
        expect(row, State.TO_RELEASE)
        _check_sendable(row, now)
        _send(row, actor, now, released_by=actor)
    return row


def give_back(*, request: ChargeRequest, actor: Person, remark: str, now: datetime) -> ChargeRequest:
    """Give a request that waits for its release back to whoever drafted it. Raises NotReleased, RemarkMissing, Settled."""
    if not remark.strip():
        raise RemarkMissing
    with alone(request, now) as (row, _book):
        if not is_account_manager(actor):
            raise NotReleased
        expect(row, State.TO_RELEASE)
        change(row, "return_charge", actor=actor, now=now, state=State.DRAFT, remark=remark.strip())
        tell_staff(row, _again(RETURNED, now), workers(row), actor=actor, now=now)
    return row


def _check_sendable(row: ChargeRequest, now: datetime) -> None:
    check_times(row, now)
    check_kind(row.ticket, row.kind)
    if row.work_from is not None and row.work_until is not None:
        check_window(row.contract, row.work_from, row.work_until, now)
    if not approvers(row):
        raise NobodyApproves(customer=row.contract.customer)


def _send(row: ChargeRequest, actor: Person, now: datetime, *, released_by: Person | None = None) -> None:
    change(
        row,
        "send_charge",
        actor=actor,
        now=now,
        state=State.WAITING,
        sent_at=now,
        released_by=released_by,
        drafted_by=row.drafted_by or actor,
        remark="",
    )
    let_wait(row, actor=actor, now=now)
    tell_customer(row, _again(SENT, now), approvers(row), actor=actor, now=now)


def _again(news: News, now: datetime) -> News:
    """What may happen to one request several times is told each time."""
    return News(f"{news.key}-{now.timestamp():.0f}", news.headline, news.needs, news.action, news.says_why, news.facts)


def withdraw(*, request: ChargeRequest, actor: Person, remark: str = "", now: datetime) -> ChargeRequest:
    """Staff take a request back before it is answered; whoever was asked hears of it. A second time changes nothing. Raises Settled."""
    with alone(request, now) as (row, _book):
        if row.state == State.WITHDRAWN:
            return row
        expect(row, State.DRAFT, State.TO_RELEASE, State.WAITING)
        was_asked = row.state == State.WAITING
        finish(row, State.WITHDRAWN, "withdraw_charge", actor=actor, remark=remark.strip(), now=now)
        if was_asked:
            tell_customer(row, WITHDRAWN, approvers(row), actor=actor, now=now)
        tell_staff(row, WITHDRAWN, workers(row), actor=actor, now=now)
    return row


# --- Wishes -----------------------------------------------------------------------------------------------------------
WISHED = News(
    "wished",
    gettext_noop("%(who)s asks for help outside business hours on %(number)s, which costs extra."),
    needs=gettext_noop("Please agree or refuse by %(answer_by)s."),
    action=gettext_noop("Look and decide"),
)


def wish(*, ticket: Ticket, person: Person, asked: Asked, submission_key: uuid.UUID | None = None, now: datetime) -> ChargeRequest:
    """A member asks the company's approvers for help outside business hours (SLA-7). The same form twice makes one.

    Raises NotTheirs, NobodyApproves, and what `check_help` does.
    """
    check_form(asked, now)
    with alone_with(ticket, now) as (ticket, _book):
        earlier = made_by(ticket.customer_id, submission_key)
        if earlier is not None:
            return earlier
        if not Membership.objects.in_force().filter(customer=ticket.customer_id, person=person).exists():
            raise NotTheirs
        check_help(ticket, asked, now)
        row = create(
            ticket, asked, state=State.WISHED, actor=person, wished_by=person, submission_key=submission_key, verb="wish_charge", now=now
        )
        if not approvers(row):
            raise NobodyApproves(customer=ticket.contract.customer)
        tell_customer(row, WISHED, approvers(row), actor=person, now=now)
    return row


def check_help(ticket: Ticket, asked: Asked, now: datetime) -> None:
    """Raises ChangedMeanwhile when the contract's rate is another than was shown, AnswerTooSoon, WindowOver, OnlyBusinessHours, CoveredAlready."""
    assert asked.work_from is not None, "its form was checked"
    assert asked.work_until is not None, "its form was checked"
    if asked.rate_cents != contracts_rate(ticket.contract, asked.kind, now):
        raise ChangedMeanwhile
    check_times(asked, now)
    check_kind(ticket, asked.kind)
    check_window(ticket.contract, asked.work_from, asked.work_until, now)


# --- Time -------------------------------------------------------------------------------------------------------------
def expire_due(*, now: datetime) -> int:
    """Let requests expire that nobody answered in time; returns how many. What comes exactly at the instant is in time."""
    late = ChargeRequest.objects.filter(state__in=[State.WAITING, State.WISHED], over_at=None, answer_by__lt=now - GRACE)
    return _each(late, lambda row: _expire(row, now))


def _expire(request: ChargeRequest, now: datetime) -> bool:
    with alone(request, now) as (row, _book):
        if not row.may_be_answered or row.answer_by >= now:
            return False
        was_wished = row.state == State.WISHED
        finish(row, State.EXPIRED, "expire_charge", actor=None, now=now)
        readers = [*approvers(row), *([row.wished_by] if was_wished and row.wished_by else [])]
        tell_customer(row, EXPIRED, readers, actor=None, now=now)
        if not was_wished:
            tell_staff(row, EXPIRED, [*workers(row), *managers(row)], actor=None, now=now)
    return True


def remind_due(*, now: datetime) -> int:
    """Remind approvers once, when half of the time is over and no more than a day is left; returns how many requests that was."""
    half = ExpressionWrapper(F("sent_at") + (F("answer_by") - F("sent_at")) / 2, output_field=DateTimeField())
    waiting = ChargeRequest.objects.filter(state=State.WAITING, over_at=None, reminded_at=None)
    due = waiting.annotate(half=half).filter(half__lte=now, answer_by__lte=now + LAST_DAY, answer_by__gt=now)
    return _each(due, lambda row: _remind(row, now))


def _remind(request: ChargeRequest, now: datetime) -> bool:
    with alone(request, now) as (row, _book):
        if row.state != State.WAITING or row.reminded_at is not None:
            return False
        row.reminded_at = now
        row.save(update_fields=["reminded_at"])
        tell_customer(row, REMINDER, approvers(row), actor=None, now=now)
    return True


def _each(rows: "QuerySet[ChargeRequest]", deed: Callable[[ChargeRequest], bool]) -> int:
    """How many of them the deed concerned; each in a transaction of its own. One that fails is logged and passed over."""
    with as_provider():
        found = list(rows.order_by("answer_by", "pk")[:SWEPT_AT_ONCE])
    count = 0
    for row in found:
        try:
            count += deed(row)
        except Exception:
            if not connection.is_usable():
                raise  # it is not this request: the next sweep finds the database again
            log.exception("charge request %s could not be looked at; the others go on", row.pk)
    return count
