"""Why a mail did not arrive, in words."""

import pytest

from notifications.reasons import in_words


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("", ""),
        ("550 5.1.1 <ada@acme.example>: User unknown", "There is no such mailbox."),
        ("550 5.1.10 RecipientNotFound", "There is no such mailbox."),
        ("550 5.1.8 Bad sender", "The address is wrong."),
        ("552-5.2.2 out of storage space", "The mailbox is full."),
        ("554 5.7.1 Blocked", "The reader's mail server refuses our mail."),
        ("550 no", "The mail server refuses it."),
        ("451 4.7.1 Greylisted", "The mail server wants it later."),
        ("451 later", "The mail server can't take it now."),
        ("ConnectionRefusedError: [Errno 111] Connection refused", "Our mail server could not be reached."),
        ("TimeoutError: timed out", "Our mail server did not answer in time."),
        ("The process that sent it died each time.", "Sending it was cut off each time."),
        ("ValueError: something", "It could not be sent."),
    ],
)
def test_what_a_server_says_in_words(said, words):
    assert in_words(said) == words
