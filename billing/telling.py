"""Who hears what of hours, and in which words. Called in the transaction of what caused it; it only writes the outbox."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Membership, Person, StaffMember, StaffRole
from billing.keeping import Rows
from billing.models import Statement, Threshold, Timer, WorkLog
from contracts.models import Contract
from contracts.reach import who_answers_for
from helpdesk.lib.minutes import spell
from helpdesk.lib.moments import zoned
from notifications.commands import Letter, Owed, owe_all
from tickets.telling import staff_among

THRESHOLDS = (50, 80, 100)
ALLOWANCE_LEFT = gettext_noop("%(percent)s %% of the functional hours of %(month)s are used: %(left)s left of %(granted)s.")
ALLOWANCE_OVER = gettext_noop("The functional hours of %(month)s are used up: all %(granted)s of them.")


@dataclass(frozen=True)
class Notice:
    """One thing to tell. Texts are templates for `facts`, of which those that are months, instants and minutes are worded by `words`."""

    kind: str
    key: str
    subject: str
    headline: str
    body: str
    action: str
    url: str
    reason: str
    about: models.Model

    def to(self, person: Person, facts: "Facts") -> Owed:
        with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
            words = {name: _worded(value) for name, value in facts.items()}
            letter = Letter(
                subject=_(self.subject) % words,
                headline=(_(self.headline) % words)[:300],
                body_text=_(self.body) % words if self.body else "",
                action_label=(_(self.action) % words)[:100],
                action_url=settings.BASE_URL + self.url,
                reason=_(self.reason),
            )
        return Owed(
            person=person,
            address=person.email,
            language=person.language,
            kind=self.kind,
            key=f"{self.key}:{person.pk}",
            letter=letter,
            about=self.about,
        )


@dataclass(frozen=True)
class Minutes:
    """To be spelled as hours and minutes."""

    count: int


Facts = dict[str, Any]


def _worded(value: object) -> str:
    if isinstance(value, Minutes):
        return spell(value.count)
    if isinstance(value, datetime):
        return zoned(value)
    return date_format(value, "YEAR_MONTH_FORMAT") if isinstance(value, date) else str(value)


def _owe(customer_id: int, people: Iterable[Person], notice: Notice, facts: Facts, now: datetime) -> None:
    owe_all(customer_id=customer_id, mails=[notice.to(person, facts) for person in people], now=now)


# --- Work that nobody agreed to ---------------------------------------------------------------------------------------
def tell_unauthorised(contract: Contract, before: Rows, after: Rows, *, now: datetime) -> None:
    """Tell leads and account manager of logs of which more is not approved than was before: at once, not at the month's end (BIL-5)."""
    known = before.unauthorised()
    grown = {log: minutes for log, minutes in after.unauthorised().items() if minutes > known.get(log, 0)}
    if not grown:
        return
    managers = who_answers_for(contract)
    for log in WorkLog.objects.filter(pk__in=grown).select_related("ticket", "agent").order_by("pk"):
        people = {person.pk: person for person in [*managers, *staff_among(leads_of(log.ticket.team_id))]}
        notice = Notice(
            kind="work_unauthorised",
            key=f"unauthorised-{log.pk}-{grown[log.pk]}-{now.timestamp():.6f}",
            subject=gettext_noop("[%(number)s] Work that is not approved"),
            headline=gettext_noop("%(agent)s worked on %(number)s for %(minutes)s that nobody has approved yet."),
            body=gettext_noop(
                "Customer: %(customer)s\nWork from %(began_at)s until %(ended_at)s.\n\nWithout an approval it is not charged."
            ),
            action=gettext_noop("Open %(number)s"),
            url=log.ticket.console_url,
            reason=gettext_noop("You get this because you lead the team or answer for this contract."),
            about=log,
        )
        facts = {
            "agent": log.agent.display_name,
            "number": log.ticket.number,
            "minutes": Minutes(grown[log.pk]),
            "customer": contract.customer.name,
            "began_at": log.began_at,
            "ended_at": log.ended_at,
        }
        _owe(contract.customer_id, people.values(), notice, facts, now)


def leads_of(team_id: int) -> Sequence[int]:
    """The leads of a team; without one, all leads."""
    leads = StaffRole.objects.filter(role=StaffRole.Role.LEAD)
    of_team = leads.filter(member__teams=team_id)
    return list(of_team.values_list("member_id", flat=True)) or list(leads.values_list("member_id", flat=True))


# --- Thresholds -------------------------------------------------------------------------------------------------------
def tell_thresholds(contract: Contract, after: Rows, *, now: datetime) -> None:
    """Tell customer and account manager once that a month's allowance passed 50, 80 or 100 %; what is passed at once is told by one mail.

    A month that is closed is over for both: of that its statement speaks (BIL-7).
    """
    passed = {month: percents for month, granted in after.months.items() if (percents := _passed(*granted[:2]))}
    if not passed:
        return
    told = set(Threshold.objects.filter(contract=contract, month__in=passed).values_list("month", "percent"))
    fresh = {month: new for month, percents in passed.items() if (new := [p for p in percents if (month, p) not in told])}
    closed = set(Statement.objects.filter(contract=contract, month__in=fresh).values_list("month", flat=True)) if fresh else set()
    for month, percents in sorted(fresh.items()):
        Threshold.objects.bulk_create(
            Threshold(customer_id=contract.customer_id, contract=contract, month=month, percent=percent, passed_at=now)
            for percent in percents
        )
        if month not in closed:
            _tell_threshold(contract, month, max(percents), *after.months[month][:2], now=now)


def _passed(granted: int, used: int) -> list[int]:
    return [percent for percent in THRESHOLDS if granted and used * 100 >= granted * percent]


def _tell_threshold(contract: Contract, month: date, percent: int, granted: int, used: int, *, now: datetime) -> None:
    facts = {
        "percent": percent,
        "month": month,
        "granted": Minutes(granted),
        "left": Minutes(granted - used),
        "contract": contract.number,
        "customer": contract.customer.name,
    }
    for people, url, reason in (
        (
            who_answers_for(contract),
            reverse("console:contract", args=[contract.pk]),
            gettext_noop("You get this because you answer for this contract."),
        ),
        (
            _deciders(contract.customer_id),
            f"{reverse('portal:contracts')}?company={contract.customer_id}",
            gettext_noop("You get this because you approve charges for your company."),
        ),
    ):
        notice = Notice(
            kind="hours_used",
            key=f"threshold-{contract.pk}-{month:%Y-%m}-{percent}",
            subject=gettext_noop("Contract %(contract)s: %(percent)s %% of the hours of %(month)s are used"),
            headline=ALLOWANCE_LEFT if used < granted else ALLOWANCE_OVER,
            body=gettext_noop("Customer: %(customer)s\nWhat goes beyond them is only done and charged once it is approved."),
            action=gettext_noop("See contract %(contract)s"),
            url=url,
            reason=reason,
            about=contract,
        )
        _owe(contract.customer_id, people, notice, facts, now)


def _deciders(customer_id: int) -> list[Person]:
    """The customer's approvers and admins."""
    members = Membership.objects.in_force().filter(customer_id=customer_id, role__in=(Membership.Role.APPROVER, Membership.Role.ADMIN))
    return [membership.person for membership in members.select_related("person").order_by("person_id")]


# --- Timers -----------------------------------------------------------------------------------------------------------
def warn_of_timer(timer: Timer, *, now: datetime) -> None:
    """Tell its owner that a timer has run for hours. `timer`: with its agent's person and its ticket."""
    notice = Notice(
        kind="timer_runs",
        key=f"timer-{timer.pk}",
        subject=gettext_noop("[%(number)s] Your timer still runs"),
        headline=gettext_noop("Your timer on %(number)s has run since %(started_at)s."),
        body=gettext_noop("If you have stopped working on it, stop the timer and say until when you worked."),
        action=gettext_noop("Open %(number)s"),
        url=timer.ticket.console_url,
        reason=gettext_noop("You get this because the timer is yours."),
        about=timer,
    )
    facts = {"number": timer.ticket.number, "started_at": timer.started_at}
    _owe(timer.customer_id, [timer.agent.person], notice, facts, now)


def tell_timer_discarded(timer: Timer, by: StaffMember, *, now: datetime) -> None:
    """Tell its owner that an account manager discarded a timer. `timer`: with its agent's person and its ticket."""
    notice = Notice(
        kind="timer_discarded",
        key=f"timer-{timer.pk}-discarded",
        subject=gettext_noop("[%(number)s] Your timer was discarded"),
        headline=gettext_noop("%(who)s discarded your timer on %(number)s, which had run since %(started_at)s."),
        body=gettext_noop("It kept a month from being closed. If you worked on the ticket, log that by hand."),
        action=gettext_noop("Open %(number)s"),
        url=timer.ticket.console_url,
        reason=gettext_noop("You get this because the timer is yours."),
        about=timer.ticket,
    )
    facts = {"who": by.display_name, "number": timer.ticket.number, "started_at": timer.started_at}
    _owe(timer.customer_id, [timer.agent.person], notice, facts, now)
