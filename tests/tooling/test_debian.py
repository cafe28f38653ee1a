"""Debian's servers: found, or asked for in a sentence."""

from pathlib import Path

import pytest

from tooling import debian, postgres
from tooling.refusal import Refusal


def test_an_ordinary_user_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(debian, "FOLDERS", str(tmp_path))
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)

    with pytest.raises(Refusal) as refused:
        debian.ensure()

    assert "as root: apt-get install " in str(refused.value)
    assert str(refused.value).endswith("redis-server pgbouncer prometheus prometheus-alertmanager prometheus-node-exporter")


def test_the_newest_postgresql_is_taken_and_none_that_is_too_old(tmp_path: Path):
    for version in ("14.9", "15.18", "17.2"):
        folder = tmp_path / version / "bin"
        folder.mkdir(parents=True)
        for name in ("postgres", "initdb", "psql", "pg_isready"):
            (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            (folder / name).chmod(0o755)

    found = postgres.newest_in(tmp_path.glob("*/bin"))

    assert found is not None
    assert (found.major, postgres.newest_in([tmp_path / "14.9" / "bin"])) == (17, None)
