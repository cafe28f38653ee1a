"""Identifiers of calls, as they stand in logs and as people paste them."""

import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.lib.identifiers import LONGEST, found_in, found_in_pieces, sought

CALL_ID = "3c26700c1d1e4a2b@10.1.2.3"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"Call-ID: {CALL_ID}\r\nCSeq: 1 INVITE", [CALL_ID]),
        (f"i: {CALL_ID}\r\n", [CALL_ID]),
        ("i: 5\nj: 7", []),
        (f'{{"call_id": "{CALL_ID}"}}', [CALL_ID]),
        ('{\\"callid\\":\\"zz9@x\\"}', ["zz9@x"]),
        ("<callId>9988aa</callId>", ["9988aa"]),
        ("Call-ID: <abc:def-77@host>", ["abc:def-77@host"]),
        (f"the call {CALL_ID}, which dropped", [CALL_ID]),
        ("it was a84b4c76e66710@pc33.atlanta.example.", ["a84b4c76e66710@pc33.atlanta.example"]),
        ("1-19345@192.168.1.7 ended", ["1-19345@192.168.1.7"]),
        ("77aa88bb@[2001:db8::1] ended", ["77aa88bb@[2001:db8::1]"]),
        ("session f81d4fae-7dec-11d0-a765-00a0c91e6bf6", ["f81d4fae-7dec-11d0-a765-00a0c91e6bf6"]),
        ("hash deadbeefdeadbeef01", ["deadbeefdeadbeef01"]),
        ("ada@acme.example, karen2@acme.example", []),
        ("From: <sip:1000@10.1.2.3>;tag=77", []),
        ("5548999990000@10.1.2.3", []),
        ("The Call-ID header is missing, the Call-ID is not", []),
        ("Call-ID: " + "a1" * LONGEST, []),
    ],
)
def test_what_is_an_identifier(text, found):
    assert found_in(text, most=10) == found


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (CALL_ID, CALL_ID),
        (f"Call-ID: {CALL_ID}", CALL_ID),
        (f"call-id:{CALL_ID}", CALL_ID),
        (f"i: {CALL_ID}", CALL_ID),
        (f'"{CALL_ID}"', CALL_ID),
        (f"“{CALL_ID}”,", CALL_ID),
        (f"Call-ID: <{CALL_ID}>", CALL_ID),
        ("1-19345", "1-19345"),
        ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
        ("chamadas caem", ""),
        ("call id missing", "missing"),
        ("softswitch", ""),
        ("10432", ""),
        ("1234567890123456", "1234567890123456"),
        ("@", ""),
        ("", ""),
    ],
)
def test_what_is_looked_for(words, value):
    assert sought(words) == value


@given(st.lists(st.integers(1, 400), min_size=1, max_size=12))
def test_where_a_file_is_cut_into_pieces_makes_no_difference(sizes):
    text = "".join(f"\r\nCall-ID: a1b{n:016x}@10.1.2.3\r\nother e1f{n:017x} " for n in range(12)).encode()
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    pieces.append(text[at:])

    assert set(found_in_pieces(pieces, most=100)) == set(found_in_pieces([text], most=100))


def test_there_is_a_most():
    text = "".join(f"Call-ID: {n:016x}@10.1.2.3\n" for n in range(100))

    assert len(found_in(text, most=7)) == 7


def test_of_a_capture_only_headers_count():
    capture = [b"\x00\xd4\xc3" + b"deadbeefdeadbeef01 x1y2z3a4@10.0.0.1\r\nCall-ID: " + CALL_ID.encode() + b"\r\n\x00\xff"]

    assert found_in_pieces(capture, most=10, labelled_only=True) == [CALL_ID]


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        b"a",
        b"ab1",
        b" ",
        b"\n",
        b"call-id ",
        b"callid::::::",
        b"abc1@",
        b"\ni: ",
        b"a1b2c3d4@",
        b"a1-.",
        b"1" * 63 + b"a ",
        os.urandom(4096),
    ],
)
def test_time_grows_with_the_bytes_alone(unit):
    pieces = [(unit * (1_000_000 // len(unit) + 1))[:1_000_000]] * 4
    began = time.process_time()
    found_in_pieces(pieces, most=1_000_000)

    assert time.process_time() - began < 4  # seconds; it takes about half of one
