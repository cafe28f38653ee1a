"""The desk's lists of charge requests, and of work that nobody approved."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts.access import DeskRequest
from billing import permissions
from billing.queries import desk as queries
from helpdesk.lib.addresses import address, query_string, row_id

LABELS = {
    "release": _("To release"),
    "waiting": _("Waiting for the customer"),
    "unauthorised": _("Not approved"),
    "drafts": _("Drafts"),
    "decided": _("Decided"),
}


def charges(request: DeskRequest) -> HttpResponse:
    """One of the lists. Account managers begin with their own contracts, everybody else with all."""
    name = request.GET.get("list", "")
    name = name if name in LABELS else "release"
    mine = request.GET.get("mine", "1" if permissions.may_release(request.access) else "") == "1"
    manager_id = request.access.person.pk if mine else None
    before, here = row_id(request.GET.get("before", "")), address("console:charges")
    page: Any = (
        queries.unauthorised_page(manager_id=manager_id, before=before)
        if name == queries.UNAUTHORISED
        else queries.requests_page(name, manager_id=manager_id, before=before)
    )
    context = {
        "list": name,
        "label": LABELS[name],
        "rows": page.rows,
        "mine": mine,
        "tabs": _tabs(request, name, queries.counts(manager_id)),
        "mine_url": f"{here}?{query_string(request.GET, mine='0' if mine else '1', before=None)}",
        "first_url": f"{here}?{query_string(request.GET, before=None)}" if before is not None else "",
        "next_url": f"{here}?{query_string(request.GET, before=page.before)}" if page.before is not None else "",
    }
    return render(request, "console/charges.html", context)


def _tabs(request: DeskRequest, chosen: str, counts: dict[str, str]) -> list[dict[str, Any]]:
    here = address("console:charges")
    return [
        {
            "url": f"{here}?{query_string(request.GET, list=name, before=None)}",
            "label": label,
            "count": counts[name],
            "current": name == chosen,
        }
        for name, label in LABELS.items()
    ]
