"""Files of a draft on their way in: streamed, hashed, refused with a sentence, and gone when they break off."""

import hashlib
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider
from releases import commands
from releases.models import Artifact
from tests import factories as make

pytestmark = pytest.mark.django_db
STREAM = "application/octet-stream"


@pytest.fixture
def draft(world):
    return make.draft(world.softswitch, package=b"")


@pytest.fixture
def desk(rita):
    client = Client()
    client.force_login(rita)
    return client


def kept(settings):
    """Every stored byte, also of what is on its way."""
    return sorted(path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file())


def stream(client, draft, content, name="package.tar.gz", **about):
    query = "&".join(f"{key}={value}" for key, value in ({"name": name, "kind": "package"} | about).items())
    return client.post(f"{reverse('console:artifact_upload', args=[draft.pk])}?{query}", content, content_type=STREAM, CONTENT_TYPE=STREAM)


def test_a_stream_is_kept_and_hashed_as_it_arrives(desk, draft):
    content = b"x" * 3_000_000

    answer = stream(desk, draft, content, sha256=hashlib.sha256(content).hexdigest().upper())
    assert (answer.status_code, answer.json()["sha256"]) == (201, hashlib.sha256(content).hexdigest())
    with as_provider():
        row = draft.artifacts.get()
    assert (row.name, row.size, row.stored_as.read()) == ("package.tar.gz", 3_000_000, content)
    row.stored_as.close()


def test_without_a_script_the_form_sends_it(desk, draft):
    form = {"kind": "manual", "sha256": "", "file": SimpleUploadedFile("manual.pdf", b"%PDF")}

    answer = desk.post(reverse("console:artifact_upload", args=[draft.pk]), form)
    assert answer.status_code == 302
    with as_provider():
        assert list(draft.artifacts.values_list("kind", "name", "size")) == [("manual", "manual.pdf", 4)]


@pytest.mark.parametrize(
    ("content", "about", "sentence"),
    [
        (b"", {}, "is empty. Choose the file that you mean."),
        (b"abc", {"sha256": "0" * 64}, "did not arrive as you have it: its SHA-256 is ba7816bf"),
        (b"abc", {"sha256": "abc"}, "A SHA-256 has 64 digits"),
        (b"abc", {"kind": "virus"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_leaves_nothing(desk, draft, settings, content, about, sentence):
    answer = stream(desk, draft, content, **about)

    assert answer.status_code == 422
    assert sentence in answer.json()["error"]
    assert kept(settings) == []


def test_a_file_over_the_limit_is_refused_before_a_byte_is_read(desk, draft, settings):
    settings.RELEASE_FILE_MAX_BYTES = 1024**2

    answer = stream(desk, draft, b"x" * (1024**2 + 1))
    assert (answer.status_code, kept(settings)) == (413, [])


class _CutOff(io.BytesIO):
    """A line that breaks after half of it."""

    def read(self, size=-1):
        if self.tell() >= len(self.getvalue()) // 2:
            raise ConnectionResetError
        return super().read(min(size, 1000))


@pytest.mark.parametrize("source", [io.BytesIO(b"x" * 4000), _CutOff(b"x" * 8000)])
def test_an_interrupted_upload_leaves_nothing_behind(draft, settings, source):
    with pytest.raises(Exception, match=r"arrived only in part. Nothing of it was kept"):
        commands.add_artifact(actor=None, release=draft, kind="package", name="a.tgz", content=source, size=8000, now=make.NOW)

    assert kept(settings) == []
    with as_provider():
        assert not Artifact.objects.exists()


def test_where_files_are_kept_may_be_away(desk, draft, settings, monkeypatch):
    def refuse(*_arguments):
        raise ConnectionRefusedError

    monkeypatch.setattr("releases.storage.WholeFileStorage._save", refuse)
    answer = stream(desk, draft, b"x" * 100)

    assert (answer.status_code, "can't be reached now" in answer.json()["error"], kept(settings)) == (422, True, [])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\setup.exe", "setup.exe"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\r\nSet-Cookie: x.tgz", "aSet-Cookie x.tgz"),
        ("...", "file"),
        ("<script>.tgz", "script .tgz"),
        ("n" * 300 + ".tar.gz", "n" * 117 + ".gz"),
    ],
)
def test_tricks_in_names_are_taken_out_and_never_reach_the_disk(draft, settings, name, shown):
    row = make.artifact(draft, name)

    assert row.name == shown
    assert [len(stored) for stored in kept(settings)] == [32]


def test_one_name_is_one_file_whatever_its_capitals(draft, settings):
    make.artifact(draft, "Package.tgz")

    with pytest.raises(commands.FileNameTaken, match=r"has a file “package.tgz” already"):
        make.artifact(draft, "package.tgz")
    assert len(kept(settings)) == 1


def test_a_removed_file_is_gone_from_the_disk(desk, draft, settings, django_capture_on_commit_callbacks):
    row = make.artifact(draft)
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(reverse("console:artifact_remove", args=[row.pk]))

    assert kept(settings) == []


def test_a_discarded_draft_takes_its_files_along(desk, draft, settings, django_capture_on_commit_callbacks):
    make.artifact(draft)
    with django_capture_on_commit_callbacks(execute=True):
        assert desk.post(reverse("console:release_discard", args=[draft.pk])).status_code == 302

    assert kept(settings) == []


def test_stored_bytes_without_a_row_are_swept_after_a_day(draft, settings):
    import os  # noqa: PLC0415

    make.artifact(draft)
    loose = Path(settings.MEDIA_ROOT) / "releases" / ("0" * 32)
    loose.write_bytes(b"x")
    os.utime(loose, (make.NOW.timestamp(), make.NOW.timestamp()))
    assert commands.sweep_files(now=make.NOW) == 0
    long_ago = make.NOW.timestamp() - 2 * 86400
    os.utime(loose, (long_ago, long_ago))

    assert commands.sweep_files(now=make.NOW) == 1
    assert (loose.exists(), len(kept(settings))) == (False, 1)


@pytest.mark.parametrize("who", ["sara", "max", "lea"])
def test_only_release_managers_upload(world, draft, settings, who):
    client = Client()
    client.force_login(getattr(world, who).person)

    assert (stream(client, draft, b"abc").status_code, kept(settings)) == (403, [])


def test_a_customers_stream_gets_what_a_wrong_address_gets(world, draft, settings):
    client = Client()
    client.force_login(world.ada)

    assert (stream(client, draft, b"abc").status_code, kept(settings)) == (404, [])


def test_a_strangers_stream_is_sent_to_sign_in(draft, settings):
    answer = stream(Client(), draft, b"abc")

    assert answer["Location"].startswith(reverse("account_login"))
    assert kept(settings) == []


def test_a_stream_to_any_other_address_is_an_ordinary_form(desk, draft):
    answer = desk.post(reverse("console:release_new"), b"x" * 100, content_type=STREAM)

    assert answer.status_code == 200


def test_no_transaction_is_open_while_a_file_arrives(rita, draft, monkeypatch):
    """A slow line must hold neither a transaction nor a lock. The test's own transaction is the outermost."""
    from django.db import connection  # noqa: PLC0415

    from releases.receiving import Arriving  # noqa: PLC0415

    depths = []
    client = Client()
    client.force_login(rita)
    read = Arriving.read
    monkeypatch.setattr(Arriving, "read", lambda self, size=1024: (depths.append(len(connection.savepoint_ids)), read(self, size))[1])
    depth = len(connection.savepoint_ids)

    assert stream(client, draft, b"abc").status_code == 201
    assert set(depths) == {depth}
