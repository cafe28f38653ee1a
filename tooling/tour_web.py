"""A visitor of the helpdesk for the tour: pages, their forms and files over plain HTTP, without a script, one set of cookies each."""

import contextlib
import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser

ANSWER_SECONDS = 30
SILENT = {"script", "style", "template"}
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Failed(Exception):
    """What did not hold, in a sentence."""


def expect(holds: object, sentence: str) -> None:
    """Raises Failed with this sentence of what was found instead."""
    if not holds:
        raise Failed(sentence)


@dataclass(frozen=True)
class Upload:
    """A file as a form carries it."""

    name: str
    content: bytes


@dataclass
class Form:
    """A form as a browser would send it: what is filled in, ticked and chosen already, hidden fields included."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)
    options: dict[str, dict[str, str]] = field(default_factory=dict)  # of selects: value by the words of the choice
    names: set[str] = field(default_factory=set)
    words: str = ""

    def value(self, name: str) -> str:
        """The value of the first field of this name. Raises Failed when there is none."""
        found = [value for key, value in self.values if key == name]
        expect(found, f"the form has no value for “{name}”")
        return found[0]

    def filled(self, **values: str | Iterable[str]) -> list[tuple[str, str]]:
        """Its values with some replaced. Raises Failed for a field that the form does not have."""
        pairs = [(key, value) for key, value in self.values if key not in values]
        for key, value in values.items():
            expect(key in self.names, f"the form has no field “{key}”")
            pairs += [(key, one) for one in ([value] if isinstance(value, str) else value)]
        return pairs

    def choice(self, name: str, words: str) -> str:
        """The value of the choice with these words. Raises Failed when it is not offered."""
        offered = self.options.get(name, {})
        expect(words in offered, f"“{words}” is not offered as {name}, only {', '.join(offered)}")
        return offered[words]


class _Reader(HTMLParser):
    """Collects forms, links and what can be read; what only a browser knows (styles, scripts) is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.marks: dict[str, list[str]] = {}
        self.language = ""
        self._form: Form | None = None
        self._textarea = self._select = self._option = ""
        self._silent = 0
        self._link: list[str] | None = None
        self._marked: list[tuple[str, int]] = []  # marks of the elements being read, with their depth
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in EMPTY:
            self._depth += 1
        if tag == "html":
            self.language = given.get("lang", "")
        for mark in [given.get("id", ""), f"<{tag}>", *(f".{name}" for name in given.get("class", "").split())]:
            if mark and tag not in EMPTY:
                self.marks.setdefault(mark, []).append("")
                self._marked.append((mark, self._depth))
        if tag in SILENT:
            self._silent += 1
        if tag == "a" and "href" in given:
            self._link = [given["href"], ""]
        self._form_part(tag, given)

    def _form_part(self, tag: str, given: dict[str, str]) -> None:
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        if self._form is None:
            return
        name = given.get("name", "")
        if name and tag in {"input", "textarea", "select", "button"}:
            self._form.names.add(name)
        if tag == "input" and name and given.get("type", "text") not in {"file", "submit", "button"}:
            if given.get("type") not in {"radio", "checkbox"} or "checked" in given:
                self._form.values.append((name, given.get("value", "")))
        elif tag == "textarea":
            self._textarea = name
            self._form.values.append((name, ""))
        elif tag == "select":
            self._select = name
            self._form.options[name] = {}
        elif tag == "option" and self._select:
            self._option = given.get("value", "")
            chosen = [value for key, value in self._form.values if key == self._select]
            if "selected" in given or not chosen:
                self._form.values = [pair for pair in self._form.values if pair[0] != self._select]
                self._form.values.append((self._select, self._option))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent -= 1
        if tag == "a" and self._link:
            self.links.append((self._link[0], " ".join(self._link[1].split())))
            self._link = None
        elif tag == "form":
            self._form = None
        elif tag == "textarea":
            self._textarea = ""
        elif tag == "select":
            self._select = ""
        if tag not in EMPTY:
            self._marked = [(mark, depth) for mark, depth in self._marked if depth < self._depth]
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words.append(data)
        for mark, _depth in self._marked:
            self.marks[mark][-1] += data
        if self._link:
            self._link[1] += data
        if self._form is None:
            return
        self._form.words += data
        if self._textarea:
            name, value = self._form.values[-1]
            self._form.values[-1] = (name, value + data if value else re.sub(r"\A\r?\n", "", data))
        if self._select and data.strip():
            self._form.options[self._select][" ".join(data.split())] = self._option


class Page:
    """One answer. `milliseconds`: from asking to the last byte, redirects included."""

    def __init__(self, *, status: int, url: str, headers: Message, body: bytes, milliseconds: float) -> None:
        self.status, self.url, self.headers, self.body, self.milliseconds = status, url, headers, body, milliseconds
        self._read: _Reader | None = None

    @property
    def _reader(self) -> _Reader:
        if self._read is None:
            self._read = _Reader()
            self._read.feed(self.body.decode("utf-8", "replace"))
        return self._read

    @property
    def text(self) -> str:
        """What can be read on it, white space made one."""
        return " ".join(" ".join(self._reader.words).split())

    @property
    def language(self) -> str:
        return self._reader.language

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.url).path

    @property
    def seen(self) -> str:
        return f"{self.status} in {self.milliseconds:.0f} ms"

    def marked(self, mark: str) -> list[str]:
        """The texts of the elements with this id, (".name") of this class, or ("<tag>") of this kind."""
        return [" ".join(text.split()) for text in self._reader.marks.get(mark, [])]

    def links(self, start: str = "") -> dict[str, str]:
        """Addresses of its links by their words, of those whose address begins so."""
        return {words: address for address, words in self._reader.links if address.startswith(start)}

    def addresses(self, start: str) -> list[str]:
        """The addresses of its links that begin so, each once."""
        return list(dict.fromkeys(address for address, _words in self._reader.links if address.startswith(start)))

    def forms(self, *needed: str) -> list[Form]:
        """Its forms that are posted and have all these fields."""
        return [form for form in self._reader.forms if form.method == "post" and form.names.issuperset(needed)]

    def form(self, *needed: str) -> Form:
        """The first of them. Raises Failed when there is none."""
        for form in self.forms(*needed):
            return form
        raise Failed(f"{self.path} ({self.status}) has no form with {', '.join(needed)}")


class Visitor:
    """Somebody at a browser."""

    def __init__(self, address: str, language: str = "pt-BR") -> None:
        self.address, self.language = address, language
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar))

    def get(self, path: str, **query: str) -> Page:
        return self._ask(path + (f"?{urllib.parse.urlencode(query)}" if query else ""))

    def fetch(self, path: str, **headers: str) -> Page:
        """The same with headers of one's own: `Range="bytes=0-9"`."""
        return self._ask(path, None, headers)

    def stream(self, page: Page, path: str, content: bytes, **query: str) -> Page:
        """Send a file as the body itself, as the script of a page does; the page's first form proves where it comes from."""
        token = page.form("csrfmiddlewaretoken").value("csrfmiddlewaretoken")
        headers = {"Content-Type": "application/octet-stream", "X-CSRFToken": token, "Referer": page.url}
        return self._ask(f"{path}?{urllib.parse.urlencode(query)}", content, headers)

    def post(self, path: str, values: Iterable[tuple[str, str]], files: Iterable[tuple[str, Upload]] = (), **headers: str) -> Page:
        kind, body = _multipart(values, files)
        return self._ask(path, body, {"Content-Type": kind, **headers})

    def send(self, page: Page, form: Form, values: Iterable[tuple[str, str]], files: Iterable[tuple[str, Upload]] = ()) -> Page:
        """Press a form's button: posted to its action, with the address of its page."""
        return self.post(urllib.parse.urljoin(page.url, form.action or page.url), values, files, Referer=page.url)

    def _ask(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Page:
        url = urllib.parse.urljoin(self.address, path)
        sent = {"Accept-Language": self.language, "User-Agent": "tour", "Origin": self.address, **(headers or {})}
        if body is None:
            sent.pop("Origin")
        request = urllib.request.Request(url, data=body, headers=sent)  # noqa: S310 - an address of ours
        begun = time.monotonic()
        try:
            answer = self.opener.open(request, timeout=ANSWER_SECONDS)
        except urllib.error.HTTPError as refusal:
            answer = refusal
        except OSError as error:
            raise Failed(f"{url} did not answer: {error}") from error
        with contextlib.closing(answer):
            content = answer.read()
        took = (time.monotonic() - begun) * 1000
        return Page(status=answer.status, url=answer.url, headers=answer.headers, body=content, milliseconds=took)


def _multipart(values: Iterable[tuple[str, str]], files: Iterable[tuple[str, Upload]]) -> tuple[str, bytes]:
    boundary = uuid.uuid4().hex
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value.encode() for name, value in values]
    for name, upload in files:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{upload.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'
        parts.append(head.encode() + upload.content)
    lines = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return f"multipart/form-data; boundary={boundary}", lines + b"--" + boundary.encode() + b"--\r\n"
