"""Plays the plans of tickets through the commands that pages use."""

from datetime import datetime
from functools import partial

from django.core.files.base import ContentFile

from accounts.models import Person
from accounts.tenancy import as_provider
from helpdesk.demo import hours, off_hours, provider, readers
from helpdesk.demo.plan import Do, Plan, Step
from helpdesk.demo.world import Timeline, World
from sla.models import Breach
from tickets import commands
from tickets.models import Channel, File, Ticket
from tickets.qualifying import history


def note_ticket(world: World, timeline: Timeline, number: int, plan: Plan) -> None:
    """Note all steps of the plan with this number."""
    for step in plan.steps:
        player = Player(world, number, plan)
        timeline.at(step.at, partial(player.take, step))
        readers.note_rating(timeline, number, step, partial(player.ticket, step))


class Player:
    """Does one plan's steps."""

    def __init__(self, world: World, number: int, plan: Plan) -> None:
        self.world, self.number, self.plan = world, number, plan

    def take(self, step: Step, now: datetime) -> None:
        {
            Do.OPEN: self.open,
            Do.VERIFY: self.verify,
            Do.CONTEST: self.contest,
            Do.KEEP: self.decide,
            Do.GIVE_BACK: self.decide,
            Do.ASSIGN: self.assign,
            Do.MOVE: self.move,
            Do.WATCH: self.watch,
            Do.ANSWER: self.answer,
            Do.REPLY: self.reply,
            Do.FOLLOW_UP: self.follow_up,
            Do.SOLVED: self.solved,
            Do.NOTE: self.note,
            Do.HOLD: self.hold,
            Do.RELEASE: self.release,
            Do.CLOSE: self.close,
            Do.HELP: self.help,
        }[step.do](step, now)

    def ticket(self, step: Step) -> Ticket:
        return self.world.tickets[self.number, step.chapter]

    def person(self, step: Step) -> Person:
        return self.world.people[step.by]

    def files(self, step: Step, now: datetime) -> list[File]:
        if step.evidence is None:
            return []
        name, content = step.evidence
        file = commands.upload(
            customer_id=self.world.customers[self.plan.company.key].pk,
            uploader=self.person(step),
            name=name,
            content=ContentFile(content),
            now=now,
        )
        self.world.files.append(file)
        return [file]

    def open(self, step: Step, now: datetime) -> None:
        plan, world = self.plan, self.world
        product = world.products[plan.product]
        environment = world.environments[plan.company.key, plan.environment.name]
        world.tickets[self.number, 0] = commands.open_ticket(
            contract=world.contracts[plan.contract],
            product=product,
            environment=environment,
            version=world.versions[plan.product, plan.version],
            type=plan.declared[0],
            severity=plan.declared[1],
            subject=plan.subject,
            description=step.text,
            files=self.files(step, now),
            requester=world.people[plan.requester],
            opened_by=self.person(step),
            channel=Channel.STAFF if plan.on_behalf else Channel.PORTAL,
            watchers=[world.people[address] for address in plan.watchers],
            private=plan.private,
            now=now,
        )

    def verify(self, step: Step, now: datetime) -> None:
        """A follow-up declares what its first ticket was verified as, so it is only confirmed."""
        type, severity = self.plan.verified
        changes = step.chapter == 0 and self.plan.declared != self.plan.verified
        commands.verify(
            ticket=self.ticket(step),
            agent=self.judge(step),
            type=type,
            severity=severity,
            reason=self.plan.reason if changes else "",
            now=now,
        )

    def contest(self, step: Step, now: datetime) -> None:
        with as_provider():
            verdict = history(self.ticket(step)).verdict
        assert verdict is not None, "the plan verifies first"
        commands.contest(ticket=self.ticket(step), person=self.person(step), reason=step.text, verdict=verdict.position, now=now)

    def decide(self, step: Step, now: datetime) -> None:
        type, severity = self.plan.declared if step.do == Do.GIVE_BACK else self.plan.verified
        commands.verify(ticket=self.ticket(step), agent=self.judge(step), type=type, severity=severity, reason=step.text, now=now)

    def judge(self, step: Step) -> Person:
        """Whoever the plan names, unless their own verdict is contested; where a promise was missed, which a verdict may undo, a lead
        who isn't the assignee (SLA-10).
        """
        ticket, planned = self.ticket(step), self.person(step)
        besides = {self._judge_before(ticket)} if step.do != Do.VERIFY else set()
        missed = Breach.objects.filter(clock__promise=ticket.promise_id, annulment=None).exists()
        if not missed and planned.pk not in besides:
            return planned
        besides.add(Ticket.objects.values_list("assignee", flat=True).get(pk=ticket.pk))
        leads = [self.world.staff[facts.address].person for facts in provider.leads()]
        return next(lead for lead in [planned, *leads] if lead in leads and lead.pk not in besides)

    def _judge_before(self, ticket: Ticket) -> int | None:
        """Whose verdict may be contested: somebody else decides."""
        with as_provider():
            verdict = history(ticket).verdict
        return verdict.actor_id if verdict else None

    def assign(self, step: Step, now: datetime) -> None:
        commands.assign(ticket=self.ticket(step), agent=self.person(step), assignee=self.world.staff[step.to], now=now)

    def move(self, step: Step, now: datetime) -> None:
        commands.move_to_team(ticket=self.ticket(step), agent=self.person(step), team=self.world.teams[step.to], now=now)

    def watch(self, step: Step, now: datetime) -> None:
        commands.watch(ticket=self.ticket(step), person=self.person(step), actor=self.person(step), by_staff=True, now=now)

    def answer(self, step: Step, now: datetime) -> None:
        commands.answer(
            ticket=self.ticket(step),
            agent=self.person(step),
            body=step.text,
            files=self.files(step, now),
            status=step.status or None,
            now=now,
        )
        hours.log_answer(self.world, self.number, self.plan, step, self.ticket(step), now)

    def reply(self, step: Step, now: datetime) -> None:
        commands.reply(ticket=self.ticket(step), author=self.person(step), body=step.text, files=self.files(step, now), now=now)

    def follow_up(self, step: Step, now: datetime) -> None:
        """A reply to a closed ticket: what it returns is the new one, or without a contract the closed one itself."""
        self.world.tickets[self.number, 1] = commands.reply(ticket=self.ticket(step), author=self.person(step), body=step.text, now=now)

    def solved(self, step: Step, now: datetime) -> None:
        commands.mark_solved(ticket=self.ticket(step), person=self.person(step), now=now)

    def note(self, step: Step, now: datetime) -> None:
        commands.note(ticket=self.ticket(step), author=self.person(step), body=step.text, now=now)

    def hold(self, step: Step, now: datetime) -> None:
        self.world.holds[self.number] = commands.place_hold(
            ticket=self.ticket(step), reason=step.text[:200], placed_by=self.person(step), now=now
        )

    def release(self, step: Step, now: datetime) -> None:
        commands.release_hold(hold=self.world.holds[self.number], released_by=self.person(step), now=now)

    def help(self, step: Step, now: datetime) -> None:
        """This evening, at the contract's rate."""
        start, until = off_hours.evening(self.world.today)
        commands.cover(
            ticket=self.ticket(step), actor=self.person(step), by_staff=False, key=f"demo-{self.number}", start=start, until=until, now=now
        )

    def close(self, step: Step, now: datetime) -> None:
        """Closes whatever is due by then, as the sweep does."""
        commands.close_resolved(now=now)
