"""Texts to translate, found without GNU gettext. Runs inside `.venv`: python -m tooling.messages_catalog check|update.

Django turns its templates into calls of gettext, as its own makemessages does, and Jinja2 reads its own; babel finds the calls.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.utils.translation.template import templatize

from tooling.fmt import JINJA2

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "helpdesk" / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
LEFT_OUT = {"tests", "tooling", "benchmarks", "var", "docs", "deploy", "requirements"}
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("gettext", "gettext_lazy", "gettext_noop", "_")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
OPTIONS = {"encoding": "utf-8", "silent": "false"}  # a Jinja2 template that can't be read must not be passed over
FORMAT = re.compile(r"%\(\w+\)[sd]|%[sd]")
Key = tuple[str | None, str]


def found() -> dict[Key, polib.POEntry]:
    """Every text to translate in the checkout's Python files and templates, with the files it is in."""
    entries: dict[Key, polib.POEntry] = {}
    for path in _files():
        for context, singular, plural in _texts(path):
            entry = entries.setdefault((context, singular), _entry(context, singular, plural))
            if plural and not entry.msgid_plural:
                entry.msgid_plural, entry.msgstr_plural = plural, {0: "", 1: ""}
            occurrence = (str(path.relative_to(ROOT)), "")
            if occurrence not in entry.occurrences:
                entry.occurrences.append(occurrence)
    return entries


def _files() -> Iterator[Path]:
    for path in sorted(ROOT.rglob("*")):
        top = path.relative_to(ROOT).parts[0]
        if path.suffix in {".py", ".html", ".txt"} and top not in LEFT_OUT and not top.startswith(".") and path.is_file():
            yield path


def _texts(path: Path) -> Iterator[tuple[str | None, str, str | None]]:
    source, method = path.read_text(), "jinja2" if path.parent.name in JINJA2 else "python"
    if method == "python" and path.suffix != ".py":
        # In brackets the blanked-out rest of the page needs no indentation that Python would accept.
        source = f"(\n{templatize(source)}\n)"
    for _line, message, _comments, context in extract(method, io.BytesIO(source.encode()), KEYWORDS, (), OPTIONS):
        singular, plural = (message, None) if isinstance(message, str) else (message[0], message[1])
        if singular:
            yield context, singular, plural


def _entry(context: str | None, singular: str, plural: str | None) -> polib.POEntry:
    entry = polib.POEntry(msgid=singular, msgctxt=context, msgid_plural=plural or "")
    if plural:
        entry.msgstr_plural = {0: "", 1: ""}
    if FORMAT.search(singular):
        entry.flags.append("python-format")
    return entry


def problems() -> list[str]:
    """What is missing, unused, untranslated, doubtful or wrong in the catalogue, one sentence each."""
    wanted = found()
    kept = polib.pofile(str(CATALOG)) if CATALOG.exists() else []
    have: dict[Key, polib.POEntry] = {(entry.msgctxt, entry.msgid): entry for entry in kept if not entry.obsolete}
    said = [f"not in the catalogue: {_show(key)} ({wanted[key].occurrences[0][0]})" for key in sorted(wanted.keys() - have.keys(), key=str)]
    said += [f"no longer used: {_show(key)}" for key in sorted(have.keys() - wanted.keys(), key=str)]
    for key in sorted(wanted.keys() & have.keys(), key=str):
        entry = have[key]
        if entry.fuzzy or not entry.translated():
            said.append(f"not translated: {_show(key)}")
        elif any(_placeholders(text) != _placeholders(entry.msgid_plural or entry.msgid) for text in _plain_or_last(entry)):
            said.append(f"its translation has other placeholders: {_show(key)}")
    return said


def _plain_or_last(entry: polib.POEntry) -> list[str]:
    return [entry.msgstr_plural[max(entry.msgstr_plural)]] if entry.msgid_plural else [entry.msgstr]


def _placeholders(text: str) -> set[str]:
    return set(FORMAT.findall(text))


def _show(key: Key) -> str:
    return repr(key[1]) if key[0] is None else f"{key[1]!r} in the context {key[0]!r}"


def update() -> int:
    """Writes the catalogue: sorted by text, files without line numbers, so that branches rarely touch the same lines. Returns the untranslated."""
    catalog = polib.pofile(str(CATALOG), wrapwidth=0) if CATALOG.exists() else _new()
    known: dict[Key, polib.POEntry] = {(entry.msgctxt, entry.msgid): entry for entry in catalog}
    entries = found()
    for key, entry in entries.items():
        old = known.get(key)
        if old is not None and bool(old.msgid_plural) == bool(entry.msgid_plural):
            entry.msgstr, entry.msgstr_plural, entry.tcomment = old.msgstr, old.msgstr_plural, old.tcomment
            entry.flags += [flag for flag in old.flags if flag not in entry.flags]
    catalog.clear()
    catalog.extend(sorted(entries.values(), key=lambda entry: (entry.msgid.lower(), entry.msgid, entry.msgctxt or "")))
    CATALOG.parent.mkdir(parents=True, exist_ok=True)
    catalog.save(str(CATALOG))
    return sum(not entry.translated() for entry in catalog)


def _new() -> polib.POFile:
    catalog = polib.POFile(wrapwidth=0)
    catalog.metadata = {
        "Language": "pt_BR",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n > 1);",
    }
    return catalog


def main(what: str) -> int:
    if what == "update":
        print(f"{CATALOG.relative_to(ROOT)}: {len(found())} texts, {update()} to translate.")
        return 0
    said = problems()
    print("\n".join(said))
    if said:
        print(f"{len(said)} to mend in {CATALOG.relative_to(ROOT)}; ./run messages adds and removes texts, translating is yours.")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
