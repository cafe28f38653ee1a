"""What stands beside a ticket: its qualification, facts and people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.queries import display_names
from tickets.models import Event, Severity, Ticket, Type, Watcher


@dataclass(frozen=True)
class QualificationView:
    """What counts now, and what was declared when that was something else."""

    type: str
    type_label: str
    severity: str
    severity_label: str
    verified: bool
    line: str
    at: datetime | None = None
    reason: str = ""
    declared_type_label: str = ""
    declared_severity_label: str = ""
    declared_line: str = ""


def qualification(ticket: Ticket) -> QualificationView:
    names = display_names([ticket.verified_by_id, ticket.opened_by_id])
    changed = (ticket.type, ticket.severity) != (ticket.declared_type, ticket.declared_severity)
    verdict = Event.objects.filter(ticket=ticket, kind=Event.Kind.VERIFIED).select_related("message").order_by("position").last()
    line = _("Declared, being checked")
    if ticket.verified_by_id is not None:
        line = _("Verified by %(name)s") % {"name": names.get(ticket.verified_by_id, _("a former colleague"))}
    return QualificationView(
        type=ticket.type,
        type_label=ticket.get_type_display(),
        severity=ticket.severity,
        severity_label=ticket.get_severity_display(),
        verified=ticket.is_verified,
        line=line,
        at=ticket.verified_at,
        reason=verdict.message.body if verdict is not None and verdict.message is not None else "",
        declared_type_label=str(Type(ticket.declared_type).label) if changed else "",
        declared_severity_label=str(Severity(ticket.declared_severity).label) if changed else "",
        declared_line=_("Declared by %(name)s") % {"name": names.get(ticket.opened_by_id or 0, _("a former colleague"))},
    )


def facts(ticket: Ticket, *, for_staff: bool) -> list[dict[str, Any]]:
    """Rows of label and value, with a link or an instant where there is one."""
    face = "console" if for_staff else "portal"
    rows: list[dict[str, Any]] = [
        {"label": _("Product"), "value": str(ticket.product) + (f" {ticket.version.number}" if ticket.version else "")},
        {"label": _("Environment"), "value": str(ticket.environment) if ticket.environment else _("not given")},
        {"label": _("Contract"), "value": str(ticket.contract), "url": reverse(f"{face}:contract", args=[ticket.contract_id])},
        {"label": _("Opened"), "at": ticket.opened_at},
    ]
    if for_staff:
        rows.append({"label": _("Came by"), "value": ticket.get_channel_display()})
    if ticket.resolved_at:
        rows.append({"label": _("Solved"), "at": ticket.resolved_at})
    if ticket.closed_at:
        rows.append({"label": _("Closed"), "at": ticket.closed_at})
    if ticket.follow_up_of_id:
        rows.append(_link(face, _("Follow-up of"), ticket.follow_up_of_id))
    rows += [_link(face, _("Followed up by"), pk) for pk in ticket.follow_ups.order_by("pk").values_list("pk", flat=True)]
    return rows


def _link(face: str, label: str, pk: int) -> dict[str, Any]:
    return {"label": label, "value": Ticket(pk=pk).number, "url": reverse(f"{face}:ticket", args=[pk])}


def people(ticket: Ticket) -> list[dict[str, Any]]:
    """Requester, assignee and those who follow, as the present scope may know them."""
    rows: list[dict[str, Any]] = []
    if ticket.requester is not None:
        rows.append({"name": ticket.requester.name, "role_label": _("asked"), "by_staff": False})
    if ticket.assignee is not None:
        rows.append({"name": ticket.assignee.display_name, "role_label": _("works on it"), "by_staff": True})
    follow = ({"name": w.person.name, "role_label": _("follows"), "by_staff": w.internal} for w in watchers(ticket))
    return [*rows, *follow]


def watchers(ticket: Ticket) -> list[Watcher]:
    return list(Watcher.objects.filter(ticket=ticket).select_related("person").order_by("person__name"))


def is_watching(ticket: Ticket, person: Person) -> bool:
    return Watcher.objects.filter(ticket=ticket, person=person).exists()


def holds(ticket: Ticket) -> list[Any]:
    """Holds in place, oldest first."""
    return list(ticket.holds.filter(released_at=None).order_by("since"))
