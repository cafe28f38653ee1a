"""What is promised for a ticket, as its page shows it: chips and instants from rows, and explanations from the whole story."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.tenancy import acting_for
from helpdesk.lib.dues import Due
from helpdesk.lib.prepared import Question
from helpdesk.lib.spans import Moments
from helpdesk.templatetags.atoms import zone_of
from sla import sentences, words
from sla.clocks import Breach, Cause, Clock, Outcome
from sla.courses import Pace
from sla.explaining import explain
from sla.models import Calendar
from sla.queries.dues import ClockLine, clock_lines, clocks_question, latest, nearest
from sla.queries.explanations import PromiseView, promise_view
from sla.rules import Target, Value
from sla.stories import with_calendars
from tickets.models import Ticket
from tickets.promising import Imagined, calendar_of, facts_of, imagine, not_before
from tickets.qualifying import Effect, History

NEXT = {
    Target.FIRST_RESPONSE: gettext_lazy("First answer by %(at)s"),
    Target.NEXT_UPDATE: gettext_lazy("Next answer by %(at)s"),
    Target.RESOLUTION: gettext_lazy("Solution by %(at)s"),
}
LATE = {
    Target.FIRST_RESPONSE: gettext_lazy("Late: the first answer was promised by %(at)s"),
    Target.NEXT_UPDATE: gettext_lazy("Late: the next answer was promised by %(at)s"),
    Target.RESOLUTION: gettext_lazy("Late: the solution was promised by %(at)s"),
}


@dataclass(frozen=True)
class PanelLine:
    """One clock beside a ticket. `by`: its due instant in words, unless the panel says it above; `misses`: sentences about those gone by."""

    label: str
    due: Due
    due_at: datetime | None
    by: str
    misses: tuple[str, ...]


@dataclass(frozen=True)
class Panel:
    """`due`: the ticket's chip; `next`: the promised instant in plain words, `zone` beside it; no zone while it is paused."""

    due: Due | None
    next: str
    zone: str
    running: tuple[PanelLine, ...]
    ended: tuple[PanelLine, ...]


NONE_YET = 0  # no promise's id


def panel_question(ticket: Ticket) -> Question:
    """What `panel` is made of, to be asked together with others."""
    return clocks_question(ticket.promise_id or NONE_YET)


def panel(ticket: Ticket, clocks: Iterable[Any], now: datetime, *, for_staff: bool) -> Panel | None:
    """What the page shows of a ticket's promise, of the answer to `panel_question`; None for a ticket whose promise is not kept yet."""
    if ticket.promise_id is None:
        return None
    lines, moments = clock_lines(clocks), Moments(_readers_zone(), now)
    first = nearest(lines)
    if first is None:
        return Panel(None, "", "", (), tuple(_panel_line(line, moments, for_staff) for line in latest(lines)))
    running = sorted((line for line in lines if line.is_running), key=lambda line: (line.due_at is None, line.due_at or line.started_at))
    return Panel(
        due=first.due(for_staff=for_staff),
        next=_next(first, moments, for_staff) if first.is_running else "",
        zone=zone_of(first.due_at) if first.is_running and first.due_at is not None else "",
        running=tuple(_panel_line(line, moments, for_staff, is_above=line is first) for line in running),
        ended=tuple(_panel_line(line, moments, for_staff) for line in latest(lines) if not line.is_running),
    )


def _readers_zone() -> ZoneInfo:
    return ZoneInfo(timezone.get_current_timezone_name())


def _next(line: ClockLine, moments: Moments, for_staff: bool) -> str:
    if line.due_at is None:
        return _("Paused: %(what)s.") % {"what": words.waits_for(line.phase, for_staff=for_staff)}
    return str((LATE if line.due_at < moments.now else NEXT)[line.target]) % {"at": moments.near(line.due_at)}


def _panel_line(line: ClockLine, moments: Moments, for_staff: bool, *, is_above: bool = False) -> PanelLine:
    label = _("%(label)s, round %(round)s") % {"label": line.label, "round": line.round} if line.round > 1 else line.label
    breaches = [Breach(miss.due_at, Cause(miss.cause), miss.due_at, miss.annulled_at) for miss in line.misses]
    says_when = line.is_running and not is_above
    return PanelLine(
        label=label,
        due=line.due(for_staff=for_staff),
        due_at=line.due_at,
        by=_("by %(instant)s") % {"instant": moments.near(line.due_at)} if says_when and line.due_at is not None else "",
        misses=tuple(sentences.miss(breach, moments) for breach in breaches),
    )


# --- Why this time? ---------------------------------------------------------------------------------------------------
def explained(ticket: Ticket, now: datetime, *, for_staff: bool, with_older: bool = False) -> PromiseView:
    """The promises of a ticket, with what they add up from: by its whole story, internal steps included, of which nothing is shown."""
    with acting_for(ticket.customer_id):
        until = not_before(ticket, now)
        explanations = explain(with_calendars(facts_of(ticket), until), until)
        calendar = Calendar.objects.get(pk=calendar_of(ticket))
        return promise_view(explanations, calendar, now, for_staff=for_staff, with_older=with_older)


# --- What a value would do --------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Effects:
    """What saying a value now would do to the promises, in sentences. `undoes`: a missed promise would disappear."""

    lines: tuple[str, ...]
    undoes: bool = False


def effects_of_verdict(ticket: Ticket, known: History, value: Value, agent_id: int, now: datetime) -> Effects:
    """Before a verdict (SLA-6, SLA-10)."""
    restored = known.restored_by(value, agent_id)
    with acting_for(ticket.customer_id):
        imagined = imagine(ticket, value, restores=restored.position if restored else None, now=now)
    return _effects(imagined, Moments(_readers_zone(), now), for_staff=True)


def effects_of_declaration(ticket: Ticket, known: History, value: Value, now: datetime) -> Effects:
    """Before a customer declares: nothing for what counts already; for a claim that nothing moves until staff accept it."""
    effect = known.effect_of(value)
    if effect is None:
        return Effects(())
    if effect == Effect.CLAIMED:
        return Effects((_("No promise moves until our staff accept it."),))
    with acting_for(ticket.customer_id):
        imagined = imagine(ticket, value, by_verdict=False, now=now)
    return _effects(imagined, Moments(_readers_zone(), now), for_staff=False)


def _effects(imagined: Imagined, moments: Moments, *, for_staff: bool) -> Effects:
    before = {clock.key: clock for clock in imagined.before.clocks}
    lost = {clock.key for clock in imagined.lost}
    lines = [
        text
        for clock in imagined.after.clocks
        for text in _changes(before.get(clock.key), clock, imagined.after.entry.number, moments, is_lost=clock.key in lost)
    ]
    if not lines:
        lines.append(_("No promise moves."))
    if imagined.after.is_covered(imagined.at) and not imagined.before.is_covered(imagined.at):
        lines.append(
            _("Covered around the clock from now on: on-call is paged.") if for_staff else _("Covered around the clock from now on.")
        )
    if lost and for_staff:
        lines.append(_("A miss disappears: only a lead who isn't the assignee may decide so."))
    return Effects(tuple(lines), bool(lost))


def _changes(before: Clock | None, after: Clock, entry: int, moments: Moments, *, is_lost: bool) -> Iterable[str]:
    """What happens to one clock; nothing for one that stays as it is. `entry`: the number of what would count."""
    target = str(words.TARGETS[after.target])
    if before is None:
        yield _new(after, target, moments)
    elif before.is_running and after.outcome == Outcome.CANCELLED:
        yield _("%(target)s: no longer promised.") % {"target": target}
    elif before.due_at != after.due_at and before.due_at is not None and after.due_at is not None:
        facts = {"target": target, "before": moments.near(before.due_at), "after": moments.near(after.due_at)}
        yield _("%(target)s: due moves from %(before)s to %(after)s.") % facts
    elif after.is_running and after.course.pace == Pace.PAUSED and entry != after.course.entry:
        yield _("%(target)s: paused; when it goes on, the new value decides.") % {"target": target}
    elif after.is_running and before.course.decided is not after.course.decided and after.due_at is not None:
        yield _("%(target)s: stays due %(at)s.") % {"target": target, "at": moments.near(after.due_at)}
    if is_lost and before is not None and before.breach is not None:
        yield _("%(target)s: the miss of %(at)s disappears.") % {"target": target, "at": moments.near(before.breach.due_at)}
    elif after.breach is not None and (before is None or before.breach is None):
        yield _("%(target)s: missed at %(at)s.") % {"target": target, "at": moments.near(after.breach.due_at)}


def _new(clock: Clock, target: str, moments: Moments) -> str:
    if clock.due_at is None:
        return _("%(target)s: promised from now on, and paused.") % {"target": target}
    return _("%(target)s: promised from now on, due %(at)s.") % {"target": target, "at": moments.near(clock.due_at)}
