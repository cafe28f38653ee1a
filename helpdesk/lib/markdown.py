"""Markdown as people write it, to HTML that can do no harm."""

import nh3
from markdown_it import MarkdownIt

# Whoever changes what follows counts this up: HTML that was kept from an older one is made anew when it is read.
VERSION = 1

# No references ("[1]: https://…"): each use repeats its whole address, so that a few KB become many MB.
_parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("reference")
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
