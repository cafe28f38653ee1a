"""What a change would move, seen before it is made: the same story told twice, and where its months differ (BIL-8, BIL-9).

One story is the contract's as it is now, the other one has the amendment, the standing or the verdict in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.utils.translation import gettext as _

from billing.allocation import MonthHours
from billing.facts import Allocation, Qualification, Slice, Source, Story, month_of
from billing.statements import Account
from helpdesk.lib import money
from helpdesk.lib.minutes import spell

Taken = Mapping[tuple[Source, int | None], int]


@dataclass(frozen=True)
class LogMove:
    """A log whose minutes of a month would be taken from elsewhere."""

    log: int
    ticket: int
    day: date
    before: Sequence[Allocation]
    after: Sequence[Allocation]


@dataclass(frozen=True)
class MonthMove:
    """A month that would be otherwise. `is_closed`: then it is corrected on the next statement."""

    month: date
    is_closed: bool
    before: MonthHours
    after: MonthHours
    before_fee_cents: int
    after_fee_cents: int
    before_cents: int
    after_cents: int
    logs: Sequence[LogMove]

    @property
    def unauthorised_minutes(self) -> int:
        """More (or, below zero, fewer) minutes that nobody approved."""
        return sum(_minutes(log.after, Source.UNAUTHORISED) - _minutes(log.before, Source.UNAUTHORISED) for log in self.logs)

    @property
    def cents(self) -> int:
        """More, or less, to pay."""
        return self.after_cents + self.after_fee_cents - self.before_cents - self.before_fee_cents


def moves(before: Story, after: Story, months: Iterable[date] = ()) -> list[MonthMove]:
    """Months that differ, in their order. `months`: those to look at although nobody worked in them."""
    was, would_be = Account(before), Account(after)
    closed = {closing.month for closing in before.closings}
    worked = {month_of(part.day) for account in (was, would_be) for parts in account.hours.slices.values() for part in parts}
    found = [_month_move(month, month in closed, (before, was), (after, would_be)) for month in sorted(worked.union(months, closed))]
    return [move for move in found if _differs(move)]


def _month_move(month: date, is_closed: bool, was: tuple[Story, Account], would_be: tuple[Story, Account]) -> MonthMove:
    (before, account), (after, other) = was, would_be
    return MonthMove(
        month=month,
        is_closed=is_closed,
        before=account.hours.month(month),
        after=other.hours.month(month),
        before_fee_cents=_fee(before, month),
        after_fee_cents=_fee(after, month),
        before_cents=sum(line.amount_cents for line in account.lines(month)),
        after_cents=sum(line.amount_cents for line in other.lines(month)),
        logs=_log_moves(account, other, month),
    )


def _fee(story: Story, month: date) -> int:
    agreement = story.agreement
    return agreement.terms_on(month).package_fee_cents if agreement.is_in_force_in(month) else 0


def _differs(move: MonthMove) -> bool:
    granted = [(h.allowance_minutes, h.package_minutes) for h in (move.before, move.after)]
    return granted[0] != granted[1] or bool(move.cents) or bool(move.logs)


def _log_moves(was: Account, would_be: Account, month: date) -> list[LogMove]:
    before, after = _taken(was, month), _taken(would_be, month)
    days = {log: (parts[0].ticket, _first_day(parts, month)) for a in (was, would_be) for log, parts in a.hours.slices.items() if parts}
    return [
        LogMove(log, *days[log], _as_list(before.get(log, {})), _as_list(after.get(log, {})))
        for log in sorted(before.keys() | after.keys())
        if before.get(log) != after.get(log)
    ]


def _first_day(parts: Sequence[Slice], month: date) -> date:
    days = [part.day for part in parts]
    return next((day for day in days if month_of(day) == month), days[0])


def _taken(account: Account, month: date) -> dict[int, Taken]:
    """By log, what a month's lines took from which source."""
    found: dict[int, dict[tuple[Source, int | None], int]] = {}
    for line in account.lines(month):
        key = (line.source, line.approval)
        of_log = found.setdefault(line.log, {})
        of_log[key] = of_log.get(key, 0) + line.minutes
    return dict(found)


def _as_list(taken: Taken) -> list[Allocation]:
    return [Allocation(source, minutes, approval) for (source, approval), minutes in taken.items()]


def _minutes(taken: Sequence[Allocation], source: Source) -> int:
    return sum(one.minutes for one in taken if one.source == source)


# --- In words -----------------------------------------------------------------------------------------------------------
def sentences(move: MonthMove, currency: str) -> list[str]:
    """What a month would have otherwise, a sentence each, in the active language."""
    told = [
        *_change(_("The allowance grants %(after)s instead of %(before)s."), move.before.allowance_minutes, move.after.allowance_minutes),
        *_change(_("The package grants %(after)s instead of %(before)s."), move.before.package_minutes, move.after.package_minutes),
    ]
    used = move.after.allowance_used_minutes - move.before.allowance_used_minutes
    used += move.after.package_used_minutes - move.before.package_used_minutes
    told += _either(used, _("%(time)s more of the hours included are used."), _("%(time)s of the hours included are free again."))
    told += _either(move.unauthorised_minutes, _("%(time)s become unauthorised."), _("%(time)s no longer need an approval."))
    if move.cents:
        sentence = _("%(money)s more to pay.") if move.cents > 0 else _("%(money)s less to pay.")
        told.append(sentence % {"money": money.shown(abs(move.cents), currency)})
    if not told and move.logs:
        told.append(_("Work is taken from elsewhere, at the same cost."))
    return told


def _change(sentence: str, before: int, after: int) -> list[str]:
    return [sentence % {"before": spell(before), "after": spell(after)}] if before != after else []


def _either(minutes: int, more: str, less: str) -> list[str]:
    return [(more if minutes > 0 else less) % {"time": spell(abs(minutes))}] if minutes else []


def verified(story: Story, ticket: int, qualification: Qualification) -> Story:
    """The story with a verdict in it."""
    return replace(story, tickets={**story.tickets, ticket: [*story.tickets.get(ticket, ()), qualification]})
