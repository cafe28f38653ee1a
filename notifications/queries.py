"""What the pages of the outbox and of those on call show, and what is worth watching of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, Min, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject, Lower
from django.utils import timezone

from accounts.models import Customer, Membership, Person, StaffMember, StaffRole
from helpdesk.lib.prepared import Prepared, compared
from notifications.fate import Mark, mark_in_words
from notifications.marks import ONE_TRY_EACH
from notifications.models import BouncingAddress, Mail, Page, PageDelivery, Rota, RotaOverride, RotaTurn, TeamRota, Way
from notifications.rota import Override, Rotation, Shift, now_and_next, shifts
from notifications.services import SERVICES


def outbox_page(*, state: str, words: str, before: int | None, size: int = 50) -> list[Mail]:
    """Newest first, one more than `size` when there are more; `words` is looked for in address and subject.

    Without a state all that is or was owed: what was not sent because its reader muted it is looked for by that.
    """
    mails = Mail.objects.select_related("recipient", "customer").order_by("-id")
    mails = mails.filter(state=state) if state else mails.exclude(state=Mail.State.MUTED)
    if words:
        mails = mails.filter(address__icontains=words) | mails.filter(subject__icontains=words)
    if before is not None:
        mails = mails.filter(pk__lt=before)
    return list(mails[: size + 1])


def parked_count(cap: int = 99) -> int:
    """How many mails need a person, counted up to one more than `cap`."""
    return Mail.objects.filter(state=Mail.State.PARKED)[: cap + 1].count()


def bouncing_count(cap: int = 99) -> int:
    """How many addresses bounce, counted up to one more than `cap`."""
    return BouncingAddress.objects.standing()[: cap + 1].count()


@dataclass(frozen=True)
class AddressRow:
    """An address that bounces, with the people who read it and their companies. `next_try_at`: None when the next mail may try it."""

    mark: Mark
    next_try_at: datetime | None
    people: list[tuple[str, list[Customer]]]


def addresses_page(*, before: int | None, now: datetime, size: int = 50) -> list[AddressRow]:
    """Addresses that bounce, last marked first; one more than `size` when there are more."""
    rows = BouncingAddress.objects.standing().order_by("-id")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: size + 1])
    people = Person.objects.annotate(small=Lower("email")).filter(small__in=[row.address for row in found])
    in_force = Prefetch("memberships", Membership.objects.filter(ended_at=None).select_related("customer"), to_attr="present")
    readers: dict[str, list[tuple[str, list[Customer]]]] = {}
    for person in people.prefetch_related(in_force):
        readers.setdefault(person.email.lower(), []).append((person.name, [membership.customer for membership in person.present]))
    return [AddressRow(mark_in_words(row), _next_try_at(row, now), readers.get(row.address, [])) for row in found]


def _next_try_at(row: BouncingAddress, now: datetime) -> datetime | None:
    at = row.tried_at + ONE_TRY_EACH
    return at if at > now else None


# Mails that are done grow without end; what may have gone out twice is looked for among the latest only.
LATEST = 5000
WATCHED = (Mail.State.DUE, Mail.State.SENDING, Mail.State.PARKED)


@dataclass(frozen=True)
class OutboxFigures:
    """`oldest_due_seconds`: how long ago the oldest mail that waits could have been sent; 0 when none does."""

    by_state: dict[str, int]
    oldest_due_seconds: float
    unknown_outcomes: int


def outbox_figures(now: datetime) -> OutboxFigures:
    """Three questions, each to an index, whatever the outbox has grown to."""
    counted = dict(Mail.objects.filter(state__in=WATCHED).order_by().values_list("state").annotate(Count("pk")))
    oldest = Mail.objects.filter(state=Mail.State.DUE, due_at__lte=now).aggregate(at=Min("due_at"))["at"]
    latest = Mail.objects.order_by("-pk").values("pk")[:LATEST]
    return OutboxFigures(
        by_state={str(state): counted.get(str(state), 0) for state in WATCHED},
        oldest_due_seconds=(now - oldest).total_seconds() if oldest else 0.0,
        unknown_outcomes=Mail.objects.filter(pk__in=latest, unknown_outcomes__gt=0).count(),
    )


# --- Who is on call -------------------------------------------------------------------------------------------------
def rotation_of(rota: Rota) -> Rotation:
    """The rota as arithmetic knows it, from a row read `with_shifts`."""
    overlays = [
        Override(row["id"], row["person"], datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"]))
        for row in rota.overlays  # type: ignore[attr-defined]  # annotated by with_shifts
    ]
    return Rotation(
        zone=ZoneInfo(rota.time_zone),
        first_date=rota.first_date,
        handover=rota.handover_time,
        turn_days=rota.turn_days,
        people=tuple(rota.turns),  # type: ignore[attr-defined]  # as above
        overrides=tuple(overlays),
    )


def rota_for(page: Page) -> Rota | None:
    """The rota by which a page goes: its own, its team's, or the default one; None when there is none."""
    if page.rota_id is not None:
        return page.rota
    of_team = Rota.objects.filter(team_rotas__team=page.team_id).first() if page.team_id is not None else None
    return of_team or Rota.objects.filter(is_default=True).first()


def on_call_in(rota: Rota, now: datetime) -> Person | None:
    """Who is on call by a rota at this instant; None when nobody is, or somebody who left the staff."""
    known = Rota.objects.with_shifts(now).get(pk=rota.pk)
    shift, _next = now_and_next(rotation_of(known), now)
    if shift.person is None:
        return None
    return Person.objects.filter(pk=shift.person, is_active=True, staff_member__roles__isnull=False).first()


def on_call_by(rota: Rota, *, people: Sequence[int], values: Mapping[str, Any], now: datetime) -> tuple[int | None, int | None]:
    """Who is on call by a rota at this instant, and who would be if it were kept with these turns and columns; ids."""
    rotation = rotation_of(Rota.objects.with_shifts(now).get(pk=rota.pk))
    kept = replace(
        rotation,
        zone=ZoneInfo(values["time_zone"]),
        first_date=values["first_date"],
        handover=values["handover_time"],
        turn_days=values["turn_days"],
        people=tuple(people),
    )
    return now_and_next(rotation, now)[0].person, now_and_next(kept, now)[0].person


@dataclass(frozen=True)
class OnCall:
    """One rota at an instant. `name`: None when nobody is on call; `until`: None when nothing is known that would end it.

    `by_mail_alone`: the names of those, of whoever is on call and whoever is next, who entered no way of being reached, or
    whose last pages by every way failed.
    """

    rota: Rota
    person_id: int | None
    name: str | None
    until: datetime | None
    next_name: str | None
    is_override: bool = False
    by_mail_alone: Sequence[str] = ()


def on_call_now(now: datetime) -> list[OnCall]:
    """Who is on call, for each rota, the default one first; one query, whatever their number."""
    found = []
    for rota in _rotas_at(now):
        people = {row["id"]: row for row in rota.present}  # type: ignore[attr-defined]  # annotated below
        shift, after = now_and_next(rotation_of(rota), now)
        present, following = people.get(shift.person), people.get(after.person if after is not None else None)
        found.append(
            OnCall(
                rota=rota,
                person_id=shift.person,
                name=present["name"] if present else None,
                until=after.start if after else None,
                next_name=following["name"] if following else None,
                is_override=shift.override is not None,
                by_mail_alone=[row["name"] for row in (present, following) if row and not row["has_ways"]],
            )
        )
    return found


def _people_of_rotas(now: int) -> "ArraySubquery":
    """Who is in a rota's turns, or in overrides that are not over, and still on the staff. `now`: what stands for the instant."""
    in_turns = RotaTurn.objects.filter(rota=OuterRef(OuterRef("pk"))).values("member_id")
    standing = RotaOverride.objects.filter(compared("until_at", ">", now), rota=OuterRef(OuterRef("pk")), removed_at=None)
    staff = StaffMember.objects.filter(Q(pk__in=in_turns) | Q(pk__in=standing.values("member_id")), person__is_active=True)
    with_role = staff.filter(Exists(StaffRole.objects.filter(member=OuterRef("pk"))))
    newest = PageDelivery.objects.filter(way=OuterRef("pk")).order_by("-pk").values("state")[:1]
    works = Way.objects.annotate(last=Coalesce(Subquery(newest), Value(""))).exclude(last=PageDelivery.State.FAILED)
    has_ways = Exists(works.filter(person=OuterRef("pk")))
    return ArraySubquery(with_role.order_by().values(row=JSONObject(id="pk", name="display_name", has_ways=has_ways)))


_rotas_at = Prepared(lambda now: Rota.objects.with_shifts(now).annotate(present=_people_of_rotas(now)))


# --- The page of those on call ----------------------------------------------------------------------------------------
WEEKS = 4
TONES = 5  # colours that tell people in a calendar apart, beside their names


@dataclass(frozen=True)
class Part:
    """Somebody's part of a day or a shift. `name`: None when nobody is on call; `tone`: 0 then, else one of TONES."""

    name: str | None
    tone: int
    start: datetime
    end: datetime
    is_override: bool = False
    instead_of: str = ""
    is_now: bool = False


@dataclass(frozen=True)
class CalendarDay:
    date: date
    is_today: bool
    is_over: bool
    parts: list[Part]


@dataclass(frozen=True)
class RotaCard:
    """A rota on the page. `weeks`: from this week's Monday, in the reader's zone; `shifts`: those to come; `order`: who takes turns."""

    on_call: OnCall
    teams: list[str]
    order: list[str]
    weeks: list[list[CalendarDay]]
    shifts: list[Part]
    overrides: list[RotaOverride]


def rota_cards(now: datetime) -> list[RotaCard]:
    """Every rota with its coming weeks and the overrides that stand; the same number of queries, however many there are."""
    standing = (
        RotaOverride.objects.filter(removed_at=None, until_at__gt=now).select_related("member", "created_by").order_by("from_at", "pk")
    )
    rotas = Rota.objects.with_shifts(_midnight(_monday(now))).select_related("second_line")
    rotas = rotas.prefetch_related(
        Prefetch("overrides", standing, to_attr="standing"), Prefetch("team_rotas", TeamRota.objects.select_related("team"))
    )
    names = dict(StaffMember.objects.order_by().values_list("pk", "display_name"))
    present = {found.rota.pk: found for found in on_call_now(now)}
    return [_card(rota, present[rota.pk], names, now) for rota in rotas]


def _card(rota: Rota, on_call: OnCall, names: dict[int, str], now: datetime) -> RotaCard:
    rotation, monday = rotation_of(rota), _monday(now)
    days = [monday + timedelta(days=number) for number in range(7 * WEEKS)]
    found = shifts(rotation, _midnight(days[0]), _midnight(days[-1] + timedelta(days=1)))
    order = list(dict.fromkeys(rotation.people))
    parts = [_part(shift, names, order, now) for shift in found]
    calendar = [_day(day, parts, now) for day in days]
    return RotaCard(
        on_call=on_call,
        teams=sorted(row.team.name for row in rota.team_rotas.all()),
        order=[names[pk] for pk in rotation.people],
        weeks=[calendar[first : first + 7] for first in range(0, len(calendar), 7)],
        shifts=[part for part in parts if part.end > now],
        overrides=list(rota.standing),  # type: ignore[attr-defined]  # prefetched above
    )


def _part(shift: Shift, names: dict[int, str], order: list[int], now: datetime) -> Part:
    tone = 0 if shift.person is None else 1 + (order.index(shift.person) % TONES if shift.person in order else TONES - 1)
    return Part(
        name=names.get(shift.person) if shift.person is not None else None,
        tone=tone,
        start=shift.start,
        end=shift.end,
        is_override=shift.override is not None,
        instead_of=names.get(shift.instead_of, "") if shift.instead_of is not None else "",
        is_now=shift.start <= now < shift.end,
    )


def _day(day: date, parts: list[Part], now: datetime) -> CalendarDay:
    """Whoever is on call in a part of the day, in order, each once."""
    start, end = _midnight(day), _midnight(day + timedelta(days=1))
    own = {(part.name, part.is_override): part for part in parts if part.start < end and part.end > start}
    return CalendarDay(day, start <= now < end, end <= now, list(own.values()))


def _monday(now: datetime) -> date:
    today = timezone.localdate(now)
    return today - timedelta(days=today.weekday())


def _midnight(day: date) -> datetime:
    """Where the day begins for the reader."""
    return datetime.combine(day, time(), timezone.get_current_timezone())


def pages_page(*, before: int | None, size: int = 20) -> list[Page]:
    """Newest first, one more than `size` when there are more, each with its deliveries. Tests stay with whoever made them."""
    deliveries = PageDelivery.objects.select_related("person__staff_member").order_by("pk")
    pages = Page.objects.filter(is_test=False).select_related("acknowledged_by", "customer")
    pages = pages.prefetch_related(Prefetch("deliveries", deliveries)).order_by("-pk")
    if before is not None:
        pages = pages.filter(pk__lt=before)
    return list(pages[: size + 1])


def failed_page(now: datetime) -> Page | None:
    """The latest page of the last RECENT_FAILURES that reached nobody and is not acknowledged."""
    return Page.objects.filter(state=Page.State.FAILED, is_test=False, created_at__gt=now - RECENT_FAILURES).order_by("-pk").first()


@dataclass(frozen=True)
class WayRow:
    """A way with what became of the last page by it, if any."""

    way: Way
    service: str
    last: PageDelivery | None


def ways_of(person: Person) -> list[WayRow]:
    """A person's own ways, in the order in which they are used."""
    newest = PageDelivery.objects.filter(way=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    ways = list(Way.objects.filter(person=person).annotate(newest=Subquery(newest)))
    deliveries = PageDelivery.objects.in_bulk([way.newest for way in ways if way.newest is not None])
    return [
        WayRow(way, SERVICES[way.service].name if way.service in SERVICES else way.service, deliveries.get(way.newest or 0)) for way in ways
    ]


@dataclass(frozen=True)
class ReachRow:
    """One member of the staff and how they are reached. `last`: the last page to them by any way."""

    member: StaffMember
    ways: list[Way]
    last: PageDelivery | None


def reach_page() -> list[ReachRow]:
    """Everybody on the staff, by name, with their ways masked."""
    members = StaffMember.objects.filter(person__is_active=True, roles__isnull=False).distinct().select_related("person")
    members = members.prefetch_related("person__ways").order_by("display_name")
    newest = PageDelivery.objects.filter(person=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    found = list(members.annotate(newest=Subquery(newest)))
    deliveries = PageDelivery.objects.in_bulk([member.newest for member in found if member.newest is not None])
    return [ReachRow(member, list(member.person.ways.all()), deliveries.get(member.newest or 0)) for member in found]


# Pages that are done grow slowly, yet without end.
RECENT_FAILURES = timedelta(days=7)
WATCHED_PAGES = (Page.State.DUE, Page.State.SENDING, Page.State.SENT, Page.State.FAILED)


@dataclass(frozen=True)
class PageFigures:
    """`by_state`: pages of the last RECENT_FAILURES.

    `oldest_due_seconds`: for how long anything could have been done: a page given to somebody or passed on, a delivery sent, or sent
    again after its relay died.
    """

    by_state: dict[str, int]
    oldest_due_seconds: float


def page_figures(now: datetime) -> PageFigures:
    """What waits, is not acknowledged or failed, and how late the relay of pages is."""
    recent = Page.objects.filter(state__in=WATCHED_PAGES, is_test=False, created_at__gt=now - RECENT_FAILURES)
    counted = dict(recent.order_by().values_list("state").annotate(Count("pk")))
    waiting = (
        Page.objects.filter(state=Page.State.DUE, due_at__lte=now).aggregate(at=Min("due_at")),
        Page.objects.filter(escalate_at__lte=now).aggregate(at=Min("escalate_at")),
        PageDelivery.objects.filter(state=PageDelivery.State.DUE, due_at__lte=now).aggregate(at=Min("due_at")),
        PageDelivery.objects.filter(state=PageDelivery.State.SENDING, lease_until__lt=now).aggregate(at=Min("lease_until")),
    )
    oldest = min((row["at"] for row in waiting if row["at"] is not None), default=None)
    return PageFigures(
        by_state={str(state): counted.get(str(state), 0) for state in WATCHED_PAGES},
        oldest_due_seconds=(now - oldest).total_seconds() if oldest else 0.0,
    )
