"""What a command raises when it must not do what was asked."""

from typing import ClassVar

from django.utils.functional import Promise


class Refusal(Exception):
    """An expected no. Each subclass has a sentence for the person who asked, which says what to do instead."""

    sentence: ClassVar["str | Promise"] = ""

    def __init__(self, **facts: object) -> None:
        super().__init__()
        self.facts = facts

    def __str__(self) -> str:
        return str(self.sentence) % self.facts if self.facts else str(self.sentence)
