"""What stands beside a ticket: its qualification, facts and people."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.queries import display_names
from helpdesk.lib.prepared import Prepared
from tickets.models import Event, Hold, Satisfaction, Severity, Ticket, Type, Watcher
from tickets.qualifying import History, history, value_of
from tickets.sentences import qualification as in_words
from tickets.sentences import sentence
from tickets.telling import who_may_see


@dataclass(frozen=True)
class QualificationView:
    """What counts now, what was declared when that was something else, and what waits for a decision.

    `pending`: a sentence about the contest or the claim that staff have to decide, with its text and instant.
    """

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
    pending: str = ""
    pending_text: str = ""
    pending_at: datetime | None = None


def qualification(ticket: Ticket, known: History | None = None) -> QualificationView:
    """`known`: the ticket's history, where the page has it already."""
    known = known or history(ticket)
    declared_by = known.declaration.actor_id if known.declaration else ticket.opened_by_id
    pending = known.contest or known.claim
    names = display_names([ticket.verified_by_id, declared_by, pending.actor_id if pending else None])
    changed = (ticket.type, ticket.severity) != (ticket.declared_type, ticket.declared_severity)
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
        reason=text_of(known.standing),
        declared_type_label=str(Type(ticket.declared_type).label) if changed else "",
        declared_severity_label=str(Severity(ticket.declared_severity).label) if changed else "",
        declared_line=_("Declared by %(name)s") % {"name": names.get(declared_by or 0, _("a former colleague"))},
        pending=_pending_line(known, names) if pending else "",
        pending_text=text_of(pending),
        pending_at=pending.at if pending else None,
    )


def text_of(event: Event | None) -> str:
    """What somebody wrote with an event."""
    return event.message.body if event is not None and event.message is not None else ""


def _pending_line(known: History, names: Mapping[int, str]) -> str:
    if known.contest is not None:
        name = names.get(known.contest.actor_id or 0, _("a former colleague"))
        return _("Contested by %(name)s. A different person decides.") % {"name": name}
    assert known.claim is not None, "one of the two is there"
    words = {"name": names.get(known.claim.actor_id or 0, _("a former colleague")), "value": in_words(*value_of(known.claim))}
    return _("%(name)s asks for “%(value)s”. It counts when our staff accept it.") % words


@dataclass(frozen=True)
class Step:
    """One line of a qualification's past: `label` says who did what, `text` is what they wrote."""

    label: str
    text: str
    at: datetime


def steps(known: History) -> list[Step]:
    """Every value that was declared or verified, and every contest, with who and when, oldest first."""
    names = display_names(event.actor_id for event in known.events)
    return [
        Step(
            label=f"{names.get(event.actor_id or 0, _('A former colleague'))} {sentence(event, names, for_staff=True)}",
            text="" if event.kind == Event.Kind.OPENED else text_of(event),
            at=event.at,
        )
        for event in known.events
    ]


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
    answer = _satisfaction.first(ticket.pk)
    if answer is not None:
        rows.append({"label": _("Satisfaction"), "value": answer.get_level_display()})
    if ticket.follow_up_of_id and Ticket.objects.filter(pk=ticket.follow_up_of_id).exists():  # else it is private, and not the reader's
        rows.append(_link(face, _("Follow-up of"), ticket.follow_up_of_id))
    rows += [_link(face, _("Followed up by"), pk) for pk in _follow_ups(ticket.pk)]
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
    """Those who are told; of a private ticket not the colleagues who followed it before."""
    rows = _watchers(ticket.pk)
    if ticket.private and rows:
        may_see = set(who_may_see(ticket).values_list("person_id", flat=True))
        rows = [row for row in rows if row.internal or row.person_id in may_see]
    return rows


def is_watching(ticket: Ticket, person: Person) -> bool:
    return _watching.first(ticket.pk, person.pk) is not None


def holds(ticket: Ticket) -> list[Any]:
    """Holds in place, oldest first."""
    return _holds(ticket.pk)


_satisfaction = Prepared(lambda ticket: Satisfaction.objects.filter(ticket=ticket))
_follow_ups = Prepared(lambda ticket: Ticket.objects.filter(follow_up_of=ticket).order_by("pk").values_list("pk", flat=True))
_watchers = Prepared(lambda ticket: Watcher.objects.filter(ticket=ticket).select_related("person").order_by("person__name"))
_watching = Prepared(lambda ticket, person: Watcher.objects.filter(ticket=ticket, person=person).values_list("pk", flat=True))
_holds = Prepared(lambda ticket: Hold.objects.filter(ticket=ticket, released_at=None).order_by("since"))
