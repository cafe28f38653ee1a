"""`./run audit`: known holes in the locked packages. It needs the network, so that `./run check` does without."""

import datetime
import json
import os
import re
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tooling import dependencies, environment
from tooling.places import PYTHON, ROOT
from tooling.progress import plain, say
from tooling.refusal import USAGE, Refusal

SETS = ("production", "tools", "embedded", "dev")
IGNORED = ROOT / "requirements" / "audit-ignored.toml"
SERVICE = "https://api.osv.dev/v1/query"
CALENDAR_DAYS = 180  # how long a reason may stand before somebody looks again
SECONDS = 20


@dataclass(frozen=True)
class Hole:
    """One known hole of one locked package."""

    package: str
    version: str
    name: str
    mended_in: str
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.package} {self.version}: {self.name}, {f'mended in {self.mended_in}' if self.mended_in else 'not mended yet'}"


def audit(arguments: Sequence[str]) -> int:
    """0 when no hole is known that the list of exceptions does not name; 1 when there is one, or nobody could be asked."""
    unknown = [name for name in arguments if name not in SETS]
    if unknown:
        raise Refusal(f"There is no set {unknown[0]}; there are: {', '.join(SETS)}.", USAGE)
    dependencies.ensure(dependencies.DEVELOPING)
    ignored = read_ignored(IGNORED)
    holes: dict[tuple[str, str], Hole] = {}
    for name in arguments or SETS:
        say(f"Asking about requirements/{name}.txt.")
        holes |= {(hole.package, hole.name): hole for hole in ask(ROOT / "requirements" / f"{name}.txt")}
    left = [hole for hole in holes.values() if not {hole.name, *hole.aliases} & ignored.keys()]
    for hole in left:
        plain(f"  {hole}")
    seen = {name for hole in holes.values() for name in (hole.name, *hole.aliases)}
    for name in sorted(ignored.keys() - seen) if not arguments else ():
        plain(f"  {IGNORED.name}: {name} is no longer found; remove it")
    plain(f"{len(left)} known holes" + (f", {len(holes) - len(left)} excepted" if len(holes) > len(left) else ""))
    return 1 if left else 0


def ask(requirements: Path) -> list[Hole]:
    """What is known about the versions locked in this file. Raises Refusal when the service could not be asked."""
    command = [PYTHON, "-m", "pip_audit", "--requirement", requirements, "--require-hashes", "--disable-pip", "--format", "json"]
    options = ["--vulnerability-service", "osv", "--osv-url", os.environ.get("AUDIT_SERVICE") or SERVICE, "--timeout", str(SECONDS)]
    quiet = ["--progress-spinner", "off", "--desc", "off", "--aliases", "on"]
    result = subprocess.run(
        [str(word) for word in [*command, *options, *quiet]], env=environment.isolated(), capture_output=True, text=True, check=False
    )
    try:
        answer = json.loads(result.stdout)
    except ValueError:
        raise Refusal(
            f"The service of known holes could not be asked, so nothing is known about {requirements.name}; "
            f"connect to the network and start again. It said: {_reason(result.stderr)}"
        ) from None
    return [
        Hole(found["name"], found["version"], hole["id"], ", ".join(hole["fix_versions"]), tuple(hole.get("aliases", ())))
        for found in answer["dependencies"]
        for hole in found.get("vulns", ())
    ]


def _reason(said: str) -> str:
    """The last line that names an error, without where packages or the service come from."""
    lines = [line.strip() for line in said.splitlines() if re.search(r"error|refused|could not|denied|forbidden|timed out", line, re.I)]
    return re.sub(r"https?://\S+", "…", lines[-1])[:200] if lines else "nothing"


def read_ignored(path: Path) -> dict[str, str]:
    """Reasons by the name of the hole. Raises Refusal for an entry without reason or date, or one that is too old to be believed."""
    found = {}
    for entry in tomllib.loads(path.read_text()).get("ignored", []) if path.exists() else []:
        name, reason, since = entry.get("id"), entry.get("reason"), entry.get("since")
        if not (name and reason and isinstance(since, datetime.date)):
            raise Refusal(f"{path.name}: every entry needs id, reason and since (a date): {name or entry}.")
        if (datetime.datetime.now(datetime.UTC).date() - since).days > CALENDAR_DAYS:
            raise Refusal(f"{path.name}: the reason for {name} is of {since}; look again whether it still holds, and renew the date.")
        found[name] = reason
    return found
