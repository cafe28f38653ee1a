"""Hours of the demo: what staff logged with their answers, what customers approved of it, and each month closed in its time."""

import zlib
from datetime import date, datetime, time, timedelta
from functools import partial

from accounts.models import Membership, Person, StaffMember
from billing.commands import decisions, requests, statements, stories, work
from billing.facts import Kind, month_after, month_of
from billing.models import ChargeRequest, StatementLine, WorkLog
from billing.outcomes import rate_of
from billing.queries.desk import Unauthorised, unauthorised_page
from billing.queries.readiness import Need, readiness_of
from billing.queries.statements import month_page
from billing.shown import facts_shown, hash_of, listed_work
from contracts.models import Contract
from helpdesk.demo.clock import ZONE
from helpdesk.demo.plan import Plan, Step
from helpdesk.demo.world import Timeline, World
from helpdesk.lib.refusals import Refusal
from tickets.models import Ticket, Type

MONTHS = 12
LENGTHS = (20, 35, 50, 25, 75, 40, 95, 30, 60)  # minutes of one piece of work
SHORTEST = timedelta(minutes=10)
OFFICE = (time(9), time(18))  # questions are answered in them
CLOSING_DAY, CORRECTING_DAY = 3, 12
KINDS = {Type.FUNCTIONAL: Kind.FUNCTIONAL_EXCESS, Type.UPDATE_SERVICE: Kind.UPDATE_SERVICE}
EVERY_TECHNICAL = 3  # one in so many technical tickets has its time logged: it costs nothing anyway
LEFT_OPEN_BY = "gustavo.heinzen"  # who has last month's statements still before him
NOTES = {
    "pt-br": (
        "Análise do caso e resposta com o passo a passo",
        "Configuração revisada junto com o cliente",
        "Testes e conferência do resultado",
    ),
    "en": (
        "Looked into it and answered step by step",
        "Went through the configuration with the customer",
        "Tests, and a check of the result",
    ),
}
REASONS = {"pt-br": "O trabalho passou das horas incluídas neste mês.", "en": "The work went beyond this month's included hours."}
GOODWILL = {"pt-br": "Cortesia: a dúvida vinha da nossa documentação", "en": "Goodwill: our documentation had led there"}
CORRECTION = "O chamado ficou parado durante o almoço"


def log_answer(world: World, number: int, plan: Plan, step: Step, ticket: Ticket, now: datetime) -> None:
    """The time that an answer took, just before it; nobody works on two things at once."""
    if plan.verified[0] == Type.TECHNICAL and number % EVERY_TECHNICAL:
        return
    opening, closing = (datetime.combine(now.astimezone(ZONE).date(), at, ZONE) for at in OFFICE)
    if plan.verified[0] != Type.TECHNICAL and not opening + SHORTEST <= now <= closing:
        return
    agent = world.staff[step.by]
    draw = zlib.crc32(f"{number}:{step.chapter}:{step.at:%F %H:%M}".encode())
    began_at = max(now - timedelta(minutes=LENGTHS[draw % len(LENGTHS)]), world.busy.get(agent.pk, opening))
    if plan.verified[0] != Type.TECHNICAL:
        began_at = max(began_at, opening)
    world.busy[agent.pk] = now
    if now - began_at >= SHORTEST:
        notes = NOTES[plan.company.language]
        work.log_work(ticket=ticket, agent=agent, began_at=began_at, ended_at=now, note=notes[draw // 7 % len(notes)], now=now)


def note_months(timeline: Timeline, world: World, today: date) -> None:
    """Each of the last months is closed some days after its end, and one log is put right when its month was closed already."""
    month = month_of(today)
    for _each in range(MONTHS):
        month = month_of(month - timedelta(days=1))
        timeline.at(_on(month_after(month), CLOSING_DAY), partial(_close, world, month))
    last = month_of(month_of(today) - timedelta(days=1))
    timeline.at(_on(last, CORRECTING_DAY), partial(_put_right, world, month_of(last - timedelta(days=1))))


def _on(month: date, day: int) -> datetime:
    return datetime.combine(month.replace(day=day), time(10, 30), ZONE)


# --- A month's end --------------------------------------------------------------------------------------------------------
def _close(world: World, month: date, now: datetime) -> None:
    stories.take_in(everything=True, now=now)
    is_last = month_after(month_after(month)) > world.today.date()
    for row in month_page(month, manager_id=None, after=None, now=now, size=1000).rows:
        manager = row.contract.account_manager
        if is_last and manager == world.staff[LEFT_OPEN_BY]:
            continue
        _settle(row.contract, month, manager, now)
        statements.approve_all(actor=manager, contract=row.contract, month=month, now=now)
        statements.close_months(actor=manager, contracts=[row.contract], month=month, now=now)


def _settle(contract: Contract, month: date, manager: StaffMember, now: datetime) -> None:
    """What nobody approved is asked for; what is not approved even so is written off; drafts that nobody needed are withdrawn."""
    approver = _approver(contract, now)
    for row in _unauthorised(contract, month, now):
        if approver is not None:
            _get_approved(row, contract, manager, approver, now)
    for row in _unauthorised(contract, month, now):
        _write_off(row, contract, manager, now)
    for request in ChargeRequest.objects.filter(contract=contract, state=ChargeRequest.State.DRAFT):
        requests.withdraw(request=request, actor=manager.person, now=now)


def _unauthorised(contract: Contract, month: date, now: datetime) -> list[Unauthorised]:
    state = readiness_of(contract, month, now)
    minutes = {key.log: state.minutes[key] for key, need in state.needs.items() if need == Need.UNAUTHORISED}
    logs = WorkLog.objects.select_related("ticket", "agent", "contract__customer").in_bulk(minutes)
    return [Unauthorised(logs[pk], month, count, None) for pk, count in minutes.items()]


def _approver(contract: Contract, now: datetime) -> Person | None:
    """Whoever of the customer may agree, approvers before admins."""
    members = Membership.objects.in_force().filter(customer=contract.customer_id, created_at__lte=now)
    deciding = members.filter(role__in=(Membership.Role.APPROVER, Membership.Role.ADMIN)).select_related("person")
    found = deciding.order_by("-role", "pk").first()
    return found.person if found else None


def _get_approved(row: Unauthorised, contract: Contract, manager: StaffMember, approver: Person, now: datetime) -> None:
    request = _ask(row, contract, manager.person, now)
    if request is None:
        return
    shown = facts_shown(request, listed_work([request]).get(request.pk, []))
    answer = decisions.Answer("192.0.2.10", "Mozilla/5.0")
    decisions.accept(request=request, approver=approver, shown_hash=hash_of(shown), answer=answer, now=now)


def _ask(row: Unauthorised, contract: Contract, actor: Person, now: datetime) -> ChargeRequest | None:
    """A request that lists the work, sent; nothing where the ticket is none that could have one."""
    kind = KINDS.get(Type(row.log.ticket.type))
    language = contract.customer.language
    if kind is None:
        return None
    asked = requests.Asked(
        kind=kind,
        reason=REASONS[language],
        minutes=row.minutes + 30,
        rate_cents=rate_of(contract.terms_on(contract.today(now)), kind),
        answer_by=now + timedelta(days=7),
        logs=[row.log.pk],
    )
    drafted = ChargeRequest.objects.filter(ticket=row.log.ticket, state=ChargeRequest.State.DRAFT).first()
    try:
        if drafted is not None:
            drafted = requests.revise(request=drafted, actor=actor, asked=asked, now=now)
        else:
            drafted = requests.draft(ticket=row.log.ticket, actor=actor, asked=asked, now=now)
        return requests.send(request=drafted, actor=actor, now=now)
    except Refusal:
        return None


def _write_off(row: Unauthorised, contract: Contract, manager: StaffMember, now: datetime) -> None:
    statements.review(
        actor=manager,
        contract=contract,
        month=row.month,
        log_id=row.log.pk,
        request_id=None,
        verdict=statements.Verdict.WRITTEN_OFF,
        reason=GOODWILL[contract.customer.language],
        seen_minutes=row.minutes,
        now=now,
    )


# --- Afterwards -----------------------------------------------------------------------------------------------------------
def _put_right(world: World, month: date, now: datetime) -> None:
    """A log of a closed month was too long by half: its money comes back on the next statement."""
    lines = StatementLine.objects.filter(statement__month=month, amount_cents__gt=0, log__isnull=False).order_by("pk")
    log = WorkLog.objects.select_related("agent").filter(pk__in=lines.values("log")[:1]).first()
    if log is None:
        return
    length = (log.ended_at - log.began_at) / 2
    lead = next(member for member in world.staff.values() if member.roles.filter(role="lead").exists())
    ended_at = log.began_at + timedelta(minutes=max(5, length // timedelta(minutes=1)))
    work.correct_work(log=log, actor=lead, began_at=log.began_at, ended_at=ended_at, note=log.note, reason=CORRECTION, now=now)


def ask_today(world: World, now: datetime) -> None:
    """Of this month's work without an approval, the first is asked for, the second waits for a release at a price of its own."""
    stories.take_in(everything=True, now=now)
    rows = [row for row in unauthorised_page(manager_id=None, before=None).rows if Type(row.log.ticket.type) in KINDS]
    for row in rows[:1]:
        contract = Contract.objects.select_related("calendar", "customer", "account_manager__person").get(pk=row.log.contract_id)
        _ask(row, contract, contract.account_manager.person, now)
    for row in rows[1:2]:
        _propose(row, now)


def _propose(row: Unauthorised, now: datetime) -> None:
    asked = requests.Asked(
        kind=KINDS[Type(row.log.ticket.type)],
        reason=REASONS[row.log.contract.customer.language],
        minutes=120,
        rate_cents=150_00,
        answer_by=now + timedelta(days=5),
        logs=[row.log.pk],
    )
    agent = row.log.agent.person
    drafted = ChargeRequest.objects.filter(ticket=row.log.ticket, state=ChargeRequest.State.DRAFT).first()
    if drafted is not None:
        drafted = requests.revise(request=drafted, actor=agent, asked=asked, now=now)
    else:
        drafted = requests.draft(ticket=row.log.ticket, actor=agent, asked=asked, now=now)
    requests.send(request=drafted, actor=agent, now=now)
