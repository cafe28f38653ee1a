"""The compose file's commands start and its health checks tell the truth; its settings are known ones."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from helpdesk.celery import CLOCKS, PAGES
from helpdesk.environment import KNOWN_SETTINGS
from tooling import ports
from tooling.processes import wait_until

ROOT = Path(__file__).resolve().parents[2]
WORKERS = ("worker", "worker-pages", "worker-clocks")
OURS = ("web", *WORKERS, "beat", "migrate")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    with (ROOT / "docker-compose.yml").open() as file:
        loaded: dict[str, Any] = YAML(typ="safe").load(file)["services"]
    return loaded


@pytest.mark.parametrize("name", OURS)
def test_every_setting_in_the_compose_file_is_known(services: dict[str, Any], name: str):
    assert set(services[name]["environment"]) - set(KNOWN_SETTINGS) == set()


def test_every_variable_of_the_compose_file_is_in_the_example(services: dict[str, Any]):
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text()))
    given = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert used == given


def test_every_lasting_service_has_a_health_check(services: dict[str, Any]):
    assert {name for name, service in services.items() if "healthcheck" not in service} == {"migrate"}


@pytest.mark.parametrize("queue", [PAGES, CLOCKS])
def test_what_can_not_wait_has_processes_of_its_own(services: dict[str, Any], queue: str):
    command = services[f"worker-{queue}"]["command"]

    assert (command[command.index("--queues") + 1], "--queues" in services["worker"]["command"]) == (queue, False)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["web", *WORKERS, "beat"])
def test_its_health_check_passes_while_it_runs_and_fails_when_it_does_not(services: dict[str, Any], name: str, tmp_path: Path):
    service = services[name]
    check = _command(service["healthcheck"]["test"][1:], tmp_path)
    with ports.reserved() as port:
        environment = _environment(port)
        process = subprocess.Popen(
            _command(service["command"], tmp_path), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            assert wait_until(lambda: _passes(check, environment), 45, pause=0.5)
        finally:
            process.terminate()
            process.wait(30)
        for left in tmp_path.iterdir():
            left.unlink()

        assert not _passes(check, environment)


def _environment(port: int) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {
        **os.environ,
        "PATH": path,
        "WEB_BIND": f"{ports.LOOPBACK}:{port}",
        "WEB_CONCURRENCY": "1",
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
    }


def _command(words: list[str], folder: Path) -> list[str]:
    return [word.replace("/tmp/", f"{folder}/") for word in words]  # noqa: S108 - the container's own


def _passes(check: list[str], environment: dict[str, str]) -> bool:
    return subprocess.run(check, cwd=ROOT, env=environment, capture_output=True, check=False).returncode == 0
