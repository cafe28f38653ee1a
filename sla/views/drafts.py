"""Changes of a calendar that are not in force yet, in the session of whoever makes them."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from sla import edits
from sla.content import Content
from sla.edits import Edit

SESSION_DRAFTS = "calendar_drafts"
MOST_STEPS = 200


@dataclass
class Draft:
    """Steps on top of a calendar's version number `base`; each step is what one click or form did, and is taken back whole."""

    session: SessionBase
    calendar_id: int
    base: int
    steps: list[list[Edit]] = field(default_factory=list)

    @classmethod
    def of(cls, session: SessionBase, calendar_id: int, newest: int) -> "Draft":
        """The draft in this session; an empty one on top of the `newest` version when there is none."""
        kept: dict[str, Any] | None = session.get(SESSION_DRAFTS, {}).get(str(calendar_id))
        if kept is None:
            return cls(session, calendar_id, newest)
        return cls(session, calendar_id, kept["base"], [[edits.from_json(one) for one in step] for step in kept["steps"]])

    def on(self, content: Content) -> Content:
        return edits.apply(content, (edit for step in self.steps for edit in step))

    def add(self, step: list[Edit]) -> None:
        self.steps.append(step)
        self._keep()

    def take_back(self) -> None:
        """Forget the last step."""
        del self.steps[-1:]
        self._keep()

    def rebase(self, newest: int) -> None:
        """Lie on top of a newer version from now on."""
        self.base = newest
        self._keep()

    def discard(self) -> None:
        self.steps.clear()
        self._keep()

    @property
    def is_full(self) -> bool:
        return len(self.steps) >= MOST_STEPS

    def _keep(self) -> None:
        drafts = dict(self.session.get(SESSION_DRAFTS, {}))
        drafts.pop(str(self.calendar_id), None)
        if self.steps:
            drafts[str(self.calendar_id)] = {"base": self.base, "steps": [[edits.to_json(one) for one in step] for step in self.steps]}
        self.session[SESSION_DRAFTS] = drafts
