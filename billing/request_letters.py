"""Who is told of a charge request, and in which words (NOT-1). Called by commands, in their transaction; it only writes the outbox.

These mails can't be muted (NOT-2). They are a conversation of their own: joined with others of the ticket, their button could get lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.queries import display_names
from billing.models import ChargeRequest
from billing.outcomes import period, price
from billing.permissions import DECIDERS
from billing.shown import Work, listed_work
from billing.telling import leads_of
from contracts.reach import who_answers_for
from helpdesk.lib import moments
from helpdesk.lib.addresses import address
from helpdesk.lib.markdown import to_html
from helpdesk.lib.minutes import spell
from notifications.commands import Letter, Owed, owe_all
from tickets import telling


@dataclass(frozen=True)
class News:
    """What happened. `key`: its name among all that happens to a request; `headline`, `needs`: templates of sentences.

    They may name %(who)s, %(number)s, %(kind)s, %(answer_by)s and what `facts` hold. `says_why`: the remark is quoted.
    """

    key: str
    headline: str
    needs: str = ""
    action: str = ""
    says_why: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


def approvers(request: ChargeRequest) -> list[Person]:
    """Who may answer: the company's approvers and admins, as far as they see the ticket."""
    members = telling.who_may_see(request.ticket).filter(role__in=DECIDERS)
    return [member.person for member in members.select_related("person").order_by("person_id")]


def managers(request: ChargeRequest) -> list[Person]:
    """Who answers for its contract."""
    return who_answers_for(request.contract)


def drafter(request: ChargeRequest) -> list[Person]:
    """Who wrote it, if that was a person who is still on the staff."""
    return telling.staff_among([request.drafted_by_id])


def workers(request: ChargeRequest) -> list[Person]:
    """Who drafted it, and who has the ticket in hands."""
    return _once([*drafter(request), *telling.staff_side(request.ticket)])


def leads(request: ChargeRequest) -> list[Person]:
    return telling.staff_among(leads_of(request.ticket.team_id))


def tell_customer(request: ChargeRequest, news: News, readers: Iterable[Person], *, actor: Person | None, now: datetime) -> None:
    path = f"{address('portal:approval', request.pk)}?company={request.customer_id}"
    _tell(request, news, _once(readers, actor), actor, path, to_staff=False, now=now)


def tell_staff(request: ChargeRequest, news: News, readers: Iterable[Person], *, actor: Person | None, now: datetime) -> None:
    _tell(request, news, _once(readers, actor), actor, address("console:charge", request.pk), to_staff=True, now=now)


def _once(readers: Iterable[Person], except_for: Person | None = None) -> list[Person]:
    return [person for person in dict.fromkeys(readers) if person != except_for]


def _tell(
    request: ChargeRequest, news: News, readers: list[Person], actor: Person | None, path: str, *, to_staff: bool, now: datetime
) -> None:
    if not readers:
        return
    writing = _Writing(request, news, actor, settings.BASE_URL + path, to_staff)
    mails = [
        Owed(
            person=person,
            address=person.email,
            language=person.language,
            kind="charge_request",
            key=f"charge-{request.pk}-{news.key}:{person.pk}",
            letter=writing.to(person),
            thread=f"charge-{request.pk}",
            about=request,
        )
        for person in readers
    ]
    owe_all(customer_id=request.customer_id, mails=mails, now=now)


class _Writing:
    """The letters about one piece of news: readers of one language and zone get the same one, which is written once."""

    def __init__(self, request: ChargeRequest, news: News, actor: Person | None, url: str, to_staff: bool) -> None:
        self.request, self.news, self.actor, self.url, self.to_staff = request, news, actor, url, to_staff
        self.work = listed_work([request]).get(request.pk, [])
        self.name = display_names([actor.pk]).get(actor.pk, "") if actor is not None else ""
        self.written: dict[tuple[str, str], Letter] = {}

    def to(self, person: Person) -> Letter:
        key = person.language, person.time_zone
        if key not in self.written:
            with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
                self.written[key] = self._write()
        return self.written[key]

    def _write(self) -> Letter:
        request, news, ticket = self.request, self.news, self.request.ticket
        body = body_of(request, self.work, why=_(news.says_why) % {"why": request.remark} if news.says_why and request.remark else "")
        facts = self._facts()
        return Letter(
            subject=f"[{ticket.number}] {ticket.subject}",
            headline=_(news.headline) % facts,
            body_text=body,
            body_html=to_html(body),
            needs=_(news.needs) % facts if news.needs else "",
            status_line=_("Charge request: %(state)s") % {"state": request.get_state_display()},
            action_label=_(news.action) if news.action else _("Open the charge request"),
            action_url=self.url,
            reason=_reason(self.to_staff),
        )

    def _facts(self) -> dict[str, str]:
        request = self.request
        return {
            "who": self._who(),
            "number": request.ticket.number,
            "kind": request.get_kind_display(),
            "answer_by": moments.zoned(request.answer_by),
            **self.news.facts,
        }

    def _who(self) -> str:
        if self.actor is None:
            return settings.PROVIDER_NAME
        return self.name or _("A former colleague")


def body_of(request: ChargeRequest, work: list[Work], *, why: str = "") -> str:
    """What a request asks for, in Markdown, in the present language and zone."""
    lines = [f"{request.get_kind_display()}: **{price(request)}**"]
    if when := period(request):
        lines.append(_("Work %(when)s") % {"when": when})
    lines += [
        _("Work done already, %(at)s, %(time)s: %(note)s")
        % {"at": moments.dated(one.began_at), "time": spell(one.worked_minutes), "note": one.note}
        for one in work
    ]
    parts = [*([why] if why else []), request.reason, "\n".join(f"- {line}" for line in lines)]
    return "\n\n".join(parts)


def _reason(to_staff: bool) -> str:
    if to_staff:
        return _("You get this because the ticket is yours or your team's, or because you look after the contract.")
    return _("You get this because you may approve charges of your company, or asked for it.")
