"""What stands beside a ticket: its qualification, facts and people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.queries import display_names
from helpdesk.lib.addresses import address
from tickets.models import Channel, Event, Satisfaction, Severity, Ticket, Type, number_of
from tickets.qualifying import History, value_of
from tickets.queries.whole import Follower, Whole
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


def qualification(ticket: Ticket, known: History, names: Mapping[int, str] | None = None) -> QualificationView:
    """`names`: of everybody in the ticket's story, where the page has them already."""
    declared_by = known.declaration.actor_id if known.declaration else ticket.opened_by_id
    pending = known.contest or known.claim
    if names is None:
        names = display_names([ticket.verified_by_id, declared_by, pending.actor_id if pending else None])
    changed = (ticket.type, ticket.severity) != (ticket.declared_type, ticket.declared_severity)
    line = _("Declared, being checked")
    if ticket.verified_by_id is not None:
        line = _("Verified by %(name)s") % {"name": names.get(ticket.verified_by_id, _("a former colleague"))}
    return QualificationView(
        type=ticket.type,
        type_label=str(Type(ticket.type).label),
        severity=ticket.severity,
        severity_label=str(Severity(ticket.severity).label),
        verified=ticket.is_verified,
        line=line,
        at=ticket.verified_at,
        reason=known.standing.text if known.standing else "",
        declared_type_label=str(Type(ticket.declared_type).label) if changed else "",
        declared_severity_label=str(Severity(ticket.declared_severity).label) if changed else "",
        declared_line=_("Declared by %(name)s") % {"name": names.get(declared_by or 0, _("a former colleague"))},
        pending=_pending_line(known, names) if pending else "",
        pending_text=pending.text if pending else "",
        pending_at=pending.at if pending else None,
    )


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


def steps(known: History, names: Mapping[int, str]) -> list[Step]:
    """Every value that was declared or verified, and every contest, with who and when, oldest first."""
    nobody = _("A former colleague")
    return [
        Step(
            label=f"{names.get(event.actor_id or 0, nobody)} {sentence(event, names, for_staff=True)}",
            text="" if event.kind == Event.Kind.OPENED else event.text,
            at=event.at,
        )
        for event in known.events
    ]


def facts(found: Whole, *, for_staff: bool) -> list[dict[str, Any]]:
    """Rows of label and value, with a link or an instant where there is one."""
    ticket, face = found.ticket, "console" if for_staff else "portal"
    rows: list[dict[str, Any]] = [
        {"label": _("Product"), "value": f"{found.product} {found.version}".rstrip()},
        {"label": _("Environment"), "value": found.environment or _("not given")},
        {"label": _("Contract"), "value": found.contract, "url": address(f"{face}:contract", ticket.contract_id)},
        {"label": _("Opened"), "at": ticket.opened_at},
    ]
    if for_staff:
        rows.append({"label": _("Came by"), "value": str(Channel(ticket.channel).label)})
    if ticket.resolved_at:
        rows.append({"label": _("Solved"), "at": ticket.resolved_at})
    if ticket.closed_at:
        rows.append({"label": _("Closed"), "at": ticket.closed_at})
    if found.rating is not None:
        rows.append({"label": _("Satisfaction"), "value": str(Satisfaction.Level(found.rating.level).label)})
    if found.follow_up_of is not None:
        rows.append(_link(face, _("Follow-up of"), found.follow_up_of))
    rows += [_link(face, _("Followed up by"), pk) for pk in found.follow_ups]
    return rows


def _link(face: str, label: str, pk: int) -> dict[str, Any]:
    return {"label": label, "value": number_of(pk), "url": address(f"{face}:ticket", pk)}


def people(found: Whole) -> list[dict[str, Any]]:
    """Requester, assignee and those who follow, as the present scope may know them."""
    rows: list[dict[str, Any]] = []
    if found.requester:
        rows.append({"name": found.requester, "role_label": _("asked"), "by_staff": False})
    if found.assignee:
        rows.append({"name": found.assignee, "role_label": _("works on it"), "by_staff": True})
    follow = ({"name": one.name, "role_label": _("follows"), "by_staff": one.internal} for one in followers(found))
    return [*rows, *follow]


def followers(found: Whole) -> Sequence[Follower]:
    """Those who are told; of a private ticket not the colleagues who followed it before."""
    if not found.ticket.private or not found.followers:
        return found.followers
    may_see = set(who_may_see(found.ticket).values_list("person_id", flat=True))
    return [one for one in found.followers if one.internal or one.person_id in may_see]


def is_watching(found: Whole, person: Person) -> bool:
    return any(one.person_id == person.pk for one in found.followers)
