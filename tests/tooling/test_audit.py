"""`./run audit` against a service of the test's own: holes, exceptions, and nobody to ask."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tooling import audit
from tooling.refusal import Refusal

HASH = "0" * 64
HOLE = {
    "id": "GHSA-aaaa-bbbb-cccc",
    "aliases": ["CVE-2026-1"],
    "affected": [
        {
            "package": {"name": "leaky", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


@pytest.fixture
def locked(tmp_path):
    """A locked set of two packages."""
    path = tmp_path / "requirements.txt"
    path.write_text(f"leaky==1.0 \\\n    --hash=sha256:{HASH}\ntight==2.0 \\\n    --hash=sha256:{HASH}\n")
    return path


@pytest.fixture
def service(monkeypatch):
    """Knows one hole, in leaky."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps({"vulns": [HOLE]} if asked["package"]["name"] == "leaky" else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AUDIT_SERVICE", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield
    server.shutdown()
    server.server_close()


def run(locked: Path, monkeypatch, tmp_path, ignored: str = "") -> int:
    (tmp_path / "ignored.toml").write_text(ignored)
    monkeypatch.setattr(audit, "IGNORED", tmp_path / "ignored.toml")
    monkeypatch.setattr(audit, "ROOT", tmp_path)
    monkeypatch.setattr(audit, "SETS", ("requirements",))
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "requirements.txt").write_text(locked.read_text())
    return audit.audit([])


@pytest.mark.slow
def test_a_known_hole_fails_and_says_where_it_is_mended(locked, service, monkeypatch, tmp_path, capsys):
    assert run(locked, monkeypatch, tmp_path) == 1
    assert "leaky 1.0: CVE-2026-1, mended in 1.1" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["GHSA-aaaa-bbbb-cccc", "CVE-2026-1"])
def test_an_exception_with_reason_and_date_passes(name, locked, service, monkeypatch, tmp_path):
    ignored = f'[[ignored]]\nid = "{name}"\nreason = "Not used."\nsince = {audit.datetime.date.today()}\n'

    assert run(locked, monkeypatch, tmp_path, ignored) == 0


@pytest.mark.slow
def test_when_nobody_can_be_asked_it_fails_with_a_sentence(locked, monkeypatch):
    monkeypatch.setenv("AUDIT_SERVICE", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    with pytest.raises(Refusal, match="could not be asked") as refused:
        audit.ask(locked)
    assert refused.value.code == 1


@pytest.mark.parametrize("entry", ['id = "X"\nreason = "Y"', 'id = "X"\nsince = 2026-01-01', 'id = "X"\nreason = "Y"\nsince = 2020-01-01'])
def test_an_exception_without_reason_or_a_recent_date_is_refused(entry, tmp_path):
    path = tmp_path / "ignored.toml"
    path.write_text(f"[[ignored]]\n{entry}\n")

    with pytest.raises(Refusal):
        audit.read_ignored(path)
