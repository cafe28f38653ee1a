"""The desk's lists of all customers: what is to be released, what waits, what was decided, and what nobody approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import CharField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from billing.models import Allocation, ChargeRequest, ListedLog, Review, Statement, WorkLog
from helpdesk.lib.counting import capped

ROWS_A_PAGE = 50
CAP = 99
State = ChargeRequest.State
LISTS: dict[str, tuple[str, ...]] = {
    "release": (State.TO_RELEASE,),
    "waiting": (State.WAITING, State.WISHED),
    "drafts": (State.DRAFT,),
    "decided": (State.ACCEPTED, State.DECLINED, State.EXPIRED, State.WITHDRAWN, State.CANCELLED, State.ENDED),
}
OPEN_LISTS = ("release", "waiting", "drafts")
UNAUTHORISED = "unauthorised"


@dataclass(frozen=True)
class Page:
    """`before`: the last row's id, where there are more."""

    rows: Sequence[ChargeRequest]
    before: int | None


def requests_page(name: str, *, manager_id: int | None, before: int | None) -> Page:
    """One of `LISTS`, newest first. `manager_id`: of the contracts that this person answers for."""
    rows = ChargeRequest.objects.filter(state__in=LISTS[name]).select_related("ticket", "contract__customer", "drafted_by", "decision__by")
    rows = _of(rows, manager_id).order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: ROWS_A_PAGE + 1])
    return Page(found[:ROWS_A_PAGE], found[ROWS_A_PAGE - 1].pk if len(found) > ROWS_A_PAGE else None)


def counts(manager_id: int | None) -> dict[str, str]:
    """How many wait for somebody, by list, capped; lists of what is over have no count. Two queries."""
    found = dict.fromkeys((*LISTS, UNAUTHORISED), 0)
    names = {state: name for name in OPEN_LISTS for state in LISTS[name]}
    rows = _of(ChargeRequest.objects.filter(state__in=names), manager_id).order_by().values_list("state").annotate(Count("pk"))
    for state, count in rows:
        found[names[state]] += count
    found[UNAUTHORISED] = len(_unauthorised(manager_id).values("log")[: CAP + 1])
    return {name: capped(count, CAP) if count else "" for name, count in found.items()}


def _of(rows: "QuerySet[ChargeRequest]", manager_id: int | None) -> "QuerySet[ChargeRequest]":
    return rows if manager_id is None else rows.filter(_answered_by(manager_id))


def _answered_by(manager_id: int) -> Q:
    return Q(contract__account_manager=manager_id) | Q(contract__deputy=manager_id)


# --- What nobody approved -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Unauthorised:
    """`request`: one that lists it and is not answered yet, if any."""

    log: WorkLog
    month: date
    minutes: int
    request: int | None


@dataclass(frozen=True)
class UnauthorisedPage:
    rows: Sequence[Unauthorised]
    before: int | None


def unauthorised_page(*, manager_id: int | None, before: int | None) -> UnauthorisedPage:
    """Work of open months that nobody approved and nobody wrote off, newest first."""
    found = _unauthorised(manager_id)
    if before is not None:
        found = found.filter(log__lt=before)
    rows = list(found.order_by("-log", "month")[: ROWS_A_PAGE + 1])
    page = rows[:ROWS_A_PAGE]
    logs = WorkLog.objects.select_related("ticket", "agent", "contract__customer").in_bulk([row["log"] for row in page])
    asked = ListedLog.objects.filter(log__in=logs, request__over_at=None, request__accepted_at=None)
    requests = dict(asked.order_by().values_list("log_id").annotate(Max("request_id")))
    made = [Unauthorised(logs[row["log"]], row["month"], row["total"], requests.get(row["log"])) for row in page]
    return UnauthorisedPage(made, page[-1]["log"] if len(rows) > ROWS_A_PAGE else None)


def _unauthorised(manager_id: int | None) -> "QuerySet[Any, Any]":
    """By log and month: their sum is `total`."""
    is_closed = Statement.objects.filter(contract=OuterRef("contract"), month=OuterRef("month"))
    words = Review.objects.filter(log=OuterRef("slice__log"), month=OuterRef("month"), request=None).order_by("-pk")
    rows = Allocation.objects.filter(~Exists(is_closed), source=Allocation.Source.UNAUTHORISED)
    if manager_id is not None:
        rows = rows.filter(_answered_by(manager_id))
    said = Coalesce(Subquery(words.values("verdict")[:1]), Value(""), output_field=CharField())
    rows = rows.annotate(log=F("slice__log"), said=said).exclude(said=Review.Verdict.WRITTEN_OFF)
    return rows.order_by().values("log", "month").annotate(total=Sum("minutes"))
