"""The account manager's desk: a month of all contracts, the lines of one, and closing it, as a guided path."""

from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from accounts.models import StaffMember
from billing import permissions
from billing.commands import statements as commands
from billing.commands import work
from billing.facts import month_after, month_of
from billing.forms.statements import MonthForm, ReviewForm, row_ids
from billing.models import Statement
from billing.printed import Printed
from billing.queries import statements as queries
from billing.queries.hours import months_of, months_until, year_picture
from billing.queries.readiness import Need
from billing.queries.statements import OpenMonth
from billing.views.papers import csv_answer, pdf_answer
from contracts.models import Contract
from helpdesk.lib.addresses import address, query_string, row_id
from helpdesk.lib.refusals import Refusal
from tickets.views.console import needs


def _contract(pk: int) -> Contract:
    rows = Contract.objects.select_related("customer", "calendar", "account_manager", "deputy").prefetch_related("terms", "standings")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _actor(request: DeskRequest) -> StaffMember:
    return StaffMember.objects.select_related("person").get(pk=request.access.person.pk)


# --- A month of all contracts --------------------------------------------------------------------------------------------
def statements(request: DeskRequest) -> HttpResponse:
    """Account managers begin with their own contracts, everybody else with all."""
    now = timezone.now()
    form = MonthForm(request.GET, present=month_of(timezone.localdate(now)), mine=permissions.may_review(request.access))
    return render(request, "console/statements.html", _month_context(request, form, now))


def _month_context(request: DeskRequest, form: MonthForm, now: datetime) -> dict[str, Any]:
    month, after = form.asked(), row_id(request.GET.get("after", ""))
    page = queries.month_page(month, manager_id=request.access.person.pk if form.is_mine() else None, after=after, now=now)
    here = address("console:statements")
    return {
        "form": form,
        "month": month,
        "rows": page.rows,
        "totals": page.totals.items(),
        "ready": sum(row.is_ready for row in page.rows),
        "may_review": permissions.may_review(request.access),
        "first_url": f"{here}?{query_string(request.GET, after=None)}" if after is not None else "",
        "next_url": f"{here}?{query_string(request.GET, after=page.after)}" if page.after is not None else "",
        "query": query_string(request.GET),
    }


@require_POST
@needs(permissions.may_review)
def statements_close(request: DeskRequest) -> HttpResponse:
    """Close what was ticked, each contract for itself, and say of each what became of it."""
    now = timezone.now()
    form = MonthForm(request.POST, present=month_of(timezone.localdate(now)), mine=False)
    contracts = list(Contract.objects.filter(pk__in=row_ids(request.POST.getlist("contract"))[: queries.CONTRACTS_A_PAGE]))
    if not contracts or not form.is_valid():
        messages.warning(request, _("Tick the contracts whose month you want to close."))
        return redirect(f"{address('console:statements')}?{request.POST.get('query', '')}")
    closed = commands.close_months(actor=_actor(request), contracts=contracts, month=form.asked(), now=now)
    context = {
        "month": form.asked(),
        "closed": closed,
        "count": sum(one.statement is not None for one in closed),
        "back_url": f"{address('console:statements')}?{request.POST.get('query', '')}",
    }
    return render(request, "console/statements_closed.html", context)


# --- One contract's month -----------------------------------------------------------------------------------------------
def statement(request: DeskRequest, contract_id: int, month: date) -> HttpResponse:
    """A closed month as its statement, an open one with all that it needs."""
    return _month_page(request, _contract(contract_id), month, None)


def _month_page(request: DeskRequest, contract: Contract, month: date, form: ReviewForm | None) -> HttpResponse:
    now = timezone.now()
    shown = queries.statement_of(contract, month)
    context = _frame(contract, month, now) | {"may_review": permissions.may_review(request.access)}
    if shown is not None:
        return render(request, "console/statement_closed.html", context | _paper(shown, contract, month) | _owed(contract, month))
    _check_month(contract, month, now)
    open_month = queries.open_month(contract, month, reader_id=request.access.person.pk, now=now)
    context |= _open_context(open_month, contract, month) | {"form": form, "form_anchor": form.anchor if form is not None else ""}
    return render(request, "console/statement.html", context, status=422 if form is not None and form.errors else 200)


def _check_month(contract: Contract, month: date, now: datetime) -> None:
    """A month before the contract, or one that has not begun, is none."""
    if not month_of(contract.first_date) <= month <= month_of(contract.today(now)):
        raise Http404


def _frame(contract: Contract, month: date, now: datetime) -> dict[str, Any]:
    return {
        "contract": contract,
        "month": month,
        "month_name": date_format(month, "YEAR_MONTH_FORMAT"),
        "previous_url": _url("statement", contract, months_until(month, 2)[0]) if month > month_of(contract.first_date) else "",
        "next_url": _url("statement", contract, month_after(month)) if month < month_of(contract.today(now)) else "",
        "list_url": f"{address('console:statements')}?month={month:%Y-%m}",
    }


def _open_context(open_month: OpenMonth, contract: Contract, month: date) -> dict[str, Any]:
    state = open_month.state
    return {
        "open": open_month,
        "state": state,
        "shown": open_month.shown,
        "steps": _steps(open_month, contract, month),
        "earlier": [{"month": one, "url": _url("statement", contract, one)} for one in state.earlier],
        "review_url": _url("statement_review", contract, month),
        "approve_url": _url("statement_approve", contract, month),
        "close_url": _url("statement_close", contract, month),
        "preview_url": _url("statement_preview", contract, month),
        "obstacles": list(commands.obstacles(state)),
        "closable_from": month_after(month),
    }


def _steps(open_month: OpenMonth, contract: Contract, month: date) -> list[dict[str, Any]]:
    """The way to a closed month: what is done of it, and what comes next."""
    state = open_month.state
    blocked = len(state.earlier) + len(state.timers) + len(state.asked) + state.count(Need.UNAUTHORISED, Need.RETURNED)
    to_review = open_month.to_review
    return [
        {
            "label": _("Clear what is in the way"),
            "note": ngettext("one thing", "%(count)s things", blocked) % {"count": blocked} if blocked else _("nothing is"),
            "done": not blocked,
            "url": "#in-the-way" if blocked else "",
        },
        {
            "label": _("Review the lines"),
            "note": ngettext("one to go", "%(count)s to go", to_review) % {"count": to_review} if to_review else _("all are reviewed"),
            "done": not to_review,
            "url": "#lines",
        },
        {
            "label": _("See what the customer gets"),
            "note": open_month.shown.money(open_month.shown.statement.total_cents),
            "done": False,
            "url": _url("statement_preview", contract, month),
        },
        {
            "label": _("Close the month"),
            "note": _("ready") if state.is_ready and not open_month.is_nothing else _("not yet"),
            "done": False,
            "url": "#close",
        },
    ]


def _url(name: str, contract: Contract, month: date) -> str:
    return address(f"console:{name}", contract.pk, month)


@require_POST
@needs(permissions.may_review)
def statement_review(request: DeskRequest, contract_id: int, month: date) -> HttpResponse:
    """A word on one line; then the same page, at that line."""
    contract, form = _contract(contract_id), ReviewForm(request.POST)
    if not form.is_valid():
        return _month_page(request, contract, month, form)
    try:
        commands.review(actor=_actor(request), contract=contract, month=month, now=timezone.now(), **form.word())
    except commands.MonthClosed as refusal:
        messages.error(request, str(refusal))
        return redirect(_url("statement", contract, month))
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _month_page(request, contract, month, form)
    return redirect(f"{_url('statement', contract, month)}#{form.anchor}")


@require_POST
@needs(permissions.may_review)
def statement_approve(request: DeskRequest, contract_id: int, month: date) -> HttpResponse:
    contract = _contract(contract_id)
    try:
        seen = request.POST.get("seen", "")
        count = commands.approve_all(actor=_actor(request), contract=contract, month=month, seen=seen, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, ngettext("One line approved.", "%(count)s lines approved.", count) % {"count": count})
    return redirect(_url("statement", contract, month))


@require_POST
@needs(permissions.may_review)
def statement_close(request: DeskRequest, contract_id: int, month: date) -> HttpResponse:
    contract = _contract(contract_id)
    try:
        closed = commands.close_month(actor=_actor(request), contract=contract, month=month, now=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        facts = {"month": date_format(month, "YEAR_MONTH_FORMAT"), "number": closed.number}
        messages.success(request, _("%(month)s is closed as statement %(number)s, and the customer is told.") % facts)
    return redirect(_url("statement", contract, month))


@require_POST
@needs(permissions.may_review)
def statement_timer(request: DeskRequest, contract_id: int, month: date, timer_id: int) -> HttpResponse:
    """Whoever is away can't stop their timer, and a month with one can't be closed."""
    contract = _contract(contract_id)
    if work.discard_timer_in_the_way(timer_id=timer_id, contract=contract, actor=_actor(request), now=timezone.now()):
        messages.success(request, _("The timer is discarded, and whoever let it run is told."))
    return redirect(_url("statement", contract, month))


@needs(permissions.may_review)
def statement_preview(request: DeskRequest, contract_id: int, month: date) -> HttpResponse:
    """An open month's statement as the customer will see it."""
    contract, now = _contract(contract_id), timezone.now()
    if Statement.objects.filter(contract=contract, month=month).exists():
        return redirect(_url("statement", contract, month))
    _check_month(contract, month, now)
    open_month = queries.open_month(contract, month, reader_id=request.access.person.pk, now=now)
    context = _frame(contract, month, now) | _open_context(open_month, contract, month)
    return render(request, "console/statement_preview.html", context)


def _paper(shown: Printed, contract: Contract, month: date) -> dict[str, Any]:
    return {"shown": shown, "pdf_url": _url("statement_pdf", contract, month), "csv_url": _url("statement_csv", contract, month)}


def _owed(contract: Contract, month: date) -> dict[str, Any]:
    """What changed since it was closed, which is on the next statement."""
    row = contract.corrections.filter(of_month=month).first()
    if row is None:
        return {"owed": None}
    return {"owed": row, "owed_url": _url("statement", contract, row.month), "owed_month": date_format(row.month, "YEAR_MONTH_FORMAT")}


def statement_pdf(request: DeskRequest, contract_id: int, month: date) -> HttpResponse:
    return pdf_answer(_closed(contract_id, month))


def statement_csv(request: DeskRequest, contract_id: int, month: date) -> HttpResponse:
    return csv_answer(_closed(contract_id, month))


def _closed(contract_id: int, month: date) -> Printed:
    shown = queries.statement_of(_contract(contract_id), month)
    if shown is None:
        raise Http404
    return shown


# --- A contract's months ----------------------------------------------------------------------------------------------
def contract_hours(request: DeskRequest, pk: int) -> HttpResponse:
    contract, now = _contract(pk), timezone.now()
    month = month_of(contract.today(now))
    rows = [{"line": line, "url": _url("statement", contract, line.month)} for line in months_of(contract, now)]
    return render(request, "console/contract_hours.html", {"contract": contract, "rows": rows, "year": year_picture(contract, month)})
