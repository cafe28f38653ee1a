"""Rows for tests, made through the commands. Ada and Alan work at Acme, Grace works at Globex; Sara answers, Max keeps contracts."""

import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from accounts import commands as accounts
from accounts.models import Customer, Membership, Person, StaffMember, Team
from accounts.tenancy import as_nobody, as_provider
from billing.commands import requests as charges
from billing.commands import statements
from billing.models import ChargeRequest, Statement
from contracts import commands as contracts
from contracts.models import Contract, Environment, Product, Version
from monitoring import commands as monitoring
from monitoring import texts
from monitoring.models import Authorisation, Credential, Heartbeat, Maintenance
from notifications import commands as outbox
from notifications.models import Page, Rota, RotaOverride, Way
from releases import commands as releases
from releases.models import Artifact, KnownIssue, Licence, Release
from sla.commands import calendars, policies
from sla.content import Content
from sla.models import Calendar, Policy, PolicyVersion
from sla.queries import policies as policy_queries
from sla.rules import Row, Target
from sla.shipped import Follows
from tickets import commands as tickets
from tickets.models import Ticket

PACKAGE = b"package " * 1000
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"


def person(name: str, email: str = "", language: str = "en", password: str = PASSWORD) -> Person:
    return accounts.register_person(
        email=email or f"{name.split()[0].lower()}@{name.split()[-1].lower()}.example",
        name=name,
        language=language,
        password=password,
        now=NOW,
    )


def member(customer: Customer, name: str, role: str = Membership.Role.MEMBER, **kwargs: Any) -> Person:
    found = person(name, email=f"{name.split()[0].lower()}@{customer.name.lower()}.example", **kwargs)
    accounts.add_member(actor=None, customer=customer, person=found, role=role, now=NOW)
    return found


def staff(name: str, *roles: str) -> StaffMember:
    return accounts.set_staff_roles(actor=None, person=person(name), display_name=name.split()[0], roles=roles, now=NOW)


def customer(name: str) -> Customer:
    return accounts.create_customer(actor=None, name=name, language="en", time_zone="America/Sao_Paulo", now=NOW)


def team(name: str = "Core", *members: StaffMember) -> Team:
    return accounts.set_team(actor=None, name=name, members=members, now=NOW)


def product(name: str = "Softswitch", owner: Team | None = None) -> Product:
    with as_provider():
        return Product.objects.create(name=name, team=owner or team())


def version(of: Product, number: str = "7.2.1") -> Version:
    with as_provider():
        return Version.objects.create(product=of, number=number, available_date=date(2026, 1, 1))


def calendar(zone: str = "America/Sao_Paulo", follows: Follows = Follows.NOTHING, content: Content | None = None) -> Calendar:
    """One of each zone, with Monday to Friday 09:00-18:00 and the holidays it follows unless `content` says otherwise."""
    name = f"Hours of {zone}"
    with as_provider():
        found = Calendar.objects.filter(name=name).first()
    return found or calendars.create_calendar(actor=None, name=name, time_zone=zone, follows=follows, content=content, now=NOW)


def policy() -> Policy:
    """The standard one."""
    return policies.standard_policy(now=NOW)


def policy_version(of: Policy, now: datetime = NOW, reason: str = "Agreed at the yearly meeting", **minutes: int) -> PolicyVersion:
    """A further version of a policy, in which technical events of high severity have other targets: `resolution=480`."""
    with as_provider():
        latest = policy_queries.version_for(of.pk, now)
        before = policy_queries.rules(latest.pk)
    changed = {Target(name): count * 60 for name, count in minutes.items()}
    row = before.rows["technical", "high"]
    return policies.change_policy(
        actor=None,
        policy=of,
        rows={**before.rows, ("technical", "high"): Row(row.always, {**row.seconds, **changed})},
        steps=before.steps,
        reason=reason,
        expected_number=latest.number,
        now=now,
    )


def terms(**changes: Any) -> dict[str, Any]:
    return {
        "last_date": date(2099, 12, 31),
        "policy": policy(),
        "functional_rate_cents": 24000,
        "off_hours_rate_cents": 36000,
        "update_rate_cents": 30000,
    } | changes


def contract(of: Customer, *products: Product, manager: StaffMember | None = None, number: str = "C-1", **changes: Any) -> Contract:
    columns = {"signed_date": date(2025, 1, 10), "first_date": date(2025, 2, 1), "calendar": calendar(), "currency": "BRL"}
    columns |= {key: changes.pop(key) for key in tuple(columns) if key in changes}
    return contracts.sign_contract(
        actor=None,
        customer=of,
        number=number,
        account_manager=manager or staff("Max Manager", "account_manager"),
        deputy=None,
        products=products,
        terms=terms(**changes),
        now=NOW,
        **columns,
    )


def environment(
    of: Customer, name: str = "Main site", contract: Contract | None = None, contacts: tuple[Person, ...] = (), **installed: Any
) -> Environment:
    return contracts.keep_environment(
        actor=None,
        customer=of,
        environment=None,
        name=name,
        kind="production",
        contract=contract,
        notes="",
        installed=installed.get("installed", {}),
        contacts=contacts,
        now=NOW,
    )


def ticket(under: Contract, of: Product, requester: Person, **changes: Any) -> Ticket:
    values = {
        "environment": None,
        "version": None,
        "type": "technical",
        "severity": "high",
        "subject": "Calls drop after 30 seconds",
        "description": "Since this morning, on every trunk.",
        "opened_by": requester,
        "now": NOW,
    }
    return tickets.open_ticket(contract=under, product=of, requester=requester, **(values | changes))


def charge(on: Ticket, by: Person, state: str = "waiting", **changes: Any) -> ChargeRequest:
    """Off-hours help for a ticket from NOW on, as staff ask the approvers for it; or only drafted."""
    asked = {
        "kind": "off_hours",
        "reason": "A trunk is down",
        "minutes": 60,
        "rate_cents": 36000,
        "answer_by": NOW + timedelta(hours=12),
        "work_from": NOW + timedelta(hours=10),
        "work_until": NOW + timedelta(hours=14),
    }
    drafted = charges.draft(ticket=on, actor=by, asked=charges.Asked(**(asked | changes)), now=NOW)
    return drafted if state == "draft" else charges.send(request=drafted, actor=by, now=NOW)


def rota(*members: StaffMember, teams: tuple[Team, ...] = (), **changes: Any) -> Rota:
    """A rota of a week each, from the Monday on which everything here happens."""
    values = {
        "name": "Support",
        "time_zone": "America/Sao_Paulo",
        "first_date": date(2026, 11, 23),
        "handover_time": time(0),
        "turn_days": 7,
        "is_default": True,
        "second_line": None,
        "escalate_minutes": None,
    }
    return outbox.keep_rota(actor=None, rota=None, members=members, teams=teams, now=NOW, **(values | changes))


def override(of: Rota, member: StaffMember, from_at: datetime, until_at: datetime, **changes: Any) -> RotaOverride:
    values = {"actor": member.person, "any_shift": True, "now": NOW}
    return outbox.give_shift(rota=of, member=member, from_at=from_at, until_at=until_at, **(values | changes))


def way(person: Person, url: str = "json://127.0.0.1:9/phone", label: str = "Phone", after_minutes: int = 0) -> Way:
    with as_nobody(person.pk):
        return outbox.add_way(person=person, label=label, url=url, after_minutes=after_minutes, now=NOW)


def page(key: str = "page-1", **changes: Any) -> Page:
    values = {"title": "SP-10001 critical: 80 % of the first answer", "text": "Acme", "now": NOW}
    outbox.page(key=key, **(values | changes))
    with as_provider():
        return Page.objects.get(key=key)


def authorisation(by: Person, *environments: Environment, ends_at: datetime | None = None, now: datetime = NOW) -> list[Authorisation]:
    return monitoring.authorise(
        actor=by, customer=environments[0].customer, environments=environments, text_version=texts.CURRENT, ends_at=ends_at, now=now
    )


def credential(by: Person, environment: Environment, source: str = "alertmanager", name: str = "Tool") -> tuple[Credential, str]:
    return monitoring.make_credential(actor=by, environment=environment, source=source, name=name, now=NOW)


def heartbeat(by: Person, environment: Environment, name: str = "Nightly backup", **changes: Any) -> Heartbeat:
    values = {"period": timedelta(minutes=5), "grace": timedelta(minutes=1), "now": NOW}
    return monitoring.add_heartbeat(actor=by, environment=environment, name=name, **(values | changes))


def maintenance(by: Person, environment: Environment, from_at: datetime, until_at: datetime, **changes: Any) -> Maintenance:
    values = {"reason": "We change a disk.", "by_staff": False, "now": NOW}
    return monitoring.plan_maintenance(actor=by, environment=environment, from_at=from_at, until_at=until_at, **(values | changes))


def known_issue(of: Product, title: str = "Calls drop on re-INVITE") -> KnownIssue:
    return releases.keep_issue(actor=None, issue=None, product=of, words={"title_en": title, "title_pt": f"{title} (pt)"}, now=NOW)


def draft(of: Product, number: str = "8.2", package: bytes = PACKAGE, **changes: Any) -> Release:
    """A release that is ready to be published."""
    values = {"kind": "update", "nature": "technical", "notes_en": f"News of {number}", "notes_pt": f"Novidades da {number}"}
    made = releases.draft_release(actor=None, product=of, number=number, now=NOW, **(values | changes))
    if package:
        artifact(made, f"package-{number}.tar.gz", package)
    return made


def artifact(of: Release, name: str = "package.tar.gz", content: bytes = PACKAGE, kind: str = "package") -> Artifact:
    return releases.add_artifact(actor=None, release=of, kind=kind, name=name, content=io.BytesIO(content), size=len(content), now=NOW)


def release(of: Product, number: str = "8.2", now: datetime = NOW, **changes: Any) -> Release:
    return releases.publish(actor=None, release=draft(of, number, **changes), now=now)


def licence(under: Contract, of: Product, name: str = "licence.key", content: bytes = b"key", now: datetime = NOW) -> Licence:
    return releases.issue_licence(
        actor=None, contract=under, product=of, name=name, content=io.BytesIO(content), size=len(content), now=now
    )


def statement(world: Any, number: str = "P-1", month: date = date(2026, 10, 1)) -> Statement:
    """A closed month of a contract of Acme's with a package, by the fee alone."""
    packed = contract(world.acme, world.softswitch, manager=world.max, number=number, package_minutes=300, package_fee_cents=900_00)
    return statements.close_month(actor=world.max, contract=packed, month=month, now=NOW)
