"""A customer's node exporter, Prometheus and two Alertmanagers, as Debian packages them, on this machine alone."""

import contextlib
import json
import urllib.request
from pathlib import Path
from typing import Any

from tests.servers.starting import Desk
from tooling import debian, ports, processes

RULES = """
groups:
  - name: trial
    rules:
      - alert: TrialDiskFull
        expr: trial_disk_full == 1
        labels: {severity: critical}
        annotations: {summary: "The disk of the trial is full", description: "It is {{ $value }}."}
"""


class Programs:
    """Started one by one; they end with the desk's own processes."""

    def __init__(self, desk: Desk, folder: Path, discovery_token: str) -> None:
        self.desk, self.folder, self.discovery_token = desk, folder, discovery_token
        for name in ("textfiles", "figures", "alerts-1", "alerts-2"):
            (folder / name).mkdir()
        self.exporter, self.prometheus, *self.alertmanagers = [desk.held.enter_context(ports.reserved()) for _each in range(4)]
        self.fill_disk(full=False)

    def fill_disk(self, *, full: bool) -> None:
        """What the node exporter tells from now on. Written beside and moved, as it asks for."""
        written = self.folder / "textfiles" / "trial.prom.new"
        written.write_text(f"# TYPE trial_disk_full gauge\ntrial_disk_full {int(full)}\n")
        written.rename(self.folder / "textfiles" / "trial.prom")

    def start_exporter(self) -> None:
        self._start(
            "prometheus-node-exporter",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={self.folder / 'textfiles'}",
            f"--web.listen-address={ports.LOOPBACK}:{self.exporter}",
        )

    def start_alertmanagers(self, token: str) -> None:
        """Two that don't know of each other: everything comes twice."""
        secret = self._write("helpdesk.token", token)
        config = self._write(
            "alertmanager.yml",
            f"""
route: {{receiver: helpdesk, group_wait: 1s, group_interval: 1s, repeat_interval: 2s}}
receivers:
  - name: helpdesk
    webhook_configs:
      - url: http://{ports.LOOPBACK}:{self.desk.port}/monitoring/in/alertmanager
        send_resolved: true
        http_config: {{authorization: {{type: Bearer, credentials_file: {secret}}}}}
""",
        )
        for number, port in enumerate(self.alertmanagers, 1):
            self._start(
                "prometheus-alertmanager",
                f"--config.file={config}",
                f"--storage.path={self.folder / f'alerts-{number}'}",
                f"--web.listen-address={ports.LOOPBACK}:{port}",
                "--cluster.listen-address=",
                name=f"alertmanager-{number}",
            )

    def start_prometheus(self) -> None:
        """It finds what to scrape by our service discovery alone."""
        rules, secret = self._write("rules.yml", RULES), self._write("discovery.token", self.discovery_token)
        config = self._write(
            "prometheus.yml",
            f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{rules}]
alerting:
  alertmanagers:
    - static_configs: [{{targets: [{", ".join(f"'{ports.LOOPBACK}:{port}'" for port in self.alertmanagers)}]}}]
scrape_configs:
  - job_name: customers
    http_sd_configs:
      - url: http://{ports.LOOPBACK}:{self.desk.port}/monitoring/targets
        refresh_interval: 1s
        authorization: {{type: Bearer, credentials_file: {secret}}}
""",
        )
        self._start(
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={self.folder / 'figures'}",
            f"--web.listen-address={self.prometheus_address.removeprefix('http://')}",
            "--rules.alert.resend-delay=1s",
        )

    @property
    def prometheus_address(self) -> str:
        return f"http://{ports.LOOPBACK}:{self.prometheus}"

    def targets(self) -> list[str]:
        """What Prometheus scrapes well at this moment."""
        with (
            contextlib.suppress(OSError, ValueError),
            urllib.request.urlopen(f"{self.prometheus_address}/api/v1/targets", timeout=5) as answer,  # noqa: S310
        ):
            found: list[dict[str, Any]] = json.load(answer)["data"]["activeTargets"]
            return [one["labels"]["instance"] for one in found if one["health"] == "up"]
        return []

    def _start(self, program: str, *options: str, name: str = "") -> None:
        found = debian.program(program)
        assert found is not None, "`./run test --system` looked for it"
        self.desk.children[name or program] = processes.start(name or program, [found, *options], self.desk.place, {})

    def _write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path
