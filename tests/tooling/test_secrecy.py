"""What people type, send and keep secret is in no log: canaries go through a whole running system, then every sink is searched.

Web, worker, beat and the relay run as under ./run; requests succeed, are refused, and fail inside.
"""

import base64
import contextlib
import email
import re
import secrets
import socket
import time
import urllib.parse
from dataclasses import dataclass, field
from email import policy
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tooling import ports
from tooling.application import Application
from tooling.processes import wait_until
from tooling.system import System, throw_away
from tooling.tour_web import Page, Upload, Visitor

pytestmark = pytest.mark.slow

LOG_TABLES = ("accounts_auditentry", "helpdesk_cache", "django_admin_log")
FAIL = """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'refused %', NEW.body USING ERRCODE = 'unique_violation', DETAIL = 'Key (body)=(' || NEW.body || ') already exists.';
    END $$;
    CREATE TRIGGER fail BEFORE INSERT ON tickets_message FOR EACH ROW EXECUTE FUNCTION fail();
"""
CAST = """
from allauth.mfa.totp.internal.auth import TOTP
from tests import world
found = world.build()
for person, password in ((found.ada, {password!r}), (found.sara.person, {password!r})):
    person.set_password(password)
    person.save()
TOTP.activate(found.sara.person, {secret!r})
"""


class Post:
    """A mail server that keeps what it takes, and refuses one address with everything it was told."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.refused = 0

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:
        content = email.message_from_bytes(envelope.content, policy=policy.default)  # type: ignore[attr-defined]
        text = content.get_body(("plain",)).get_content()
        if "refuse" in envelope.rcpt_tos[0]:  # type: ignore[attr-defined]
            self.refused += 1
            return f"554 not {envelope.rcpt_tos[0]} {content['Subject']}"[:500]  # type: ignore[attr-defined]
        self.mails.append(text)
        return "250 Kept"

    def link(self, part: str) -> str:
        """The path of the newest link with this in it, once it arrived."""
        pattern = re.compile(rf"https?://[^/\s]+(\S*{part}\S*)")
        assert wait_until(lambda: any(pattern.search(mail) for mail in self.mails), 30, pause=0.2), f"no mail with {part}"
        return next(found[1] for mail in reversed(self.mails) if (found := pattern.search(mail)))


@dataclass
class Planted:
    """The canaries by what they are."""

    texts: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, what: str) -> str:
        return self.texts.setdefault(what, f"canary{secrets.token_hex(8)}")

    def add(self, what: str, text: str) -> str:
        self.texts[what] = text
        return text


@dataclass
class Running:
    system: System
    application: Application
    post: Post
    planted: Planted

    def sinks(self) -> dict[str, str]:
        """Everything that is a log, by name: files of all processes, tables, figures."""
        files = [*self.system.place.logs.iterdir(), *(self.system.place.root / "figures").iterdir(), *self.system.place.root.glob("beat-*")]
        found = {path.name: path.read_bytes().decode(errors="replace") for path in files if path.is_file()}
        assert self.system.postgres
        for table in LOG_TABLES:
            found[table] = self.system.postgres.run_psql(["-c", f"SELECT row_to_json(t) FROM {table} t"], database="helpdesk")  # noqa: S608
        return found | {"metrics": str(Visitor(self.application.address).get("/metrics").body)}

    def finds(self) -> list[str]:
        """Where which canary sits, as it was sent, quoted for an address, or as base64."""
        sinks = self.sinks()
        assert {"web.log", "worker.log", "beat.log", "postgres.log", *LOG_TABLES, "metrics"} <= sinks.keys()
        assert "request" in sinks["web.log"]
        return [f"{what} in {name}" for what, text in self.planted.texts.items() for name, sink in sinks.items() if _holds(sink, text)]


def _holds(sink: str, text: str) -> bool:
    return any(form in sink for form in (text, urllib.parse.quote(text), base64.b64encode(text.encode()).decode()))


@pytest.fixture(scope="module", params=["json", "line"])
def running(request):
    post, planted = Post(), Planted()
    planted.add("refused address", f"refuse-{secrets.token_hex(6)}@canary.example")
    totp = planted.add("secret of the second factor", base64.b32encode(secrets.token_bytes(20)).decode())
    with contextlib.ExitStack() as held:
        port = held.enter_context(ports.reserved())
        controller = Controller(post, hostname="127.0.0.1", port=port)
        controller.start()
        held.callback(controller.stop)
        system = held.enter_context(throw_away("secrecy"))
        system.base |= {"EMAIL_URL": f"smtp://127.0.0.1:{port}", "LOG_FORMAT": request.param, "LOG_LEVEL": "DEBUG"}
        application = Application(system, ports.listen_anywhere())
        held.callback(application.close)
        application.start_servers()
        application.migrate()
        system.manage("shell", "-c", CAST.format(password=planted["password"], secret=totp), doing="Making people")
        application.start()
        application.wait_until_served()
        found = Running(system, application, post, planted)
        _live(found, totp)
        yield found


def _live(running: Running, totp: str) -> None:
    """A day of the desk: everything that carries a canary, in requests that succeed, are refused, and fail."""
    planted, address = running.planted, running.application.address
    ada = Visitor(address)
    _sign_in(ada, "ada@acme.example", planted["wrong password"])
    assert _sign_in(ada, "ada@acme.example", planted["password"]).path == "/"
    planted.add("session", next(cookie.value or "" for cookie in ada.jar if cookie.name == "sessionid"))
    planted.add("address", f"{secrets.token_hex(6)}@canary.example")
    _invite(ada, planted["refused address"])
    _invite(ada, planted["address"])
    invitation = running.post.link("/invitations/")
    planted.add("invitation", invitation.rstrip("/").rpartition("/")[2])
    Visitor(address).get(invitation)
    Visitor(address).get(invitation.replace(planted["invitation"], planted["made-up invitation"]))
    _reset(running)
    _second_factor(running, totp)
    ticket = _file(ada, planted)
    ada.get("/tickets/", q=planted["words"])
    _refusals(running, ada, ticket)
    assert running.system.postgres
    running.system.postgres.run_psql(["-c", FAIL], database="helpdesk")
    page = ada.get(ticket)
    form = page.form("body")
    assert ada.send(page, form, form.filled(body=planted["body of a 500"])).status == 500
    assert wait_until(lambda: running.post.refused > 0, 30, pause=0.2)
    time.sleep(1)


def _sign_in(visitor: Visitor, login: str, password: str) -> Page:
    page = visitor.get("/account/login/")
    form = page.form("login", "password")
    return visitor.send(page, form, form.filled(login=login, password=password))


def _invite(visitor: Visitor, address: str) -> None:
    page = visitor.get("/people/")
    form = page.form("email", "role")
    assert visitor.send(page, form, form.filled(email=address, name="Somebody New")).status == 200


def _reset(running: Running) -> None:
    visitor = Visitor(running.application.address)
    page = visitor.get("/account/password/reset/")
    form = page.form("email")
    visitor.send(page, form, form.filled(email="ada@acme.example"))
    link = running.post.link("/reset/key/")
    running.planted.add("key of a reset", link.rstrip("/").rpartition("/")[2].partition("-")[2])
    visitor.get(link)


def _second_factor(running: Running, totp: str) -> None:
    sara = Visitor(running.application.address)
    page = _sign_in(sara, "sara@support.example", running.planted["password"])
    code = running.planted.add("code", format_hotp_value(hotp_value(totp, int(time.time()) // 30)))
    for attempt in ("000000", code):
        form = page.form("code")
        page = sara.send(page, form, form.filled(code=attempt))
    assert page.path.startswith("/console/")
    _be_reached(running, sara)


def _be_reached(running: Running, sara: Visitor) -> None:
    """How staff are paged holds keys: entered wrongly, entered rightly, and used on a service that refuses."""
    planted = running.planted
    page = sara.get("/account/on-call/")
    for address in (f"tgram://{planted['wrong key of a way']}", f"jsons://u:{planted['password of a way']}@127.0.0.1:9/{planted['way']}"):
        form = page.form("label", "url")
        page = sara.send(page, form, form.filled(label="Phone", url=address, after_minutes="0"))
    form = next(form for form in page.forms() if form.action.endswith("/test/"))
    sara.send(page, form, form.filled())
    tried = "SELECT count(*) FROM notifications_pagedelivery WHERE state = 'failed'"
    assert running.system.postgres
    assert wait_until(lambda: running.system.postgres.run_psql(["-Atc", tried], database="helpdesk").strip() == "1", 30, pause=0.2)


def _file(visitor: Visitor, planted: Planted) -> str:
    page = visitor.get("/tickets/new/")
    form = page.form("subject", "description")
    product = next(value for value in form.options["product"].values() if value)
    values = form.filled(type="technical", severity="high", product=product, subject=planted["subject"], description=planted["body"])
    page = visitor.send(page, form, values, [("files", Upload(f"{planted['file name']}.log", planted["content"].encode()))])
    assert page.status == 200
    return page.path


def _refusals(running: Running, ada: Visitor, ticket: str) -> None:
    planted, host = running.planted, urllib.parse.urlsplit(running.application.address)
    fields = [("body", planted["body without a key"])]
    statuses = [
        ada.post(f"{ticket}reply/", fields).status,
        ada.get(f"/tickets/99999999/?x={planted['query']}").status,
        ada.get(f"/{planted['path']}/").status,
        Visitor(running.application.address).post("/tickets/new/", [("body", planted["stranger"] * 5000)]).status,
        ada._ask(ticket, headers={"Authorization": f"Bearer {planted['bearer']}", "X-Request-ID": planted["request id"]}).status,
        ada._ask(ticket, headers={"Host": f"{planted['host']}.example"}).status,
        ada._ask(f"{ticket}reply/", planted["bad body"].encode(), {"Content-Type": "multipart/form-data"}).status,
    ]
    assert statuses == [403, 404, 404, 413, 200, 400, 400]
    for head in (
        f"GET /{planted['raw path']} HTTP/9.9",
        f"G{planted['raw method']}{{ / HTTP/1.1",
        f"GET / HTTP/1.1\r\n{planted['raw header']} x",
    ):
        with socket.create_connection((host.hostname, host.port), timeout=5) as line:
            line.sendall(f"{head}\r\n\r\n".encode())
            line.recv(100)


def test_nothing_that_people_sent_is_in_a_log(running):
    assert running.finds() == []


def test_each_line_belongs_to_a_request_or_a_task(running):
    web, worker = (Path(running.system.place.logs / name).read_text() for name in ("web.log", "worker.log"))

    for word in ("request_id", "customer", "person", "portal:ticket", "tickets/<int:number>/", "23505"):
        assert word in web
    assert "notifications.tasks.relay_outbox" in worker
    assert "task_id" in worker


@pytest.mark.parametrize("sink", ["worker.log", "helpdesk_cache"])
def test_a_canary_that_is_there_is_found(running, sink):
    secret = running.planted.add(f"on purpose in {sink}", f"canary{secrets.token_hex(8)}")
    if sink == "helpdesk_cache":
        row = f"INSERT INTO helpdesk_cache VALUES ('{secret}', '{secret}', now())"  # noqa: S608 - our own token
        running.system.postgres.run_psql(["-c", row], database="helpdesk")
    else:
        said = f"import logging; logging.getLogger('x').warning('it was %s', '{secret}')"
        told = running.system.manage("shell", "-c", said, doing="Logging")
        with (running.system.place.logs / sink).open("a") as file:
            file.write(told)

    found = running.finds()
    del running.planted.texts[f"on purpose in {sink}"]
    assert found == [f"on purpose in {sink} in {sink}"]
