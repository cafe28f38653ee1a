"""The standard policy as shipped (SLA-2). The provider edits it; this is where an installation begins."""

from sla.rules import SEVERITIES, VALUES, Row, Rules, Step, Target, Told, Value

# Minutes of coverage until first response, next update and resolution; 0: not promised.
CRITICAL = (30, 60, 240)
TECHNICAL = {"high": (120, 240, 540), "medium": (240, 540, 1620), "low": (540, 1620, 5400)}
FUNCTIONAL = (240, 540, 0)
UPDATE_SERVICE = (540, 1620, 0)


def _row(value: Value) -> Row:
    type, severity = value
    if severity == SEVERITIES[-1]:
        return _promise(CRITICAL, always=True)
    return _promise({"technical": TECHNICAL[severity], "functional": FUNCTIONAL, "update_service": UPDATE_SERVICE}[type])


def _promise(minutes: tuple[int, int, int], *, always: bool = False) -> Row:
    return Row(always, {target: count * 60 for target, count in zip(Target, minutes, strict=True) if count})


STANDARD = Rules(
    rows={value: _row(value) for value in VALUES},
    steps=(
        Step(50, frozenset({Told.ASSIGNEE})),
        Step(80, frozenset({Told.ASSIGNEE, Told.LEAD})),
        Step(100, frozenset({Told.LEAD, Told.ACCOUNT_MANAGER})),
    ),
)
