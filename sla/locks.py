"""So that nobody computes by a calendar that is just being replaced.

Whoever tells a promise holds calendars still, before any lock on a row; whoever puts a version in force does so alone. Both end
with the transaction.
"""

from django.db import connection

CALENDARS = 0x5C10C
HOLD_STILL = f"SELECT pg_advisory_xact_lock_shared({CALENDARS})"


def hold_calendars_still() -> None:
    """Let no version come into force until the transaction ends; many do so at once. HOLD_STILL is the same for who asks more at once."""
    _ask(HOLD_STILL)


def change_calendars_alone() -> None:
    """Wait for all who hold calendars still, and let others wait until the transaction ends."""
    _ask(f"SELECT pg_advisory_xact_lock({CALENDARS})")


def _ask(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
