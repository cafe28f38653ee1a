"""What a contract's hours cost, month by month: lines, reviews, closed statements and their corrections (BIL-10). No Django."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from billing.allocation import Hours, allocate
from billing.facts import Allocation, Closing, Review, Source, Story, cost_cents, month_after, month_of


@dataclass(frozen=True, slots=True)
class Line:
    """What a log took from one source in a month. Only approvals cost; what they cost is for `billed_minutes`, fewer after a review."""

    month: date
    log: int
    ticket: int
    source: Source
    minutes: int
    approval: int | None = None
    rate_cents: int = 0
    billed_minutes: int = 0
    amount_cents: int = 0


@dataclass(frozen=True)
class Correction:
    """What statements billed for a closed month, made what it comes to now: one line, which may be negative."""

    of_month: date
    amount_cents: int


@dataclass(frozen=True)
class Statement:
    """An open month, as it would be closed. `package_fee_cents`: 0 in a month without a day in force."""

    month: date
    lines: Sequence[Line]
    package_fee_cents: int
    corrections: Sequence[Correction]

    @property
    def total_cents(self) -> int:
        return self._own_cents + sum(correction.amount_cents for correction in self.corrections)

    @property
    def _own_cents(self) -> int:
        return self.package_fee_cents + sum(line.amount_cents for line in self.lines)

    def closed(self, at: datetime) -> Closing:
        """The fact that this statement is closed as it is."""
        corrected = {correction.of_month: correction.amount_cents for correction in self.corrections}
        return Closing(month=self.month, at=at, billed_cents={**corrected, self.month: self._own_cents})


class Account:
    """A contract's money, by month. `hours`: what it is for."""

    def __init__(self, story: Story) -> None:
        self.hours = allocate(story)
        self._agreement = story.agreement
        self._lines = _lines(self.hours, _reviewed(story.reviews))
        self._closed = {closing.month for closing in story.closings}
        self._billed = _billed(story.closings)

    def lines(self, month: date) -> Sequence[Line]:
        """What a month comes to now, closed or not, by log in order of entry, reviews kept. `month` is its first day."""
        return self._lines.get(month, ())

    def statement(self, month: date) -> Statement:
        """An open month's statement. ValueError for a closed one: that never changes, and is kept as it was closed."""
        if month in self._closed:
            raise ValueError(f"The statement of {month:%Y-%m} is closed.")
        corrections = [correction for of, correction in self._corrections().items() if self._first_open_after(of) == month]
        return Statement(month, self.lines(month), self._fee(month), corrections)

    def _corrections(self) -> Mapping[date, Correction]:
        found = {}
        for month in sorted(self._closed):
            missing = self._fee(month) + sum(line.amount_cents for line in self.lines(month)) - self._billed.get(month, 0)
            if missing:
                found[month] = Correction(month, missing)
        return found

    def _first_open_after(self, month: date) -> date:
        """The contract's first open statement: months are closed in their order, and there is one after its end too."""
        while month in self._closed:
            month = month_after(month)
        return month

    def _fee(self, month: date) -> int:
        return self._agreement.terms_on(month).package_fee_cents if self._agreement.is_in_force_in(month) else 0


def _reviewed(reviews: Iterable[Review]) -> dict[tuple[date, int, int], int]:
    return {(review.month, review.log, review.approval): review.most_minutes for review in reviews}


def _billed(closings: Iterable[Closing]) -> dict[date, int]:
    billed = defaultdict[date, int](int)
    for closing in closings:
        for month, cents in closing.billed_cents.items():
            billed[month] += cents
    return billed


def _lines(hours: Hours, reviewed: Mapping[tuple[date, int, int], int]) -> dict[date, list[Line]]:
    """By month. An approval's lines together never cost more than was shown as the most, though each is rounded (BIL-10)."""
    lines = defaultdict[date, list[Line]](list)
    left = {id: approval.approval.most_cents for id, approval in hours.approvals.items()}
    for month, log, ticket, allocation in _by_month(hours):
        line = Line(month, log, ticket, allocation.source, allocation.minutes, allocation.approval)
        if allocation.approval is not None:
            rate = hours.approvals[allocation.approval].approval.rate_cents
            billed = min(allocation.minutes, reviewed.get((month, log, allocation.approval), allocation.minutes))
            amount = min(cost_cents(billed, rate), left[allocation.approval])
            left[allocation.approval] -= amount
            line = replace(line, rate_cents=rate, billed_minutes=billed, amount_cents=amount)
        lines[month].append(line)
    return lines


def _by_month(hours: Hours) -> Iterable[tuple[date, int, int, Allocation]]:
    """Each log's minutes by month and source, its parts put together."""
    for log, slices in hours.slices.items():
        minutes: dict[tuple[date, Source, int | None], int] = {}
        for slice in slices:
            for allocation in slice.allocations:
                key = (month_of(slice.day), allocation.source, allocation.approval)
                minutes[key] = minutes.get(key, 0) + allocation.minutes
        for (month, source, approval), count in minutes.items():
            yield month, log, slices[0].ticket, Allocation(source, count, approval)
