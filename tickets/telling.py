"""Who is told of what, and in which words (NOT-1). Called by commands, in their transaction; it only writes the outbox."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Membership, MembershipQuerySet, Person, StaffRole, TeamMember
from accounts.queries import display_names
from contracts.models import EnvironmentContact
from helpdesk.lib.markdown import to_html
from helpdesk.lib.prepared import Prepared, among
from notifications.commands import Choice, Letter, owe, who_muted
from tickets.models import Event, Message, Satisfaction, Ticket, Watcher
from tickets.states import CUSTOMER_WORDS, customer_state

QUOTED_LENGTH = 400


@dataclass(frozen=True)
class Notice:
    """What happened, for a mail: the sentence's template with %(who)s and %(number)s, translated for each reader; `facts`: more of them.

    `asks_satisfaction`: the customer's readers can say with one click how it was solved.
    """

    kind: str
    headline: str
    needs: str = ""
    may_wait: bool = True
    asks_satisfaction: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)


def customers_side(ticket: Ticket, *, except_for: Person | None = None) -> list[Person]:
    """Requester and those who follow, as far as they still belong to the customer.

    Without a requester who does, the environment's contacts hear of it too; and if that is nobody, the company's admins:
    what staff write must reach somebody. Who may not see a private ticket hears nothing of it.
    """
    ids = set(_followers(ticket.pk))
    if ticket.requester_id:
        ids.add(ticket.requester_id)
    members = who_may_see(ticket).select_related("person").order_by("person_id")
    readers = [m.person for m in _members_among(ticket.customer_id, sorted(ids)) if _may_see(ticket, m)]
    if ticket.environment_id and all(person.pk != ticket.requester_id for person in readers):
        contacts = EnvironmentContact.objects.filter(environment_id=ticket.environment_id).values("person_id")
        readers += [m.person for m in members.filter(person_id__in=contacts) if m.person not in readers]
    if not readers:
        readers = [m.person for m in members.filter(role=Membership.Role.ADMIN)]
    return [person for person in readers if person != except_for]


_followers = Prepared(lambda ticket: Watcher.objects.filter(ticket=ticket, internal=False).values_list("person_id", flat=True))
_members_among = Prepared(
    lambda customer, people: (
        Membership.objects.in_force().filter(among("person_id", people), customer=customer).select_related("person").order_by("person_id")
    )
)


def _may_see(ticket: Ticket, membership: Membership) -> bool:
    """As the database's policy of tickets has it: a private one is its requester's and the admins'."""
    return not ticket.private or membership.person_id == ticket.requester_id or membership.role == Membership.Role.ADMIN


def who_may_see(ticket: Ticket) -> MembershipQuerySet:
    """The customer's people to whom the database shows this ticket (TIC-7)."""
    members = Membership.objects.in_force().filter(customer_id=ticket.customer_id)
    return members.filter(Q(person=ticket.requester_id) | Q(role=Membership.Role.ADMIN)) if ticket.private else members


def staff_side(ticket: Ticket, *, except_for: Person | None = None) -> list[Person]:
    """The assignee, else the team that owns the product; and staff who watch. Whoever left the staff hears nothing."""
    readers = staff_among([ticket.assignee_id]) or staff_among(_team(ticket.team_id))
    watching = staff_among(_watching_staff(ticket.pk))
    return sorted({person for person in [*readers, *watching] if person != except_for}, key=lambda person: person.pk)


def staff_besides(ticket: Ticket, person_id: int) -> list[Person]:
    """Staff side and team, with somebody among them who is not this person: if there is nobody else, the leads."""
    readers = {*staff_side(ticket), *staff_among(_team(ticket.team_id))}
    if all(reader.pk == person_id for reader in readers):
        readers |= set(staff_among(StaffRole.objects.filter(role=StaffRole.Role.LEAD).values_list("member_id", flat=True)))
    return sorted(readers, key=lambda person: person.pk)


def staff_among(person_ids: Iterable[int | None]) -> list[Person]:
    """Those of them who may sign in and hold a staff role now."""
    ids = sorted({pk for pk in person_ids if pk is not None})
    return _staff(ids) if ids else []


_team = Prepared(lambda team: TeamMember.objects.filter(team=team).values_list("member_id", flat=True))
_watching_staff = Prepared(lambda ticket: Watcher.objects.filter(ticket=ticket, internal=True).values_list("person_id", flat=True))
_staff = Prepared(
    lambda ids: Person.objects.filter(among("id", ids), is_active=True, staff_member__roles__isnull=False).distinct().order_by("pk")
)


def tell(*, readers: Iterable[Person], to_staff: bool, ticket: Ticket, event: Event, notice: Notice, body: str = "", now: datetime) -> None:
    """Owe each reader one mail about this event; for whoever muted it, write down that they got none (NOT-5)."""
    quoted = _last_public_message_before(event, by_staff=not event.by_staff) if body and not event.internal else ""
    readers = list(readers)
    muted = who_muted(readers, notice.kind)
    actor = display_names([event.actor_id]).get(event.actor_id or 0, "") if readers else ""
    for person in readers:
        text, earlier = ("", "") if person.pk in muted else (body, quoted)  # nobody reads the letter of who muted it
        with translation.override(person.language):
            letter = _letter(ticket, event, notice, body=text, quoted=earlier, who=_who(event, actor, to_staff), to_staff=to_staff)
        owe(
            customer_id=ticket.customer_id,
            person=person,
            address=person.email,
            language=person.language,
            kind=notice.kind,
            key=f"event-{event.pk}:{person.pk}",
            letter=letter,
            thread=f"ticket-{ticket.pk}",
            about=event,
            muted=person.pk in muted,
            may_wait=notice.may_wait,
            now=now,
        )


def _letter(ticket: Ticket, event: Event, notice: Notice, *, body: str, quoted: str, who: str, to_staff: bool) -> Letter:
    facts = {"who": who, "number": ticket.number, "subject": ticket.subject, **notice.facts}
    # Somebody of two companies may be looking at the other one when they follow the link.
    path = ticket.console_url if to_staff else f"{ticket.portal_url}?company={ticket.customer_id}"
    state = ticket.get_status_display() if to_staff else str(CUSTOMER_WORDS[customer_state(ticket)])
    return Letter(
        subject=f"[{ticket.number}] {ticket.subject}",
        headline=_(notice.headline) % facts,
        body_text=body,
        body_html=to_html(body) if body else "",
        needs=_(notice.needs) % facts if notice.needs and not to_staff else "",
        status_line=_("State: %(state)s · %(type)s, %(severity)s")
        % {"state": state, "type": ticket.get_type_display(), "severity": ticket.get_severity_display()},
        quoted_text=quoted,
        action_label=_("Open %(number)s") % {"number": ticket.number},
        action_url=settings.BASE_URL + path,
        choices=_satisfaction(ticket) if notice.asks_satisfaction and not to_staff else None,
        reason=_why(ticket, to_staff),
    )


def _satisfaction(ticket: Ticket) -> list[Choice]:
    """One link for each answer; it leads to a page that asks for one more click, since scanners open links."""
    page = settings.BASE_URL + reverse("portal:ticket_satisfaction", args=[ticket.pk])
    return [{"label": str(level.label), "url": f"{page}?answer={level}&company={ticket.customer_id}"} for level in Satisfaction.Level]


def _who(event: Event, actor: str, to_staff: bool) -> str:
    """The actor's name as this reader knows it; staff carry the provider's name towards customers."""
    if event.actor_id is None:
        return settings.PROVIDER_NAME
    name = actor or _("A former colleague")
    return f"{name} ({settings.PROVIDER_NAME})" if event.by_staff and not to_staff else name


def _why(ticket: Ticket, to_staff: bool) -> str:
    if to_staff:
        return _("You get this because the ticket is yours, your team's, or you watch it.")
    return _("You get this because you asked, or watch this ticket.")


def _last_public_message_before(event: Event, *, by_staff: bool) -> str:
    earlier = Message.objects.filter(ticket_id=event.ticket_id, internal=False, by_staff=by_staff)
    last = earlier.order_by("-written_at", "-pk").first()
    if last is None:
        return ""
    return last.body if len(last.body) <= QUOTED_LENGTH else last.body[:QUOTED_LENGTH].rstrip() + " …"
