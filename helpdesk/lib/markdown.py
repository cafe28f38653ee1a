"""Markdown as people write it, to HTML that can do no harm."""

import nh3
from markdown_it import MarkdownIt

# No references ("[1]: https://…"): each use repeats its whole address, so that a few KB become many MB.
_parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("reference")
# No images: one fetched from elsewhere tells its owner who reads the page; files are attached instead.
_TAGS = {
    *("p", "br", "hr", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto", "sip", "sips", "tel"}


def to_html(text: str) -> str:
    """Sanitised HTML; markup in the text shows as text, links only lead to harmless schemes."""
    return nh3.clean(
        _parser.render(text), tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="nofollow noopener noreferrer"
    )
