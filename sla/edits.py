"""What somebody does to a calendar before it rules: single edits, which are laid over a version one after the other. No Django.

A draft is a list of them and not a changed copy, so that it can be laid over a newer version when a colleague was faster.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sla.content import Break, Content, Names, OtherHours, Proposal, Windows, break_from_json, break_to_json, windows_from


@dataclass(frozen=True)
class SetWeek:
    """Other usual hours; `week`: seven days from Monday."""

    week: tuple[Windows, ...]

    def on(self, content: Content) -> Content:
        return replace(content, week=self.week)


@dataclass(frozen=True)
class SetHours:
    """Other hours on one date, whatever it was before."""

    day: date
    windows: Windows
    name: Names

    def on(self, content: Content) -> Content:
        return replace(
            content,
            dates=dict(content.dates) | {self.day: OtherHours(self.windows, self.name)},
            holidays={day: name for day, name in content.holidays.items() if day != self.day},
        )


@dataclass(frozen=True)
class Close:
    """A date is closed, whatever it was before."""

    day: date
    name: Names

    def on(self, content: Content) -> Content:
        return replace(
            content,
            dates={day: hours for day, hours in content.dates.items() if day != self.day},
            holidays=dict(content.holidays) | {self.day: self.name},
        )


@dataclass(frozen=True)
class MakeUsual:
    """A date has its weekday's hours again; its breaks stay."""

    day: date

    def on(self, content: Content) -> Content:
        return replace(
            content,
            dates={day: hours for day, hours in content.dates.items() if day != self.day},
            holidays={day: name for day, name in content.holidays.items() if day != self.day},
        )


@dataclass(frozen=True)
class AddBreak:
    """One more break; the same one again changes at most its name."""

    one: Break

    def on(self, content: Content) -> Content:
        others = DropBreak(self.one).on(content).breaks
        return replace(content, breaks=tuple(sorted((*others, self.one), key=lambda one: (one.start, one.end))))


@dataclass(frozen=True)
class DropBreak:
    one: Break

    def on(self, content: Content) -> Content:
        kept = (one for one in content.breaks if (one.start, one.end) != (self.one.start, self.one.end))
        return replace(content, breaks=tuple(kept))


Edit = SetWeek | SetHours | Close | MakeUsual | AddBreak | DropBreak


def apply(content: Content, edits: Iterable[Edit]) -> Content:
    """The content with the edits laid over it in their order."""
    for edit in edits:
        content = edit.on(content)
    return content


def switch_on(proposal: Proposal) -> Edit:
    """The edit by which an optional day counts: a closed day, or a break in the part of it that is free."""
    return Close(proposal.day, proposal.name) if proposal.is_whole_day else AddBreak(proposal.as_break())


def to_json(edit: Edit) -> dict[str, Any]:
    """An edit as a session can hold it."""
    what = {"what": type(edit).__name__}
    match edit:
        case SetWeek():
            return what | {"week": edit.week}
        case SetHours():
            return what | {"day": edit.day.isoformat(), "hours": edit.windows, "name": dict(edit.name)}
        case Close():
            return what | {"day": edit.day.isoformat(), "name": dict(edit.name)}
        case MakeUsual():
            return what | {"day": edit.day.isoformat()}
        case AddBreak() | DropBreak():
            return what | break_to_json(edit.one)


def from_json(data: Mapping[str, Any]) -> Edit:
    """What `to_json` wrote. Raises ValueError for an edit of another kind."""
    match data["what"]:
        case "SetWeek":
            return SetWeek(tuple(windows_from(windows) for windows in data["week"]))
        case "SetHours":
            return SetHours(date.fromisoformat(data["day"]), windows_from(data["hours"]), data["name"])
        case "Close":
            return Close(date.fromisoformat(data["day"]), data["name"])
        case "MakeUsual":
            return MakeUsual(date.fromisoformat(data["day"]))
        case "AddBreak":
            return AddBreak(break_from_json(data))
        case "DropBreak":
            return DropBreak(break_from_json(data))
    raise ValueError(data["what"])
