"""What pages of other apps show of releases, and small parts of the pages here."""

from django import template
from django.utils.safestring import SafeString

from helpdesk.templatetags.atoms import chip
from releases.models import Release

register = template.Library()

MARKS: dict[str, tuple[str, str]] = {
    Release.State.DRAFT: ("", "file"),
    Release.State.SCHEDULED: ("info", "clock"),
    Release.State.PUBLISHED: ("ok", "check"),
    Release.State.WITHDRAWN: ("danger", "x"),
}


@register.simple_tag
def release_chip(release: Release) -> SafeString:
    """The state of a release, as a chip."""
    tone, icon = MARKS[release.state]
    return chip(release.state.label, tone=tone, icon=icon)
