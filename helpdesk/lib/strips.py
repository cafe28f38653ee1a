"""A strip of bars, one for each day, as SVG: good ones are tall, bad ones short, so that it needs no colour to be read."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_HEIGHT = 28  # pixels
_HEIGHTS = {"up": 28, "partly": 18, "down": 9, "none": 3}


@dataclass(frozen=True)
class Bar:
    """`state`: up, partly, down or none; `title`: what it says when somebody points at it."""

    state: str
    title: str


def to_svg(bars: Sequence[Bar], title: str, description: str) -> SafeString:
    """As wide as there is room. Nothing for no bars."""
    if not bars:
        return SafeString("")
    slot = 100 / len(bars)
    pieces = format_html_join(
        "",
        '<rect class="strip-{}" x="{}%" y="{}" width="{}%" height="{}" rx="1"><title>{}</title></rect>',
        (
            (
                bar.state,
                f"{place * slot + slot * 0.1:.2f}",
                _HEIGHT - _HEIGHTS[bar.state],
                f"{slot * 0.8:.2f}",
                _HEIGHTS[bar.state],
                bar.title,
            )
            for place, bar in enumerate(bars)
        ),
    )
    return format_html(
        '<svg class="strip" role="img" width="100%" height="{}" aria-label="{}"><desc>{}</desc>{}</svg>',
        *(_HEIGHT, f"{title}: {description}", description, pieces),
    )
