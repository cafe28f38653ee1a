"""The small world that most tests begin with."""

from dataclasses import dataclass

from accounts.models import Customer, Membership, Person, StaffMember, Team
from contracts.models import Contract, Product, Version
from tests import factories as make


@dataclass(frozen=True)
class World:
    acme: Customer
    globex: Customer
    ada: Person
    alan: Person
    grace: Person
    sara: StaffMember
    lea: StaffMember
    max: StaffMember
    core: Team
    softswitch: Product
    version: Version
    contract: Contract
    globex_contract: Contract


def build() -> World:
    sara, lea = make.staff("Sara Support", "agent"), make.staff("Lea Lead", "agent", "lead")
    manager = make.staff("Max Manager", "account_manager")
    core = make.team("Core", sara, lea)
    softswitch = make.product("Softswitch", core)
    acme, globex = make.customer("Acme"), make.customer("Globex")
    return World(
        acme=acme,
        globex=globex,
        ada=make.member(acme, "Ada Lovelace", Membership.Role.ADMIN),
        alan=make.member(acme, "Alan Turing"),
        grace=make.member(globex, "Grace Hopper", Membership.Role.ADMIN),
        sara=sara,
        lea=lea,
        max=manager,
        core=core,
        softswitch=softswitch,
        version=make.version(softswitch),
        contract=make.contract(acme, softswitch, manager=manager),
        globex_contract=make.contract(globex, softswitch, manager=manager),
    )
