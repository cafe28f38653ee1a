"""A customer's products: what runs where, what is newest, licences, history; and why a product can't be downloaded any more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Customer
from contracts.models import Contract, Environment, Installation, Product, Standing
from contracts.queries import ContractCard, contracts_of, environments_of, whom_to_talk_to
from releases import numbers
from releases.models import Artifact, Download, Licence, Release

SHOWN_OF_HISTORY = 12


@dataclass(frozen=True)
class Site:
    """Where a product runs. `is_behind`: a newer version is offered; `lacks_security`: one that closes a hole lies between;
    `is_withdrawn`: what runs there was taken back.
    """

    environment: Environment
    version: str
    is_behind: bool
    lacks_security: bool
    is_withdrawn: bool = False


@dataclass(frozen=True)
class LicenceLine:
    """The licence for a product under one contract in force, with those before it."""

    contract: Contract
    current: Licence
    earlier: Sequence[Licence]


@dataclass(frozen=True)
class ProductLine:
    """`why_not`: why nothing of it can be downloaded; empty for a product under a contract in force, and only then the rest is filled.

    `fetched`: ids of releases that somebody of the company downloaded.
    """

    product: Product
    why_not: str
    sites: Sequence[Site]
    newest: Release | None = None
    manual: Artifact | None = None
    licences: Sequence[LicenceLine] = ()
    history: Sequence[Release] = ()
    fetched: frozenset[int] = frozenset()

    @property
    def is_behind(self) -> bool:
        return any(site.is_behind for site in self.sites)

    @property
    def lacks_security(self) -> bool:
        return any(site.lacks_security for site in self.sites)

    @property
    def is_withdrawn(self) -> bool:
        return any(site.is_withdrawn for site in self.sites)


@dataclass(frozen=True)
class Products:
    """`managers`: whom to talk to about what is not covered."""

    lines: list[ProductLine]
    managers: list[str]


def products_page(customer: Customer, now: datetime) -> Products:
    """Every product that a contract of the customer names or an environment runs, covered ones first, by name."""
    cards, environments = contracts_of(customer, now), environments_of(customer)
    of_product = _cards_by_product(cards)
    sites = _sites_by_product(environments)
    products = {product.pk: product for card in cards for product in card.contract.products.all()}
    products |= {one.product_id: one.product for environment in environments for one in environment.installations.all()}
    covered = {pk for pk, own in of_product.items() if any(card.state == "in_force" for card in own)}
    releases, licences, fetched = releases_of(covered), _licences_of(cards), _fetched(customer)
    lines = [
        _line(products[pk], of_product.get(pk, []), sites.get(pk, []), releases.get(pk, []), licences.get(pk, []), fetched)
        for pk in products
    ]
    lines.sort(key=lambda line: (bool(line.why_not), line.product.name))
    return Products(lines, whom_to_talk_to(customer) if any(line.why_not for line in lines) else [])


def releases_of(products: Iterable[int]) -> dict[int, list[Release]]:
    """Published releases with their files by product, the newest version first; withdrawn ones included."""
    found: dict[int, list[Release]] = {}
    rows = Release.objects.published().filter(product__in=list(products)).select_related("product").prefetch_related("artifacts")
    for release in rows:
        found.setdefault(release.product_id, []).append(release)
    for own in found.values():
        own.sort(key=lambda release: (numbers.key(release.number), release.pk), reverse=True)
    return found


def newest_of(releases: Sequence[Release]) -> Release | None:
    """The newest version that is offered, of releases newest first. One that comes before a final version is newest only without any."""
    offered = [release for release in releases if release.is_offered]
    return next((release for release in offered if "-" not in release.number), offered[0] if offered else None)


def withdrawn_numbers(releases: Iterable[Release]) -> frozenset[str]:
    """Versions, of published releases, that were taken back and not published anew."""
    releases = list(releases)
    return frozenset(r.number for r in releases if not r.is_offered) - frozenset(r.number for r in releases if r.is_offered)


def security_above(version: str, releases: Iterable[Release]) -> list[Release]:
    """Offered releases newer than a version that close a security hole."""
    return [r for r in releases if r.is_offered and r.is_security and numbers.is_newer(r.number, version)]


def _cards_by_product(cards: Iterable[ContractCard]) -> dict[int, list[ContractCard]]:
    found: dict[int, list[ContractCard]] = {}
    for card in cards:
        for product in card.contract.products.all():
            found.setdefault(product.pk, []).append(card)
    return found


def _sites_by_product(environments: Iterable[Environment]) -> dict[int, list[tuple[Environment, str]]]:
    found: dict[int, list[tuple[Environment, str]]] = {}
    for environment in environments:
        for one in environment.installations.all():
            found.setdefault(one.product_id, []).append((environment, one.version.number))
    return found


def _licences_of(cards: Iterable[ContractCard]) -> dict[int, list[LicenceLine]]:
    """By product, for contracts in force."""
    standing = {card.contract.pk: card.contract for card in cards if card.state == "in_force"}
    issued: dict[tuple[int, int], list[Licence]] = {}
    for licence in Licence.objects.filter(contract__in=standing):
        issued.setdefault((licence.product_id, licence.contract_id), []).append(licence)
    found: dict[int, list[LicenceLine]] = {}
    for (product, contract), (current, *earlier) in sorted(issued.items()):
        found.setdefault(product, []).append(LicenceLine(standing[contract], current, earlier))
    return found


def _fetched(customer: Customer) -> frozenset[int]:
    fetched = Download.objects.filter(customer=customer, release__isnull=False).order_by()
    return frozenset(fetched.values_list("release_id", flat=True).distinct())


def _line(
    product: Product,
    cards: list[ContractCard],
    sites: list[tuple[Environment, str]],
    releases: list[Release],
    licences: list[LicenceLine],
    fetched: frozenset[int],
) -> ProductLine:
    if not any(card.state == "in_force" for card in cards):
        return ProductLine(product, _why_not(cards), [Site(environment, version, False, False) for environment, version in sites])
    newest, withdrawn = newest_of(releases), withdrawn_numbers(releases)
    shown = [
        Site(
            environment,
            version,
            is_behind=newest is not None and numbers.is_newer(newest.number, version),
            lacks_security=bool(security_above(version, releases)),
            is_withdrawn=version in withdrawn,
        )
        for environment, version in sites
    ]
    manual = next((a for a in newest.artifacts.all() if a.kind == Artifact.Kind.MANUAL), None) if newest is not None else None
    return ProductLine(product, "", shown, newest, manual, licences, releases[:SHOWN_OF_HISTORY], fetched)


WEIGHT = {"suspended": 0, "not_begun": 1, "expired": 2, "ended": 2}


def _why_not(cards: list[ContractCard]) -> str:
    """The one thing to say of contracts of which none is in force: what may change first, else what ended last."""
    if not cards:
        return _("No contract covers it.")
    card = min(cards, key=lambda card: (WEIGHT[card.state], -_since(card).toordinal()))
    facts = {"number": card.contract.number, "day": date_format(_since(card), "DATE_FORMAT")}
    if card.state == "suspended":
        return _("Contract %(number)s is suspended since %(day)s.") % facts
    if card.state == "not_begun":
        return _("Contract %(number)s begins on %(day)s.") % facts
    return _("Contract %(number)s ended on %(day)s.") % facts


def _since(card: ContractCard) -> date:
    """The day from which a contract is what it is: of one that ran out, its last."""
    if card.state == "not_begun":
        return card.contract.first_date
    if card.state == "expired":
        return card.terms.last_date
    state = Standing.State.SUSPENDED if card.state == "suspended" else Standing.State.ENDED
    days = [standing.from_date for standing in card.contract.standings.all() if standing.state == state]
    return (max if card.state == "suspended" else min)(days)


@dataclass(frozen=True)
class ReleasePage:
    """`is_installed`: whether the product is noted in an environment of the company, for which help with an update can be asked."""

    release: Release
    artifacts: Sequence[Artifact]
    fixes: Sequence[object]
    fetched: Sequence[Download]
    others: Sequence[Release]
    is_installed: bool


def packages_first(artifacts: Iterable[Artifact]) -> list[Artifact]:
    """What is installed, then what is read about it, then what proves it."""
    order = list(Artifact.Kind)
    return sorted(artifacts, key=lambda artifact: (order.index(Artifact.Kind(artifact.kind)), artifact.name))


def release_page(release: Release, customer: Customer) -> ReleasePage:
    """A release as its customers read it; `fetched`: who of the company downloaded what of it, the latest first."""
    others = [other for other in releases_of([release.product_id]).get(release.product_id, []) if other.pk != release.pk]
    return ReleasePage(
        release=release,
        artifacts=packages_first(release.artifacts.all()),
        fixes=[fix.issue for fix in release.fixed.select_related("issue")],
        fetched=list(Download.objects.filter(customer=customer, release=release).select_related("person", "artifact")[:20]),
        others=others[:SHOWN_OF_HISTORY],
        is_installed=Installation.objects.filter(customer=customer, product=release.product_id, environment__retired_at=None).exists(),
    )
