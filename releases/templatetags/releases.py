"""What pages of other apps show of releases, and small parts of the pages here."""

from typing import Any

from django import template
from django.utils.safestring import SafeString

from accounts.access import Access
from helpdesk.templatetags.atoms import chip
from releases.models import Release
from releases.permissions import may_link_issues
from releases.queries.desk import issues_of
from tickets.models import Ticket

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


@register.inclusion_tag("ui/known_issues_panel.html")
def known_issues_panel(ticket: Ticket, access: Access) -> dict[str, Any]:
    """The known issues that a ticket is about, beside it. One query."""
    return {"ticket": ticket, "links": issues_of(ticket), "may_link": may_link_issues(access)}
