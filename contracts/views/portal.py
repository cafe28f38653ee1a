"""The customer's own view of its contracts and environments."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.access import DeskRequest
from contracts import queries
from sla.queries.policies import promised


def contracts(request: DeskRequest) -> HttpResponse:
    return render(request, "portal/contracts.html", {"cards": queries.contracts_of(request.access.customer, timezone.now())})


def contract(request: DeskRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    card = queries.contract_page(pk, now)
    if card is None:
        raise Http404
    return render(request, "portal/contract.html", {"card": card, "promises": promised(card.terms.policy_id, now)})


def environments(request: DeskRequest) -> HttpResponse:
    return render(request, "portal/environments.html", {"environments": queries.environments_of(request.access.customer)})
