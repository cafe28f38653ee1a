"""Two made-up companies, each with a row in every table that carries a customer: what the proof of isolation looks for.

Planted by the commands, as customers and staff would leave them; the caller undoes it all.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile

from accounts import commands as accounts
from accounts.models import Customer, Invitation, Membership, Person, StaffMember, StaffRole
from accounts.tenancy import as_provider
from billing import models as billing
from billing.commands import work
from contracts import commands as contracts
from contracts.models import Contract, Environment, Product, Standing, Version
from monitoring import commands as monitoring
from monitoring import texts
from monitoring.models import Episode, Look, Rejection, SeverityRule, Situation, Watch
from notifications.commands import page
from releases import commands as releases
from releases.models import Artifact, KnownIssue, Licence, Release, TicketIssue
from sla.clocks import Cause
from sla.commands import policies
from sla.commands.calendars import create_calendar
from sla.models import Annulment, Breach, Calendar, Clock, Firing, Policy
from tickets import commands as tickets
from tickets.models import File, Ticket


@dataclass(frozen=True)
class Catalogue:
    """What both canaries need of the provider."""

    agent: StaffMember
    product: Product
    version: Version
    calendar: Calendar
    policy: Policy
    release: Release  # a draft: published it would be announced to nobody but the canaries, and they tell it themselves
    artifact: Artifact
    issue: KnownIssue


@dataclass(frozen=True)
class Canary:
    """One made-up company. `token` stands in every text of its rows: seen on a page of the other, it is a leak."""

    token: str
    customer: Customer
    person: Person
    membership: Membership
    invitation: Invitation
    contract: Contract
    environment: Environment
    ticket: Ticket
    file: File
    charge: billing.ChargeRequest
    loose_file: File
    licence: Licence
    hidden: "Hidden"


@dataclass(frozen=True)
class Hidden:
    """A private ticket of the canary's person, and a colleague for whom it must not exist; `token` stands in its texts alone."""

    token: str
    ticket: Ticket
    file: File
    charge: billing.ChargeRequest
    colleague: Person


def prepare(now: datetime) -> Catalogue:
    agent = _agent(now)
    name = agent.display_name
    team = accounts.set_team(actor=None, name=name, members=[agent], now=now)
    with as_provider():
        product = Product.objects.create(name=name, team=team)
        release = releases.draft_release(actor=None, product=product, number="2", kind="update", nature="technical", now=now)
        content = BytesIO(name.encode())
        artifact = releases.add_artifact(actor=None, release=release, kind="package", name=name, content=content, size=len(name), now=now)
        return Catalogue(
            agent=agent,
            product=product,
            version=Version.objects.create(product=product, number="1", available_date=now.date()),
            calendar=create_calendar(actor=None, name=name, time_zone=settings.TIME_ZONE, now=now),
            policy=policies.add_policy(actor=None, name=name, now=now),
            release=release,
            artifact=artifact,
            issue=releases.keep_issue(actor=None, issue=None, product=product, words={"title_en": name, "title_pt": name}, now=now),
        )


def plant(catalogue: Catalogue, now: datetime) -> Canary:
    """A company with a row in every table that carries a customer."""
    token = f"canary-{secrets.token_hex(8)}"
    customer = accounts.create_customer(actor=None, name=token, language="en", time_zone="UTC", now=now)
    person = accounts.register_person(email=f"{token}@canary.invalid", name=token, language="en", now=now)
    membership = accounts.add_member(actor=None, customer=customer, person=person, role=Membership.Role.ADMIN, now=now)
    invitation = accounts.invite(
        actor=person, customer=customer, email=f"guest-{token}@canary.invalid", name=token, role="member", language="en", now=now
    )
    contract = _sign(catalogue, customer, token, now)
    environment = contracts.keep_environment(
        actor=None,
        customer=customer,
        environment=None,
        name=token,
        kind=Environment.Kind.TEST,
        contract=contract,
        notes=token,
        installed={catalogue.product: catalogue.version},
        contacts=[person],
        now=now,
    )
    ticket, file, charge = _plant_ticket(catalogue, contract, environment, person, token, now=now)
    with as_provider():
        page(key=token, title=token, text=token, about_table="tickets_ticket", about_id=ticket.pk, customer_id=customer.pk, now=now)
    loose_file = tickets.upload(customer_id=customer.pk, uploader=person, name=f"{token}.log", content=ContentFile(token.encode()), now=now)
    _plant_watch(catalogue, environment, person, ticket, token, now)
    licence = _plant_release(catalogue, contract, person, token, now)
    hidden = _plant_private(catalogue, contract, environment, person, now)
    return Canary(token, customer, person, membership, invitation, contract, environment, ticket, file, charge, loose_file, licence, hidden)


def _sign(catalogue: Catalogue, customer: Customer, token: str, now: datetime) -> Contract:
    """A contract of two months, which will be suspended."""
    day = now.date()
    contract = contracts.sign_contract(
        actor=None,
        customer=customer,
        number=token,
        signed_date=day,
        first_date=day - timedelta(days=30),
        calendar=catalogue.calendar,
        account_manager=catalogue.agent,
        deputy=None,
        currency="BRL",
        products=[catalogue.product],
        terms={
            "last_date": day + timedelta(days=30),
            "policy": catalogue.policy,
            "functional_rate_cents": 1,
            "off_hours_rate_cents": 1,
            "update_rate_cents": 1,
        },
        now=now,
    )
    contracts.set_standing(
        actor=None, contract=contract, state=Standing.State.SUSPENDED, from_date=day + timedelta(days=20), reason=token, now=now
    )
    return contract


def _plant_release(catalogue: Catalogue, contract: Contract, person: Person, token: str, now: datetime) -> Licence:
    """A licence, and rows of somebody told of a release that they fetched."""
    customer_id = contract.customer_id
    licence = releases.issue_licence(
        actor=None, contract=contract, product=catalogue.product, name=token, content=BytesIO(token.encode()), size=len(token), now=now
    )
    with as_provider():
        catalogue.release.recipients.create(customer_id=customer_id, person=person, purpose="published", state="owed")
    releases.count_download(customer_id=customer_id, person=person, file=licence, link=secrets.token_hex(16), now=now)
    return licence


def _plant_ticket(
    catalogue: Catalogue, contract: Contract, environment: Environment, person: Person, token: str, *, private: bool = False, now: datetime
) -> tuple[Ticket, File, billing.ChargeRequest]:
    """A ticket with a row in every table that hangs on one."""
    file = tickets.upload(
        customer_id=contract.customer_id, uploader=person, name=f"{token}.txt", content=ContentFile(token.encode()), now=now
    )
    ticket = tickets.open_ticket(
        contract=contract,
        product=catalogue.product,
        environment=environment,
        version=catalogue.version,
        type="technical",
        severity="low",
        subject=token,
        description=f"{token}, Call-ID: {call_id(token)}",
        files=[file],
        requester=person,
        opened_by=person,
        private=private,
        now=now,
    )
    tickets.watch(ticket=ticket, person=person, actor=person, by_staff=False, now=now)
    tickets.answer(ticket=ticket, agent=catalogue.agent.person, body=token, status="resolved", now=now)
    tickets.rate(ticket=ticket, person=person, level="neutral", comment=token, now=now)
    tickets.reply(ticket=ticket, author=person, body=token, now=now)
    tickets.note(ticket=ticket, author=catalogue.agent.person, body=f"internal {token}", now=now)
    tickets.place_hold(ticket=ticket, reason=token, placed_by=catalogue.agent.person, now=now)
    _plant_miss(ticket, now)
    with as_provider():
        TicketIssue.objects.create(customer_id=ticket.customer_id, ticket=ticket, issue=catalogue.issue, linked_at=now)
    return ticket, file, _plant_hours(ticket, person, token, now)


def _plant_miss(ticket: Ticket, now: datetime) -> None:
    """As rows alone: to be missed, a promise would need time to pass."""
    with as_provider():
        clock, of_customer = Clock.objects.filter(promise=ticket.promise_id).earliest("pk"), {"customer_id": ticket.customer_id}
        breach = Breach.objects.create(clock=clock, number=1, due_at=now, noticed_at=now, cause=Cause.LATE_WORK, **of_customer)
        Annulment.objects.create(breach=breach, at=now, **of_customer)
        Firing.objects.create(clock=clock, percent=100, at=now, noticed_at=now, told_at=now, **of_customer)


def _plant_watch(catalogue: Catalogue, environment: Environment, person: Person, ticket: Ticket, token: str, now: datetime) -> None:
    """What is watched, with a row in every table of it."""
    of_it: Any = {"actor": person, "environment": environment, "now": now}
    monitoring.authorise(actor=person, customer=environment.customer, environments=[environment], text_version=texts.CURRENT, now=now)
    beat = monitoring.add_heartbeat(name=token, period=timedelta(hours=1), grace=timedelta(hours=1), **of_it)
    monitoring.add_target(address=f"{token}.invalid:9100", job="node", **of_it)
    monitoring.plan_maintenance(from_at=now, until_at=now + timedelta(hours=1), reason=token, by_staff=False, **of_it)
    _credential, secret = monitoring.make_credential(source="heartbeat", name=token, **of_it)
    ping = monitoring.Ping(beat.slug, "fail")
    monitoring.accept(source="heartbeat", token=secret, body=token.encode(), ping=ping, now=now, tick=0.0)
    monitoring.note_looks(person=catalogue.agent.person, environments=[environment], page=Look.Page.ENVIRONMENT, now=now)
    with as_provider():
        of_customer = {"customer": environment.customer}
        Rejection.objects.create(
            environment=environment, reason="not_understood", status=422, detail=token, first_at=now, last_at=now, **of_customer
        )
        watch = Watch.objects.get(environment=environment)
        SeverityRule.objects.create(watch=watch, position=0, label=token, value=token, severity="low", **of_customer)
        situation = Situation.objects.create(environment=environment, ticket=ticket, opened_at=now, last_at=now, **of_customer)
        Episode.objects.create(
            environment=environment,
            source="heartbeat",
            fingerprint=token,
            mark=token,
            heartbeat=beat,
            title=token,
            severity="low",
            started_at=now,
            seen_at=now,
            situation=situation,
            **of_customer,
        )


def _plant_hours(ticket: Ticket, person: Person, token: str, now: datetime) -> billing.ChargeRequest:
    """Work of an agent of its own, since nobody works on two things at once; what became of a request and a month, as rows alone.

    Returns the request.
    """
    agent = _agent(now)
    work.start_timer(ticket=ticket, agent=agent, now=now)
    log = work.log_work(
        ticket=ticket, agent=agent, began_at=now - timedelta(hours=2), ended_at=now - timedelta(hours=1), note=token, now=now
    )
    month = now.date().replace(day=1)
    of_customer = {"customer_id": ticket.customer_id}
    of_contract = of_customer | {"contract_id": ticket.contract_id}
    with as_provider():
        request = billing.ChargeRequest.objects.create(
            **of_contract,
            ticket=ticket,
            kind="functional_excess",
            state="waiting",
            reason=token,
            minutes=1,
            rate_cents=1,
            answer_by=now,
            drafted_at=now,
            sent_at=now,
        )
        billing.ListedLog.objects.create(**of_customer, request=request, log=log)
        billing.Decision.objects.create(
            **of_customer, request=request, verdict="declined", minutes=0, by=person, at=now, shown={"reason": token}, shown_hash="0" * 64
        )
        billing.Threshold.objects.create(**of_contract, month=month, percent=ticket.pk % 100, passed_at=now)
        billing.Review.objects.create(
            **of_contract, month=month, log=log, verdict="approved", minutes=1, most_minutes=1, by=agent.person, at=now
        )
        billing.Correction.objects.create(**of_contract, of_month=month - timedelta(days=40 * (ticket.pk % 2)), month=month, amount_cents=1)
        statement = billing.Statement.objects.create(
            **of_contract,
            month=month - timedelta(days=40 * (ticket.pk % 2)),
            number=token[:20],
            closed_at=now,
            closed_by=agent.person,
            currency="BRL",
            total_cents=1,
            agreed={"customer": token},
        )
        billing.StatementLine.objects.create(
            **of_customer, statement=statement, position=1, kind="work", ticket=ticket, log=log, of_month=month, note=token, amount_cents=1
        )
    return request


def _agent(now: datetime) -> StaffMember:
    name = f"canary-{secrets.token_hex(8)}"
    person = accounts.register_person(email=f"{name}@canary.invalid", name=name, language="en", now=now)
    return accounts.set_staff_roles(actor=None, person=person, display_name=name, roles=[StaffRole.Role.AGENT], now=now)


def _plant_private(catalogue: Catalogue, contract: Contract, environment: Environment, person: Person, now: datetime) -> Hidden:
    token = f"canary-{secrets.token_hex(8)}"
    name = f"canary-{secrets.token_hex(8)}"
    colleague = accounts.register_person(email=f"{name}@canary.invalid", name=name, language="en", now=now)
    accounts.add_member(actor=None, customer=contract.customer, person=colleague, role=Membership.Role.APPROVER, now=now)
    ticket, file, charge = _plant_ticket(catalogue, contract, environment, person, token, private=True, now=now)
    with as_provider():
        Situation.objects.create(customer=contract.customer, environment=environment, ticket=ticket, opened_at=now, last_at=now)
    return Hidden(token, ticket, file, charge, colleague)


def call_id(token: str) -> str:
    return f"{token}@192.0.2.1"
