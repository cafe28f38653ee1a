"""What answers and bounces mean, in the forms in which servers write them, and that nothing hostile does harm."""

import time

import pytest

from notifications.bounces import NO_REFUSAL, Report, Verdict, read, verdict
from tests.mail_server import sample

OURS = "<0b9f6f0e-7c2b-4a57-8d0e-0c6f4e2b9d11@help.provider.example>"
NAME = OURS.strip("<>")
OF_ADDRESS, OF_THIS_MAIL = Verdict(is_bounce=True, of_address=True), Verdict(is_bounce=True)


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ("550 5.1.1 User unknown", OF_ADDRESS),
        ("550 5.4.1 Recipient address rejected: Access denied", OF_ADDRESS),
        ("552 5.2.2 Mailbox full", OF_ADDRESS),
        ("550 No such user here", OF_ADDRESS),
        ("552 Message size exceeds limit", OF_THIS_MAIL),
        ("552 5.2.3 Message too large", OF_THIS_MAIL),
        ("554 5.7.1 Blocked using a list of spammers", NO_REFUSAL),
        ("550 5.7.1 Relaying denied", NO_REFUSAL),
        ("550 relay not permitted", NO_REFUSAL),
        ("501 5.5.4 Syntax error", NO_REFUSAL),
        ("451 4.7.1 Greylisted", NO_REFUSAL),
        ("452 4.2.2 Over quota", NO_REFUSAL),
        ("421 192.0.2.55 closing", NO_REFUSAL),
        ("", NO_REFUSAL),
    ],
)
def test_what_an_answer_means(answer, meaning):
    assert verdict(answer) == meaning


@pytest.mark.parametrize(
    ("server", "status", "begins", "recipients"),
    [
        ("postfix", "5.1.1", "550 5.1.1 <ada@acme.example>: Recipient address rejected: User", ("ada@acme.example",)),
        ("exchange", "5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", ("ada@acme.example", "ada.lovelace@acme.example")),
        ("gmail", "5.2.2", "552-5.2.2 The recipient's inbox is out of storage space", ("ada@acme.example",)),
    ],
)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_a_bounce_of_each_server_is_read(server, status, begins, recipients, line_end):
    found = read(sample(server, OURS).replace(b"\r\n", line_end))

    assert found is not None
    assert (found.action, found.status, found.recipients, found.message_ids[0]) == ("failed", status, recipients, NAME)
    assert found.reason.startswith(begins)


def report(status_part=b"Final-Recipient: rfc822; ada@acme.example\nAction: failed\nStatus: 5.1.1\n", encoding=b"7bit", after=b""):
    return (
        b"In-Reply-To: " + OURS.encode() + b"\nContent-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n"
        b"Content-Transfer-Encoding: " + encoding + b"\n\nReporting-MTA: dns; a\n\n" + status_part + b"\n--x--\n" + after
    )


def test_the_shortest_report_is_read():
    assert read(report()) == Report("failed", "5.1.1", "5.1.1", ("ada@acme.example",), (NAME,))


def test_encoded_and_international_reports_are_read():
    encoded = report(b"UmVwb3J0aW5nLU1UQTogYQoKQWN0aW9uOiBmYWlsZWQKU3RhdHVzOiA1LjEuMQo=", encoding=b"base64")
    encoded = encoded.replace(b"Reporting-MTA: dns; a\n\n", b"")
    international = report().replace(b"message/delivery-status", b"message/global-delivery-status")

    assert [(found.action, found.status) for found in map(read, (encoded, international))] == [("failed", "5.1.1")] * 2


def test_one_failure_among_several_recipients_counts():
    fields = (
        b"Final-Recipient: rfc822; a@acme.example\nAction: delivered\nStatus: 2.0.0\n\n" + b"Action: Failed (for good)\nStatus: 5.1.1\n"
    )

    assert read(report(fields)).action == "failed"


@pytest.mark.parametrize("action", [b"delayed", b"relayed", b"delivered"])
def test_what_is_not_final_is_told_apart(action):
    assert read(report(b"Action: " + action + b"\nStatus: 4.0.0\n")).action == action.decode()


NESTED = b"".join(b"Content-Type: multipart/report; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\0" * 5000,
        b"\xff\xfe\xfa" * 999,
        b"Hello, I am on holiday until Monday.",
        b"Content-Type: multipart/report\n\nno boundary",
        b"Content-Type: multipart/report; boundary=x\n\n--x\n--x\n--x--\n",
        b"Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n--x--",
        report(b"nothing: here"),
        report(b"QWN0aW9uOiBmYWlsZWQK", encoding=b"base64")[:200],
        NESTED,
        b"Content-Type: message/rfc822\n\n" * 3000,
        b"Content-Type: multipart/report; boundary*0*=%ff'x'%00; boundary*1=\n\n--\n",
        b"Subject: =?utf-16?b?" + b"A" * 9999 + b"?=\nContent-Type: multipart/report; boundary=x; boundary=y\n\n--x",
    ],
)
def test_what_is_no_report_is_none_and_harmless(hostile):
    assert read(hostile) is None


@pytest.mark.parametrize(
    "huge",
    [
        report(b"Action: failed\n" * 90000),
        report(b"\n\n".join([b"Action: failed"] * 90000)),
        report(b"Action: failed\nDiagnostic-Code: smtp; " + b"5.1.1 <" * 150000),
        report(after=b"--x\n" * 300000),
        report(after=b"\n\n" * 9_000_000),
        b"References: " + b"<a@b> " * 200000 + b"\n" + report(),
    ],
)
def test_a_huge_report_is_read_in_little_time_and_space(huge):
    began = time.monotonic()
    found = read(huge)

    assert time.monotonic() - began < 5
    assert found is None or (len(found.reason) <= 500 and len(found.message_ids) <= 20)


def test_a_reason_is_one_printable_line():
    found = read(report(b"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 \x1b[31mred\x00\n  and more\n"))

    assert found.reason == "550 [31mred and more"


@pytest.mark.parametrize(
    ("recipient", "concerned"), [("ada@acme.example", True), ("ada.lovelace@acme.example", True), ("ada@elsewhere.example", False)]
)
def test_a_forwarding_that_fails_is_not_the_readers_fault(recipient, concerned):
    found = read(report(f"Final-Recipient: rfc822; {recipient}\nAction: failed\nStatus: 5.1.1\n".encode()))

    assert found.concerns("Ada@ACME.example") is concerned
