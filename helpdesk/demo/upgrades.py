"""Which version ran where on which day: customers upgrade some time after a version came out."""

from helpdesk.demo.provider import PRODUCTS

UPGRADED_AFTER = 0.7  # the share of a version's age for which it has been installed


def installed_days_ago(age: int) -> int:
    return int(age * UPGRADED_AFTER)


def version_on(product: str, installed: str, days_ago: int) -> str:
    """The version that ran `days_ago`, of a product of which `installed` runs today."""
    versions = PRODUCTS[product].versions
    numbers = [number for number, _age in versions]
    until_now = versions[: numbers.index(installed) + 1]
    ran = [number for number, age in until_now if installed_days_ago(age) >= days_ago]
    return ran[-1] if ran else until_now[0][0]


def upgrade_days(installed: dict[str, str], since: int) -> list[int]:
    """The days, as days ago and oldest first, on which an environment changed after `since` days ago."""
    days: set[int] = set()
    for product, current in installed.items():
        numbers = [number for number, _age in PRODUCTS[product].versions]
        for _number, age in PRODUCTS[product].versions[1 : numbers.index(current) + 1]:
            if installed_days_ago(age) < since:
                days.add(installed_days_ago(age))
    return sorted(days, reverse=True)
