"""Who is told of what, and in which words (NOT-1). Called by commands, in their transaction; it only writes the outbox."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Membership, MembershipQuerySet, Person, StaffRole, TeamMember
from accounts.queries import named, names_question
from contracts.models import EnvironmentContact
from helpdesk.lib.addresses import address
from helpdesk.lib.markdown import to_html
from helpdesk.lib.prepared import Prepared, Question, among, together
from notifications.commands import Choice, Letter, Owed, mutes, owe_all
from tickets.models import Event, Message, Satisfaction, Severity, Status, Ticket, Type, Watcher
from tickets.promised import Clocks, Running, in_full, running_clocks
from tickets.states import CUSTOMER_WORDS, customer_state

QUOTED_LENGTH = 400


@dataclass(frozen=True)
class Notice:
    """What happened, for a mail: the sentence's template with %(who)s and %(number)s, translated for each reader; `facts`: more of them.

    `asks_satisfaction`: the customer's readers can say with one click how it was solved. `not_before`: nobody is told earlier.
    """

    kind: str
    headline: str
    needs: str = ""
    may_wait: bool = True
    asks_satisfaction: bool = False
    not_before: datetime | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Side:
    """Those of one side who are told, and what they are told."""

    readers: Iterable[Person]
    to_staff: bool
    notice: Notice


def customers_side(ticket: Ticket, *, except_for: Person | None = None) -> list[Person]:
    """Requester and those who follow, as far as they still belong to the customer.

    Without a requester who does, the environment's contacts hear of it too; and if that is nobody, the company's admins:
    what staff write must reach somebody. Who may not see a private ticket hears nothing of it.
    """
    readers = customers_among(ticket, *together(near_question(ticket)))
    return [person for person in readers if person != except_for]


def both_sides(ticket: Ticket) -> tuple[list[Person], list[Person]]:
    """The customer's side and the staff's, asked together."""
    members, staff = together(near_question(ticket), _staff_near.question(*_of_staff(ticket)))
    return customers_among(ticket, members), _staff_among(ticket, staff)


def near_question(ticket: Ticket) -> Question:
    """Who asked and who follows, to be asked together with others, for `customers_among`."""
    return _asking_or_following.question(ticket.customer_id, ticket.pk, ticket.requester_id or NOBODY)


def customers_among(ticket: Ticket, near: Iterable[Membership]) -> list[Person]:
    """The customer's side. `near`: who asked or follows; without them others are looked for."""
    readers = [m.person for m in near if _may_see(ticket, m)]
    if ticket.environment_id and all(person.pk != ticket.requester_id for person in readers):
        contacts = EnvironmentContact.objects.filter(environment_id=ticket.environment_id).values("person_id")
        readers += [person for person in _people(who_may_see(ticket).filter(person_id__in=contacts)) if person not in readers]
    if not readers:
        readers = _people(who_may_see(ticket).filter(role=Membership.Role.ADMIN))
    return readers


def _people(members: MembershipQuerySet) -> list[Person]:
    return [membership.person for membership in members.select_related("person").order_by("person_id")]


NOBODY = 0
_asking_or_following = Prepared(
    lambda customer, ticket, requester: (
        Membership.objects.in_force()
        .filter(
            Q(person=requester) | Q(person__in=Watcher.objects.filter(ticket=ticket, internal=False).values("person")), customer=customer
        )
        .select_related("person")
        .order_by("person_id")
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
    return [person for person in _staff_among(ticket, _near(ticket)) if person != except_for]


def _staff_among(ticket: Ticket, near: Sequence[Any]) -> list[Person]:
    readers = [one for one in near if one.pk == ticket.assignee_id] or [one for one in near if one.in_team]
    return [one for one in near if one in readers or one.watches]


def staff_besides(ticket: Ticket, person_id: int) -> list[Person]:
    """Staff side and team, with somebody among them who is not this person: if there is nobody else, the leads."""
    readers = {*staff_side(ticket), *(one for one in _near(ticket) if one.in_team)}
    if all(reader.pk == person_id for reader in readers):
        readers |= set(staff_among(StaffRole.objects.filter(role=StaffRole.Role.LEAD).values_list("member_id", flat=True)))
    return sorted(readers, key=lambda person: person.pk)


def staff_among(person_ids: Iterable[int | None]) -> list[Person]:
    """Those of them who may sign in and hold a staff role now."""
    ids = sorted({pk for pk in person_ids if pk is not None})
    return _staff(ids) if ids else []


def _near(ticket: Ticket) -> list[Any]:
    """Staff with the ticket in their hands, in its team (`in_team`) or following it (`watches`), by id."""
    return _staff_near(*_of_staff(ticket))


def _of_staff(ticket: Ticket) -> tuple[int, int, int]:
    return ticket.pk, ticket.assignee_id or NOBODY, ticket.team_id


def _on_staff() -> "QuerySet[Person]":
    return Person.objects.filter(Exists(StaffRole.objects.filter(member=OuterRef("pk"))), is_active=True).order_by("pk")


_staff = Prepared(lambda ids: _on_staff().filter(among("id", ids)))


def _who_is_near(ticket: int, assignee: int, team: int) -> "QuerySet[Any]":
    """By their ids, found first: joined to them, people would be gone through one by one up to the last of the staff."""
    in_team, watching = TeamMember.objects.filter(team=team), Watcher.objects.filter(ticket=ticket, internal=True)
    team_ids, watching_ids = ArraySubquery(in_team.values("member")), ArraySubquery(watching.values("person"))
    return (
        _on_staff()
        .filter(Q(pk=assignee) | Q(among("id", team_ids)) | Q(among("id", watching_ids)))
        .annotate(in_team=Exists(in_team.filter(member=OuterRef("pk"))), watches=Exists(watching.filter(person=OuterRef("pk"))))
    )


_staff_near: Prepared[Any] = Prepared(_who_is_near)


def tell(*, readers: Iterable[Person], to_staff: bool, ticket: Ticket, event: Event, notice: Notice, body: str = "", now: datetime) -> None:
    """Owe each reader one mail about this event; for whoever muted it, write down that they got none (NOT-5)."""
    tell_sides(Side(readers, to_staff, notice), ticket=ticket, event=event, body=body, now=now)


def tell_sides(*sides: Side, ticket: Ticket, event: Event, body: str = "", now: datetime) -> None:
    """The same for both sides at once: what their letters need is read, and all mails are written, by one statement each."""
    owed = [(person, side) for side in sides for person in side.readers]
    if not owed:
        return
    asked_of_mutes = sorted({person.pk for person, _side in owed}), sorted({side.notice.kind for side in sides})
    letters, found = _letters_with(ticket, event, body, now, mutes.question(*asked_of_mutes))
    muted = set(found)
    mails = [
        Owed(
            person=person,
            address=person.email,
            language=person.language,
            kind=side.notice.kind,
            key=f"event-{event.pk}:{person.pk}",
            # Nobody reads the letter of who muted it.
            letter=letters.to(side, person, is_read=(person.pk, side.notice.kind) not in muted),
            thread=f"ticket-{ticket.pk}",
            about=event,
            muted=(person.pk, side.notice.kind) in muted,
            may_wait=side.notice.may_wait,
            not_before=side.notice.not_before,
        )
        for person, side in owed
    ]
    owe_all(customer_id=ticket.customer_id, mails=mails, now=now)


def _letters_with(ticket: Ticket, event: Event, body: str, now: datetime, other: Question) -> tuple["_Letters", list[Any]]:
    """The letters about one event, and the rows of another question that is asked with all that they need."""
    actor_id = event.actor_id or NOBODY
    asked = [other, names_question([actor_id]), running_clocks.question([ticket.promise_id or NOBODY])]
    if body and not event.internal and event.position > 1:  # the first event of a ticket has nothing to quote
        asked.append(_last_said[not event.by_staff].question(ticket.pk))
    rows, names, clocks, *said = together(*asked)
    quoted = _cut(said[0][0]) if said and said[0] else ""
    actor = named(names).get(actor_id, "")
    return _Letters(ticket, event, body, _as_html(event, body), quoted, actor, [Running._make(clock) for clock in clocks], now), rows


@dataclass(frozen=True)
class _Letters:
    """The letters about one event, as of `now`: readers of one side, language and zone get the same one, which is written once.

    `quoted`: what the other side said last; `actor`: their name; `clocks`: those that run.
    """

    ticket: Ticket
    event: Event
    body: str
    html: str
    quoted: str
    actor: str
    clocks: Clocks
    now: datetime
    written: dict[tuple[bool, str, str, bool], Letter] = field(default_factory=dict)

    def to(self, side: Side, person: Person, *, is_read: bool) -> Letter:
        key = side.to_staff, person.language, person.time_zone, is_read
        if key not in self.written:
            with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
                self.written[key] = self._write(side, is_read)
        return self.written[key]

    def _write(self, side: Side, is_read: bool) -> Letter:
        body, html, quoted = (self.body, self.html, self.quoted) if is_read else ("", "", "")
        who = _who(self.event, self.actor, side.to_staff)
        status_line = _status_line(self.ticket, self.clocks, self.now, to_staff=side.to_staff)
        return _letter(
            self.ticket, side.notice, body=body, html=html, quoted=quoted, who=who, status_line=status_line, to_staff=side.to_staff
        )


def _as_html(event: Event, body: str) -> str:
    """The body as HTML, which the event's message has already where it is the same text."""
    message = event.message
    return str(message.shown) if message is not None and message.body == body else to_html(body) if body else ""


def _letter(ticket: Ticket, notice: Notice, *, body: str, html: str, quoted: str, who: str, status_line: str, to_staff: bool) -> Letter:
    facts = {"who": who, "number": ticket.number, "subject": ticket.subject, **notice.facts}
    # Somebody of two companies may be looking at the other one when they follow the link.
    path = ticket.console_url if to_staff else f"{ticket.portal_url}?company={ticket.customer_id}"
    return Letter(
        subject=f"[{ticket.number}] {ticket.subject}",
        headline=_(notice.headline) % facts,
        body_text=body,
        body_html=html,
        needs=_(notice.needs) % facts if notice.needs and not to_staff else "",
        status_line=status_line,
        quoted_text=quoted,
        action_label=_("Open %(number)s") % {"number": ticket.number},
        action_url=settings.BASE_URL + path,
        choices=_satisfaction(ticket) if notice.asks_satisfaction and not to_staff else None,
        reason=_why(ticket, to_staff),
    )


def _status_line(ticket: Ticket, clocks: Clocks, now: datetime, *, to_staff: bool) -> str:
    """The state, and on a line of its own what is promised next, in the reader's language and zone."""
    state = Status(ticket.status).label if to_staff else CUSTOMER_WORDS[customer_state(ticket)]
    line = _("State: %(state)s · %(type)s, %(severity)s") % {
        "state": state,
        "type": Type(ticket.type).label,
        "severity": Severity(ticket.severity).label,
    }
    promised = in_full(ticket.status, clocks, now, for_staff=to_staff)
    return f"{line}\n{promised}" if promised else line


def _satisfaction(ticket: Ticket) -> list[Choice]:
    """One link for each answer; it leads to a page that asks for one more click, since scanners open links."""
    page = settings.BASE_URL + address("portal:ticket_satisfaction", ticket.pk)
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


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED_LENGTH else text[:QUOTED_LENGTH].rstrip() + " …"


def _last_public_message(*, by_staff: bool) -> "Prepared[str]":
    said = Message.objects.filter(internal=False, by_staff=by_staff).order_by("-written_at", "-pk")
    return Prepared(lambda ticket: said.filter(ticket=ticket).values_list("body", flat=True)[:1])


_last_said = {by_staff: _last_public_message(by_staff=by_staff) for by_staff in (True, False)}
