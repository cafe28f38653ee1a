"""Telling a database that is away from a mistake of ours."""

from django.db import DatabaseError, InterfaceError, OperationalError


def is_outage(error: BaseException | None) -> bool:
    """Whether the database was away, going down or too busy, so that the same thing may work in a moment.

    What led to the error counts: code that runs on after a lost connection fails in other words.
    """
    while error is not None:
        # libpq's own words for some broken lines come as a bare DatabaseError; statements that are wrong come as a subclass of it.
        if isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError:
            return True
        error = error.__cause__ or error.__context__
    return False
