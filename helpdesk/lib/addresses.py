"""What stands in an address: ids that people can type anything into, and filters that go along from page to page."""

from functools import lru_cache

from django.http import QueryDict
from django.urls import get_script_prefix, reverse

# As many digits as every number of PostgreSQL's bigint has; a longer one is no row's id.
DIGITS = 18


def address(name: str, *arguments: object) -> str:
    """The address of a page: the resolver is asked once for each name, since asking it for every row's takes a page's time.

    Below no prefix, whatever a request says of one (SCRIPT_NAME): the helpdesk has a host of its own, see `BASE_URL`.
    """
    ids = tuple(argument for argument in arguments if type(argument) is int)
    kept = tuple(ANY_ID if type(argument) is int else argument for argument in arguments)
    pattern = _pattern(name, kept)
    return pattern % ids if ids else pattern


ANY_ID = 1_234_567_890


@lru_cache(maxsize=512)
def _pattern(name: str, arguments: tuple[object, ...]) -> str:
    """The address with a mark in the place of each id; as it is where there is none."""
    made = "/" + reverse(name, args=arguments).removeprefix(get_script_prefix())
    return made.replace("%", "%%").replace(str(ANY_ID), "%d") if ANY_ID in arguments else made


class Addresses:
    """Addresses of many rows under one name: put together once, since asking the resolver for each takes a page's time."""

    ID = 1_234_567_890

    def __init__(self, name: str) -> None:
        self.before, _id, self.after = reverse(name, args=[self.ID]).partition(str(self.ID))

    def of(self, pk: int) -> str:
        return f"{self.before}{pk}{self.after}"


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
