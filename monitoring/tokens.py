"""Tokens of credentials: random, kept as a hash alone, with their customer's number in front, so that its scope is known before any row."""

import hashlib
import secrets

from helpdesk.lib.addresses import row_id

SHOWN = 4  # characters by which people tell them apart
LONGEST = 80


def make(customer_id: int) -> str:
    return f"{customer_id}-{secrets.token_urlsafe(32)}"


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def customer_of(token: str) -> int | None:
    """The customer that a token claims to be of; None for what is no token."""
    number, mark, secret = token.partition("-")
    return row_id(number) if mark and secret and len(token) <= LONGEST and token.isascii() else None
