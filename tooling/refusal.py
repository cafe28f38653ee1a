"""Expected failures."""

GENERAL = 1
USAGE = 2


class Refusal(Exception):
    """Ends `./run` with one sentence that says what to do, and an exit code."""

    def __init__(self, sentence: str, code: int = GENERAL) -> None:
        super().__init__(sentence)
        self.code = code
