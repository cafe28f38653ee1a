"""What monitoring writes on tickets, as Markdown, in the customer's language and zone. Nothing that came in is read as markup."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Customer
from helpdesk.lib.moments import zoned
from monitoring.models import Episode

LISTED = 50  # alerts of a storm that its ticket names
LONGEST_SUBJECT = 150
MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~&:/@])")


@contextmanager
def spoken_to(customer: Customer) -> Iterator[None]:
    """The block's words are in the customer's language, its instants in the customer's zone."""
    with translation.override(customer.language), timezone.override(ZoneInfo(customer.time_zone)):
        yield


def plain(text: str) -> str:
    """What somebody sent, as one line of Markdown that shows it as it is."""
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def fenced(text: str) -> str:
    """As a block of code, whose fence is longer than any in it."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}\n{text.rstrip()}\n{fence}"


def subject_of(episode: Episode) -> str:
    return " ".join(f"{episode.environment}: {episode.title}".split())[:LONGEST_SUBJECT]


def subject_of_storm(environment: str, count: int) -> str:
    return (_("%(environment)s: %(count)s alerts at once") % {"environment": environment, "count": count})[:LONGEST_SUBJECT]


def opening(episode: Episode) -> str:
    """The first message of a ticket: what is seen since when, the evidence, and who acts."""
    facts = {
        "environment": plain(str(episode.environment)),
        "title": plain(episode.title),
        "at": zoned(episode.started_at),
        "source": episode.get_source_display(),
    }
    return _joined(
        _("Monitoring sees an abnormal situation at **%(environment)s**: **%(title)s**") % facts,
        _("Since %(at)s, as %(source)s reports.") % facts,
        *evidence(episode.evidence, episode.title),
        *_others(),
    )


def opening_of_storm(environment: str, episodes: Sequence[Episode], minutes: int) -> str:
    facts = {"environment": plain(environment), "count": len(episodes), "minutes": minutes}
    text = ngettext(
        "Monitoring saw %(count)s alerts at **%(environment)s** within %(minutes)s minute. They are one situation on this ticket:",
        "Monitoring saw %(count)s alerts at **%(environment)s** within %(minutes)s minutes. They are one situation on this ticket:",
        minutes,
    )
    lines = [f"- {_line(episode)}" for episode in episodes[:LISTED]]
    more = len(episodes) - LISTED
    if more > 0:
        lines.append("- " + ngettext("and %(count)s more", "and %(count)s more", more) % {"count": more})
    return _joined(
        text % facts,
        "\n".join(lines),
        _("What joins it later is counted here without another message; the environment's page lists it."),
        *evidence(episodes[0].evidence),
        *_others(),
    )


def _line(episode: Episode) -> str:
    return _("%(title)s, since %(at)s") % {"title": plain(episode.title), "at": zoned(episode.started_at)}


def evidence(kept: Mapping[str, object], said: str = "") -> list[str]:
    """Labels, texts, link and log, each as a paragraph; nothing for what was not sent, nor for what was `said` already."""
    found = []
    labels, texts = kept.get("labels"), kept.get("texts")
    if isinstance(texts, dict):
        found += [_headed(plain(name), value) for name, value in texts.items() if value and value != said]
    if isinstance(labels, dict):
        found.append(_headed(_("Labels"), "\n".join(f"{name} = {value}" for name, value in sorted(labels.items()))))
    if kept.get("url"):
        found.append(_("Where it was measured: %(address)s") % {"address": f"<{kept['url']}>"})
    if kept.get("log"):
        found.append(_headed(_("The end of its log"), str(kept["log"])))
    return found


def _headed(heading: str, text: str) -> str:
    return f"**{heading}**\n\n{fenced(text)}"


def _others() -> list[str]:
    return [_("We observe only. Any action in your environment remains yours; we help you here to find out what it takes.")]


def again(episode: Episode) -> str:
    return _joined(
        _("It is there again: **%(title)s**, since %(at)s.") % {"title": plain(episode.title), "at": zoned(episode.started_at)},
        *evidence(episode.evidence, episode.title),
    )


def over(episodes: Sequence[Episode], restarts: int) -> str:
    """The end of a situation, with how long it lasted and how often it was told, and what follows from it."""
    first = min(episode.started_at for episode in episodes)
    ended_at, because = max((episode.ended_at, episode.ended_because) for episode in episodes if episode.ended_at)
    if because == Episode.End.WATCH_ENDED:  # a heartbeat that nobody expects any more: how it went on is not known
        end = _("It is not watched any more since %(at)s; it began %(began)s.")
    else:
        end = _("It is over since %(at)s; it began %(began)s.")
    told = sum(episode.count for episode in episodes)
    paragraphs = [
        end % {"at": zoned(ended_at), "began": zoned(first)},
        ngettext("It was reported %(count)s time.", "It was reported %(count)s times.", told) % {"count": told},
    ]
    if restarts:
        came = ngettext("It came back %(count)s time meanwhile.", "It came back %(count)s times meanwhile.", restarts)
        paragraphs.append(came % {"count": restarts})
    return _joined(
        " ".join(paragraphs), _("We propose to close this ticket. If nothing remains to be found out, say “This is solved”; else reply.")
    )


def watch_ended() -> str:
    return _joined(
        _("The watch ended: this environment is no longer monitored, and we don't know how its situation goes on."),
        _("The ticket stays, and is worked on as any other."),
    )


def part_of(number: str) -> str:
    return _("This is part of a larger situation, which goes on in %(number)s. Nothing more happens here.") % {"number": number}


def _joined(*paragraphs: str) -> str:
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)
