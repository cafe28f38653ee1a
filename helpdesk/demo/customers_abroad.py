"""Demo customers abroad, who write in English and pay in dollars."""

from datetime import date

from helpdesk.demo.companies import Company, ContractFacts, EnvironmentFacts, PersonFacts
from helpdesk.demo.provider import CARRIER

FOREIGN: tuple[Company, ...] = (
    Company(
        "northgate",
        "Northgate Voice Ltd",
        "northgatevoice.example",
        weight=44,
        language="en",
        time_zone="Europe/London",
        people=(
            PersonFacts("oliver.hayes", "Oliver Hayes", "admin", "en"),
            PersonFacts("priya.nair", "Priya Nair", "member", "en"),
            PersonFacts("tom.ashworth", "Tom Ashworth", "member", "en"),
            PersonFacts("grace.okafor", "Grace Okafor", "approver", "en"),
            PersonFacts("ewan.fraser", "Ewan Fraser", "member", "en"),
        ),
        contracts=(
            ContractFacts(
                "NG-2019/001",
                date(2019, 1, 14),
                date(2019, 2, 1),
                330,
                ("softswitch", "sbc", "billing", "monitor"),
                "gustavo.heinzen",
                policy=CARRIER,
                currency="USD",
                allowance=180,
                package=(480, 180000),
                rates=(9000, 13500, 11000),
                amendments=((-200, {"functional_rate_cents": 9600, "reason": "Yearly adjustment"}),),
            ),
        ),
        environments=(
            EnvironmentFacts(
                "Manchester",
                "production",
                "NG-2019/001",
                {"softswitch": "8.0", "sbc": "5.0", "billing": "4.0", "monitor": "2.3"},
                ("priya.nair", "tom.ashworth"),
                "Change freeze in the last week of each month.",
            ),
            EnvironmentFacts("Leeds standby", "production", "NG-2019/001", {"softswitch": "8.0", "sbc": "4.3"}, ("ewan.fraser",)),
            EnvironmentFacts("Staging", "test", "NG-2019/001", {"softswitch": "8.1"}),
        ),
        trunks=("GAMMA-MAN", "BT-IPX", "COLT-LDS"),
        cities=("Manchester", "Leeds", "Sheffield", "York"),
        numbers="+44 1632 96{:04d}",
        peers=("customer-014", "customer-207", "reseller-3"),
    ),
    Company(
        "lakeshore",
        "Lakeshore Communications",
        "lakeshorecomm.example",
        weight=30,
        language="en",
        time_zone="America/Chicago",
        people=(
            PersonFacts("dana.whitfield", "Dana Whitfield", "admin", "en"),
            PersonFacts("marcus.bell", "Marcus Bell", "member", "en"),
            PersonFacts("lupe.ortega", "Lupe Ortega", "approver", "en"),
            PersonFacts("kyle.jensen", "Kyle Jensen", "member", "en"),
        ),
        contracts=(
            ContractFacts(
                "LC-2021/004",
                date(2021, 9, 7),
                date(2021, 10, 1),
                48,
                ("pbx", "sbc", "recorder"),
                "gustavo.heinzen",
                "fernanda.lopes",
                currency="USD",
                rates=(9500, 14000, 11500),
            ),
        ),
        environments=(
            EnvironmentFacts("Milwaukee", "production", "LC-2021/004", {"pbx": "5.2", "sbc": "4.3", "recorder": "2.1"}, ("marcus.bell",)),
            EnvironmentFacts("Lab", "test", "LC-2021/004", {"pbx": "5.3", "sbc": "5.0"}),
        ),
        trunks=("BANDWIDTH-MKE", "LUMEN-CHI"),
        cities=("Milwaukee", "Racine", "Green Bay"),
        numbers="+1 414 555 01{:02d}",
        peers=("school-district", "county-clerk", "dealer-11"),
    ),
    Company(
        "mapleridge",
        "Maple Ridge Hospitality",
        "mapleridge.example",
        weight=8,
        language="en",
        time_zone="America/Toronto",
        people=(PersonFacts("noah.tremblay", "Noah Tremblay", "admin", "en"),),
        contracts=(
            ContractFacts(
                "MR-2025/002", -410, -400, 330, ("pbx",), "gustavo.heinzen", currency="USD", allowance=60, rates=(9500, 14000, 11500)
            ),
        ),
        environments=(EnvironmentFacts("Ottawa hotel", "production", "MR-2025/002", {"pbx": "5.2"}, ("noah.tremblay",)),),
        trunks=("ROGERS-OTT",),
        cities=("Ottawa",),
        numbers="+1 613 555 01{:02d}",
        peers=("front-desk", "events", "spa"),
    ),
)
