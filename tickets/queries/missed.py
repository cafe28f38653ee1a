"""The promises that were missed, one by one, each with its cause (SLA-10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import Promise as Words
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from helpdesk.lib.keyset import Order, page
from helpdesk.lib.minutes import spell
from helpdesk.lib.sheets import Row
from sla import words
from sla.clocks import Cause, Outcome
from sla.models import Breach, Clock
from sla.models.promises import CAUSE_WORDS
from sla.rules import Target
from tickets.models import Ticket
from tickets.queries.kept import Asked, Figures

PAGE = 50
LATEST_DUE = Order("due_at")
BATCH = 1000
# What the cause's own words leave open.
REASONS: dict[Cause, "str | Words"] = {
    Cause.LATE_VERIFICATION: gettext_lazy("The verdict on type and severity came after the promise was due."),
    Cause.REQUALIFICATION: gettext_lazy("A change to a higher qualification moved the instant earlier."),
}


@dataclass(frozen=True)
class Missed:
    """A promise that was missed. `met_at`: when it was met after all; `late`: from the due instant until then, or until now."""

    ticket: Ticket
    target: str
    type: str  # the qualification that the promise ran under last
    severity: str
    due_at: datetime
    met_at: datetime | None
    called_off: bool  # what was promised is not asked for any more
    late: timedelta
    cause: Cause
    annulled_at: datetime | None

    @property
    def what(self) -> str:
        return str(words.TARGETS[Target(self.target)])

    @property
    def value(self) -> str:
        return words.value((self.type, self.severity))

    @property
    def cause_label(self) -> str:
        return str(CAUSE_WORDS[self.cause])

    @property
    def reason(self) -> str:
        return str(REASONS.get(self.cause, ""))

    @property
    def late_label(self) -> str:
        return spell(-(-int(self.late.total_seconds()) // 60))


@dataclass(frozen=True)
class Page:
    """`next_cursor`: what to ask with for the ones before these; empty on the last page."""

    rows: Sequence[Missed]
    next_cursor: str


def missed(asked: Asked, *, cursor: str, now: datetime) -> Page:
    """A page of the misses of these months, the latest due instant first, annulled ones too. Three queries."""
    found = page(_with_clocks(asked), LATEST_DUE, cursor, PAGE)
    return Page(_shaped(found.rows, now), found.next_cursor)


def _with_clocks(asked: Asked) -> Any:
    return Figures(asked).missed().select_related("clock", "annulment")


def _shaped(breaches: Sequence[Breach], now: datetime) -> list[Missed]:
    rows = Ticket.objects.filter(promise__in=[breach.clock.promise_id for breach in breaches]).select_related("customer", "product")
    tickets = {ticket.promise_id: ticket for ticket in rows}
    return [_missed(tickets[breach.clock.promise_id], breach, now) for breach in breaches if breach.clock.promise_id in tickets]


def _missed(ticket: Ticket, breach: Breach, now: datetime) -> Missed:
    clock: Clock = breach.clock
    annulment = getattr(breach, "annulment", None)
    return Missed(
        ticket=ticket,
        target=clock.target,
        type=clock.type,
        severity=clock.severity,
        due_at=breach.due_at,
        met_at=clock.stopped_at if clock.outcome == Outcome.MET else None,
        called_off=clock.outcome == Outcome.CANCELLED,
        late=max((clock.stopped_at or now) - breach.due_at, timedelta(0)),
        cause=Cause(breach.cause),
        annulled_at=annulment.at if annulment is not None else None,
    )


# --- The same as a file ----------------------------------------------------------------------------------------------
def header(*, for_staff: bool, zone: str = "") -> list[str]:
    """The columns' names in the reader's language; `zone`: named beside instants that don't carry it themselves."""
    instants = [f"{name} ({zone})" if zone else name for name in (pgettext("promise", "Due"), pgettext("promise", "Met"), _("Annulled"))]
    names = [_("Number"), _("Subject"), _("Product"), _("Promise"), _("Type"), _("Severity")]
    return [*names, *instants, _("Late by (minutes)"), _("Cause"), *([_("Customer")] if for_staff else [])]


def batch(asked: Asked, before: int | None, *, for_staff: bool, now: datetime) -> tuple[list[Row], int | None]:
    """Misses in the order in which they were noticed, the last first, and what to go on from; None after the last."""
    rows = _with_clocks(asked).order_by("-pk")
    found = list((rows.filter(pk__lt=before) if before is not None else rows)[: BATCH + 1])
    more = len(found) > BATCH
    found = found[:BATCH]
    return list(_rows(_shaped(found, now), for_staff)), found[-1].pk if more else None


def _rows(rows: Iterable[Missed], for_staff: bool) -> Iterable[Row]:
    for one in rows:
        ticket = one.ticket
        instants = [timezone.localtime(at) if at else None for at in (one.due_at, one.met_at, one.annulled_at)]
        late = -(-int(one.late.total_seconds()) // 60)
        value = (str(words.TYPES[one.type]), str(words.SEVERITIES[one.severity]))
        names = [ticket.number, ticket.subject, str(ticket.product), one.what, *value]
        yield [*names, *instants, late, one.cause_label, *([ticket.customer.name] if for_staff else [])]
