"""The provider's own side as data: products and versions, teams, staff, calendars and policies."""

from dataclasses import dataclass

from sla import shipped
from sla.shipped import Follows

BRASILIA, MANAUS = shipped.NAME, "Business hours, Manaus"
CALENDARS = {BRASILIA: (shipped.ZONE, Follows.FLORIANOPOLIS), MANAUS: ("America/Manaus", Follows.BRAZIL)}
STANDARD, CARRIER = "Standard", "Carrier"
# What carriers are promised otherwise since so many days: coverage 24x7, minutes to first response, next update, resolution.
CARRIER_DAYS, CARRIER_REASON = 410, "Carriers hear sooner, and at night too when it is serious"
CARRIER_PROMISES = {("technical", "critical"): (15, 30, 180), ("technical", "high"): (60, 120, 480)}
DOMAIN = "sippulse.example"


@dataclass(frozen=True)
class ProductFacts:
    """`versions`: number and age in days, oldest first."""

    name: str
    description: str
    team: str
    versions: tuple[tuple[str, int], ...]
    is_offered: bool = True


CORE, APPLICATIONS, PLATFORM = "Core Network", "Applications", "Platform"
PRODUCTS: dict[str, ProductFacts] = {
    "softswitch": ProductFacts(
        "SIP Pulse Softswitch",
        "Class 4 and 5 call routing for operators",
        CORE,
        (("5.4", 3920), ("6.0", 3105), ("6.2", 2480), ("7.0", 1890), ("7.1", 1322), ("7.2", 804), ("8.0", 421), ("8.1", 148)),
    ),
    "sbc": ProductFacts(
        "SIP Pulse SBC",
        "Session border controller: security, NAT and codecs at the edge",
        CORE,
        (("3.1", 3310), ("3.4", 2417), ("4.0", 1633), ("4.2", 912), ("4.3", 407), ("5.0", 96)),
    ),
    "billing": ProductFacts(
        "SIP Pulse Billing",
        "Rating, invoices and reconciliation of call records",
        APPLICATIONS,
        (("2.8", 2990), ("3.0", 2105), ("3.2", 1380), ("3.3", 760), ("4.0", 233)),
    ),
    "pbx": ProductFacts(
        "SIP Pulse Class 5 PBX",
        "Multi-tenant PBX with queues, IVR and voicemail",
        APPLICATIONS,
        (("4.0", 2750), ("4.3", 1955), ("5.0", 1201), ("5.1", 688), ("5.2", 312), ("5.3", 61)),
    ),
    "recorder": ProductFacts(
        "SIP Pulse Recorder",
        "Call recording with retention and custody",
        PLATFORM,
        (("1.2", 1720), ("1.4", 1090), ("2.0", 540), ("2.1", 187)),
    ),
    "monitor": ProductFacts(
        "SIP Pulse Monitor",
        "Quality and availability of trunks and servers",
        PLATFORM,
        (("1.0", 2210), ("1.3", 1410), ("2.0", 845), ("2.2", 390), ("2.3", 120)),
    ),
}


@dataclass(frozen=True)
class StaffFacts:
    address: str
    name: str
    display_name: str
    roles: tuple[str, ...]
    teams: tuple[str, ...] = ()
    language: str = "pt-br"
    mutes: tuple[str, ...] = ()  # kinds of mail that they read in the console instead


_BUSY = ("ticket_opened", "ticket_qualified")
STAFF: tuple[StaffFacts, ...] = (
    StaffFacts("helena.prado", "Helena Prado", "Helena Prado", ("administrator", "lead"), mutes=_BUSY),
    StaffFacts("rodrigo.tavares", "Rodrigo Tavares", "Rodrigo Tavares", ("lead", "agent"), (CORE,)),
    StaffFacts("camila.nunes", "Camila Nunes", "Camila Nunes", ("agent",), (CORE,), mutes=_BUSY),
    StaffFacts("thiago.becker", "Thiago Becker", "Thiago Becker", ("agent",), (CORE,), mutes=_BUSY),
    StaffFacts("karen.walsh", "Karen Walsh", "Karen Walsh", ("agent",), (CORE, PLATFORM), language="en", mutes=_BUSY),
    StaffFacts("larissa.koerich", "Larissa Koerich", "Larissa Koerich", ("lead", "agent"), (APPLICATIONS,)),
    StaffFacts("diego.amaral", "Diego Amaral", "Diego Amaral", ("agent",), (APPLICATIONS,), mutes=_BUSY),
    StaffFacts("patricia.souza", "Patrícia de Souza", "Patrícia Souza", ("agent",), (APPLICATIONS,), mutes=_BUSY),
    StaffFacts("bruno.schmitt", "Bruno Schmitt", "Bruno Schmitt", ("release_manager", "agent"), (PLATFORM,)),
    StaffFacts("juliana.duarte", "Juliana Duarte", "Juliana Duarte", ("agent", "lead"), (PLATFORM,), mutes=_BUSY),
    StaffFacts("fernanda.lopes", "Fernanda Lopes", "Fernanda Lopes", ("account_manager",)),
    StaffFacts("gustavo.heinzen", "Gustavo Heinzen", "Gustavo Heinzen", ("account_manager", "lead"), mutes=_BUSY),
)


def team_of(product: str) -> str:
    return PRODUCTS[product].team


def answerers(team: str) -> tuple[StaffFacts, ...]:
    """The members of a team who answer tickets."""
    return tuple(person for person in STAFF if team in person.teams)


def leads() -> tuple[StaffFacts, ...]:
    return tuple(person for person in STAFF if "lead" in person.roles)
