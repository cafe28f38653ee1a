"""What a ticket's history says about its qualification, without a database."""

import pytest

from sla.rules import rank
from tickets.models import Event
from tickets.qualifying import Effect, History

SARA, LEA, ADA = 1, 2, 3
LOW, MEDIUM, HIGH, CRITICAL = (("technical", severity) for severity in ("low", "medium", "high", "critical"))


class Past:
    """A history told step by step."""

    def __init__(self, opened=HIGH):
        self.events, self.value = [], opened
        self._add("opened", ADA, *opened)

    def _add(self, kind, actor, type="", severity="", **facts):
        data = {"type": type, "severity": severity, "from_type": self.value[0], "from_severity": self.value[1]} | facts
        self.events.append(Event(kind=kind, actor_id=actor, position=len(self.events) + 1, data=data))
        return self

    def verified(self, value, by=SARA, **links):
        self._add("verified", by, *value, **links)
        self.value = value
        return self

    def declared(self, value, effect):
        self._add("declared", ADA, *value, effect=effect)
        self.value = self.value if effect == "claimed" else value
        return self

    def contested(self):
        return self._add("contested", ADA)

    @property
    def known(self):
        return History(tuple(self.events), self.value)


def test_type_comes_before_severity_in_the_order_of_values():
    values = [("update_service", "high"), ("functional", "low"), ("functional", "high"), LOW, MEDIUM, HIGH, CRITICAL]

    backwards = values[::-1]

    assert sorted(backwards, key=rank) == values


@pytest.mark.parametrize(
    ("past", "value", "effect"),
    [
        (Past(), CRITICAL, Effect.REPLACED),
        (Past(), LOW, Effect.REPLACED),
        (Past(), HIGH, None),
        (Past().verified(HIGH), CRITICAL, Effect.RAISED),
        (Past().verified(HIGH), ("functional", "high"), Effect.LOWERED),
        (Past().verified(LOW).declared(HIGH, "raised"), CRITICAL, Effect.CLAIMED),
        (Past().verified(LOW).declared(HIGH, "raised").verified(LOW), HIGH, Effect.CLAIMED),
        (Past().verified(HIGH).declared(LOW, "lowered"), HIGH, Effect.RAISED),
        (Past().declared(LOW, "replaced").verified(LOW), HIGH, Effect.RAISED),
    ],
)
def test_what_a_declaration_does(past, value, effect):
    assert past.known.effect_of(value) == effect


@pytest.mark.parametrize(
    ("past", "may"),
    [
        (Past(), False),
        (Past().verified(LOW), True),
        (Past().verified(LOW).contested(), False),
        (Past().verified(LOW).contested().verified(HIGH, LEA, contest=3), False),
        (Past().verified(LOW).contested().verified(HIGH, LEA, contest=3).declared(CRITICAL, "raised"), False),
        (Past().verified(LOW).contested().verified(HIGH, LEA, contest=3).declared(CRITICAL, "raised").verified(HIGH), True),
        (Past().verified(LOW).declared(HIGH, "claimed"), True),
    ],
)
def test_a_verdict_may_be_contested_once_and_a_contests_verdict_never(past, may):
    assert past.known.may_contest is may


RESTORED = [
    # A contest's verdict gives back the value before the lowering, or before an earlier one in the same row.
    (Past().verified(LOW).contested(), HIGH, LEA, 2),
    (Past().verified(MEDIUM).verified(LOW).contested(), HIGH, LEA, 2),
    (Past().verified(MEDIUM).verified(LOW).contested(), MEDIUM, LEA, 3),
    # Anything else upward is a raise.
    (Past().verified(LOW).contested(), MEDIUM, LEA, None),
    (Past().verified(LOW).contested(), CRITICAL, LEA, None),
    (Past().verified(HIGH).contested(), CRITICAL, LEA, None),
    (Past().verified(LOW).contested(), LOW, LEA, None),
    (Past(MEDIUM).verified(HIGH).verified(LOW).contested(), MEDIUM, LEA, None),
    # A declaration since does not stand in a contest's way.
    (Past().verified(LOW).contested().declared(HIGH, "raised"), HIGH, LEA, 2),
    (Past().verified(MEDIUM).contested().declared(LOW, "lowered"), HIGH, LEA, 2),
    # The decider's own correction, and nobody else's.
    (Past().verified(LOW), HIGH, SARA, 2),
    (Past().verified(LOW), HIGH, LEA, None),
    (Past().verified(MEDIUM, SARA).verified(LOW, LEA), HIGH, LEA, None),
    (Past().verified(MEDIUM, SARA).verified(LOW, LEA), MEDIUM, LEA, 3),
    (Past().verified(LOW).declared(HIGH, "raised"), HIGH, SARA, None),
    (Past().verified(LOW).declared(MEDIUM, "raised"), HIGH, SARA, None),
    # To accept what the customer claims anew is no correction, unless a contest is decided with it.
    (Past().verified(HIGH).declared(CRITICAL, "raised").verified(MEDIUM).declared(CRITICAL, "claimed"), CRITICAL, SARA, None),
    (Past().verified(HIGH).declared(CRITICAL, "raised").verified(MEDIUM).declared(HIGH, "claimed"), CRITICAL, SARA, 4),
    (Past().verified(HIGH).declared(CRITICAL, "raised").verified(LOW).contested().declared(CRITICAL, "claimed"), CRITICAL, LEA, 4),
    # What the customer lowered is no verdict.
    (Past().verified(HIGH).declared(LOW, "lowered"), HIGH, SARA, None),
]


@pytest.mark.parametrize(("past", "value", "agent", "lowering"), RESTORED)
def test_which_verdicts_restore(past, value, agent, lowering):
    restored = past.known.restored_by(value, agent)

    assert (restored.position if restored else None) == lowering
