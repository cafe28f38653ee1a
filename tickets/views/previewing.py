"""What filing would mean now, beside the form and fetched again while the form is open: both faces show it the same way."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from accounts.access import DeskRequest
from accounts.models import Customer
from contracts.models import Contract
from tickets.forms import PreviewForm
from tickets.queries.filing import FilingPreview, filing_preview
from tickets.views.choices import severity_options


def preview_of(chosen: Mapping[str, Any], contracts: list[Contract], customer: Customer, now: datetime) -> FilingPreview:
    """`chosen`: product, environment and contract as a form sends them, or less; `contracts`: those in force, at least one."""
    return filing_preview(PreviewForm(chosen).contract_among(contracts, customer), now)


def preview_answer(request: DeskRequest, contracts: list[Contract], customer: Customer, now: datetime) -> HttpResponse:
    """The parts of the filing page that say what its choices mean; nothing when no contract is in force any more."""
    if not contracts:
        return HttpResponse(status=204)
    preview = preview_of(request.GET, contracts, customer, now)
    return render(request, "ui/filing_previews.html", {"options": severity_options(None, preview), "note": preview.note})
