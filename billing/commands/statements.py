"""Reviewing the lines of open months, and closing them: a closed statement has a number and never changes (BIL-10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import StaffMember, StaffRole
from accounts.tenancy import as_provider
from billing import corrections, statement_letters
from billing.drafting import Draft, draft
from billing.facts import month_after, month_of
from billing.models import Review, Series, Statement, StatementLine, WorkLog
from billing.queries.readiness import LineKey, Need, Readiness, readiness_of
from billing.reckoning import Book, alone_with, book
from contracts.models import Contract
from helpdesk.lib.minutes import spell
from helpdesk.lib.refusals import Refusal

Verdict = Review.Verdict
LESS = (Verdict.REDUCED, Verdict.WRITTEN_OFF)


class MonthClosed(Refusal):
    sentence = _("%(month)s is closed as %(number)s and stays as it is. What changes now comes as a correction on the next statement.")


class LineGone(Refusal):
    sentence = _("This line is not on the statement any more: its log was changed meanwhile.")


class LineChanged(Refusal):
    sentence = _("This line was changed meanwhile: it has %(now)s now, not %(seen)s. Look at it again.")


class LinesChanged(Refusal):
    sentence = _("Lines came or were changed while you read them. Look at them again: nothing was approved.")


class NotByOneself(Refusal):
    sentence = _("You did this work yourself, so somebody else reviews it: %(names)s.")


class NobodyElse(Refusal):
    sentence = _("You did this work yourself, and nobody else keeps contracts. An administrator can give a colleague that role.")


class NeverApproved(Refusal):
    sentence = _("The customer did not approve these minutes, so they can't be charged. Ask for approval, or write them off.")


class AboveApproved(Refusal):
    sentence = _("It can't be charged with more than the %(minutes)s that the customer approved. Reduce it to fewer, or approve it.")


class ReasonMissing(Refusal):
    sentence = _("Say why: the customer reads it on the statement, and the agent here.")


class MonthNotOver(Refusal):
    sentence = _("%(month)s is not over. It can be closed from %(day)s on.")


class EarlierOpen(Refusal):
    sentence = _("%(month)s comes first: it has work and is not closed. Statements are closed in their order.")


class Blocked(Refusal):
    sentence = _("It can't be closed yet: %(why)s.")


class NothingToClose(Refusal):
    sentence = _("There is nothing in %(month)s: no work, no package fee and no correction. It needs no statement.")


# --- Reviewing ----------------------------------------------------------------------------------------------------------
def review(
    *,
    actor: StaffMember,
    contract: Contract,
    month: date,
    log_id: int,
    request_id: int | None,
    verdict: str,
    minutes: int | None = None,
    reason: str = "",
    seen_minutes: int,
    now: datetime,
) -> Review:
    """Say what a line of an open month may cost: all, `minutes` of it, nothing, or back to the agent. The latest word counts.

    `request_id` none: what nobody approved, which can be written off or returned alone. `seen_minutes`: what the line had on the page.
    Raises MonthClosed, LineGone, LineChanged, NotByOneself, NobodyElse, NeverApproved, AboveApproved, ReasonMissing.
    """
    with as_provider(), book(contract.pk, now=now) as hours:
        state = _open_month(hours, month)
        key = LineKey(log_id, request_id)
        log = _log_of(state, key, verdict)
        _check_seen(state, key, seen_minutes)
        _check_other(actor, log, hours.contract)
        most = _most(state.minutes.get(key, 0), request_id, verdict, minutes)
        if verdict != Verdict.APPROVED and not reason.strip():
            raise ReasonMissing
        return _say(actor, hours, month, key, state, verdict, most, reason.strip())


def approve_all(*, actor: StaffMember, contract: Contract, month: date, seen: str | None = None, now: datetime) -> int:
    """Approve every line that still needs a word, as it is, apart from the actor's own work; returns how many.

    `seen`: the `Readiness.unseen` of what was looked at. Raises MonthClosed, LinesChanged.
    """
    with as_provider(), book(contract.pk, now=now) as hours:
        state = _open_month(hours, month)
        keys = state.keys(Need.TO_REVIEW)
        if keys and seen is not None and seen != state.unseen:
            raise LinesChanged
        own = set(WorkLog.objects.filter(pk__in=[key.log for key in keys], agent=actor).values_list("pk", flat=True))
        others = [key for key in keys if key.log not in own]
        for key in others:
            _say(actor, hours, month, key, state, Verdict.APPROVED, state.minutes[key], "")
    return len(others)


def _open_month(hours: Book, month: date) -> Readiness:
    """How the month stands, with all that its tickets' stories say. Raises MonthClosed."""
    closed = Statement.objects.filter(contract=hours.contract, month=month).first()
    if closed is not None:
        raise MonthClosed(month=_named(month), number=closed.number)
    hours.touch_month(month)
    hours.reckon()
    return readiness_of(hours.contract, month, hours.now)


def _log_of(state: Readiness, key: LineKey, verdict: str) -> WorkLog:
    """The line's log. A log that costs nothing can be returned, too: its note may be wrong."""
    log = WorkLog.objects.filter(pk=key.log, contract=state.contract, deleted_at=None).select_related("ticket").first()
    has_line = key in state.minutes or (log is not None and verdict == Verdict.RETURNED and key.request is None and _is_in(log, state))
    if log is None or not has_line:
        raise LineGone
    return log


def _is_in(log: WorkLog, state: Readiness) -> bool:
    return log.slices.filter(contract=state.contract, month=state.month).exists()


def _check_seen(state: Readiness, key: LineKey, seen: int) -> None:
    present = state.minutes.get(key, 0)
    if present != seen:
        raise LineChanged(now=spell(present), seen=spell(seen))


def _check_other(actor: StaffMember, log: WorkLog, contract: Contract) -> None:
    if log.agent_id != actor.pk:
        return
    others = others_who_review(actor, contract)
    if not others:
        raise NobodyElse
    raise NotByOneself(names=", ".join(others))


def others_who_review(actor: StaffMember, contract: Contract) -> list[str]:
    """Whom to ask instead: the contract's own first, at most three."""
    roles = StaffRole.objects.filter(role=StaffRole.Role.ACCOUNT_MANAGER, member__person__is_active=True).exclude(member=actor)
    names = dict(roles.order_by("member__display_name").values_list("member_id", "member__display_name"))
    own = [names.pop(pk) for pk in (contract.account_manager_id, contract.deputy_id) if pk in names]
    return [*own, *names.values()][:3]


def _most(has: int, request_id: int | None, verdict: str, minutes: int | None) -> int:
    """What the line may cost at most."""
    if verdict in (Verdict.WRITTEN_OFF, Verdict.RETURNED):
        return 0
    if request_id is None:
        raise NeverApproved
    if verdict == Verdict.APPROVED:
        return has
    if minutes is None or not 0 <= minutes < has:
        raise AboveApproved(minutes=spell(has))
    return minutes


def _say(actor: StaffMember, hours: Book, month: date, key: LineKey, state: Readiness, verdict: str, most: int, reason: str) -> Review:
    """A word on a line, written down; said again in the same way, it is not written again."""
    minutes, said = state.minutes.get(key, 0), state.said.get(key)
    row = Review(
        customer_id=hours.contract.customer_id,
        contract=hours.contract,
        month=month,
        log_id=key.log,
        request_id=key.request,
        verdict=verdict,
        minutes=minutes,
        most_minutes=most,
        reason=reason,
        by=actor.person,
        at=hours.now,
    )
    if said is not None and (said.verdict, said.minutes, said.most, said.reason) == (verdict, minutes, most, reason):
        return row
    row.save()
    log = WorkLog.objects.select_related("ticket", "agent").get(pk=key.log)
    if verdict == Verdict.RETURNED:
        statement_letters.tell_returned(row, now=hours.now)
    before = {"verdict": said.verdict, "most_minutes": said.most} if said else {}
    after = {"verdict": str(verdict), "most_minutes": most, "reason": reason, "ticket": log.ticket.number, "month": month.isoformat()}
    audit.record(actor=actor.person, customer_id=row.customer_id, verb="review_work", target=row, before=before, after=after, now=hours.now)
    return row


# --- Closing ------------------------------------------------------------------------------------------------------------
def close_month(*, actor: StaffMember, contract: Contract, month: date, now: datetime) -> Statement:
    """Make a contract's month a statement with the next number, and tell the customer. Closed already, it is that statement.

    Its tickets stay under the contract from now on. Raises MonthNotOver, EarlierOpen, NothingToClose, Blocked with all that stands in the
    way, and MovedAway when a ticket has just left for another contract.
    """
    with as_provider(), book(contract.pk, now=now) as hours:
        closed = Statement.objects.filter(contract=hours.contract, month=month).select_related("contract", "customer").first()
        if closed is not None:
            return closed
        state = _open_month(hours, month)
        _check_ready(state)
        account = hours.account()
        made = draft(hours.contract, account, month, now)
        if not made.lines:
            raise NothingToClose(month=_named(month))
        hours.settle(month)
        statement = _keep(made, actor, now)
        corrections.keep(hours.contract, hours.account())
        statement_letters.tell_closed(statement, now=now)
    return statement


@dataclass(frozen=True)
class Closed:
    """What became of one contract's month when many were closed. `refusal`: why it was not."""

    contract: Contract
    statement: Statement | None
    refusal: str = ""


def close_months(*, actor: StaffMember, contracts: Sequence[Contract], month: date, now: datetime) -> list[Closed]:
    """Close a month of several contracts, each for itself: what can't be closed says why and holds up no other.

    All contracts are locked before the series of numbers: two who do this at once wait for each other in one order.
    """
    with as_provider():
        locked = [alone_with(pk) for pk in sorted({contract.pk for contract in contracts})]
        return [_closed(actor, contract, month, now) for contract in locked]


def _closed(actor: StaffMember, contract: Contract, month: date, now: datetime) -> Closed:
    try:
        return Closed(contract, close_month(actor=actor, contract=contract, month=month, now=now))
    except Refusal as refusal:
        return Closed(contract, None, str(refusal))


def _check_ready(state: Readiness) -> None:
    if not state.is_over:
        raise MonthNotOver(month=_named(state.month), day=date_format(month_after(state.month), "SHORT_DATE_FORMAT"))
    if state.earlier:
        raise EarlierOpen(month=_named(state.earlier[0]))
    why = list(obstacles(state))
    if why:
        raise Blocked(why="; ".join(why))


def obstacles(state: Readiness) -> Iterable[str]:
    """What stands in the way of closing a month that is over, as parts of a sentence."""
    timers, asked = len(state.timers), len(state.asked)
    unauthorised, returned, unseen = (state.count(need) for need in (Need.UNAUTHORISED, Need.RETURNED, Need.TO_REVIEW))
    counted = (
        (timers, ngettext("a timer runs", "%(count)s timers run", timers)),
        (
            asked,
            ngettext("a charge request with its work has no answer", "%(count)s charge requests with its work have no answer", asked),
        ),
        (
            unauthorised,
            ngettext("one line is not approved by the customer", "%(count)s lines are not approved by the customer", unauthorised),
        ),
        (returned, ngettext("one line was returned to its agent", "%(count)s lines were returned to their agents", returned)),
        (unseen, ngettext("one line is not reviewed", "%(count)s lines are not reviewed", unseen)),
    )
    return [words % {"count": count} for count, words in counted if count]


def _keep(made: Draft, actor: StaffMember, now: datetime) -> Statement:
    """The rows, with the next number. The series' row is the last lock that is taken."""
    statement = made.statement
    statement.closed_by, statement.closed_at = actor.person, now
    statement.agreed |= {"closed_by": actor.display_name}
    statement.number = _next_number(statement.contract, now)
    statement.save(force_insert=True)
    for line in made.lines:
        line.statement = statement
    StatementLine.objects.bulk_create(made.lines)
    audit.record(
        actor=actor.person,
        customer_id=statement.customer_id,
        verb="close_month",
        target=statement,
        after=audit.facts(statement, "number", "month", "total_cents", "currency") | {"lines": len(made.lines)},
        now=now,
    )
    return statement


def _next_number(contract: Contract, now: datetime) -> str:
    """2026-0001, 2026-0002, …: of the year in which it is closed, none missing since a number is given with its statement."""
    year = contract.today(now).year
    Series.objects.bulk_create([Series(year=year, last=0)], ignore_conflicts=True)
    series = Series.objects.select_for_update().get(year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return f"{year}-{series.last:04d}"


def _named(month: date) -> str:
    return date_format(month_of(month), "YEAR_MONTH_FORMAT")
