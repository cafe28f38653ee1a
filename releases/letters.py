"""What mails about releases say, in the language that is active: the announcement, the withdrawal, and that one could not be published."""

from django.conf import settings
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from helpdesk.lib.markdown import to_html
from notifications.commands import Letter
from releases.models import Release

PUBLISHED, SECURITY, WITHDRAWN = "release_published", "release_security", "release_withdrawn"
ANNOUNCEMENTS = (PUBLISHED, SECURITY)


def kind_of(release: Release) -> str:
    """By which a reader mutes it: what closes a security hole can't be muted."""
    return SECURITY if release.is_security else PUBLISHED


def list_of(release: Release) -> str:
    """The list that announcements of this product go to, without our domain."""
    return f"{slugify(release.product.name) or release.product_id}.releases"


def announcement(release: Release, link: str) -> Letter:
    """`link`: the reader's own, which expires and asks who they are."""
    facts = _facts(release)
    headline = _("%(product)s %(version)s is released.") % facts
    fixes = [fix.issue for fix in release.fixed.all()]
    body = release.notes.strip()
    if fixes:
        lines = "\n".join(f"- {issue.reference}: {issue.title}" for issue in fixes)
        body = "{}\n\n**{}**\n\n{}".format(body, _("Known issues that it fixes"), lines)
    return Letter(
        subject=_("%(product)s %(version)s is released") % facts,
        headline=headline,
        body_text=body,
        body_html=to_html(body),
        needs=_("It closes a security hole: install it soon.") if release.is_security else "",
        status_line=f"{release.get_kind_display()} · {release.get_nature_display()}",
        action_label=_("Read and download"),
        action_url=link,
        reason=_why(release),
    )


def withdrawal(release: Release, link: str) -> Letter:
    facts, why = _facts(release), release.why_withdrawn
    return Letter(
        subject=_("%(product)s %(version)s is withdrawn") % facts,
        headline=_("%(product)s %(version)s is withdrawn. It can't be downloaded any more.") % facts,
        body_text=why,
        body_html=to_html(why),
        needs=_("If you have installed it, open a ticket: we help you."),
        action_label=_("What runs at your company"),
        action_url=link,
        reason=_("You get this because you were told of this version, or fetched it."),
    )


def not_published(release: Release, why: str) -> Letter:
    facts = _facts(release)
    return Letter(
        subject=_("%(product)s %(version)s was not published") % facts,
        headline=_("%(product)s %(version)s was due and could not be published.") % facts,
        body_text=why,
        action_label=_("Open the release"),
        action_url=settings.BASE_URL + reverse("console:release", args=[release.pk]),
        reason=_("You get this because you scheduled it."),
    )


def _facts(release: Release) -> dict[str, str]:
    return {"product": release.product.name, "version": release.number}


def _why(release: Release) -> str:
    return _("You get this because a contract of your company covers %(product)s.") % {"product": release.product.name}
