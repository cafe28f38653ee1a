"""Files that mean harm are bytes like any others: stored, never decoded or unpacked, and only ever handed back as a download."""

import gzip
import resource
import time
import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tenancy import as_provider
from tests import factories as make
from tickets.models import File
from tickets.uploads import LimitedFileUploadHandler

pytestmark = pytest.mark.django_db

MB = 1024**2


def zip_bomb() -> bytes:
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for number in range(20):
            archive.writestr(f"{number}", bytes(50 * MB))
    return inner.getvalue()


def png_bomb() -> bytes:
    """A header that promises 60,000 by 60,000 points."""
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60000).to_bytes(4, "big") * 2 + b"\x08\x06\x00\x00\x00" + bytes(100)


SCRIPT = b"<script>alert(document.cookie)</script>"
HOSTILE = {
    "page.html": b"<!doctype html><html><body>" + SCRIPT,
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>',
    "picture.png": b"<!doctype html><html><body>" + SCRIPT,
    "both.gif": b"GIF89a/*" + bytes(20) + b"*/=1;" + SCRIPT,
    "trace.log": SCRIPT,
    "sheet.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbb">]><a>&b;</a>',
    "flat.mht": SCRIPT,
    "evil\u202egnp.exe": b"MZ",
    "empty.log": b"",
    "../../../etc/passwd": b"root",
    "bomb.png": png_bomb(),
}


@pytest.fixture
def ada(world):
    client = Client()
    client.force_login(world.ada)
    return client


def send(client, name, content):
    answer = client.post(reverse("portal:upload"), {"file": SimpleUploadedFile(name, content, content_type="text/html")})
    return answer.status_code, answer.json().get("id")


def fetch(world, client, pk, **query):
    """The file on a ticket of Ada's, as it is served, and its bytes."""
    with as_provider():
        file = File.objects.get(pk=pk)
    ticket = make.ticket(world.contract, world.softswitch, world.ada, files=[file])
    answer = client.get(reverse("portal:file", args=[ticket.pk, pk]), query)
    return answer, b"".join(answer)


@pytest.mark.parametrize("show", [{}, {"show": "1"}])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_comes_back_as_it_was_and_can_do_nothing(world, ada, name, show):
    status, pk = send(ada, name, HOSTILE[name])
    if not HOSTILE[name]:
        assert (status, pk) in {(201, pk), (422, None)}
        return
    answer, content = fetch(world, ada, pk, **show)
    policy = {directive.strip() for directive in answer["Content-Security-Policy"].split(";")}

    assert content == HOSTILE[name]
    assert answer["Content-Type"].partition(";")[0] in {"application/octet-stream", "image/png", "image/gif", "text/plain"}
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert {"default-src 'none'", "sandbox"} <= policy
    assert show or answer["Content-Disposition"].startswith("attachment")


def test_names_are_shown_without_paths_and_tricks_and_stored_under_our_own(world, ada):
    shown = {}
    for name in HOSTILE:
        _status, pk = send(ada, name, b"x")
        with as_provider():
            file = File.objects.get(pk=pk)
        shown[name] = file.name
        assert name not in file.stored_as.name

    assert (shown["../../../etc/passwd"], shown["evil\u202egnp.exe"]) == ("passwd", "evilgnp.exe")


@pytest.mark.parametrize("bomb", [zip_bomb, lambda: gzip.compress(bytes(300 * MB)), png_bomb], ids=["zip", "gzip", "png"])
def test_a_bomb_is_not_set_off(world, ada, bomb):
    content = bomb()
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    _status, pk = send(ada, "bomb.bin", content)
    _answer, served = fetch(world, ada, pk)

    assert served == content
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 20 + 4 * len(content) / MB
    assert time.monotonic() - begun < 5


def test_a_compressed_request_is_not_unpacked(ada):
    body = gzip.compress(b"x" * 10 * MB)
    answer = ada.generic(
        "POST", reverse("portal:upload"), body, content_type="application/octet-stream", headers={"content-encoding": "gzip"}
    )

    assert answer.status_code == 422


def test_an_upload_beyond_its_limit_is_not_kept_while_it_arrives(world, ada, settings, tmp_path):
    settings.FILE_MAX_BYTES = 1 * MB
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    answer = ada.post(reverse("portal:upload"), {"file": SimpleUploadedFile("big.bin", b"x" * 3 * MB)})

    assert (answer.status_code, list(tmp_path.glob("*.upload*"))) == (413, [])
    assert "big.bin" in answer.json()["error"]
    assert LimitedFileUploadHandler.__mro__[1].__name__ == "TemporaryFileUploadHandler"


def test_too_many_fields_and_parts_are_refused(ada):
    fields = ada.post(reverse("portal:upload"), {f"f{n}": "x" for n in range(1100)})
    parts = ada.post(reverse("portal:upload"), {f"f{n}": SimpleUploadedFile("a", b"x") for n in range(120)})

    assert (fields.status_code, parts.status_code) == (400, 400)
