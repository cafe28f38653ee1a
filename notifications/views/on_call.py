"""Who is on call: rotas, shifts that somebody takes, and what became of pages."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from accounts.forms import COMMON_ZONES
from accounts.models import Person, StaffMember
from helpdesk.lib.acts import act
from helpdesk.lib.addresses import row_id
from helpdesk.lib.refusals import Refusal
from notifications import commands, permissions, queries
from notifications.forms import OverrideForm, RotaForm
from notifications.models import Page, PageDelivery, Rota, RotaOverride, RotaTurn, TeamRota


def on_call(request: DeskRequest) -> HttpResponse:
    """Everything at a glance; posted: somebody takes a shift."""
    now = timezone.now()
    cards = queries.rota_cards(now)
    form = OverrideForm(request.POST or None, rotas=[card.on_call.rota for card in cards], initial=_this_evening(request, now))
    if request.method == "POST" and form.is_valid():
        may_give = permissions.may_keep_rotas(request.access)
        try:
            commands.give_shift(actor=request.access.person, any_shift=may_give, now=now, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("%(name)s is on call then.") % {"name": form.cleaned_data["member"].display_name})
            return redirect("console:on_call")
    pages = queries.pages_page(before=row_id(request.GET.get("before", "")))
    context = {
        "cards": cards,
        "form": form,
        "pages": pages[:20],
        "failed": queries.failed_page(now),
        "next_cursor": pages[19].pk if len(pages) > 20 else "",
        "may_keep_rotas": permissions.may_keep_rotas(request.access),
        "may_see_ways": permissions.may_see_ways(request.access),
        "removable": {
            override.pk for card in cards for override in card.overrides if permissions.may_remove_override(request.access, override)
        },
    }
    return render(request, "console/on_call.html", context, status=422 if form.errors else 200)


def _this_evening(request: DeskRequest, now: datetime) -> dict[str, Any]:
    """What the form begins with: oneself, from this evening to tomorrow morning."""
    evening = timezone.localtime(now).replace(hour=18, minute=0, second=0, microsecond=0)
    return {"member": request.access.person.pk, "from_at": evening, "until_at": (evening + timedelta(days=1)).replace(hour=9)}


@require_POST
def override_remove(request: DeskRequest, pk: int) -> HttpResponse:
    override = RotaOverride.objects.filter(pk=pk).first()
    if override is None:
        raise Http404
    if not permissions.may_remove_override(request.access, override):
        raise PermissionDenied
    return act(
        request,
        lambda: commands.remove_override(actor=request.access.person, override=override, now=timezone.now()),
        _("The rotation rules again then."),
        "console:on_call",
    )


def rota_new(request: DeskRequest) -> HttpResponse:
    return _edit(request, None)


def rota_edit(request: DeskRequest, pk: int) -> HttpResponse:
    rota = Rota.objects.filter(pk=pk).first()
    if rota is None:
        raise Http404
    return _edit(request, rota)


def _edit(request: DeskRequest, rota: Rota | None) -> HttpResponse:
    if not permissions.may_keep_rotas(request.access):
        raise PermissionDenied
    form = RotaForm(request.POST or None, instance=rota, turns=_turns(rota), initial=_beginning(rota))
    valid = request.method == "POST" and form.is_valid()
    change = _change_now(rota, form) if valid and rota is not None else None
    if valid and change is None:
        try:
            commands.keep_rota(
                actor=request.access.person,
                rota=rota,
                members=form.members(),
                teams=form.cleaned_data["teams"],
                now=timezone.now(),
                **form.values(),
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("console:on_call")
    context = {"form": form, "rota": rota, "zones": COMMON_ZONES, "change": change}
    return render(request, "console/rota_form.html", context, status=422 if form.errors or change else 200)


@dataclass(frozen=True)
class Change:
    """What keeping a rota does to who is on call at this minute. Names: empty for nobody."""

    before: str
    after: str
    agreed: str


def _change_now(rota: Rota, form: RotaForm) -> Change | None:
    """None when the same person stays on call, or when whoever saves it agreed to the change."""
    people = [member.pk for member in form.members()]
    if not people:
        return None
    before, after = queries.on_call_by(rota, people=people, values=form.values(), now=timezone.now())
    if before == after or form.agrees_to(after):
        return None
    names = dict(StaffMember.objects.filter(pk__in=[pk for pk in (before, after) if pk]).values_list("pk", "display_name"))
    return Change(names.get(before or 0, ""), names.get(after or 0, ""), str(after))


def _turns(rota: Rota | None) -> list[int]:
    return list(RotaTurn.objects.filter(rota=rota).order_by("position").values_list("member_id", flat=True)) if rota is not None else []


def _beginning(rota: Rota | None) -> dict[str, Any]:
    if rota is not None:
        return {"teams": list(TeamRota.objects.filter(rota=rota).values_list("team_id", flat=True))}
    today = timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    facts = {"first_date": monday, "handover_time": "09:00", "turn_days": 7, "escalate_minutes": 10}
    return facts | {"time_zone": timezone.get_current_timezone_name(), "is_default": not Rota.objects.exists()}


def page(request: DeskRequest, pk: int) -> HttpResponse:
    """One page: where its link leads, to be acknowledged by a click that no scanner of links makes."""
    found = _page(pk)
    deliveries = PageDelivery.objects.filter(page=found).select_related("person__staff_member").order_by("pk")
    return render(request, "console/page.html", {"page": found, "deliveries": list(deliveries)})


@require_POST
def page_acknowledge(request: DeskRequest, pk: int) -> HttpResponse:
    found = _page(pk)
    if commands.acknowledge(actor=request.access.person, page=found, now=timezone.now()):
        messages.success(request, _("Acknowledged: nobody else is paged for it."))
    else:
        messages.info(request, _("Somebody had acknowledged it before."))
    return redirect("console:page", found.pk)


def _page(pk: int) -> Page:
    found = Page.objects.select_related("customer", "acknowledged_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def reach(request: DeskRequest) -> HttpResponse:
    """How everybody on the staff is reached, masked."""
    if not permissions.may_see_ways(request.access):
        raise PermissionDenied
    return render(request, "console/reach.html", {"rows": queries.reach_page()})


@require_POST
def page_test(request: DeskRequest, pk: int) -> HttpResponse:
    """A test page to somebody else, by all their ways."""
    if not permissions.may_see_ways(request.access):
        raise PermissionDenied
    person = Person.objects.filter(pk=pk, staff_member__isnull=False, is_active=True).first()
    if person is None:
        raise Http404
    commands.send_test(person=person, way=None, key=secrets.token_hex(8), now=timezone.now())
    messages.success(request, _("A test page to %(name)s is on its way. What becomes of it is shown here.") % {"name": person.name})
    return redirect("console:reach")
