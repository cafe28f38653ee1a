"""Counts that stop somewhere: beyond a cap it does not matter how many there are, and looking would cost."""


def capped(count: int, cap: int) -> str:
    """The count as people read it: "999+" for one that was counted beyond 999."""
    return f"{cap}+" if count > cap else str(count)
