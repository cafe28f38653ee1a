"""What a story consists of: how a ticket begins, and the turns of its conversation."""

from dataclasses import dataclass
from enum import Enum
from inspect import cleandoc


class Act(Enum):
    """One turn. What staff say in public may leave the ticket in another state."""

    SAYS = "the customer writes"
    CONFIRMS = "the customer writes, and says that it is solved"
    TELLS = "staff answer"
    ASKS = "staff ask, and wait for the customer"
    WAITS = "staff answer, and wait for a third party"
    SOLVES = "staff answer, and resolve"
    NOTES = "an internal note"
    HOLDS = "staff put a hold; the customer reads the reason"


@dataclass(frozen=True)
class Turn:
    """`texts` are variants of which one is used; `evidence` names a kind of file from `evidence.py`."""

    act: Act
    texts: tuple[str, ...]
    evidence: str = ""

    @property
    def by_customer(self) -> bool:
        return self.act in {Act.SAYS, Act.CONFIRMS}


@dataclass(frozen=True)
class Story:
    """Texts are Markdown with placeholders such as {trunk}, filled from `words.py`."""

    product: str
    type: str
    severity: str
    subjects: tuple[str, ...]
    opening: tuple[str, ...]
    turns: tuple[Turn, ...]
    evidence: str = ""

    def has(self, act: Act) -> bool:
        return any(turn.act == act for turn in self.turns)


def tell_story(
    product: str,
    type: str,
    severity: str,
    *,
    subjects: tuple[str, ...],
    opening: tuple[str, ...],
    turns: tuple[Turn, ...],
    evidence: str = "",
) -> Story:
    return Story(product, type, severity, subjects, tuple(cleandoc(text) for text in opening), turns, evidence)


def _turn(act: Act, texts: tuple[str, ...], evidence: str = "") -> Turn:
    return Turn(act, tuple(cleandoc(text) for text in texts), evidence)


def says(*texts: str, evidence: str = "") -> Turn:
    return _turn(Act.SAYS, texts, evidence)


def confirms(*texts: str) -> Turn:
    return _turn(Act.CONFIRMS, texts)


def tells(*texts: str, evidence: str = "") -> Turn:
    return _turn(Act.TELLS, texts, evidence)


def asks(*texts: str) -> Turn:
    return _turn(Act.ASKS, texts)


def waits(*texts: str) -> Turn:
    return _turn(Act.WAITS, texts)


def solves(*texts: str) -> Turn:
    return _turn(Act.SOLVES, texts)


def notes(*texts: str) -> Turn:
    return _turn(Act.NOTES, texts)


def holds(*texts: str) -> Turn:
    return _turn(Act.HOLDS, texts)
