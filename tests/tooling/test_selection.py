"""Which tests `./run test` chooses, and in how many processes."""

import pytest

from tooling.tests import read, selection


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ["-m", "not slow", "-n", "2"]),
        (["--all"], ["-n", "2"]),
        (["tests/tooling"], ["-m", "not slow", "-n", "2"]),
        (["tests/tooling/test_run.py"], []),
        (["tests/tooling/test_run.py::test_help_names_every_command"], []),
        (["-m", "slow"], ["-n", "2"]),
        (["-n", "0", "-k", "word"], ["-m", "not slow"]),
    ],
)
def test_selection(arguments: list[str], expected: list[str]):
    assert selection(read(arguments), with_browser=True) == expected


def test_without_a_browser_its_tests_are_left_out():
    assert selection(read([]), with_browser=False) == ["-m", "not slow and not browser", "-n", "2"]


def test_options_with_values_stay_together_for_pytest():
    assert read(["-k", "word", "--maxfail=1"]).options == ["-k", "word", "--maxfail=1"]
