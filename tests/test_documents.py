"""The documents keep up with what they describe."""

import re
from pathlib import Path

from helpdesk.environment import KNOWN_SETTINGS

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_setting_is_in_the_readme():
    table = re.findall(r"^\| (`[A-Z_`, ]+)", (ROOT / "README.md").read_text(), re.MULTILINE)

    assert {name for row in table for name in re.findall(r"[A-Z_]{4,}", row)} == set(KNOWN_SETTINGS)


def test_links_lead_somewhere():
    broken = [
        f"{document.name}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text())
        if "://" not in target and not (document.parent / target).exists()
    ]

    assert broken == []


def test_decisions_are_short_and_numbered():
    decisions = sorted((ROOT / "docs" / "adr").glob("*.md"))

    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert [path.name for path in decisions if len(path.read_text().splitlines()) >= 30] == []
