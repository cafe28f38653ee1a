"""Evidence is searched for identifiers of calls by a sweep, from rows."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction

from accounts.tenancy import as_provider, as_tenant
from tests import factories as make
from tickets import commands, tasks
from tickets.commands import scanning
from tickets.models import File, Identifier, Message

pytestmark = pytest.mark.django_db
CALL_ID = "3c26700c1d1e4a2b@10.1.2.3"
LINE = f"SIP/2.0 200 OK\r\nCall-ID: {CALL_ID}\r\nCSeq: 1 INVITE\r\n"


def attach(world, name, content, *, internal=False):
    """A file on a ticket of its own, sent by Ada, or with a note by Sara."""
    author = world.sara.person if internal else world.ada
    file = commands.upload(customer_id=world.acme.pk, uploader=author, name=name, content=ContentFile(content), now=make.NOW)
    ticket = make.ticket(world.contract, world.softswitch, world.ada, files=[] if internal else [file])
    if internal:
        commands.note(ticket=ticket, author=author, body="See the trace.", files=[file], now=make.NOW)
    return file


def known():
    with as_provider():
        return sorted(Identifier.objects.values_list("value", "file__name", "internal"))


def waiting():
    with as_provider():
        return list(File.objects.filter(scanned_at=None).values_list("name", flat=True))


@pytest.mark.parametrize("name", ["a.log", "b.TXT", "c.csv", "d.json", "e.xml", "f.conf", "g.cfg", "h.ini", "i.pcap", "j.pcapng"])
def test_text_and_captures_are_searched(name, world):
    attach(world, name, LINE.encode())

    assert tasks.scan_evidence() == 1
    assert known() == [(CALL_ID, name, False)]
    assert waiting() == []


@pytest.mark.parametrize("name", ["a.zip", "b.gz", "c.png", "d.log.gz", "e.html", "none"])
def test_nothing_else_is_opened(name, world):
    attach(world, name, LINE.encode())

    assert tasks.scan_evidence() == 1
    assert known() == []
    assert waiting() == []


def test_a_log_of_two_bytes_a_character_is_read(world):
    attach(world, "trace.log", LINE.encode("utf-16"))
    tasks.scan_evidence()

    assert known() == [(CALL_ID, "trace.log", False)]


def test_scanning_again_changes_nothing(world):
    file = attach(world, "a.log", LINE.encode() * 3)
    tasks.scan_evidence()
    with as_provider():
        File.objects.filter(pk=file.pk).update(scanned_at=None, scan_due_at=None)
    tasks.scan_evidence()

    assert known() == [(CALL_ID, "a.log", False)]


def test_a_file_that_no_message_took_waits(world):
    commands.upload(customer_id=world.acme.pk, uploader=world.ada, name="a.log", content=ContentFile(LINE.encode()), now=make.NOW)

    assert tasks.scan_evidence() == 0
    assert known() == []


def test_a_file_that_cannot_be_read_stops_no_other_and_is_given_up(world):
    good, lost = attach(world, "good.log", LINE.encode()), attach(world, "lost.log", LINE.encode())
    lost.stored_as.storage.delete(str(lost.stored_as.name))

    tasks.scan_evidence()
    assert (known(), waiting()) == ([(CALL_ID, "good.log", False)], ["lost.log"])

    tries = 0
    while waiting() and tries < 10:
        tries += 1
        file = commands.claim_scan(now=make.NOW + timedelta(days=tries * 300))
        commands.scan(file=file, now=make.NOW)
    assert (tries, waiting(), good.pk) == (3, [], good.pk)


def test_what_a_dead_worker_took_waits_for_the_lease(world):
    attach(world, "a.log", LINE.encode())
    assert commands.claim_scan(now=make.NOW) is not None

    assert commands.claim_scan(now=make.NOW + timedelta(minutes=4)) is None
    again = commands.claim_scan(now=make.NOW + timedelta(minutes=6))
    assert commands.scan(file=again, now=make.NOW) == 1


def test_a_huge_file_is_read_from_its_beginning(world, monkeypatch):
    monkeypatch.setattr(scanning, "SCANNED_BYTES", 2000)
    monkeypatch.setattr(scanning, "PIECE_BYTES", 700)
    attach(world, "a.log", LINE.encode() + b"x" * 3000 + b"\r\nCall-ID: late@10.1.2.3\r\n")
    tasks.scan_evidence()

    assert known() == [(CALL_ID, "a.log", False)]


def test_what_people_write_is_known_at_once(world):
    ticket = make.ticket(world.contract, world.softswitch, world.ada, subject="Call 1-19345@192.168.1.7", description=f"See {CALL_ID}")
    commands.note(ticket=ticket, author=world.sara.person, body="Same as a84b4c76e66710@pc33.atlanta.example", now=make.NOW)

    assert known() == [
        ("1-19345@192.168.1.7", None, False),
        (CALL_ID, None, False),
        ("a84b4c76e66710@pc33.atlanta.example", None, True),
    ]


def test_messages_from_before_are_searched_by_the_sweep(world):
    make.ticket(world.contract, world.softswitch, world.ada, subject="Call 1-19345@192.168.1.7", description=f"See {CALL_ID}")
    before = known()
    with as_provider():
        Identifier.objects.all().delete()
        Message.objects.update(scanned_at=None)
    tasks.scan_evidence()

    assert known() == before
    with as_provider():
        assert not Message.objects.filter(scanned_at=None).exists()


def test_an_identifier_is_as_secret_as_its_source(world):
    attach(world, "public.log", LINE.encode())
    attach(world, "secret.log", LINE.encode(), internal=True)
    tasks.scan_evidence()

    with as_tenant(world.acme.pk, world.ada.pk):
        seen = list(Identifier.objects.values_list("file__name", flat=True))
    with as_tenant(world.globex.pk, world.grace.pk):
        others = list(Identifier.objects.all())
    assert (seen, others) == (["public.log"], [])


@pytest.mark.parametrize("what", ["less secret", "of another message", "of another customer"])
def test_the_database_refuses_an_identifier_that_is_seen_more_than_its_source(what, world):
    secret = attach(world, "secret.log", b"x", internal=True)
    with as_provider():
        file = File.objects.select_related("message").get(pk=secret.pk)
        public = Message.objects.get(ticket=file.message.ticket, internal=False)
        changes = {
            "less secret": {"internal": False},
            "of another message": {"message": public, "internal": False},
            "of another customer": {"customer": world.globex},
        }
        values = {"customer": world.acme, "message": file.message, "file": file, "internal": True, "value": "x", "folded": "x"}
        with pytest.raises(IntegrityError):
            _insert(values | changes[what])


def _insert(values):
    with transaction.atomic():
        Identifier.objects.create(**values)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
