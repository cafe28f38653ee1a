"""Charts of what comes, goes and is open: the staff's of all customers, a customer's of its own."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.access import DeskRequest
from tickets.forms import OverviewForm, StaffOverviewForm
from tickets.queries import overview as queries


def console(request: DeskRequest) -> HttpResponse:
    form = StaffOverviewForm(request.GET)
    data = form.cleaned_data if form.is_valid() else {}
    team = data.get("team")
    pictures = queries.console(team_id=team.pk if team else None, weeks=data.get("weeks") or queries.USUAL_WEEKS, now=timezone.now())
    return render(request, "console/overview.html", {"form": form, "pictures": pictures})


def portal(request: DeskRequest) -> HttpResponse:
    form = OverviewForm(request.GET)
    data = form.cleaned_data if form.is_valid() else {}
    pictures = queries.portal(weeks=data.get("weeks") or queries.USUAL_WEEKS, now=timezone.now())
    return render(request, "portal/overview.html", {"form": form, "pictures": pictures})
