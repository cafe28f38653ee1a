"""What stands in an address: ids that people can type anything into, and filters that go along from page to page."""

from django.http import QueryDict

# As many digits as every number of PostgreSQL's bigint has; a longer one is no row's id.
DIGITS = 18


def row_id(text: str) -> int | None:
    """The id that the text is, or None for whatever else was typed."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS else None


def query_string(parameters: QueryDict, **changes: object) -> str:
    """The parameters with some changed, or left out by None or an empty text."""
    changed = parameters.copy()
    for name, value in changes.items():
        if value is None or value == "":
            changed.pop(name, None)
        else:
            changed[name] = str(value)
    return changed.urlencode()
