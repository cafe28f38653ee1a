"""What qualifications, targets and those who hear of steps are called, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from helpdesk.lib.minutes import spell
from sla.facts import Phase
from sla.rules import Target, Told, Value

Words = dict[str, "str | Promise"]

TYPES: Words = {"technical": _("Technical"), "functional": _("Functional"), "update_service": _("Update service")}
SEVERITIES: Words = {"critical": _("Critical"), "high": _("High"), "medium": _("Medium"), "low": _("Low")}
TARGETS: dict[Target, "str | Promise"] = {
    Target.FIRST_RESPONSE: _("First response"),
    Target.NEXT_UPDATE: _("Next update"),
    Target.RESOLUTION: _("Resolution"),
}
TOLD: dict[Told, "str | Promise"] = {
    Told.ASSIGNEE: _("assignee"),
    Told.LEAD: _("lead"),
    Told.ACCOUNT_MANAGER: _("account manager"),
}
WAITS_FOR: Words = {
    Phase.WAITING_CUSTOMER: _("waiting for customer"),
    Phase.WAITING_APPROVAL: _("waiting for approval"),
}
WAITS_FOR_YOU: Words = WAITS_FOR | {Phase.WAITING_CUSTOMER: _("waiting for you")}


def value(value: Value) -> str:
    """A qualification as one reads it: "Technical, critical"."""
    type, severity = value
    return gettext("%(type)s, %(severity)s") % {"type": TYPES[type], "severity": str(SEVERITIES[severity]).lower()}


def any_severity(type: str) -> str:
    """All qualifications of a type: "Functional, any severity"."""
    return gettext("%(type)s, any severity") % {"type": TYPES[type]}


def coverage(always: bool) -> str:
    return gettext("24x7") if always else gettext("Business hours")


def minutes(seconds: int | None) -> str:
    """A target as one reads it, in hours and minutes of coverage; "none" where nothing is promised."""
    return spell(seconds // 60) if seconds is not None else gettext("none")


def told(tells: "frozenset[Told]") -> str:
    """Those who hear of a step, in the order of the ladder; "nobody" for none."""
    return ", ".join(str(word) for one, word in TOLD.items() if one in tells) or gettext("nobody")


def terms(seconds: int, *, always: bool, calendar: str = "") -> str:
    """A target with its coverage: "30 min, 24x7", "4 h, business hours (Hours of Sao Paulo)"."""
    text = gettext("%(target)s, %(coverage)s") % {"target": minutes(seconds), "coverage": coverage(always).lower()}
    return f"{text} ({calendar})" if calendar and not always else text


def waits_for(phase: Phase, *, for_staff: bool = True) -> str:
    """What a pause waits for, inside a sentence; empty for a phase that pauses nothing."""
    return str((WAITS_FOR if for_staff else WAITS_FOR_YOU).get(phase, ""))


def within(always: bool) -> str:
    """After a target: "of business hours", "around the clock"."""
    return gettext("around the clock") if always else gettext("of business hours")
