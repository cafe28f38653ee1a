"""The staff's pages about calendars: all look, administrators draft changes, review them and put them in force."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import DeskRequest
from helpdesk.lib.refusals import Refusal
from sla.checking import check
from sla.commands.calendars import NothingChanges
from sla.content import Content, Proposal
from sla.differences import differences, name_in_words
from sla.edits import DropBreak, Edit, MakeUsual, switch_on
from sla.forms.calendars import BreakForm, DayForm, WeekForm
from sla.models import Calendar, CalendarVersion
from sla.permissions import may_change_calendars
from sla.queries import calendars as queries
from sla.views.drafts import Draft


@dataclass(frozen=True)
class Desk:
    """A calendar as somebody works on it. `content`: the newest version with their draft on top."""

    calendar: Calendar
    version: CalendarVersion
    draft: Draft
    content: Content
    now: datetime

    @property
    def today(self) -> date:
        return self.calendar.day_of(self.now)


def desk_of(request: DeskRequest, pk: int) -> Desk:
    calendar = Calendar.objects.filter(pk=pk).first()
    version = queries.newest_version(calendar) if calendar is not None else None
    if calendar is None or version is None:
        raise Http404
    draft = Draft.of(request.session, calendar.pk, version.number)
    return Desk(calendar, version, draft, draft.on(version.content()), timezone.now())


def desk_to_change(request: DeskRequest, pk: int) -> Desk:
    """Raises PermissionDenied for whoever may only look."""
    desk = desk_of(request, pk)
    if not may_change_calendars(request.access):
        raise PermissionDenied
    return desk


def calendars(request: DeskRequest) -> HttpResponse:
    return render(request, "console/calendars.html", {"rows": queries.calendars_page(timezone.now())})


def year(request: DeskRequest, pk: int, year: int) -> HttpResponse:
    """A year at a glance; for those who may change it, with their draft and the forms that add to it."""
    return _year_page(request, desk_of(request, pk), year)


def _year_page(request: DeskRequest, desk: Desk, year: int, refused: dict[str, Form] | None = None) -> HttpResponse:
    page = queries.year_page(desk.calendar, desk.content, year, desk.now)
    if page is None:
        raise Http404
    may_change = may_change_calendars(request.access)
    context: dict[str, Any] = {
        "calendar": desk.calendar,
        "version": desk.version,
        "page": page,
        "heads": queries.weekday_heads(),
        "legend": queries.legend(),
        "may_change": may_change,
    }
    if may_change:
        chosen = _chosen_day(request.GET.get("day", ""), desk)
        forms: dict[str, Form] = {
            "day_form": DayForm(initial=_shown_day(desk.content, chosen), content=desk.content, today=desk.today),
            "break_form": BreakForm(today=desk.today),
            "week_form": WeekForm(content=desk.content),
        }
        changes = differences(desk.version.content(), desk.content, desk.today) if desk.draft.steps else []
        context |= {"chosen": chosen, "changes": changes, "has_draft": bool(desk.draft.steps)} | forms | (refused or {})
    return render(request, "console/calendar.html", context, status=422 if refused else 200)


def _chosen_day(text: str, desk: Desk) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= desk.today else None


def _shown_day(content: Content, day: date | None) -> dict[str, Any]:
    """What the form shows of a date: as it is now."""
    if day is None:
        return {"kind": DayForm.CLOSED}
    name = name_in_words(content.name_of(day))
    if day in content.holidays:
        return {"day": day, "kind": DayForm.CLOSED, "name": name}
    if day in content.dates:
        return {"day": day, "kind": DayForm.HOURS, "hours": content.dates[day].windows, "name": name}
    return {"day": day, "kind": DayForm.USUAL, "hours": content.week[day.weekday()]}


# --- Drafting ---------------------------------------------------------------------------------------------------------
@require_POST
def draft_day(request: DeskRequest, pk: int, year: int) -> HttpResponse:
    desk = desk_to_change(request, pk)
    form = DayForm(request.POST, content=desk.content, today=desk.today)
    if form.is_valid() and _is_drafted(desk, form, [form.edit()]):
        return back(desk, form.cleaned_data["day"].year)
    return _year_page(request, desk, year, {"day_form": form})


@require_POST
def draft_break(request: DeskRequest, pk: int, year: int) -> HttpResponse:
    desk = desk_to_change(request, pk)
    form = BreakForm(request.POST, today=desk.today)
    if form.is_valid() and _is_drafted(desk, form, [form.edit()]):
        return back(desk, form.cleaned_data["start"].year)
    return _year_page(request, desk, year, {"break_form": form})


@require_POST
def draft_week(request: DeskRequest, pk: int, year: int) -> HttpResponse:
    desk = desk_to_change(request, pk)
    form = WeekForm(request.POST, content=desk.content)
    if form.is_valid() and _is_drafted(desk, form, [form.edit()]):
        return back(desk, year)
    return _year_page(request, desk, year, {"week_form": form})


@require_POST
def draft_click(request: DeskRequest, pk: int, year: int) -> HttpResponse:
    """What is drafted by a button: a proposal switched on or off, in one year or in every one to come; a break removed."""
    desk = desk_to_change(request, pk)
    step = _clicked(request.POST, desk)
    if step and not _is_drafted(desk, None, step):
        messages.error(request, _("This can't be drafted: the calendar would contradict itself or never open."))
    return back(desk, year)


def _clicked(data: QueryDict, desk: Desk) -> list[Edit]:
    """Empty for what is not there any more, or is over."""
    if "remove_break" in data:
        gone = [one for one in desk.content.breaks if f"{one.start.isoformat()}/{one.end.isoformat()}" == data["remove_break"]]
        return [DropBreak(one) for one in gone]
    coming = [one for one in desk.content.proposals if one.day >= desk.today]
    wanted = next((one for one in coming if one.day.isoformat() in {data.get("on"), data.get("off"), data.get("every")}), None)
    if wanted is None:
        return []
    if "off" in data:
        return [_switch_off(wanted)]
    if "every" in data:
        return [
            switch_on(one) for one in coming if one.name == wanted.name and one.day >= wanted.day and not desk.content.has_switched_on(one)
        ]
    return [switch_on(wanted)]


def _switch_off(proposal: Proposal) -> Edit:
    return MakeUsual(proposal.day) if proposal.is_whole_day else DropBreak(proposal.as_break())


def _is_drafted(desk: Desk, form: Form | None, step: list[Edit]) -> bool:
    """Add a step to the draft, unless what it makes would be refused or changes nothing; the form says why."""
    content = desk.content
    for edit in step:
        content = edit.on(content)
    sentence = _("Put your changes in force first: they are too many for one version.") if desk.draft.is_full else ""
    try:
        check(content, desk.today)
    except Refusal as refusal:
        sentence = str(refusal)
    if content == desk.content:
        sentence = str(NothingChanges())
    if sentence and form is not None:
        form.add_error(None, sentence)
    if not sentence:
        desk.draft.add(step)
    return not sentence


@require_POST
def take_back(request: DeskRequest, pk: int, year: int) -> HttpResponse:
    """Forget the last step of the draft, or all of it."""
    desk = desk_to_change(request, pk)
    if "all" in request.POST:
        desk.draft.discard()
    else:
        desk.draft.take_back()
    return back(desk, year)


def back(desk: Desk, year: int) -> HttpResponse:
    return redirect("console:calendar_year", desk.calendar.pk, year)


def versions(request: DeskRequest, pk: int) -> HttpResponse:
    """Who changed what and when, newest first."""
    desk = desk_of(request, pk)
    before = request.GET.get("before", "")
    number = int(before) if before.isascii() and before.isdecimal() and len(before) <= 9 else None
    rows, has_more = queries.versions_page(desk.calendar, number, desk.now)
    context = {"calendar": desk.calendar, "rows": rows, "has_more": has_more, "year": desk.today.year}
    return render(request, "console/calendar_versions.html", context)
