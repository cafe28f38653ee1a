"""Words that people look for."""

import re

# PostgreSQL's text holds neither: a query with one of them fails instead of finding nothing.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_words(text: str, longest: int) -> str:
    """What was typed, as the database can be asked for it: without NULs and lone surrogates, trimmed, at most `longest` long."""
    return _UNSTORABLE.sub("", text).strip()[:longest].rstrip()
