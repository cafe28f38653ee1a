"""Which tests `./run test` chooses, and in how many processes."""

import pytest

from tooling.places import ROOT
from tooling.tests import SYSTEM_TESTS, read, selection


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["-m", "not slow and not servers", "-n", "2"]),
        (["--all"], ["-m", "not servers", "-n", "2"]),
        (["--system"], ["-n", "2"]),
        (["tests/tooling"], ["-m", "not slow and not servers", "-n", "2"]),
        (["tests/tooling/test_run.py"], ["-m", "not servers"]),
        (["tests/tooling/test_run.py::test_help_names_every_command"], ["-m", "not servers"]),
        (["tests/tooling/test_run.py", "--system"], []),
        (["-m", "slow"], ["-n", "2"]),
        (["-n", "0", "-k", "word"], ["-m", "not slow and not servers"]),
    ],
)
def test_selection(arguments: list[str], expected: list[str]):
    assert selection(read(arguments), with_browser=True) == expected


def test_without_a_browser_its_tests_are_left_out():
    assert selection(read([]), with_browser=False) == ["-m", "not slow and not browser and not servers", "-n", "2"]


def test_options_with_values_stay_together_for_pytest():
    assert read(["-k", "word", "--maxfail=1"]).options == ["-k", "word", "--maxfail=1"]


def test_with_the_systems_servers_those_tests_run_that_lean_on_them():
    assert (read(["--system"]).paths, read(["--system", "tests/flows"]).paths) == (list(SYSTEM_TESTS), ["tests/flows"])
    assert [path for path in SYSTEM_TESTS if not (ROOT / path).exists()] == []
