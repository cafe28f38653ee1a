"""Markdown as people write it, to HTML that can do no harm."""

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore

# Whoever changes what follows counts this up: HTML that was kept from an older one is made anew when it is read.
VERSION = 2

# No references ("[1]: https://…"): each use repeats its whole address, so that a few KB become many MB.
_parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("reference")
_HIGHEST, _LOWEST = 3, 6  # a text stands below the headings of a page and of its part


def _lower_headings(state: StateCore) -> None:
    """Whatever levels a text has, they become those next to each other from the highest on: pages keep one outline."""
    headings = [token for token in state.tokens if token.type in {"heading_open", "heading_close"}]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(_HIGHEST + levels.index(token.tag), _LOWEST)}"


_parser.core.ruler.push("lower_headings", _lower_headings)
# No images: one fetched from elsewhere tells its owner who reads the page; files are attached instead.
_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "sip", "sips", "tel"}
_cleaner = nh3.Cleaner(tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="nofollow noopener noreferrer")


def to_html(text: str) -> str:
    """Sanitised HTML; markup in the text shows as text, links only lead to harmless schemes."""
    return _cleaner.clean(_parser.render(text))
