"""The main job end to end through the pages: filed with evidence, verified, answered, noted, resolved, reopened; and who was told what."""

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.commands import change_profile
from accounts.tenancy import as_provider
from notifications.models import Mail
from notifications.tasks import relay_outbox
from tests import factories as make
from tickets.models import Event, File, Message, Ticket

pytestmark = pytest.mark.django_db

LOG, CAPTURE = b"INVITE 503\r\n" * 40, bytes(range(256)) * 8
SUBJECT, TEXT = "Calls are rejected with 503", "On trunk **EMBR** since ten."
RECEIPT = "We have received {} and will check it now."
TO_TEAM = "Ada Lovelace registered {}. Please verify its qualification."


@pytest.fixture(autouse=True)
def _nothing_waits(settings):
    settings.MAIL_JOIN_SECONDS = 0
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def signed_in(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def desks(world):
    """Everybody's browser: Ada files, Alan is her colleague, Grace works elsewhere; Sara and Lea are the team."""
    people = {"ada": world.ada, "alan": world.alan, "grace": world.grace, "sara": world.sara.person}
    return {name: signed_in(person) for name, person in people.items()}


def form_of(world, **changes):
    values = {
        "submission_key": "6f1c8f0e-0f5e-4a58-9a39-6d5d4c1f0a11",
        "type": "technical",
        "severity": "high",
        "product": world.softswitch.pk,
        "version": world.version.pk,
        "subject": SUBJECT,
        "description": TEXT,
    }
    return values | changes


def file_a_ticket(world, client):
    """With a log sent beforehand and a capture within the form; the same form is returned, to be sent again."""
    log = client.post("/uploads/", {"file": SimpleUploadedFile("calls.log", LOG)}).json()["id"]
    form = form_of(world, upload=log)
    answer = client.post("/tickets/new/", form | {"files": SimpleUploadedFile("sip.pcap", CAPTURE)})
    with as_provider():
        ticket = Ticket.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/tickets/{ticket.pk}/?filed=1")
    return ticket, form


@pytest.fixture
def filed(world, desks):
    ticket, _form = file_a_ticket(world, desks["ada"])
    sent()
    return ticket


def sent():
    """Who got what since the last call, in order of sending: (to, what happened)."""
    relay_outbox()
    found = [(message.to[0], message.body.split("\n")[0]) for message in mail.outbox]
    mail.outbox.clear()
    return found


def kinds(ticket):
    with as_provider():
        return list(Event.objects.filter(ticket=ticket).order_by("position").values_list("kind", flat=True))


def files_of(ticket):
    with as_provider():
        return list(File.objects.filter(message__ticket=ticket).order_by("pk"))


def write(client, ticket, kind, body, **more):
    answer = client.post(f"/console/tickets/{ticket.pk}/answer/", {"kind": kind, "body": body, "state": "", **more})
    assert (answer.status_code, answer["Location"]) == (302, f"/console/tickets/{ticket.pk}/?sent=1")


def test_filing_gives_a_number_and_tells_requester_and_team(world, desks):
    ticket, _form = file_a_ticket(world, desks["ada"])

    assert (ticket.type, ticket.severity, ticket.status, ticket.team_id) == ("technical", "high", "new", world.core.pk)
    assert (ticket.contract_id, ticket.version_id, ticket.requester_id) == (world.contract.pk, world.version.pk, world.ada.pk)
    assert [(file.name, file.size) for file in files_of(ticket)] == [("calls.log", len(LOG)), ("sip.pcap", len(CAPTURE))]
    assert sent() == [
        ("ada@acme.example", RECEIPT.format(ticket.number)),
        ("sara@support.example", TO_TEAM.format(ticket.number)),
        ("lea@lead.example", TO_TEAM.format(ticket.number)),
    ]


def test_the_same_form_again_gives_the_same_ticket(world, desks):
    ticket, form = file_a_ticket(world, desks["ada"])
    sent()

    again = desks["ada"].post("/tickets/new/", form | {"files": SimpleUploadedFile("sip.pcap", CAPTURE)})

    assert (again.status_code, again["Location"]) == (302, f"/tickets/{ticket.pk}/?filed=1")
    assert (kinds(ticket), len(files_of(ticket)), sent()) == (["opened"], 2, [])


def test_the_agent_finds_it_and_gets_the_evidence_byte_for_byte(desks, filed):
    queue = desks["sara"].get("/console/queues/unverified/")
    downloads = [desks["sara"].get(f"/console/tickets/{filed.pk}/files/{file.pk}/") for file in files_of(filed)]

    assert [row.number for row in queue.context["rows"]] == [filed.number]
    assert [download.getvalue() for download in downloads] == [LOG, CAPTURE]
    assert [download["Content-Disposition"] for download in downloads] == [
        'attachment; filename="calls.log"',
        'attachment; filename="sip.pcap"',
    ]
    assert {download["Content-Type"] for download in downloads} == {"application/octet-stream"}


def test_a_changed_qualification_needs_a_reason_which_the_customer_reads(desks, filed):
    address = f"/console/tickets/{filed.pk}/qualify/"
    refused = desks["sara"].post(address, {"type": "technical", "severity": "medium", "reason": " "})
    done = desks["sara"].post(address, {"type": "technical", "severity": "medium", "reason": "There is a way around."})

    assert (refused.status_code, refused.context["form"].errors) == (
        422,
        {"reason": ["Say why you change the qualification: the customer reads it."]},
    )
    assert (done.status_code, done["Location"]) == (302, f"/console/tickets/{filed.pk}/")
    assert sent() == [("ada@acme.example", f"Sara (SIP Pulse) checked {filed.number} and changed its qualification.")]
    assert "There is a way around." in desks["ada"].get(f"/tickets/{filed.pk}/").text
    assert [row.number for row in desks["sara"].get("/console/queues/unverified/").context["rows"]] == []


def test_an_answer_with_a_file_reaches_who_asked(desks, filed):
    write(desks["sara"], filed, "public", "Use this route.", files=SimpleUploadedFile("route.cfg", b"limit = 480"))
    page = desks["ada"].get(f"/tickets/{filed.pk}/")

    assert sent() == [("ada@acme.example", f"Sara (SIP Pulse) answered on {filed.number}.")]
    assert [file.name for file in page.context["files"]] == ["route.cfg", "calls.log", "sip.pcap"]
    assert desks["ada"].get(page.context["files"][0].url).getvalue() == b"limit = 480"
    assert kinds(filed) == ["opened", "replied", "status_changed"]


def test_an_internal_note_is_nowhere_on_the_customers_side(desks, filed):
    write(desks["sara"], filed, "internal", "They never pay.", files=SimpleUploadedFile("ours.txt", b"ours"))
    secret = files_of(filed)[-1]
    pages = [f"/tickets/{filed.pk}/", "/tickets/?state=all&q=never+pay", "/"]

    assert sent() == []  # it has no assignee, and the team reads it in the console
    assert [word for path in pages for word in ("They never", "ours.txt") if word in desks["ada"].get(path).text] == []
    assert desks["ada"].get(f"/tickets/{filed.pk}/files/{secret.pk}/").status_code == 404
    assert "They never pay." in desks["sara"].get(f"/console/tickets/{filed.pk}/").text
    assert [row.number for row in desks["sara"].get("/console/search/?q=never+pay").context["rows"]] == [filed.number]


def test_a_resolved_ticket_is_opened_again_by_a_reply(desks, filed):
    write(desks["sara"], filed, "public", "It should work now.", state="resolved")
    solved = sent()
    key = {"submission_key": "0b2f2a3e-6d43-4bfb-9a4a-6a8e8f0c7a55", "body": "It is back."}
    replies = [desks["alan"].post(f"/tickets/{filed.pk}/reply/", key) for _click in range(2)]

    assert solved == [("ada@acme.example", f"Sara (SIP Pulse) solved {filed.number}.")]
    assert [(reply.status_code, reply["Location"]) for reply in replies] == [(302, f"/tickets/{filed.pk}/?sent=1")] * 2
    again = f"Alan Turing replied on {filed.number}: it is not solved, and open again."
    assert sent() == [("ada@acme.example", again), ("sara@support.example", again), ("lea@lead.example", again)]
    assert kinds(filed) == ["opened", "replied", "status_changed", "replied", "status_changed"]
    assert [row.number for row in desks["sara"].get("/console/queues/all/").context["rows"]] == [filed.number]


def test_every_mail_of_a_ticket_hangs_on_one_thread_and_says_what_happened_first(desks, filed):
    write(desks["sara"], filed, "public", "Which trunk?", state="waiting_customer")
    relay_outbox()
    letter = mail.outbox[-1]

    assert letter.subject == f"[{filed.number}] {SUBJECT}"
    assert letter.extra_headers["References"] == letter.extra_headers["In-Reply-To"] == f"<ticket-{filed.pk}@127.0.0.1>"
    assert letter.body.split("\n\n")[:4] == [
        f"Sara (SIP Pulse) asks you something on {filed.number}.",
        "Which trunk?",
        "What we need from you: We need your answer to go on.",
        "State: Waiting for you · Technical, High\nThe clock stands still until you answer",
    ]
    with as_provider():
        ids = set(Mail.objects.filter(thread=f"ticket-{filed.pk}").values_list("message_uuid", flat=True))
        assert len(ids) == Mail.objects.filter(thread=f"ticket-{filed.pk}").count() == 4


def test_each_hears_in_their_own_language(world, desks, filed):
    change_profile(person=world.ada, language="pt-br")
    write(desks["sara"], filed, "public", "Which trunk?")
    relay_outbox()

    [letter] = mail.outbox
    assert '<html lang="pt-br">' in letter.alternatives[0].content
    assert '<html lang="pt-br">' in desks["ada"].get(f"/tickets/{filed.pk}/").text


def test_another_company_gets_what_a_missing_ticket_gives(desks, filed):
    file = files_of(filed)[0]
    foreign = [desks["grace"].get(path) for path in (f"/tickets/{filed.pk}/", f"/tickets/{filed.pk}/files/{file.pk}/")]
    missing = [desks["grace"].get(path) for path in ("/tickets/99999999/", "/tickets/99999999/files/99999999/")]
    searches = [desks["grace"].get("/tickets/", {"state": "all", "q": words}) for words in (filed.number, SUBJECT, str(filed.pk))]

    assert [answer.status_code for answer in foreign + missing] == [404] * 4
    assert [answer.content for answer in foreign] == [answer.content for answer in missing]
    assert [search.context["rows"] for search in searches] == [[], [], []]
    assert desks["grace"].post(f"/tickets/{filed.pk}/reply/", {"body": "Hello"}).status_code == 404


def test_the_outbox_shows_all_of_it_as_sent(desks, filed):
    page = desks["sara"].get("/console/outbox/", {"q": f"[{filed.number}]"})

    assert [(mail.address, mail.state) for mail in page.context["mails"]] == [
        ("lea@lead.example", "sent"),
        ("sara@support.example", "sent"),
        ("ada@acme.example", "sent"),
    ]


def test_an_unfinished_form_keeps_what_was_written(world, desks):
    page = desks["ada"].post("/tickets/new/", {"description": TEXT, "type": "technical", "files": SimpleUploadedFile("a.log", LOG)})

    assert (page.status_code, sorted(page.context["form"].errors)) == (422, ["product", "severity", "subject"])
    assert (page.context["form"]["description"].value(), page.context["form"]["type"].value()) == (TEXT, "technical")
    assert [file.name for file in page.context["uploads"]] == ["a.log"]


def test_a_critical_functional_event_is_refused_and_nothing_is_made(world, desks):
    page = desks["ada"].post("/tickets/new/", form_of(world, type="functional", severity="critical"))

    assert page.status_code == 422
    assert page.context["form"].errors == {
        "severity": ["Only technical events can be critical. Choose a lower severity, or “technical” above."]
    }
    with as_provider():
        assert (Ticket.objects.count(), Message.objects.count()) == (0, 0)


def test_a_colleague_switches_between_two_companies(world, desks, filed):
    make.accounts.add_member(actor=None, customer=world.acme, person=world.grace, role="member", now=make.NOW)
    answers = []
    for company in (world.acme, world.globex):
        switched = desks["grace"].post("/switch/", {"customer": company.pk})
        answers.append((switched.status_code, desks["grace"].get(f"/tickets/{filed.pk}/").status_code))

    assert answers == [(302, 200), (302, 404)]
    assert desks["alan"].post("/switch/", {"customer": world.globex.pk}).status_code == 404


def test_a_wrong_password_is_told_and_opens_nothing(world):
    client = Client()
    page = client.post("/account/login/", {"login": "ada@acme.example", "password": "wrong horse"})

    assert (page.status_code, page.context["form"].errors) == (
        200,
        {"__all__": ["The email address and/or password you specified are not correct."]},
    )
    assert client.get("/")["Location"] == "/account/login/?next=/"
