"""Lists of tickets as tables, in batches that stay small whatever the list is."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.lib.sheets import Row, Value
from tickets.models import Event, Ticket, TicketQuerySet
from tickets.states import customer_word

BATCH = 1000


def header(*, for_staff: bool, zone: str = "") -> list[str]:
    """The columns' names in the reader's language; `zone`: named beside instants that don't carry it themselves."""
    instants = [_("Opened"), _("First answer"), _("Solved"), _("Closed")]
    names = [_("Number"), _("Subject"), _("Type"), _("Severity"), _("State"), _("Environment"), _("Product"), _("Contract"), _("Requester")]
    names += [f"{name} ({zone})" if zone else name for name in instants]
    names.append(_("Satisfaction"))
    return [*names, _("Customer"), _("Assignee")] if for_staff else names


def batch(rows: TicketQuerySet, before: int | None, *, for_staff: bool) -> tuple[list[Row], int | None]:
    """The tickets with numbers below `before`, highest first, and the number to go on from; None after the last.

    By number, which never changes: what is answered while a long table is sent neither comes twice nor is left out.
    """
    related = ["product", "environment", "contract", "requester", "satisfaction", *["customer", "assignee"] * for_staff]
    rows = rows.defer(None).defer("search").select_related(*related).order_by("-pk")  # more columns than the page's rows have
    found = list((rows.filter(pk__lt=before) if before is not None else rows)[: BATCH + 1])
    more = len(found) > BATCH
    found = found[:BATCH]
    answered = _first_answers(found)
    return [_row(ticket, answered.get(ticket.pk), for_staff) for ticket in found], found[-1].pk if more else None


def _first_answers(tickets: Sequence[Ticket]) -> dict[int, datetime]:
    """The instant of the first public answer by staff, by ticket; what staff file for somebody is none (SLA-4)."""
    public = Event.objects.filter(ticket__in=[t.pk for t in tickets], kind=Event.Kind.REPLIED, by_staff=True, internal=False)
    return dict(public.order_by().values("ticket_id").annotate(first=Min("at")).values_list("ticket_id", "first"))


def _row(ticket: Ticket, answered: datetime | None, for_staff: bool) -> list[Value]:
    instants = (ticket.opened_at, answered, ticket.resolved_at, ticket.closed_at)
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
        *(timezone.localtime(at) if at else None for at in instants),
        answer.get_level_display() if answer is not None else "",
    ]
    if for_staff:
        values += [ticket.customer.name, ticket.assignee.display_name if ticket.assignee else ""]
    return values
