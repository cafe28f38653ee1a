"""What an explanation says, sentence by sentence, in the reader's language (SLA-13)."""

from django.utils.translation import gettext as _

from helpdesk.lib.spans import Moments, exactly
from sla import words
from sla.clocks import Breach, Cause
from sla.courses import Choice, Decision
from sla.explaining import Basis, By, Explanation, Kind, Turn
from sla.models.promises import CAUSE_WORDS
from sla.rules import Target


def promised(one: Explanation) -> str:
    """What the seconds are that everything adds up to."""
    facts = {
        "target": str(words.TARGETS[one.clock.target]),
        "value": words.value(one.value),
        "time": exactly(one.whole),
        "coverage": words.within(one.clock.course.always),
    }
    match one.basis:
        case Basis.KEPT:
            text = _(
                "%(target)s: %(time)s %(coverage)s. That is the promise for “%(value)s”, kept so that nobody waits longer than before."
            )
        case Basis.REST:
            text = _("%(target)s: %(time)s %(coverage)s. The ticket was reopened, and goes on with what was left then.")
        case Basis.HALF:
            text = _("%(target)s: %(time)s %(coverage)s. The ticket was reopened, and has half the time for “%(value)s” at least.")
        case _:
            text = _("%(target)s: %(time)s %(coverage)s. That is the promise for “%(value)s”.")
    return text % facts


def clockwork(calendar: str, zone: str) -> str:
    """By which hours everything is counted, and in which zone times are. `calendar`: empty where all of it counts around the clock."""
    if not calendar:
        return _("Everything here counts around the clock. Times without a zone are in %(zone)s.") % {"zone": zone}
    facts = {"calendar": calendar, "zone": zone}
    return _("Business hours are those of “%(calendar)s”. Times without a zone are in %(zone)s.") % facts


def why_counted(by: By) -> str:
    return {By.CALENDAR: _("business hours"), By.ALWAYS: _("around the clock"), By.HELP: _("off-hours help")}[by]


def turn(one: Turn, target: Target, moments: Moments, *, for_staff: bool) -> str:
    """What happened to a clock, and since when it is due when."""
    due = {"due": moments.full(one.due)} if one.due is not None else None
    text = _happened(one, target, for_staff)
    if due is None or one.kind in {Kind.MET, Kind.CANCELLED}:
        return text
    if one.decision is not None:
        decided = _ruled if one.kind == Kind.RULED else _decided
        return f"{text} {decided(one.decision, for_staff) % due}"
    since = _("Due %(due)s.")
    return f"{text} {since % due}"


def _happened(one: Turn, target: Target, for_staff: bool) -> str:
    value, replaced = words.value(one.value), words.value(one.replaced) if one.replaced else ""
    match one.kind:
        case Kind.OPENED:
            return _("Opened as “%(value)s”.") % {"value": value}
        case Kind.ANSWERED:
            return _("Our staff answered; the next update is promised from here.")
        case Kind.REOPENED:
            return _("Opened again: a new round begins.")
        case Kind.BEGUN:
            return _("Promised from here on, for “%(value)s”.") % {"value": value}
        case Kind.PAUSED:
            return _("Paused: %(what)s.") % {"what": words.waits_for(one.phase, for_staff=for_staff)}
        case Kind.RESUMED:
            return _("Goes on.")
        case Kind.REQUALIFIED:
            by_verdict = one.decision is not None and one.decision.by_verdict
            text = (
                _("Our staff decided “%(after)s”, before “%(before)s”.") if by_verdict else _("Declared “%(after)s”, before “%(before)s”.")
            )
            return text % {"after": value, "before": replaced}
        case Kind.RESTORED:
            return _("“%(value)s” was given back: the lowering counts as if it had never been.") % {"value": value}
        case Kind.CALENDAR:
            return _("Other business hours rule from here on; time before is counted as it was.")
        case Kind.RULED:
            return _("Other promises rule from here on.")
        case Kind.HELPED:
            return _("Off-hours help was agreed.")
        case Kind.UNHELPED:
            return _("Off-hours help ended.")
        case Kind.MET:
            return _("Kept: done.") if target == Target.RESOLUTION else _("Kept: answered.")
        case Kind.CANCELLED:
            return _("No longer promised: neither kept nor missed.")


def _decided(decision: Decision, for_staff: bool) -> str:
    """Why it took that instant, with a mark for it."""
    match decision.choice:
        case Choice.REPLAYED:
            return _("Counted as if that had been said in the place of what it replaces: due %(due)s.")
        case Choice.FULL:
            return _("The whole time anew, from when our staff could know: due %(due)s.")
    return _kept(for_staff)


def _ruled(decision: Decision, for_staff: bool) -> str:
    """The same where nobody said anything of this ticket: its policy promises otherwise."""
    match decision.choice:
        case Choice.REPLAYED:
            return _("Counted as if they had ruled from the beginning: due %(due)s.")
        case Choice.FULL:
            return _("The whole time anew, from here on: due %(due)s.")
    return _kept(for_staff)


def _kept(for_staff: bool) -> str:
    if for_staff:
        return _("Stays due %(due)s, so that the customer never waits longer than before.")
    return _("Stays due %(due)s, so that you never wait longer than before.")


def choices(decision: Decision, moments: Moments) -> str:
    """The three instants that it chose from."""
    instants = {"replayed": decision.replayed, "kept": decision.kept, "full": decision.full}
    text = _("as if said from the beginning: %(replayed)s; as it was: %(kept)s; whole time anew: %(full)s")
    return text % {name: moments.full(at) if at is not None else "–" for name, at in instants.items()}


def miss(breach: Breach, moments: Moments) -> str:
    """What became of a due instant that went by."""
    if breach.annulled_at is not None:
        text = _("%(due)s was missed; since %(at)s that no longer counts, because a verdict moved the deadline.")
        return text % {"due": moments.full(breach.due_at), "at": moments.full(breach.annulled_at)}
    return _("%(due)s was missed: %(cause)s.") % {"due": moments.full(breach.due_at), "cause": cause(breach.cause)}


def cause(of: Cause) -> str:
    """ "late work", inside a sentence."""
    return str(CAUSE_WORDS[Cause(of)]).lower()
