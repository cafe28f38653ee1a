"""My products, and the files of releases and licences. What a customer may fetch is asked each time, by the contracts in force then."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import DeskRequest
from helpdesk.lib.addresses import address
from releases import commands, links
from releases.models import Artifact, Licence, Release
from releases.queries import products as queries
from releases.queries import rights
from releases.views.sending import send


def products(request: DeskRequest) -> HttpResponse:
    found = queries.products_page(request.access.customer, timezone.now())
    return render(request, "portal/products.html", {"lines": found.lines, "managers": found.managers})


def _release(request: DeskRequest, pk: int) -> Release:
    found = rights.release_for(request.access.customer, pk, timezone.now())
    if found is None:
        raise Http404
    return found


def release(request: DeskRequest, pk: int) -> HttpResponse:
    found = _release(request, pk)
    page = queries.release_page(found, request.access.customer)
    return render(request, "portal/release.html", {"release": found, "page": page})


def release_link(request: DeskRequest, token: str) -> HttpResponse:
    """What a mail's button leads to: the release, for the person whom the mail was for; once it expired, their products."""
    try:
        link = links.read_mail_link(token)
    except links.LinkExpired:
        messages.info(request, _("This link has expired. What you may download is here."))
        return redirect("portal:products")
    if link is None or link.person != request.access.person.pk or link.customer != request.access.customer.pk:
        raise Http404
    return redirect("portal:release", link.release)


# --- Files ----------------------------------------------------------------------------------------------------------
@require_safe
def artifact(request: DeskRequest, pk: int) -> HttpResponse:
    """Leads to a link of the person's own, which is good for a while."""
    found = rights.artifact_for(request.access.customer, pk, timezone.now())
    if found is None:
        raise Http404
    return _refused(request, found) or _to_link(request, "artifact", found.pk)


@require_safe
def licence(request: DeskRequest, pk: int) -> HttpResponse:
    found = rights.licence_for(request.access.customer, pk, timezone.now())
    if found is None:
        raise Http404
    return _refused(request, found) or _to_link(request, "licence", found.pk)


def _to_link(request: DeskRequest, purpose: links.Purpose, file: int) -> HttpResponse:
    access = request.access
    return redirect(links.file_link(purpose=purpose, file=file, customer=access.customer.pk, person=access.person.pk))


@require_safe
def download(request: DeskRequest, token: str) -> HttpResponseBase:
    """The bytes, for the person whom the link was made for, if they may still have them."""
    try:
        link = links.read_file_link(token)
    except links.LinkExpired:
        return _gone(request, _("This link has expired. Download the file from here again."), address("portal:products"))
    if link is None or link.person != request.access.person.pk:
        raise Http404
    if link.customer != request.access.customer.pk:
        if "company" in request.GET:  # they are none of its people any more
            raise Http404
        return redirect(f"{request.path}?company={link.customer}")
    found = _file(request, link)
    if found is None:
        raise Http404
    if refused := _refused(request, found):
        return refused
    if request.method == "GET":
        commands.count_download(customer_id=link.customer, person=request.access.person, file=found, link=link.number, now=timezone.now())
    return send(request, found)


def _file(request: DeskRequest, link: links.FileLink) -> Artifact | Licence | None:
    customer, now = request.access.customer, timezone.now()
    return rights.artifact_for(customer, link.file, now) if link.purpose == "artifact" else rights.licence_for(customer, link.file, now)


def _refused(request: DeskRequest, file: Artifact | Licence) -> HttpResponse | None:
    """Why a file that the customer has a right to is not sent, as a page; None when nothing is wrong with it."""
    if isinstance(file, Artifact) and not file.release.is_offered:
        return _gone(request, str(commands.WithdrawnRelease()), address("portal:release", file.release_id))
    if (isinstance(file, Artifact) and file.altered_at is not None) or not commands.is_whole(file):
        sentence = _("This file is not what we published, so it is not sent. We are putting it back; try again later, or open a ticket.")
        return _gone(request, sentence, address("portal:products"), status=HTTPStatus.CONFLICT)
    return None


def _gone(request: DeskRequest, sentence: str, url: str, status: int = HTTPStatus.GONE) -> HttpResponse:
    return render(request, "portal/no_download.html", {"sentence": sentence, "go_on_url": url}, status=status)
