"""Who is on call in the demo: a week each, a second line, a Friday night that somebody takes, and what they were paged for."""

from datetime import date, datetime, time, timedelta
from functools import partial

from accounts.tenancy import as_provider
from helpdesk.demo import provider
from helpdesk.demo.clock import ZONE
from helpdesk.demo.world import Timeline, World
from notifications import commands
from notifications.commands import paging
from notifications.models import Page, PageDelivery, Rota

SUPPORT, SECOND = "Support", "Second line"
TURNS = ("karen.walsh", "camila.nunes", "thiago.becker", "rodrigo.tavares")
SECOND_TURNS = ("larissa.koerich", "juliana.duarte")
HANDOVER = time(9)
ROUNDS = 14  # of the turns until now: more than the year that the tickets take
FRIDAY = 4
ANSWERED_AFTER = (timedelta(minutes=1), timedelta(minutes=3), timedelta(minutes=6))
ESCALATED_ONE_IN = 11


def note_rotas(timeline: Timeline, world: World, today: date) -> None:
    """The rotas began whole rounds ago, so that the first of TURNS has this week."""
    monday = today - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=ROUNDS * len(TURNS))
    timeline.at(datetime.combine(first - timedelta(days=3), HANDOVER, ZONE), partial(_keep, world, first))
    friday = monday + timedelta(days=FRIDAY)
    timeline.at(datetime.combine(monday - timedelta(days=4), time(16, 40), ZONE), partial(_take_a_night, world, friday))


def _keep(world: World, first: date, now: datetime) -> None:
    lead = world.people["helena.prado"]
    facts = {"time_zone": str(ZONE), "first_date": first, "handover_time": HANDOVER, "turn_days": 7}
    second = commands.keep_rota(
        actor=lead,
        rota=None,
        members=[world.staff[name] for name in SECOND_TURNS],
        teams=[],
        name=SECOND,
        is_default=False,
        second_line=None,
        escalate_minutes=None,
        now=now,
        **facts,
    )
    commands.keep_rota(
        actor=lead,
        rota=None,
        members=[world.staff[name] for name in TURNS],
        teams=[world.teams[provider.CORE]],
        name=SUPPORT,
        is_default=True,
        second_line=second,
        escalate_minutes=10,
        now=now,
        **facts,
    )


def _take_a_night(world: World, friday: date, now: datetime) -> None:
    taker = world.staff["camila.nunes"]
    commands.give_shift(
        actor=taker.person,
        rota=Rota.objects.get(name=SUPPORT),
        member=taker,
        from_at=datetime.combine(friday, time(18), ZONE),
        until_at=datetime.combine(friday + timedelta(days=1), HANDOVER, ZONE),
        note="Karen has a concert.",
        now=now,
    )


def settle(now: datetime) -> None:
    """Let each page of the past reach whoever was on call then, who acknowledged it; now and then the second line had to."""
    with as_provider():
        for number, page in enumerate(Page.objects.filter(state=Page.State.DUE).order_by("due_at", "pk")):
            paging.address_due(page.due_at)
            line = 2 if number % ESCALATED_ONE_IN == ESCALATED_ONE_IN - 1 else 1
            _acknowledge(Page.objects.get(pk=page.pk), line, ANSWERED_AFTER[number % len(ANSWERED_AFTER)], now)


def _acknowledge(page: Page, line: int, after: timedelta, now: datetime) -> None:
    """Unless that would lie in the future: then it is left to the relay."""
    at = page.due_at
    if line == 2 and page.escalate_at is not None and page.escalate_at < now:
        at = page.escalate_at
        paging.address_due(at)
    reached = PageDelivery.objects.filter(page=page).select_related("person").order_by("-line", "pk").first()
    if reached is not None and at + after < now:
        commands.acknowledge(actor=reached.person, page=page, now=at + after)
