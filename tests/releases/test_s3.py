"""Files in a bucket: the signature is that of the published example, and a small service keeps what it is sent."""

import io
import threading
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.urls import reverse

from accounts.tenancy import as_provider
from releases import commands
from releases.commands.artifacts import keep
from releases.models import Artifact
from releases.receiving import Arriving, UploadCutOff
from releases.s3 import signed_address
from tests import factories as make


def test_an_address_is_signed_as_in_the_services_own_example():
    address = signed_address(
        method="GET",
        endpoint="https://examplebucket.s3.amazonaws.com",
        path="/test.txt",
        key="AKIAIOSFODNN7EXAMPLE",
        secret="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region="us-east-1",
        lasts=timedelta(days=1),
        now=datetime(2013, 5, 24, tzinfo=UTC),
        query={},
    )

    assert address.endswith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


class Bucket(ThreadingHTTPServer):
    """Keeps whole bodies by path, and nothing of one that ends early, as the real ones do."""

    def __init__(self):
        self.files = {}
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    def do_PUT(self):
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) == length:
            self.server.files[self._path] = body
            self._answer(200)

    def do_GET(self):
        asked = parse_qs(urlsplit(self.path).query)
        if "list-type" in asked:
            keys = [path.removeprefix("/desk/") for path in self.server.files if path.startswith(f"/desk/{asked['prefix'][0]}")]
            rows = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
            xml = f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{rows}</ListBucketResult>'
            return self._answer(200, xml.encode())
        found = self.server.files.get(self._path)
        return self._answer(404 if found is None else 200, found or b"")

    do_HEAD = do_GET

    def do_DELETE(self):
        self.server.files.pop(self._path, None)
        self._answer(204)

    @property
    def _path(self):
        return unquote(urlsplit(self.path).path)

    def _answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Mon, 23 Nov 2026 12:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_unused):
        pass


@pytest.fixture
def bucket(settings):
    server = Bucket()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    options = {"endpoint": f"http://127.0.0.1:{server.server_port}", "bucket": "desk", "key": "K", "secret": "S", "region": "sa-east-1"}
    settings.STORAGES = settings.STORAGES | {"releases": {"BACKEND": "releases.s3.S3Storage", "OPTIONS": options}}
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_file_comes_back_as_it_went(bucket):
    storage = storages["releases"]
    name = storage.save("releases/abc", ContentFile(b"content"))

    assert (name, bucket.files) == ("releases/abc", {"/desk/releases/abc": b"content"})
    with storage.open(name) as file:
        assert file.read() == b"content"
    assert (storage.exists(name), storage.size(name), storage.listdir("releases")) == (True, 7, ([], ["abc"]))
    storage.delete(name)
    storage.delete(name)
    assert (storage.exists(name), bucket.files) == (False, {})


@pytest.mark.django_db
def test_an_artifact_lies_in_the_bucket_and_is_fetched_from_there(bucket, world, client, monkeypatch):
    monkeypatch.setattr(Artifact._meta.get_field("stored_as"), "storage", storages["releases"])
    release = make.release(world.softswitch)
    with as_provider():
        file = release.artifacts.get()
    client.force_login(world.ada)

    assert bucket.files == {f"/desk/{file.stored_as.name}": make.PACKAGE}
    answer = client.get(client.get(reverse("portal:artifact", args=[file.pk]))["Location"])
    assert answer.status_code == 302
    asked = parse_qs(urlsplit(answer["Location"]).query)
    assert asked["response-content-disposition"] == ['attachment; filename="package-8.2.tar.gz"']
    assert (asked["response-content-type"], asked["X-Amz-Expires"]) == (["application/octet-stream"], ["600"])
    with urllib.request.urlopen(answer["Location"]) as fetched:  # noqa: S310 - an address of ours
        assert fetched.read() == make.PACKAGE
    assert commands.compare_artifacts(now=make.NOW) == 1
    with as_provider():
        assert release.artifacts.get().altered_at is None


@pytest.mark.django_db
def test_an_upload_that_breaks_off_leaves_nothing_in_the_bucket(bucket):
    arriving = Arriving(io.BytesIO(b"x" * 1000), name="a.tgz", size=5000)
    with pytest.raises(UploadCutOff):
        keep(storages["releases"], "releases/cut", arriving)

    assert bucket.files == {}
