"""The release desk: lists of releases and known issues, one release with how its distribution goes, and what customers have of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Prefetch, Q, QuerySet

from accounts.models import Customer
from contracts.models import Contract, Installation, Product
from helpdesk.lib.prepared import Prepared, Question
from notifications.models import Mail
from releases import letters
from releases.models import Artifact, Download, KnownIssue, Licence, Recipient, Release, TicketIssue
from releases.queries.products import packages_first
from tickets.models import Ticket

PAGE = 50
STATES = {
    Release.State.DRAFT: Q(published_at=None, publish_at=None),
    Release.State.SCHEDULED: Q(published_at=None, publish_at__isnull=False),
    Release.State.PUBLISHED: Q(published_at__isnull=False, withdrawn_at=None),
    Release.State.WITHDRAWN: Q(withdrawn_at__isnull=False),
}


@dataclass(frozen=True)
class ReleaseRow:
    release: Release
    files: int
    fetched_by: int


def releases_page(*, state: str, product: int | None, before: int | None, size: int = PAGE) -> list[ReleaseRow]:
    """Newest first, one more than `size` when there are more; `fetched_by`: so many customers downloaded something of it."""
    releases = Release.objects.select_related("product").order_by("-pk")
    if state in STATES:
        releases = releases.filter(STATES[Release.State(state)])
    if product is not None:
        releases = releases.filter(product=product)
    if before is not None:
        releases = releases.filter(pk__lt=before)
    found: list[Any] = list(releases.annotate(files=Count("artifacts"))[: size + 1])
    fetched = dict(
        Download.objects.filter(release__in=found).order_by().values_list("release_id").annotate(Count("customer_id", distinct=True))
    )
    return [ReleaseRow(release, release.files, fetched.get(release.pk, 0)) for release in found]


# --- How a distribution goes ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Progress:
    """People by what became of telling them; of `customers`, `nobody` could not be told at all.

    `unknown`: it may have gone out, and a person decides. `kept_back`: the address bounces, or a server wants it later.
    """

    people: int
    customers: int
    nobody: int
    waiting: int
    dropped: int
    on_their_way: int
    kept_back: int
    sent: int
    muted: int
    failed: int
    unknown: int

    @property
    def done(self) -> int:
        """Of whom nothing more is to come by itself; those kept back are tried again."""
        return self.sent + self.muted + self.failed + self.unknown + self.dropped

    @property
    def percent(self) -> int:
        """Of everybody who is to be told; the last percent is there only when nobody is left."""
        return self.done * 100 // self.people if self.people else 100

    @property
    def goes_on(self) -> bool:
        return bool(self.waiting or self.on_their_way)


SOON = timedelta(seconds=10)  # what is due by then is on its way: clocks are apart, and it was owed a moment ago
ARRIVED = (Mail.State.SENT, Mail.State.DELIVERED, Mail.State.JOINED)


def progress(release: Release, purpose: str, now: datetime) -> Progress:
    """Few questions, each to an index, whatever the number of people. What waits is counted first: it becomes mails meanwhile, not less."""
    soon = now + SOON
    rows = release.recipients.filter(purpose=purpose).order_by()
    by_state: dict[str, int] = dict(rows.values_list("state").annotate(Count("pk")))
    counted = rows.aggregate(customers=Count("customer_id", distinct=True))
    mails = _mails(release, purpose).aggregate(
        on_their_way=Count("pk", filter=Q(state=Mail.State.SENDING) | Q(state=Mail.State.DUE, due_at__lte=soon)),
        kept_back=Count("pk", filter=Q(state=Mail.State.DUE, due_at__gt=soon)),
        sent=Count("pk", filter=Q(state__in=ARRIVED)),
        muted=Count("pk", filter=Q(state=Mail.State.MUTED)),
        failed=Count(
            "pk", filter=Q(state__in=[Mail.State.BOUNCED, Mail.State.COMPLAINED]) | Q(state=Mail.State.PARKED, unknown_outcomes=0)
        ),
        unknown=Count("pk", filter=Q(state=Mail.State.PARKED, unknown_outcomes__gt=0)),
    )
    nobody = by_state.pop(Recipient.State.NOBODY, 0)
    return Progress(
        people=sum(by_state.values()),
        customers=counted["customers"],
        nobody=nobody,
        waiting=by_state.get(Recipient.State.WAITING, 0),
        dropped=by_state.get(Recipient.State.DROPPED, 0),
        **mails,
    )


def _mails(release: Release, purpose: str) -> "QuerySet[Mail]":
    kinds = (letters.WITHDRAWN,) if purpose == Recipient.Purpose.WITHDRAWN else letters.ANNOUNCEMENTS
    return Mail.objects.filter(about_table=Release._meta.db_table, about_id=release.pk, kind__in=kinds).order_by()


def troubled(release: Release, most: int = PAGE) -> list[Mail]:
    """Mails of a release that did not arrive or may not have, those whose outcome nobody knows first."""
    wrong = Q(state__in=[Mail.State.PARKED, Mail.State.BOUNCED, Mail.State.COMPLAINED])
    mails = Mail.objects.filter(wrong, about_table=Release._meta.db_table, about_id=release.pk).select_related("recipient", "customer")
    return list(mails.order_by("-unknown_outcomes", "pk")[:most])


@dataclass(frozen=True)
class Desk:
    """One release for staff. `told`, `taken_back`: how telling goes, None before it began. `fetched_by`: customers that downloaded of it."""

    release: Release
    artifacts: Sequence[Artifact]
    fixes: Sequence[KnownIssue]
    told: Progress | None
    taken_back: Progress | None
    troubles: Sequence[Mail]
    fetched_by: int

    @property
    def may_retry(self) -> bool:
        """Whether something failed that can be tried again: of a withdrawn release, telling why."""
        if self.taken_back is not None:
            return bool(self.taken_back.failed)
        return self.told is not None and bool(self.told.failed or self.told.nobody)


def desk_page(release: Release, now: datetime) -> Desk:
    published, withdrawn = release.published_at is not None, release.withdrawn_at is not None
    return Desk(
        release=release,
        artifacts=packages_first(release.artifacts.all()),
        fixes=[fix.issue for fix in release.fixed.select_related("issue")],
        told=progress(release, Recipient.Purpose.PUBLISHED, now) if published else None,
        taken_back=progress(release, Recipient.Purpose.WITHDRAWN, now) if withdrawn else None,
        troubles=troubled(release) if published else [],
        fetched_by=release.downloads.order_by().aggregate(count=Count("customer_id", distinct=True))["count"] if published else 0,
    )


# --- What customers have of a release -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class CustomerRow:
    """`told`: people told, or to be; `first_fetch`: None when nobody there downloaded anything of it; `runs`: versions of the product there."""

    customer: Customer
    told: int
    trouble: bool
    first_fetch: datetime | None
    runs: Sequence[str]


FILTERS = ("", "fetched", "not_fetched", "not_reached")


def customers_of(release: Release, *, only: str, after: int | None, size: int = PAGE) -> tuple[list[CustomerRow], bool]:
    """Customers to whom it was announced or who fetched it, by id, and whether there are more; `only`: one of FILTERS."""
    told = release.recipients.filter(purpose=Recipient.Purpose.PUBLISHED, customer=OuterRef("pk"))
    fetched = Download.objects.filter(release=release, customer=OuterRef("pk"))
    wrong = _troubled_mails(release).filter(customer=OuterRef("pk"))
    customers = Customer.objects.filter(Exists(told) | Exists(fetched)).order_by("pk")
    if only == "fetched":
        customers = customers.filter(Exists(fetched))
    elif only == "not_fetched":
        customers = customers.exclude(Exists(fetched))
    elif only == "not_reached":
        customers = customers.filter(Exists(told.filter(state=Recipient.State.NOBODY)) | Exists(wrong))
    if after is not None:
        customers = customers.filter(pk__gt=after)
    found = list(customers[: size + 1])
    return _rows(release, found[:size]), len(found) > size


def _troubled_mails(release: Release) -> "QuerySet[Mail]":
    return _mails(release, Recipient.Purpose.PUBLISHED).filter(state__in=[Mail.State.PARKED, Mail.State.BOUNCED])


def _rows(release: Release, customers: list[Customer]) -> list[CustomerRow]:
    recipients = release.recipients.filter(purpose=Recipient.Purpose.PUBLISHED, customer__in=customers)
    told = dict(recipients.order_by().values_list("customer_id").annotate(Count("person")))  # none where nobody could be told
    first = dict(release.downloads.filter(customer__in=customers).order_by().values_list("customer_id").annotate(Min("begun_at")))
    wrong = set(_troubled_mails(release).filter(customer__in=customers).values_list("customer_id", flat=True))
    runs: dict[int, list[str]] = {}
    installed = Installation.objects.filter(product=release.product_id, customer__in=customers, environment__retired_at=None)
    for customer_id, number in installed.order_by("version__number").values_list("customer_id", "version__number").distinct():
        runs.setdefault(customer_id, []).append(number)
    return [
        CustomerRow(one, told.get(one.pk, 0), one.pk in wrong or told.get(one.pk) == 0, first.get(one.pk), runs.get(one.pk, ()))
        for one in customers
    ]


# --- Known issues -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class IssueRow:
    """`fixed_in`: the releases that fix it and are offered, or drafts that will; `tickets`: how many are about it."""

    issue: KnownIssue
    tickets: int
    fixed_in: Sequence[Release]


def issues_page(*, product: int | None, before: int | None, size: int = PAGE) -> list[IssueRow]:
    """Newest first, one more than `size` when there are more."""
    fixing = Prefetch("release_set", Release.objects.filter(withdrawn_at=None).select_related("product"), to_attr="fixing")
    issues = KnownIssue.objects.select_related("product").prefetch_related(fixing).annotate(linked=Count("tickets")).order_by("-pk")
    if product is not None:
        issues = issues.filter(product=product)
    if before is not None:
        issues = issues.filter(pk__lt=before)
    return [IssueRow(issue, issue.linked, issue.fixing) for issue in issues[: size + 1]]


def issues_of(ticket: Ticket) -> list[TicketIssue]:
    """What a ticket is about, with the release of which it was told; one query."""
    return issues_question(ticket).ask()


def issues_question(ticket: Ticket) -> Question:
    """The same, for a page that asks for more in the same round trip."""
    return _issues.question(ticket.pk)


_issues = Prepared(lambda ticket: TicketIssue.objects.filter(ticket=ticket).select_related("issue", "told_of"))


def tickets_of(issue: KnownIssue, most: int = PAGE) -> list[TicketIssue]:
    return list(issue.tickets.select_related("ticket", "customer", "told_of").order_by("-pk")[:most])


# --- Licences -----------------------------------------------------------------------------------------------------------
def licences_of(contract: Contract) -> list[tuple[Product, list[Licence]]]:
    """Every product of a contract with its licences, the one that counts first."""
    found: dict[int, list[Licence]] = {}
    for licence in Licence.objects.filter(contract=contract).select_related("issued_by"):
        found.setdefault(licence.product_id, []).append(licence)
    return [(product, found.get(product.pk, [])) for product in contract.products.order_by("name")]


def product_choices() -> list[tuple[int, str]]:
    rows: Any = Product.objects.order_by("name").values_list("pk", "name")
    return list(rows)
