"""A month of what two customers let us watch: jobs that were missed, a full disk, a storm, maintenance, and an alert that lasts today."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import partial

from accounts.models import Person
from accounts.tenancy import as_provider
from contracts.models import Environment
from helpdesk.demo.clock import day_before
from helpdesk.demo.world import Timeline, World
from monitoring import commands, texts
from monitoring.models import Heartbeat, Look, Source
from tickets import commands as tickets
from tickets.models import Status, Ticket

DAYS = 31
GIVEN = time(9, 30)
TELESUL, NORTHGATE = ("telesul", "Borda Florianópolis"), ("northgate", "Manchester")
SIGNED_BEFORE = ("telesul", "Produção Chapecó")  # authorised too, in vain: its contract is older than monitoring
JOBS = (("Backup noturno", time(3, 20), (19, 6)), ("Exportação de CDR", time(4, 5), (12,)))
NIGHTLY_GRACE = timedelta(hours=2)


class Site:
    """An environment with the tools that send, and what staff do about its tickets."""

    def __init__(self, world: World, key: tuple[str, str], admin: str) -> None:
        self.world, self.key, self.admin_address = world, key, admin
        self.tokens: dict[str, str] = {}
        self.beats: dict[str, Heartbeat] = {}

    @property
    def environment(self) -> Environment:
        return self.world.environments[self.key]

    @property
    def admin(self) -> Person:
        return self.world.people[self.admin_address]

    def authorise(self, now: datetime, *, with_tools: bool = True) -> None:
        commands.authorise(
            actor=self.admin, customer=self.environment.customer, environments=[self.environment], text_version=texts.CURRENT, now=now
        )
        for source in (Source.ALERTMANAGER, Source.HEARTBEAT) if with_tools else ():
            _made, self.tokens[source] = commands.make_credential(
                actor=self.admin, environment=self.environment, source=source, name=str(source.label), now=now
            )

    def expect(self, name: str, now: datetime) -> None:
        self.beats[name] = commands.add_heartbeat(
            actor=self.admin, environment=self.environment, name=name, period=timedelta(days=1), grace=NIGHTLY_GRACE, now=now
        )

    def ping(self, name: str, log: str, now: datetime) -> None:
        ping = commands.Ping(self.beats[name].slug, "fail" if log else "success", 2 if log else None)
        token = self.tokens[Source.HEARTBEAT]
        commands.accept(source=Source.HEARTBEAT, token=token, body=log.encode(), ping=ping, now=now, tick=now.timestamp())
        self.work(now)

    def alerts(self, alerts: Sequence[dict[str, object]], now: datetime) -> None:
        body = json.dumps({"version": "4", "receiver": "helpdesk", "alerts": list(alerts)}, ensure_ascii=False).encode()
        commands.accept(source=Source.ALERTMANAGER, token=self.tokens[Source.ALERTMANAGER], body=body, now=now, tick=now.timestamp())
        self.work(now)

    def work(self, now: datetime) -> None:
        """As the sweep does, every few seconds."""
        commands.work_signals(now=now)
        commands.notice_late(now=now)
        commands.settle_due(now=now)
        commands.end_maintenances(now=now)
        with as_provider():
            for ticket in Ticket.objects.filter(environment=self.environment, channel="monitoring"):
                self.world.tickets.setdefault((-ticket.pk, 0), ticket)

    def verify(self, agent: str, now: datetime) -> None:
        """The newest ticket of monitoring is confirmed as it was declared, and somebody takes it."""
        ticket, person = self.newest(), self.world.people[agent]
        tickets.verify(ticket=ticket, agent=person, type=ticket.type, severity=ticket.severity, now=now)
        tickets.assign(ticket=ticket, agent=person, assignee=self.world.staff[agent], now=now)

    def answer(self, agent: str, text: str, status: str, now: datetime) -> None:
        tickets.answer(ticket=self.newest(), agent=self.world.people[agent], body=text, status=status, now=now)

    def newest(self) -> Ticket:
        return Ticket.objects.filter(environment=self.environment, channel="monitoring").latest("pk")

    def look(self, agent: str, now: datetime) -> None:
        commands.note_looks(person=self.world.people[agent], environments=[self.environment], page=Look.Page.ENVIRONMENT, now=now)

    def maintain(self, until: datetime, reason: str, now: datetime) -> None:
        commands.plan_maintenance(
            actor=self.admin, environment=self.environment, from_at=now, until_at=until, reason=reason, by_staff=False, now=now
        )


def alert(name: str, summary: str, instance: str, severity: str, started: datetime, ended: datetime | None = None) -> dict[str, object]:
    """As Alertmanager's webhook has it."""
    return {
        "status": "resolved" if ended else "firing",
        "labels": {"alertname": name, "instance": instance, "job": "node", "severity": severity},
        "annotations": {"summary": summary},
        "startsAt": started.isoformat(),
        "endsAt": ended.isoformat() if ended else "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": f"{name}-{instance}"[:64],
    }


def note_watching(timeline: Timeline, world: World, now: datetime) -> None:
    telesul, northgate = (
        Site(world, TELESUL, "marcos.hoffmann@telesul.example"),
        Site(world, NORTHGATE, "oliver.hayes@northgatevoice.example"),
    )
    _note_telesul(timeline, telesul, Site(world, SIGNED_BEFORE, telesul.admin_address), world.today, now)
    _note_northgate(timeline, northgate, world.today)


def _note_telesul(timeline: Timeline, site: Site, in_vain: Site, today: datetime, now: datetime) -> None:
    begin = day_before(today, DAYS, GIVEN)
    timeline.at(begin, site.authorise)
    timeline.at(begin + timedelta(minutes=2), partial(in_vain.authorise, with_tools=False))
    for name, at, missed in JOBS:
        timeline.at(begin + timedelta(minutes=5), partial(site.expect, name))
        for days in range(DAYS - 1, -1, -1):
            if days not in missed:
                timeline.at(day_before(today, days, at), partial(site.ping, name, ""))
            else:  # noticed two hours after it should have come
                late = day_before(today, days, at) + NIGHTLY_GRACE + timedelta(seconds=3)
                timeline.at(late, site.work)
                timeline.at(late + timedelta(hours=4), partial(site.verify, "rodrigo.tavares"))
                said = "A tarefa não rodou de madrugada. Vejam o agendador no servidor; a próxima execução confirma aqui."
                timeline.at(late + timedelta(hours=5), partial(site.answer, "rodrigo.tavares", said, Status.OPEN))
                done = day_before(today, days - 1, at) + timedelta(hours=6)
                timeline.at(done, partial(site.answer, "rodrigo.tavares", "Rodou esta noite. Encerramos aqui.", Status.RESOLVED))
    _note_alert(
        *(timeline, site, day_before(today, 24, time(10, 12)), timedelta(minutes=55), "rodrigo.tavares"),
        alert_of=partial(alert, "DiscoCheio", "Disco de gravações acima de 90 %", "grava-01:9100", "warning"),
        said="O disco das gravações encheu por causa do modo debug. Sugerimos rotacionar os logs e voltar o nível para INFO.",
    )
    started = max(now - timedelta(minutes=40), day_before(today, 0, time(0, 5)))
    lasting = alert("MemoriaAlta", "Memória do SBC acima de 85 %", "sbc-fns-1:9100", "warning", started)
    timeline.at(started, partial(site.alerts, [lasting]))
    for minutes in (10, 20, 30):
        timeline.at(started + timedelta(minutes=minutes), partial(site.alerts, [lasting]))
    timeline.at(day_before(today, 6, time(11, 40)), partial(site.look, "rodrigo.tavares"))
    timeline.at(day_before(today, 24, time(10, 20)), partial(site.look, "camila.nunes"))


def _note_northgate(timeline: Timeline, site: Site, today: datetime) -> None:
    timeline.at(day_before(today, DAYS, GIVEN), site.authorise)
    storm, lasted = day_before(today, 11, time(15, 4)), timedelta(minutes=31)
    instances = [f"sbc-man-{number}:9100" for number in range(1, 25)]
    fired = [alert("TrunkDown", f"Trunk on {one.partition(':')[0]} is down", one, "high", storm) for one in instances]
    ended = [alert("TrunkDown", f"Trunk on {one.partition(':')[0]} is down", one, "high", storm, storm + lasted) for one in instances]
    timeline.at(storm, partial(site.alerts, fired))
    timeline.at(storm + timedelta(minutes=6), partial(site.verify, "karen.walsh"))
    said = (
        "All 24 trunks lost the same carrier link within a second. Nothing on your SBCs changed; please ask GAMMA about their maintenance."
    )
    timeline.at(storm + timedelta(minutes=9), partial(site.answer, "karen.walsh", said, Status.OPEN))
    timeline.at(storm + lasted, partial(site.alerts, ended))
    timeline.at(storm + lasted + timedelta(minutes=6), site.work)
    timeline.at(storm + timedelta(hours=2), partial(site.answer, "karen.walsh", "The carrier confirmed it. Solved.", Status.RESOLVED))
    work = day_before(today, 3, time(21, 0))
    timeline.at(work, partial(site.maintain, work + timedelta(hours=2), "Disks of sbc-man-1 are replaced"))
    started = work + timedelta(minutes=10)
    of_work = partial(alert, "HostDown", "sbc-man-1 does not answer", "sbc-man-1:9100", "critical", started)
    timeline.at(started, partial(site.alerts, [of_work()]))
    timeline.at(started + timedelta(minutes=50), partial(site.alerts, [of_work(started + timedelta(minutes=50))]))
    timeline.at(work + timedelta(hours=2, minutes=1), site.work)


def _note_alert(
    timeline: Timeline, site: Site, at: datetime, lasts: timedelta, agent: str, *, alert_of: Callable[..., dict[str, object]], said: str
) -> None:
    """One that staff answered while it lasted, and solved after its end."""
    timeline.at(at, partial(site.alerts, [alert_of(at)]))
    timeline.at(at + timedelta(minutes=12), partial(site.verify, agent))
    timeline.at(at + timedelta(minutes=20), partial(site.answer, agent, said, Status.OPEN))
    timeline.at(at + lasts, partial(site.alerts, [alert_of(at, at + lasts)]))
    timeline.at(at + lasts + timedelta(minutes=6), site.work)
    timeline.at(at + lasts + timedelta(hours=3), partial(site.answer, agent, "Sem novos alertas; damos por resolvido.", Status.RESOLVED))
