"""A port that is kept until somebody listens on it, and between two who do."""

import socket

import pytest

from tooling import ports


def is_answered(port: int) -> bool:
    try:
        socket.create_connection((ports.LOOPBACK, port), 5).close()
    except ConnectionRefusedError:
        return False
    return True


def test_nobody_answers_at_a_reserved_port_but_whoever_listens_there_by_its_number():
    with ports.reserved() as port:
        answered = [is_answered(port)]
        for _time in range(2):
            with socket.create_server((ports.LOOPBACK, port)):
                answered.append(is_answered(port))
            answered.append(is_answered(port))

    assert answered == [False, True, False, True, False]


def test_a_reserved_port_is_not_free_for_anybody_else():
    with ports.reserved() as port, socket.socket() as other, pytest.raises(OSError, match="Address already in use"):
        other.bind((ports.LOOPBACK, port))

    with socket.socket() as other:
        other.bind((ports.LOOPBACK, port))
