"""The door: what it says when something is wrong."""

import socket

import pytest

from tests.tooling.checkouts import Checkout, make


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return make(tmp_path_factory.mktemp("door"))


def test_an_unknown_command_is_told_in_a_sentence(checkout: Checkout):
    result = checkout.run("tets")

    assert (result.returncode, result.stdout, result.stderr) == (2, "", "There is no command “tets”; ./run help lists them.\n")


def test_help_names_every_command(checkout: Checkout):
    result = checkout.run("help")

    assert result.returncode == 0
    assert all(
        f"./run {name}" in result.stdout
        for name in ("stop", "test", "check", "tour", "bench", "manage", "shell", "fmt", "messages", "lock")
    )


def test_a_port_asked_for_and_taken_is_told_in_a_sentence(checkout: Checkout):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        result = checkout.run(PORT=port)

    assert result.returncode == 1
    assert (
        result.stderr
        == f"\nPort {port} can't be used (Address already in use); choose another, or leave PORT unset to have a free one chosen.\n"
    )


def test_a_port_that_is_none_is_wrong_use(checkout: Checkout):
    result = checkout.run(PORT="http")

    assert (result.returncode, result.stderr) == (2, "\nPORT must be a number from 1 to 65535, not “http”.\n")


def test_a_wrong_setting_is_shown_as_the_settings_say_it(checkout: Checkout):
    result = checkout.run(TIME_ZONE="Florianopolis")

    assert result.returncode == 1
    assert "Setting TIME_ZONE: “Florianopolis” is not a time zone" in result.stderr
    assert "Traceback" not in result.stderr


def test_stop_is_fine_when_nothing_runs(checkout: Checkout):
    result = checkout.run("stop")

    assert (result.returncode, result.stdout) == (0, "Nothing is running.\n")
