"""The customer's own pages: where its hours went, and its statements. They read in the customer's scope."""

from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format

from accounts.access import DeskRequest
from billing import permissions
from billing.facts import month_after, month_of
from billing.printed import Printed
from billing.queries import hours as queries
from billing.queries.statements import closed_statement, statements_page
from billing.views.papers import csv_answer, pdf_answer
from contracts.models import Contract
from contracts.queries import contract_card
from helpdesk.lib.addresses import address, query_string, row_id


def hours(request: DeskRequest) -> HttpResponse:
    """A month of one contract: what is left, where it went, and the year. Whatever stands in the address, a month of theirs."""
    now = timezone.now()
    contracts = list(
        Contract.objects.filter(customer=request.access.customer).select_related("calendar").prefetch_related("terms", "standings")
    )
    contract = _chosen(contracts, request.GET.get("contract", ""), now)
    if contract is None:
        return render(request, "portal/hours.html", {"contract": None})
    month = _month(contract, request.GET.get("month", ""), now)
    found = queries.month_hours(contract, month)
    is_present = month == month_of(contract.today(now))
    context = {
        "contract": contract,
        "month": month,
        "month_name": date_format(month, "YEAR_MONTH_FORMAT"),
        "is_over": not is_present,
        "hours": found,
        "ends_on": queries.ends_on(found.allowance, now) if is_present else None,
        "year": queries.year_picture(contract, month),
        "tabs": _tabs(request, contracts, contract),
        "may_read_statements": permissions.may_read_statements(request.access),
        **_around(request, contract, month, now),
    }
    return render(request, "portal/hours.html", context)


def _chosen(contracts: list[Contract], asked: str, now: datetime) -> Contract | None:
    """The one that was asked for, else one in force, else any."""
    pk = row_id(asked)
    by_state = sorted(contracts, key=lambda contract: contract_card(contract, now).state != "in_force")
    return next((contract for contract in contracts if contract.pk == pk), by_state[0] if by_state else None)


def _month(contract: Contract, asked: str, now: datetime) -> date:
    present, first = month_of(contract.today(now)), month_of(contract.first_date)
    try:
        month = date.fromisoformat(f"{asked}-01")
    except ValueError:
        return present
    return min(max(month, first), present)


def _tabs(request: DeskRequest, contracts: list[Contract], chosen: Contract) -> list[dict[str, Any]]:
    here = address("portal:hours")
    return [
        {"url": f"{here}?{query_string(request.GET, contract=contract.pk)}", "label": contract.number, "current": contract == chosen}
        for contract in contracts
    ]


def _around(request: DeskRequest, contract: Contract, month: date, now: datetime) -> dict[str, str]:
    here, before = address("portal:hours"), queries.months_until(month, 2)[0]
    first, present = month_of(contract.first_date), month_of(contract.today(now))

    def link(to: date) -> str:
        return f"{here}?{query_string(request.GET, month=f'{to:%Y-%m}', contract=contract.pk)}"

    return {
        "previous_url": link(before) if before >= first else "",
        "next_url": link(month_after(month)) if month < present else "",
        "present_url": link(present) if month < present else "",
    }


def statements(request: DeskRequest) -> HttpResponse:
    if not permissions.may_read_statements(request.access):
        raise PermissionDenied
    before = row_id(request.GET.get("before", ""))
    page = statements_page(before)
    here = address("portal:statements")
    context = {
        "rows": page.rows,
        "first_url": here if before is not None else "",
        "next_url": f"{here}?before={page.before}" if page.before is not None else "",
    }
    return render(request, "portal/statements.html", context)


def statement(request: DeskRequest, pk: int) -> HttpResponse:
    shown = _statement(request, pk)
    return render(request, "portal/statement.html", {"shown": shown, "pdf_url": _url("pdf", pk), "csv_url": _url("csv", pk)})


def statement_pdf(request: DeskRequest, pk: int) -> HttpResponse:
    return pdf_answer(_statement(request, pk))


def statement_csv(request: DeskRequest, pk: int) -> HttpResponse:
    return csv_answer(_statement(request, pk))


def _url(kind: str, pk: int) -> str:
    return address(f"portal:statement_{kind}", pk)


def _statement(request: DeskRequest, pk: int) -> Printed:
    """One of the company's: another's is not there, and members may not see their own's."""
    shown = closed_statement(pk)
    if shown is None:
        raise Http404
    if not permissions.may_read_statements(request.access):
        raise PermissionDenied
    return shown
