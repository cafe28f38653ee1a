"""Who is on which version, and who lacks a security update: what staff look at across customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min

from contracts.models import Installation, Product, Version
from releases import numbers
from releases.models import Download, Release
from releases.queries.products import newest_of, releases_of, security_above, withdrawn_numbers

PAGE = 100
BEHIND, SECURITY = "behind", "security"


@dataclass(frozen=True)
class VersionRow:
    """One version of the product with where it runs. `lacks`: security updates that came after it, the newest first."""

    version: Version
    environments: int
    customers: int
    is_newest: bool
    is_withdrawn: bool
    lacks: Sequence[Release]


@dataclass(frozen=True)
class SiteRow:
    """`fetched_at`: when somebody of the customer first downloaded the update that it lacks; None: nobody did, or it lacks none."""

    installation: Installation
    is_behind: bool
    is_withdrawn: bool
    lacks: Release | None
    fetched_at: datetime | None


@dataclass(frozen=True)
class VersionsPage:
    product: Product
    newest: Release | None
    versions: Sequence[VersionRow]
    sites: Sequence[SiteRow]
    has_more: bool


def versions_page(product: Product, *, only: str, after: int | None, size: int = PAGE) -> VersionsPage:
    """Where a product runs in which version, newest version first, and its environments by customer.

    `only`: BEHIND or SECURITY narrow the environments; `after`: the last one seen.
    """
    releases = releases_of([product.pk]).get(product.pk, [])
    newest = newest_of(releases)
    installed = Installation.objects.filter(product=product, environment__retired_at=None)
    versions = _versions(product, releases, newest)
    sites = installed.select_related("customer", "environment", "version").order_by("pk")
    if only in {BEHIND, SECURITY}:
        sites = sites.filter(version__in=[v.version.pk for v in versions if (v.lacks if only == SECURITY else not v.is_newest)])
    if after is not None:
        sites = sites.filter(pk__gt=after)
    found = list(sites[: size + 1])
    return VersionsPage(product, newest, versions, _sites(found[:size], versions), len(found) > size)


def _versions(product: Product, releases: Sequence[Release], newest: Release | None) -> list[VersionRow]:
    counted = Version.objects.filter(product=product, pk__in=Installation.objects.filter(environment__retired_at=None).values("version"))
    places = {
        version: (environments, customers)
        for version, environments, customers in Installation.objects.filter(product=product, environment__retired_at=None)
        .order_by()
        .values_list("version_id")
        .annotate(Count("environment_id", distinct=True), Count("customer_id", distinct=True))
    }
    withdrawn = withdrawn_numbers(releases)
    rows = [
        VersionRow(
            version=version,
            environments=places[version.pk][0],
            customers=places[version.pk][1],
            is_newest=version.number not in withdrawn and (newest is None or not numbers.is_newer(newest.number, version.number)),
            is_withdrawn=version.number in withdrawn,
            lacks=security_above(version.number, releases),
        )
        for version in counted
    ]
    return sorted(rows, key=lambda row: numbers.key(row.version.number), reverse=True)


def _sites(installations: list[Installation], versions: Sequence[VersionRow]) -> list[SiteRow]:
    by_version = {row.version.pk: row for row in versions}
    wanted = {row.lacks[0].pk for row in versions if row.lacks}
    customers = {one.customer_id for one in installations}
    fetched = {
        (customer, release): at
        for customer, release, at in Download.objects.filter(release__in=wanted, customer__in=customers)
        .order_by()
        .values_list("customer_id", "release_id")
        .annotate(at=Min("begun_at"))
    }
    rows = []
    for one in installations:
        row = by_version[one.version_id]
        lacks = row.lacks[0] if row.lacks else None
        rows.append(SiteRow(one, not row.is_newest, row.is_withdrawn, lacks, fetched.get((one.customer_id, lacks.pk)) if lacks else None))
    return rows
