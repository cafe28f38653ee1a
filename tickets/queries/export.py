"""Lists of tickets as tables, in batches that stay small whatever the list is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib.sheets import Row, Value
from sla.clocks import Outcome
from sla.models import Clock
from sla.rules import Target
from tickets.models import Event, Ticket, TicketQuerySet
from tickets.states import customer_word

BATCH = 1000
PROMISES = (Target.FIRST_RESPONSE, Target.RESOLUTION)  # the others are one of many on a ticket


@dataclass(frozen=True)
class Kept:
    """What became of a promise. `due_at`: None while it is paused; `is_late`: it was missed, or is late by now."""

    due_at: datetime | None
    is_late: bool


def header(*, for_staff: bool, zone: str = "") -> list[str]:
    """The columns' names in the reader's language; `zone`: named beside instants that don't carry it themselves."""

    def instant(name: str) -> str:
        return f"{name} ({zone})" if zone else name

    names = [_("Number"), _("Subject"), _("Type"), _("Severity"), _("State"), _("Environment"), _("Product"), _("Contract"), _("Requester")]
    names.append(instant(_("Opened")))
    names += [instant(_("First answer due")), instant(_("First answer")), _("First answer late")]
    names += [instant(_("Solution due")), instant(_("Solved")), _("Solution late")]
    names += [instant(_("Closed")), _("Satisfaction")]
    return [*names, _("Customer"), _("Assignee")] if for_staff else names


def batch(rows: TicketQuerySet, before: int | None, *, for_staff: bool, now: datetime) -> tuple[list[Row], int | None]:
    """The tickets with numbers below `before`, highest first, as of `now`, and the number to go on from; None after the last.

    By number, which never changes: what is answered while a long table is sent neither comes twice nor is left out.
    """
    related = ["product", "environment", "contract", "requester", "satisfaction", *["customer", "assignee"] * for_staff]
    rows = rows.defer(None).defer("search").select_related(*related).order_by("-pk")  # more columns than the page's rows have
    found = list((rows.filter(pk__lt=before) if before is not None else rows)[: BATCH + 1])
    more = len(found) > BATCH
    found = found[:BATCH]
    answered, kept = _first_answers(found), _kept(found, now)
    table: list[Row] = [_row(ticket, answered.get(ticket.pk), kept.get(ticket.promise_id or 0, {}), for_staff) for ticket in found]
    return table, found[-1].pk if more else None


def _first_answers(tickets: Sequence[Ticket]) -> dict[int, datetime]:
    """The instant of the first public answer by staff, by ticket; what staff file for somebody is none (SLA-4)."""
    public = Event.objects.filter(ticket__in=[t.pk for t in tickets], kind=Event.Kind.REPLIED, by_staff=True, internal=False)
    return dict(public.order_by().values("ticket_id").annotate(first=Min("at")).values_list("ticket_id", "first"))


def _kept(tickets: Sequence[Ticket], now: datetime) -> dict[int, dict[str, Kept]]:
    """What became of the promises of tickets, by promise and target: due as in the last round, late if any round's was.

    One that was cancelled in time is no promise any more: neither due nor late.
    """
    promises = [ticket.promise_id for ticket in tickets if ticket.promise_id is not None]
    clocks = Clock.objects.filter(promise__in=promises, target__in=PROMISES).exclude(outcome=Outcome.CANCELLED, missed_at=None)
    found: dict[int, dict[str, Kept]] = {}
    for clock in clocks.order_by("round", "begun").only("promise_id", "target", "due_at", "missed_at", "outcome"):
        of_promise = found.setdefault(clock.promise_id, {})
        before = of_promise.get(clock.target)
        is_late = clock.missed_at is not None or (clock.outcome is None and clock.due_at is not None and clock.due_at < now)
        of_promise[clock.target] = Kept(clock.due_at, is_late or (before is not None and before.is_late))
    return found


def _row(ticket: Ticket, answered: datetime | None, kept: Mapping[str, Kept], for_staff: bool) -> list[Value]:
    first, solution = (kept.get(target) for target in PROMISES)
    answer = getattr(ticket, "satisfaction", None)
    values: list[Value] = [
        ticket.number,
        ticket.subject,
        ticket.get_type_display(),
        ticket.get_severity_display(),
        ticket.get_status_display() if for_staff else customer_word(ticket),
        str(ticket.environment) if ticket.environment else "",
        str(ticket.product),
        ticket.contract.number,
        ticket.requester.name if ticket.requester else "",
        _local(ticket.opened_at),
        *(_due(first), _local(answered), _late(first)),
        *(_due(solution), _local(ticket.resolved_at), _late(solution)),
        _local(ticket.closed_at),
        answer.get_level_display() if answer is not None else "",
    ]
    if for_staff:
        values += [ticket.customer.name, ticket.assignee.display_name if ticket.assignee else ""]
    return values


def _local(at: datetime | None) -> datetime | None:
    return timezone.localtime(at) if at is not None else None


def _due(kept: Kept | None) -> datetime | None:
    return _local(kept.due_at) if kept is not None else None


def _late(kept: Kept | None) -> str:
    """ "yes", "no", or nothing where nothing is promised."""
    if kept is None:
        return ""
    return _("yes") if kept.is_late else _("no")
