"""Files in a bucket of any service that speaks S3, by addresses signed for one request each (AWS Signature Version 4).

What comes in streams through us, once; what goes out is fetched from the bucket by an address that is good for minutes.
"""

import contextlib
import hashlib
import hmac
import http.client
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import IO, Any
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

from django.core.files.base import File
from django.core.files.storage import Storage
from django.utils.http import content_disposition_header

from helpdesk.lib.filenames import DOWNLOAD_TYPE

ANSWER_SECONDS = 60
OURS = timedelta(minutes=15)  # of an address that we use ourselves, at once
THEIRS = timedelta(minutes=10)  # of one that somebody is sent to
ALGORITHM = "AWS4-HMAC-SHA256"


class BucketError(OSError):
    """The service did not do what it was asked; its answer's status and first words."""


def signed_address(
    *, method: str, endpoint: str, path: str, key: str, secret: str, region: str, lasts: timedelta, now: datetime, query: Mapping[str, str]
) -> str:
    """An address that does one thing until its time is over. `path`: quoted, from the slash on; `query`: what else is asked."""
    host, day, at = urlsplit(endpoint).netloc, f"{now:%Y%m%d}", f"{now:%Y%m%dT%H%M%SZ}"
    scope = f"{day}/{region}/s3/aws4_request"
    asked = {
        **query,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{key}/{scope}",
        "X-Amz-Date": at,
        "X-Amz-Expires": str(int(lasts.total_seconds())),
        "X-Amz-SignedHeaders": "host",
    }
    words = urlencode(sorted(asked.items()), quote_via=quote, safe="-_.~")
    request = "\n".join((method, path, words, f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"))
    to_sign = "\n".join((ALGORITHM, at, scope, hashlib.sha256(request.encode()).hexdigest()))
    signing = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    return f"{endpoint}{path}?{words}&X-Amz-Signature={hmac.digest(signing, to_sign.encode(), 'sha256').hex()}"


class S3Storage(Storage):
    """Buckets are addressed by path, which every service understands."""

    def __init__(self, *, endpoint: str, bucket: str, key: str, secret: str, region: str) -> None:
        self.endpoint, self.bucket, self.key, self.secret, self.region = endpoint, bucket, key, secret, region

    def signed_url(self, name: str, *, file_name: str) -> str:
        """Where a browser fetches the file, under the name that people gave it and never as anything active."""
        shown = {"response-content-disposition": content_disposition_header(True, file_name) or "attachment"}
        return self._address(
            "GET", name, shown | {"response-content-type": DOWNLOAD_TYPE, "response-cache-control": "private, no-store"}, THEIRS
        )

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return name  # names are made up anew for each file

    def _save(self, name: str, content: "File[Any]") -> str:
        """Whole or not at all: the service keeps nothing of a body that ends early."""
        with self._asked("PUT", name, body=content.chunks(), headers={"Content-Length": str(content.size), "Content-Type": DOWNLOAD_TYPE}):
            return name

    def _open(self, name: str, mode: str = "rb") -> "File[bytes]":
        answer = self._ask("GET", name)
        return File(answer, name=name)

    def delete(self, name: str) -> None:
        with self._asked("DELETE", name, missing_is_fine=True):
            pass

    def exists(self, name: str) -> bool:
        try:
            self.size(name)
        except FileNotFoundError:
            return False
        return True

    def size(self, name: str) -> int:
        """Raises FileNotFoundError."""
        with self._asked("HEAD", name) as answer:
            return int(answer.headers["Content-Length"])

    def get_modified_time(self, name: str) -> datetime:
        with self._asked("HEAD", name) as answer:
            return parsedate_to_datetime(answer.headers["Last-Modified"])

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """No folders, and the files of one, without its name."""
        names: list[str] = []
        more = ""
        while True:
            query = {"list-type": "2", "prefix": f"{path.strip('/')}/"} | ({"continuation-token": more} if more else {})
            with self._asked("GET", "", query=query) as answer:
                page = ElementTree.fromstring(answer.read())  # noqa: S314 - of the service that we were told to trust
            space = page.tag.partition("}")[0] + "}" if page.tag.startswith("{") else ""
            names += [str(row.findtext(f"{space}Key")).rpartition("/")[2] for row in page.iter(f"{space}Contents")]
            more = page.findtext(f"{space}NextContinuationToken") or ""
            if not more:
                return [], names

    # --- Asking ----------------------------------------------------------------------------------------------------------
    def _address(self, method: str, name: str, query: Mapping[str, str], lasts: timedelta) -> str:
        path = quote(f"/{self.bucket}/{name}" if name else f"/{self.bucket}", safe="/-_.~")
        return signed_address(
            method=method,
            endpoint=self.endpoint,
            path=path,
            key=self.key,
            secret=self.secret,
            region=self.region,
            lasts=lasts,
            now=datetime.now(UTC),
            query=query,
        )

    @contextlib.contextmanager
    def _asked(self, method: str, name: str, **more: Any) -> Iterator[http.client.HTTPResponse]:
        answer = self._ask(method, name, **more)
        try:
            yield answer
        finally:
            answer.close()

    def _ask(
        self,
        method: str,
        name: str,
        *,
        query: Mapping[str, str] | None = None,
        body: "Iterator[bytes] | IO[bytes] | None" = None,
        headers: Mapping[str, str] | None = None,
        missing_is_fine: bool = False,
    ) -> http.client.HTTPResponse:
        """The answer, to be read and closed. Raises FileNotFoundError, BucketError; and whatever the body raises, before it is complete."""
        address = urlsplit(self._address(method, name, query or {}, OURS))
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        line = kind(address.netloc, timeout=ANSWER_SECONDS)
        try:
            line.request(method, f"{address.path}?{address.query}", body=body, headers={"Connection": "close", **(headers or {})})
            answer = line.getresponse()
        except BaseException:
            line.close()
            raise
        if answer.status == 404 and not missing_is_fine:
            answer.close()
            raise FileNotFoundError(name)
        if answer.status >= 300 and not (answer.status == 404 and missing_is_fine):
            said = answer.read(300).decode("utf-8", "replace")
            answer.close()
            raise BucketError(f"{method} was answered with {answer.status}: {said}")
        return answer
