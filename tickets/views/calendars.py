"""The review of a calendar's change before it is in force, which open tickets depend on."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.access import DeskRequest
from helpdesk.lib.refusals import Refusal
from sla.commands.calendars import ChangedMeanwhile
from sla.differences import differences
from sla.forms.calendars import ConfirmForm
from sla.views.calendars import Desk, back, desk_of, desk_to_change
from tickets.commands import put_in_force
from tickets.queries.calendars import effect_on_tickets


# --- Putting in force -------------------------------------------------------------------------------------------------
def review(request: DeskRequest, pk: int) -> HttpResponse:
    """What would be different, in words; confirming makes one version, however often it is sent."""
    desk = desk_to_change(request, pk)
    if not desk.draft.steps:
        return back(desk, desk.today.year)
    was_faster = desk.draft.base != desk.version.number
    if was_faster:
        desk.draft.rebase(desk.version.number)
    if request.method != "POST":
        return _review_page(request, desk, ConfirmForm(initial={"expected": desk.version.number}), was_faster=was_faster)
    form = ConfirmForm(request.POST)
    if form.is_valid():
        try:
            put_in_force(
                actor=request.access.person,
                calendar=desk.calendar,
                content=desk.content,
                reason=form.cleaned_data["reason"],
                expected=form.cleaned_data["expected"],
                now=desk.now,
            )
        except ChangedMeanwhile:
            return _review_again(request, desk.calendar.pk)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            desk.draft.discard()
            messages.success(request, _("In force from now on."))
            return back(desk, desk.today.year)
    return _review_page(request, desk, form)


def _review_again(request: DeskRequest, pk: int) -> HttpResponse:
    """The same draft on top of what somebody else made meanwhile, with the reason kept."""
    desk = desk_of(request, pk)
    desk.draft.rebase(desk.version.number)
    data = request.POST.copy()
    data["expected"] = str(desk.version.number)
    return _review_page(request, desk, ConfirmForm(data), was_faster=True)


def _review_page(request: DeskRequest, desk: Desk, form: ConfirmForm, *, was_faster: bool = False) -> HttpResponse:
    context = {
        "calendar": desk.calendar,
        "version": desk.version,
        "form": form,
        "changes": differences(desk.version.content(), desk.content, desk.today),
        "effect": effect_on_tickets(desk.calendar, desk.content, desk.now),
        "was_faster": was_faster,
        "year": desk.today.year,
    }
    status = 409 if was_faster and form.is_bound else 422 if form.errors else 200
    return render(request, "console/calendar_review.html", context, status=status)
