"""Links to releases and their files: signed, bound to a person, a customer and a purpose, and good for a while.

None of them is a right: whoever follows one signs in, and what they may is asked again then.
"""

import uuid
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.core import signing
from django.urls import reverse

Purpose = Literal["artifact", "licence"]
FILE, MAIL = "releases.file", "releases.mail"


class LinkExpired(Exception):
    """It was ours, and its time is over."""


@dataclass(frozen=True)
class FileLink:
    """`number`: by which parts that are fetched later are known as parts of the same download."""

    purpose: Purpose
    file: int
    customer: int
    person: int
    number: str


def file_link(*, purpose: Purpose, file: int, customer: int, person: int) -> str:
    """Where this person fetches this file, for DOWNLOAD_LINK_SECONDS."""
    link = FileLink(purpose, file, customer, person, uuid.uuid4().hex)
    return reverse("portal:download", args=[signing.dumps(asdict(link), salt=FILE)])


def read_file_link(token: str) -> FileLink | None:
    """None: it is none of ours. Raises LinkExpired."""
    found = _read(token, FILE, timedelta(seconds=settings.DOWNLOAD_LINK_SECONDS))
    return FileLink(**found) if found is not None else None


@dataclass(frozen=True)
class MailLink:
    release: int
    customer: int
    person: int


def mail_link(*, release: int, customer: int, person: int) -> str:
    """The address that a mail names, whole, for RELEASE_MAIL_LINK_DAYS. `company`: which of several the reader is to look at."""
    token = signing.dumps(asdict(MailLink(release, customer, person)), salt=MAIL)
    return f"{settings.BASE_URL}{reverse('portal:release_link', args=[token])}?company={customer}"


def products_link(*, customer: int) -> str:
    """The address of a company's products, whole; what it shows is asked when it is opened."""
    return f"{settings.BASE_URL}{reverse('portal:products')}?company={customer}"


def read_mail_link(token: str) -> MailLink | None:
    """None: it is none of ours. Raises LinkExpired."""
    found = _read(token, MAIL, timedelta(days=settings.RELEASE_MAIL_LINK_DAYS))
    return MailLink(**found) if found is not None else None


def _read(token: str, salt: str, longest: timedelta) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = signing.loads(token, salt=salt, max_age=longest)
    except signing.SignatureExpired as error:
        raise LinkExpired from error
    except signing.BadSignature:
        return None
    return found
