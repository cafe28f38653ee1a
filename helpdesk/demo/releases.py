"""What the demo's provider has published: releases of a year with notes in both languages, one withdrawn, one to come, licences and downloads."""

import hashlib
import io
from datetime import date, datetime, time, timedelta
from functools import partial

from django.db.models import F

from accounts.models import Membership
from accounts.tenancy import as_provider
from contracts.queries import contracts_in_force
from helpdesk.demo.clock import ZONE
from helpdesk.demo.world import Timeline, World
from notifications.models import Mail
from releases import commands
from releases.models import Artifact, KnownIssue, Release
from tickets.models import Ticket

MANAGER = "bruno.schmitt"
PUBLISHED_SINCE = 450  # days ago: what is older was published before there was this desk
PACKAGE_BYTES = 180_000
SECURITY, WITHDRAWN, NEXT, COMING = ("softswitch", "8.1.1"), ("pbx", "5.3.1"), ("sbc", "5.0.1"), ("monitor", "2.4")

NEWS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "softswitch": (
        (
            "Routes by time of day for each trunk.",
            "Calls per second are limited by customer, not only by trunk.",
            "The console shows why a call was refused.",
        ),
        (
            "Rotas por horário em cada tronco.",
            "Chamadas por segundo são limitadas por cliente, e não só por tronco.",
            "O console mostra por que uma chamada foi recusada.",
        ),
    ),
    "sbc": (
        ("TLS 1.3 towards carriers.", "Topology is hidden for REGISTER as well.", "Half the memory for each open call."),
        ("TLS 1.3 com as operadoras.", "A topologia também é ocultada no REGISTER.", "Metade da memória por chamada aberta."),
    ),
    "billing": (
        ("Invoices are rated again by customer and day.", "Reconciliation names the calls that differ."),
        ("Faturas são retarifadas por cliente e dia.", "A conciliação mostra quais chamadas diferem."),
    ),
    "pbx": (
        ("Queues announce the caller's place.", "Voicemail arrives by mail as Opus.", "Extensions are imported from a sheet."),
        (
            "As filas anunciam a posição de quem liga.",
            "O correio de voz chega por e-mail em Opus.",
            "Ramais são importados de uma planilha.",
        ),
    ),
    "recorder": (
        ("Retention by queue.", "A recording's chain of custody is one signed file."),
        ("Retenção por fila.", "A cadeia de custódia da gravação é um arquivo assinado."),
    ),
    "monitor": (
        ("MOS by trunk and hour.", "Alarms wait for the second sample."),
        ("MOS por tronco e hora.", "Os alarmes esperam pela segunda amostra."),
    ),
}
ISSUE = (
    "softswitch",
    "Calls drop after 32 seconds when the far end answers re-INVITE late",
    "Chamadas caem após 32 segundos quando a outra ponta responde tarde ao re-INVITE",
)
WHY_WITHDRAWN = (
    "Queues lose their music on hold after a restart. Stay on 5.3.",
    "As filas perdem a música de espera ao reiniciar. Fique na 5.3.",
)


def note_releases(world: World, timeline: Timeline, versions: dict[str, tuple[tuple[str, int], ...]], today: date) -> None:
    """Publications at their day, oldest first; what customers fetched follows within days."""
    for product, numbers in versions.items():
        for number, age in numbers:
            if age <= PUBLISHED_SINCE:
                kind = "upgrade" if number.endswith(".0") else "update"
                timeline.at(_morning(today, age), partial(_publish, world, product, number, kind))
                timeline.at(_morning(today, age - 3), partial(_fetch, world, product, number))
    timeline.at(_morning(today, 40), partial(_know_issue, world))
    timeline.at(_morning(today, 20), partial(_publish, world, *WITHDRAWN, "update"))
    timeline.at(_morning(today, 17), partial(_withdraw, world))
    timeline.at(_morning(today, 9), partial(_publish_fix, world))
    timeline.at(_morning(today, 6), partial(_fetch, world, *SECURITY))
    timeline.at(_morning(today, 5), partial(_issue_licences, world))
    timeline.at(_morning(today, 2), partial(_draft_next, world))


def _morning(today: date, days_ago: int) -> datetime:
    return datetime.combine(today - timedelta(days=days_ago), time(9, 40), ZONE)


def _notes(product: str, number: str) -> tuple[str, str]:
    english, portuguese = NEWS[product]
    news_en, news_pt = ("\n".join(f"- {line}" for line in lines) for lines in (english, portuguese))
    return (
        f"## What is new\n\n{news_en}\n\nUpdate from the version before in a maintenance window; calls in progress are kept.",
        f"## O que há de novo\n\n{news_pt}\n\nAtualize a partir da versão anterior numa janela de manutenção; chamadas em curso são mantidas.",
    )


def _draft(world: World, product: str, number: str, kind: str, now: datetime, *, is_security: bool = False) -> Release:
    english, portuguese = _notes(product, number)
    release = commands.draft_release(
        actor=world.people[MANAGER],
        product=world.products[product],
        number=number,
        kind=kind,
        nature="technical" if is_security or kind == "update" else "functional",
        is_security=is_security,
        notes_en=english,
        notes_pt=portuguese,
        fixes=KnownIssue.objects.filter(product=world.products[product]) if is_security else (),
        now=now,
    )
    name = f"sippulse-{product}-{number}"
    package = b"".join(hashlib.sha256(f"{name} {block}".encode()).digest() for block in range(PACKAGE_BYTES // 32))
    checksum = f"{hashlib.sha256(package).hexdigest()}  {name}.tar.gz\n".encode()
    for file_kind, file_name, content in (
        ("package", f"{name}.tar.gz", package),
        ("manual", f"{name}-manual.txt", portuguese.encode()),
        ("signature", f"{name}.tar.gz.sha256", checksum),
    ):
        world.files.append(_add(world, release, file_kind, file_name, content, now))
    return release


def _add(world: World, release: Release, kind: str, name: str, content: bytes, now: datetime) -> Artifact:
    return commands.add_artifact(
        actor=world.people[MANAGER], release=release, kind=kind, name=name, content=io.BytesIO(content), size=len(content), now=now
    )


def _publish(world: World, product: str, number: str, kind: str, now: datetime, *, is_security: bool = False) -> None:
    release = _draft(world, product, number, kind, now - timedelta(hours=20), is_security=is_security)
    commands.publish(actor=world.people[MANAGER], release=release, now=now)
    _tell(release, now)


def _tell(release: Release, now: datetime) -> None:
    """Everybody is told, and their mails were delivered long ago."""
    while commands.distribute(now=now):
        with as_provider():
            owed = Mail.objects.filter(about_table=Release._meta.db_table, about_id=release.pk, state=Mail.State.DUE)
            sent_at = F("due_at") + timedelta(seconds=2)
            owed.update(state=Mail.State.DELIVERED, attempts=1, sent_at=sent_at, outcome_at=sent_at + timedelta(seconds=3))


def _publish_fix(world: World, now: datetime) -> None:
    _publish(world, *SECURITY, "update", now, is_security=True)
    commands.tell_tickets(now=now)


def _withdraw(world: World, now: datetime) -> None:
    release = Release.objects.get(product=world.products[WITHDRAWN[0]], number=WITHDRAWN[1])
    commands.withdraw(actor=world.people[MANAGER], release=release, why_en=WHY_WITHDRAWN[0], why_pt=WHY_WITHDRAWN[1], now=now)
    _tell(release, now)


def _fetch(world: World, product: str, number: str, now: datetime) -> None:
    """Two of three customers that may do so have fetched the package by then."""
    release = Release.objects.get(product=world.products[product], number=number)
    file = release.artifacts.get(kind=Artifact.Kind.PACKAGE)
    for place, (key, customer) in enumerate(sorted(world.customers.items())):
        covered = any(release.product in contract.products.all() for contract in contracts_in_force(customer, now))
        member = Membership.objects.in_force().filter(customer=customer).select_related("person").order_by("pk").first()
        if covered and member is not None and (place + release.pk) % 3:
            link = hashlib.sha256(f"{key} {product} {number}".encode()).hexdigest()[:32]
            at = now + timedelta(minutes=7 * place)
            commands.count_download(customer_id=customer.pk, person=member.person, file=file, link=link, now=at)


def _know_issue(world: World, now: datetime) -> None:
    product, english, portuguese = ISSUE
    issue = commands.keep_issue(
        actor=world.people[MANAGER],
        issue=None,
        product=world.products[product],
        words={
            "title_en": english,
            "title_pt": portuguese,
            "workaround_en": "Raise `reinvite_wait` to 4 seconds.",
            "workaround_pt": "Aumente `reinvite_wait` para 4 segundos.",
        },
        now=now,
    )
    about = Ticket.objects.filter(product=issue.product_id, type="technical", opened_at__gt=now - timedelta(days=60)).order_by("-opened_at")
    for ticket in about.exclude(private=True)[:3]:
        commands.link_issue(actor=world.people["rodrigo.tavares"], ticket=ticket, issue=issue, now=now)


def _issue_licences(world: World, now: datetime) -> None:
    for customer in world.customers.values():
        for contract in contracts_in_force(customer, now):
            for product in contract.products.all():
                name = f"{product.name.replace(' ', '-').lower()}-{contract.number.replace('/', '-').lower()}.lic"
                content = f"{product.name}\n{customer.name}\n{contract.number}\n".encode()
                licence = commands.issue_licence(
                    actor=world.people["fernanda.lopes"],
                    contract=contract,
                    product=product,
                    name=name,
                    content=io.BytesIO(content),
                    size=len(content),
                    expires_date=now.date() + timedelta(days=360),
                    now=now,
                )
                world.files.append(licence)


def _draft_next(world: World, now: datetime) -> None:
    """One that waits for somebody to publish it, and one that is due in three days."""
    _draft(world, *NEXT, "update", now)
    coming = _draft(world, *COMING, "update", now)
    commands.schedule(actor=world.people[MANAGER], release=coming, at=now + timedelta(days=5), now=now)
