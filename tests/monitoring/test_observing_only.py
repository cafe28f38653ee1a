"""MON-4: nothing in monitoring could act on a customer's environment. One module asks a server, and that is the provider's own."""

import ast
import socket
import subprocess
import tomllib
from pathlib import Path

import pytest

from monitoring import commands, curves
from tests import factories as make
from tests.monitoring.conftest import alert, at

ROOT = Path(__file__).parents[2]
ASKING = "monitoring/curves.py"
CONTRACT = next(
    c for c in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"] if c["id"] == "observing"
)
REACHING = {
    *CONTRACT["forbidden_modules"],
    "aiohttp",
    "fabric",
    "ftplib",
    "httpx",
    "importlib",
    "paramiko",
    "requests",
    "runpy",
    "telnetlib",
    "urllib3",
}
HARMLESS = {"urllib.parse"}
CALLS = {"eval", "exec", "compile", "__import__", "popen", "system", "import_module", "urlopen", "connect"}


def faults(source: str) -> list[str]:
    """What in a module could reach out of this process, besides its database."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        found += [f"imports {name}" for name in names if name.partition(".")[0] in REACHING and name not in HARMLESS]
        if isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in CALLS and not (called == "compile" and getattr(getattr(node.func, "value", None), "id", "") == "re"):
                found.append(f"calls {called}")
    return found


def test_no_module_opens_a_connection_or_starts_a_program_but_the_one_that_asks_for_figures():
    modules = {str(path.relative_to(ROOT)): faults(path.read_text()) for path in (ROOT / "monitoring").rglob("*.py")}

    assert len(modules) > 30
    assert {name: found for name, found in modules.items() if found} == {
        ASKING: ["imports http.client", "imports urllib.error", "imports urllib.request"]
    }


@pytest.mark.parametrize(
    "source",
    [
        "import socket",
        "from subprocess import run",
        "import os.path",
        "import urllib.request",
        "import requests",
        "eval('1')",
        "x.system('ls')",
    ],
)
def test_what_could_reach_out_is_noticed(source):
    assert faults(source)


def test_the_import_contract_is_for_this_app_and_lets_that_module_alone():
    assert CONTRACT["source_modules"] == ["monitoring"]
    assert CONTRACT["ignore_imports"] == ["monitoring.curves -> http", "monitoring.curves -> urllib", "monitoring.reading.strict -> urllib"]


def test_what_asks_for_figures_knows_no_address_but_the_providers(settings):
    settings.PROMETHEUS_URL = "http://127.0.0.1:9"
    calls = [node for node in ast.walk(ast.parse((ROOT / ASKING).read_text())) if isinstance(node, ast.Call)]
    requests = [ast.unparse(node.args[0]) for node in calls if getattr(node.func, "id", "") == "Request"]

    assert requests == ["f'{settings.PROMETHEUS_URL}/api/v1/query_range?{urlencode(asked)}'"]
    with pytest.raises(curves.Unavailable):
        curves.points(curves.CURVES[0], 7, curves.SPANS["day"], make.NOW)


@pytest.mark.django_db
def test_the_whole_way_from_signal_to_ticket_connects_to_nothing(site, monkeypatch):
    def refuse(*_unused, **_more):
        raise AssertionError("somebody reached out")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    commands.add_target(actor=site.world.ada, environment=site.environment, address="a.acme.example:9100", job="node", now=make.NOW)
    beat = make.heartbeat(site.world.ada, site.environment)

    site.alerts(alert())
    site.ping(beat.slug, "fail")
    site.work()
    site.alerts(alert(ended=1), minutes=1)
    site.work(1)
    site.work(10)
    commands.withdraw(actor=site.world.ada, environment=site.environment, erase=True, now=at(11))

    assert len(site.tickets()) == 2
