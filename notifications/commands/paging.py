"""Pages: owing them, deciding whom they go to, and what became of each (NOT-6, SLA-9).

A page is a row of an outbox of its own. When the relay comes to it, it is decided who is on call at that instant, and one delivery is
written for each of their ways; those are claimed, carried and noted one by one. Locks are taken in the order page, delivery.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Person, StaffMember, StaffRole, Team
from accounts.tenancy import acting_for, as_provider
from notifications import bell
from notifications.commands.mail import Letter, owe
from notifications.models import Page, PageDelivery, Rota, Way
from notifications.queries import on_call_in, rota_for

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
PAUSES = (timedelta(seconds=15), timedelta(seconds=45), timedelta(minutes=2))
ATTEMPTS = len(PAUSES) + 1
BY_MAIL_ALONE = timedelta(minutes=10)
LONGEST_TITLE, LONGEST_TEXT = 120, 400


def page(
    *,
    key: str,
    title: "str | Promise",
    text: "str | Promise" = "",
    url: str = "",
    team: Team | None = None,
    rota: Rota | None = None,
    people: Iterable[Person] | None = None,
    about_table: str = "",
    about_id: int | None = None,
    customer_id: int | None = None,
    now: datetime,
) -> None:
    """Write one page in the transaction of what caused it; a second with the same `key` is not written.

    Whom it reaches is decided when it is sent: `people` if given, else who is on call then by `rota`, by that of `team`, or by the
    default one. Title and text may be lazy: they are kept in every language. They go to phones and third parties: a ticket's number
    and severity may stand in them, nothing that a customer wrote. `url`: absolute, where the matter is seen to.
    """
    _write(
        key=key,
        words=_in_every_language(title, text),
        url=url,
        team=team,
        rota=rota,
        people=None if people is None else [person.pk for person in people],
        about_table=about_table,
        about_id=about_id,
        customer_id=customer_id,
        now=now,
    )


def send_test(*, person: Person, way: Way | None, key: str, now: datetime) -> None:
    """A page that only shows whether it arrives, addressed at once; `way`: by this one alone."""
    title, text = gettext_lazy("Test page"), gettext_lazy("If you read this, pages reach you this way. There is nothing to do.")
    _write(key=f"test-{key}", words=_in_every_language(title, text), people=[person.pk], only_way=way, is_test=True, now=now)
    with as_provider():
        _address(Page.objects.select_for_update().get(customer=None, key=f"test-{key}"), line=1, now=now)


def _write(*, words: dict[str, Any], now: datetime, customer_id: int | None = None, **columns: Any) -> None:
    with acting_for(customer_id):
        Page.objects.bulk_create(
            [Page(words=words, customer_id=customer_id, created_at=now, due_at=now, **columns)],
            ignore_conflicts=True,
        )
    bell.ring_on_commit(bell.PAGES)


def _in_every_language(title: "str | Promise", text: "str | Promise") -> dict[str, dict[str, str]]:
    words = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            words[language] = {"title": str(title)[:LONGEST_TITLE], "text": str(text)[:LONGEST_TEXT]}
    return words


# --- Whom it goes to ------------------------------------------------------------------------------------------------
def address_due(now: datetime) -> int:
    """Decide whom the pages go to that are due, and who is next for those that nobody acknowledged in time; returns how many.

    One that can't be addressed goes to the leads; where even that fails, it waits for the next round and holds up no other.
    """
    done = 0
    left_out: set[int] = set()
    while _address_next(now, left_out):
        done += 1
    return done - len(left_out)


def _address_next(now: datetime, left_out: set[int]) -> bool:
    found: Page | None = None
    try:
        with as_provider():
            found = _waiting(now).exclude(pk__in=left_out).order_by("due_at", "id").first()
            if found is None:
                return False
            _address(found, line=1 if found.state == Page.State.DUE else 2, now=now)
    except Exception:  # a rota that can't be read, an address that can't be mailed: whatever it is, the others go on
        if found is None:
            raise
        log.exception("page %s could not be addressed; it goes to the leads", found.pk)
        if not _to_the_leads(found.pk, now):
            left_out.add(found.pk)
    return True


def _waiting(now: datetime) -> QuerySet[Page]:
    """Pages to be addressed, locked as they are read; those that another relay has are left to it."""
    waiting = Q(state=Page.State.DUE, due_at__lte=now) | Q(escalate_at__lte=now)
    return Page.objects.filter(waiting).select_for_update(skip_locked=True, of=("self",))


def _to_the_leads(pk: int, now: datetime) -> bool:
    """In a transaction of its own, after that of the attempt before was undone; False when it failed too."""
    try:
        with as_provider():
            found = _waiting(now).filter(pk=pk).first()
            if found is not None:
                told = found.deliveries.values_list("person_id", flat=True)
                found.line, found.to_leads, found.escalate_at = 1 if found.state == Page.State.DUE else 2, True, None
                _deliver(found, leads(besides=told), now)
    except Exception:
        log.exception("page %s could not be addressed to the leads either", pk)
        return False
    return True


def _address(found: Page, *, line: int, now: datetime) -> None:
    """Write the deliveries of this line. A page that finds nobody at all, not even a lead, has failed."""
    rota = None if found.people is not None else rota_for(found)
    people, found.to_leads = _whom(found, rota, line, now)
    found.line = line
    found.escalate_at = _escalates_at(found, rota, people, now) if line == 1 else None
    _deliver(found, people, now)


def _escalates_at(found: Page, rota: Rota | None, people: list[Person], now: datetime) -> datetime | None:
    """When the second line is paged: by the rota's minutes; without them only where a mail, which wakes nobody, is all there is."""
    if rota is not None and rota.escalate_minutes is not None:
        return now + timedelta(minutes=rota.escalate_minutes)
    if found.is_test or found.to_leads or Way.objects.filter(person__in=people).exists():
        return None
    return now + BY_MAIL_ALONE


def _deliver(found: Page, people: list[Person], now: datetime) -> None:
    for person in people:
        _deliver_to(found, person, now)
    if found.state != Page.State.SENT:
        found.state = _state(found, found.line) if people else Page.State.FAILED
    found.save(update_fields=["line", "to_leads", "escalate_at", "state"])


def _whom(found: Page, rota: Rota | None, line: int, now: datetime) -> tuple[list[Person], bool]:
    """The people of this line, and whether they are leads because nobody is on call."""
    if found.people is not None and line == 1:
        return list(Person.objects.filter(pk__in=found.people, is_active=True).order_by("pk")), False
    ruling = rota.second_line if line == 2 and rota is not None else rota
    told = set(found.deliveries.values_list("person_id", flat=True))
    on_call = on_call_in(ruling, now) if ruling is not None else None
    if on_call is not None and on_call.pk not in told:
        return [on_call], found.to_leads
    return leads(besides=told), found.to_leads or line == 1


def leads(besides: Iterable[int] = ()) -> list[Person]:
    """Who is told when nobody is on call: the leads, without any the administrators."""
    staff = Person.objects.filter(is_active=True).exclude(pk__in=set(besides)).order_by("pk")
    found = list(staff.filter(staff_member__roles__role=StaffRole.Role.LEAD))
    return found or list(staff.filter(staff_member__roles__role=StaffRole.Role.ADMINISTRATOR))


def _deliver_to(found: Page, person: Person, now: datetime) -> None:
    """A row for each way of the person, due at once or after their minutes; without any, a mail."""
    ways = list(Way.objects.filter(person=person)) if found.only_way is None else [found.only_way]
    if not ways:
        _mail(found, person, line=found.line, now=now)
    PageDelivery.objects.bulk_create(
        PageDelivery(
            page=found,
            person=person,
            line=found.line,
            way=way,
            label=way.label,
            due_at=now + timedelta(minutes=0 if found.only_way else way.after_minutes - ways[0].after_minutes),
        )
        for way in ways
    )


def _mail(found: Page, person: Person, *, line: int, last_resort: bool = False, now: datetime) -> None:
    """The page as an ordinary mail, which the outbox takes care of from here."""
    said = found.said_in(person.language)
    with translation.override(person.language):
        letter = Letter(
            subject=said["title"],
            headline=said["title"],
            body_text=said["text"],
            needs="" if found.is_test else _("Acknowledge it, so that nobody else is paged."),
            action_label=_("Open the page"),
            action_url=address_of(found),
            reason=_("You get this because you are on call, or lead those who are.")
            if not last_resort
            else _("You get this as mail because none of the ways in which you are paged worked."),
        )
    owe(
        customer_id=found.customer_id,
        person=person,
        address=person.email,
        language=person.language,
        kind="page",
        key=f"page-{found.pk}-{line}:{person.pk}",
        letter=letter,
        about=found,
        now=now,
    )
    PageDelivery.objects.create(
        page=found,
        person=person,
        line=line,
        by_mail=True,
        is_last_resort=last_resort,
        state=PageDelivery.State.SENT,
        due_at=now,
        sent_at=now,
    )


def address_of(found: Page) -> str:
    """Where a page is seen and acknowledged; the link in it leads there, and from there to the matter itself."""
    return settings.BASE_URL + reverse("console:page", args=[found.pk])


# --- Carrying it ----------------------------------------------------------------------------------------------------
def claim(now: datetime) -> PageDelivery | None:
    """Take the next delivery for sending, alone among all relays; None when nothing is due.

    It commits before anything is sent. Whoever dies now leaves a lease that runs out, and it is sent again: a page that comes twice
    is better than none. What is tried for the first time goes first, so that a service that hangs holds up no other.
    """
    with as_provider():
        claimable = PageDelivery.objects.claimable(now).filter(attempts__lt=ATTEMPTS).exclude(page__state=Page.State.ACKNOWLEDGED)
        # Page and person, which the relay needs for its words, are read with it; the row alone is locked.
        rows = claimable.select_related("page", "person", "way").order_by("attempts", "due_at", "id")
        delivery = rows.select_for_update(skip_locked=True, of=("self",)).first()
        if delivery is None:
            return None
        delivery.unknown_outcomes += delivery.state == PageDelivery.State.SENDING
        delivery.state, delivery.lease_until = PageDelivery.State.SENDING, now + LEASE
        delivery.attempts += 1
        delivery.save(update_fields=["state", "lease_until", "attempts", "unknown_outcomes"])
    return delivery


def give_up_lost(now: datetime) -> int:
    """Deliveries whose relay died at the last attempt too have failed; what is left of acknowledged pages is dropped. Returns how many."""
    with as_provider():
        PageDelivery.objects.filter(state=PageDelivery.State.DUE, page__state=Page.State.ACKNOWLEDGED).update(
            state=PageDelivery.State.DROPPED
        )
    over = Q(attempts__gte=ATTEMPTS) | Q(page__state=Page.State.ACKNOWLEDGED)
    lost = PageDelivery.objects.filter(over, state=PageDelivery.State.SENDING, lease_until__lt=now)
    with as_provider():
        found = list(lost.order_by("pk"))
    for delivery in found:
        mark_failed(delivery=delivery, error="died", may_have_arrived=True, now=now)
    return len(found)


def message(delivery: PageDelivery) -> tuple[str, str]:
    """Title and text as they go out, in the person's language, with the link; a repeat that may be a second copy says so."""
    said = delivery.page.said_in(delivery.person.language)
    with translation.override(delivery.person.language):
        again = _("This page may have reached you before.") if delivery.unknown_outcomes else ""
    return said["title"], "\n".join(part for part in (said["text"], again, address_of(delivery.page)) if part)


def mark_sent(*, delivery: PageDelivery, now: datetime) -> None:
    with as_provider():
        found = Page.objects.select_for_update().get(pk=delivery.page_id)
        if not _note(delivery, state=PageDelivery.State.SENT, sent_at=now, lease_until=None, last_error=""):
            return
        if found.state in {Page.State.SENDING, Page.State.FAILED}:
            found.state = Page.State.SENT
            found.save(update_fields=["state"])


def mark_failed(*, delivery: PageDelivery, error: str, may_have_arrived: bool = False, now: datetime) -> None:
    """Try again after a growing pause; after ATTEMPTS, or when trying is of no use, the person's next way is due at once.

    When none is left they get a mail; when nobody of the line was reached, the second line is paged at once, else the page has failed.
    """
    unknown = delivery.unknown_outcomes + may_have_arrived
    with as_provider():
        found = Page.objects.select_for_update().get(pk=delivery.page_id)
        if found.state == Page.State.ACKNOWLEDGED:
            _note(delivery, state=PageDelivery.State.DROPPED, lease_until=None, last_error=error, unknown_outcomes=unknown)
        elif delivery.attempts < ATTEMPTS and error not in {"invalid", "private", "removed"}:
            due = now + PAUSES[delivery.attempts - 1]
            _note(delivery, state=PageDelivery.State.DUE, due_at=due, lease_until=None, last_error=error, unknown_outcomes=unknown)
        elif _note(delivery, state=PageDelivery.State.FAILED, lease_until=None, last_error=error, unknown_outcomes=unknown):
            _go_on(found, delivery, now)


def _note(delivery: PageDelivery, **changes: object) -> bool:
    """Write what became of this attempt, unless another relay took the row meanwhile: that counts."""
    mine = PageDelivery.objects.filter(pk=delivery.pk, state=PageDelivery.State.SENDING, attempts=delivery.attempts)
    noted = mine.update(**changes)
    if not noted:
        log.warning("delivery %s of page %s was taken by another relay after attempt %s", delivery.pk, delivery.page_id, delivery.attempts)
    return bool(noted)


def _go_on(found: Page, failed: PageDelivery, now: datetime) -> None:
    """After a way failed for good: the next of this person, then a mail to them, then whoever comes after this line."""
    own = found.deliveries.filter(person=failed.person_id, line=failed.line)
    left = own.filter(state=PageDelivery.State.DUE).order_by("due_at", "pk").first()
    if left is not None:
        if left.due_at > now:
            PageDelivery.objects.filter(pk=left.pk).update(due_at=now)
        return
    if own.filter(state__in=[PageDelivery.State.SENDING, PageDelivery.State.SENT]).exists():
        return
    if not found.is_test:
        _mail(found, failed.person, line=failed.line, last_resort=True, now=now)
    state = _state(found, failed.line)
    if state != Page.State.FAILED or failed.line < found.line:
        return  # somebody else of the line was reached, or may be yet; or the next line was paged meanwhile
    if found.state != Page.State.SENT:
        found.state = state
    if found.line == 1 and not found.is_test:
        found.escalate_at = now
    found.save(update_fields=["state", "escalate_at"])


def _state(found: Page, line: int) -> Page.State:
    """What a line has come to; a mail as the last resort is no page."""
    states = set(found.deliveries.filter(line=line, is_last_resort=False).values_list("state", flat=True))
    if PageDelivery.State.SENT in states:
        return Page.State.SENT
    if states & {PageDelivery.State.DUE, PageDelivery.State.SENDING}:
        return Page.State.SENDING
    return Page.State.FAILED


# --- Acknowledging --------------------------------------------------------------------------------------------------
def acknowledge(*, actor: Person, page: Page, now: datetime) -> bool:
    """Somebody sees to it: nobody else is paged for it. False when somebody had done so before."""
    with as_provider():
        found = Page.objects.select_for_update().get(pk=page.pk)
        if found.state == Page.State.ACKNOWLEDGED:
            return False
        found.state, found.acknowledged_at, found.acknowledged_by, found.escalate_at = Page.State.ACKNOWLEDGED, now, actor, None
        found.save(update_fields=["state", "acknowledged_at", "acknowledged_by", "escalate_at"])
        found.deliveries.filter(state=PageDelivery.State.DUE).update(state=PageDelivery.State.DROPPED)
    return True


def acknowledge_about(*, table: str, row_id: int, customer_id: int | None, person: Person, now: datetime) -> int:
    """Somebody on the staff saw to a row of this table: every open page about it is acknowledged by that; returns how many were.

    It belongs to the transaction of what they did. The relay drops what was still to be sent: a command for a customer sees no delivery.
    """
    with acting_for(customer_id):
        if not StaffMember.objects.filter(person=person).exists():
            return 0
        open_pages = Page.objects.filter(about_table=table, about_id=row_id).exclude(state=Page.State.ACKNOWLEDGED)
        return open_pages.update(state=Page.State.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=person, escalate_at=None)
