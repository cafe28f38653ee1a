"""Makes the provider and its customers: staff, teams, catalogue, people, contracts, environments."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from accounts import commands as accounts
from accounts.models import Membership
from accounts.tenancy import as_nobody
from contracts import commands as contracts
from contracts.models import Product, Version
from helpdesk.demo import provider
from helpdesk.demo.clock import ZONE
from helpdesk.demo.companies import Company, ContractFacts, Day, EnvironmentFacts, PersonFacts, on
from helpdesk.demo.upgrades import upgrade_days, version_on
from helpdesk.demo.world import Timeline, World
from notifications.commands import set_mutes
from notifications.models import Mute
from sla.commands import policies
from sla.commands.calendars import create_calendar
from sla.models import Calendar
from sla.queries.policies import rules, version_for
from sla.rules import Row, Target

FOUNDED = date(2012, 3, 5)
UPGRADES_SINCE = 730
MUTED_BY_MANY = (Mute.Kind.QUALIFIED, Mute.Kind.STATUS)


def found_provider(world: World, timeline: Timeline, today: date) -> None:
    timeline.at(_morning(FOUNDED), partial(_open_shop, world, today))
    timeline.at(_morning(today - timedelta(days=provider.CARRIER_DAYS)), partial(_promise_carriers_more, world))


def _open_shop(world: World, today: date, now: datetime) -> None:
    for name, (zone, follows) in provider.CALENDARS.items():
        known = Calendar.objects.filter(name=name).first()  # the standard one comes with the installation
        world.calendars[name] = known or create_calendar(actor=None, name=name, time_zone=zone, follows=follows, now=_midnight(today))
    world.policies[provider.STANDARD] = policies.standard_policy(now=now)
    world.policies[provider.CARRIER] = policies.add_policy(actor=None, name=provider.CARRIER, now=now)
    for facts in provider.STAFF:
        person = accounts.register_person(email=f"{facts.address}@{provider.DOMAIN}", name=facts.name, language=facts.language, now=now)
        world.people[facts.address] = person
        world.staff[facts.address] = accounts.set_staff_roles(
            actor=None, person=person, display_name=facts.display_name, roles=facts.roles, now=now
        )
        if facts.mutes:
            with as_nobody():
                set_mutes(person=person, kinds=facts.mutes)
    for team in (provider.CORE, provider.APPLICATIONS, provider.PLATFORM):
        members = [world.staff[facts.address] for facts in provider.answerers(team)]
        world.teams[team] = accounts.set_team(actor=world.people["helena.prado"], name=team, members=members, now=now)
    for key, product in provider.PRODUCTS.items():
        row = Product.objects.create(
            name=product.name, description=product.description, team=world.teams[product.team], is_offered=product.is_offered
        )
        world.products[key] = row
        for number, age in product.versions:
            world.versions[key, number] = Version.objects.create(product=row, number=number, available_date=today - timedelta(days=age))


def _promise_carriers_more(world: World, now: datetime) -> None:
    policy = world.policies[provider.CARRIER]
    latest = version_for(policy.pk, now)
    before = rules(latest.pk)
    more = {
        value: Row(always=True, seconds={target: count * 60 for target, count in zip(Target, minutes, strict=True)})
        for value, minutes in provider.CARRIER_PROMISES.items()
    }
    policies.change_policy(
        actor=world.people["helena.prado"],
        policy=policy,
        rows={**before.rows, **more},
        steps=before.steps,
        reason=provider.CARRIER_REASON,
        expected_number=latest.number,
        now=now,
    )


def found_company(world: World, timeline: Timeline, company: Company, today: date) -> None:
    """Note everything that happens to a customer besides its tickets."""
    start = min(on(contract.signed, today) for contract in company.contracts)
    timeline.at(_morning(start), partial(_register, world, company))
    for contract in company.contracts:
        _note_contract(world, timeline, company, contract, today)
    for environment in company.environments:
        _note_environment(world, timeline, company, environment, today)
    for person in company.people:
        if person.left is not None:
            timeline.at(_morning(on(person.left, today)), partial(_remove, world, company, person))


def _register(world: World, company: Company, now: datetime) -> None:
    customer = accounts.create_customer(
        actor=world.people["helena.prado"], name=company.name, language=company.language, time_zone=company.time_zone, now=now
    )
    world.customers[company.key] = customer
    for number, facts in enumerate(company.people):
        address = company.address_of(facts)
        if address not in world.people:
            world.people[address] = accounts.register_person(
                email=address, name=facts.name, language=facts.language, time_zone=company.time_zone, now=now
            )
            if number % 2:
                with as_nobody():
                    set_mutes(person=world.people[address], kinds=MUTED_BY_MANY)
        accounts.add_member(
            actor=world.people["helena.prado"],
            customer=customer,
            person=world.people[address],
            role=facts.role,
            now=now + timedelta(minutes=20),
        )


def _remove(world: World, company: Company, facts: PersonFacts, now: datetime) -> None:
    admin = next(person for person in company.people if person.role == Membership.Role.ADMIN)
    membership = Membership.objects.get(customer=world.customers[company.key], person=world.people[company.address_of(facts)])
    accounts.remove_member(actor=world.people[company.address_of(admin)], membership=membership, now=now)


def _note_contract(world: World, timeline: Timeline, company: Company, facts: ContractFacts, today: date) -> None:
    timeline.at(_morning(on(facts.signed, today), 1), partial(_sign, world, company, facts, today))
    for from_date, changes in facts.amendments:
        timeline.at(_morning(on(from_date, today) - timedelta(days=9), 2), partial(_amend, world, facts, on(from_date, today), changes))
    for state, from_date, reason in facts.standings:
        timeline.at(_morning(on(from_date, today), 3), partial(_stand, world, facts, state, from_date, reason, today))


def _sign(world: World, company: Company, facts: ContractFacts, today: date, now: datetime) -> None:
    functional, off_hours, update = facts.rates
    minutes, fee = facts.package
    world.contracts[facts.number] = contracts.sign_contract(
        actor=world.people[facts.manager],
        customer=world.customers[company.key],
        number=facts.number,
        signed_date=on(facts.signed, today),
        first_date=on(facts.first, today),
        calendar=world.calendars[facts.calendar],
        account_manager=world.staff[facts.manager],
        deputy=world.staff[facts.deputy] if facts.deputy else None,
        currency=facts.currency,
        products=[world.products[product] for product in facts.products],
        terms={
            "last_date": on(facts.last, today),
            "policy": world.policies[facts.policy],
            "allowance_minutes": facts.allowance,
            "package_minutes": minutes,
            "package_fee_cents": fee,
            "functional_rate_cents": functional,
            "off_hours_rate_cents": off_hours,
            "update_rate_cents": update,
            "increment_minutes": facts.increment,
        },
        now=now,
    )


def _amend(world: World, facts: ContractFacts, from_date: date, changes: Mapping[str, Any], now: datetime) -> None:
    contracts.amend(
        actor=world.people[facts.manager], contract=world.contracts[facts.number], from_date=from_date, changes=changes, now=now
    )


def _stand(world: World, facts: ContractFacts, state: str, from_date: Day, reason: str, today: date, now: datetime) -> None:
    contracts.set_standing(
        actor=world.people[facts.manager],
        contract=world.contracts[facts.number],
        state=state,
        from_date=on(from_date, today),
        reason=reason,
        now=now,
    )


def _note_environment(world: World, timeline: Timeline, company: Company, facts: EnvironmentFacts, today: date) -> None:
    """Its making, and each upgrade of the last two years."""
    known = next((c for c in company.contracts if c.number == facts.contract), company.contracts[0])
    made = min(max(on(known.signed, today), on(known.first, today)) + timedelta(days=10), today - timedelta(days=3))
    days = [(today - made).days, *(day for day in upgrade_days(dict(facts.installed), UPGRADES_SINCE) if day < (today - made).days)]
    for days_ago in days:
        timeline.at(_morning(today - timedelta(days=days_ago), 4), partial(_keep, world, company, facts, days_ago))


def _keep(world: World, company: Company, facts: EnvironmentFacts, days_ago: int, now: datetime) -> None:
    customer = world.customers[company.key]
    installed = {product: version_on(product, current, min(days_ago, UPGRADES_SINCE)) for product, current in facts.installed.items()}
    admin = next(person for person in company.people if person.role == Membership.Role.ADMIN)
    world.environments[company.key, facts.name] = contracts.keep_environment(
        actor=world.people[company.address_of(admin)],
        customer=customer,
        environment=world.environments.get((company.key, facts.name)),
        name=facts.name,
        kind=facts.kind,
        contract=world.contracts[facts.contract] if facts.contract else None,
        notes=facts.notes,
        installed={world.products[product]: world.versions[product, number] for product, number in installed.items()},
        contacts=[world.people[f"{contact}@{company.domain}"] for contact in facts.contacts],
        now=now,
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def _morning(day: date, hours: int = 0) -> datetime:
    return datetime.combine(day, time(9 + hours, 12), ZONE)
