"""Keeping rotas: who takes turns, and who takes whose shift (NOT-6)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import Person, StaffMember, Team
from accounts.tenancy import as_provider
from helpdesk.lib.refusals import Refusal
from notifications.commands.mail import Letter, owe
from notifications.models import Rota, RotaOverride, RotaTurn, TeamRota
from notifications.queries import rotation_of
from notifications.rota import shifts

AHEAD = timedelta(days=366)
COMING = timedelta(days=14)  # whose shifts of so many days change is told
FACTS = ("name", "time_zone", "first_date", "handover_time", "turn_days", "is_default", "second_line", "escalate_minutes")


class NobodyInRota(Refusal):
    sentence = gettext_lazy("A rota needs somebody who takes turns.")


class SecondLineIsItself(Refusal):
    sentence = gettext_lazy("The second line is another rota than this one.")


class NotYourShift(Refusal):
    sentence = gettext_lazy("You can take shifts yourself and give away your own. In this time %(name)s is on call: ask a lead.")


class OverrideOver(Refusal):
    sentence = gettext_lazy("This time has passed already.")


class TooFarAhead(Refusal):
    sentence = gettext_lazy("That is more than a year ahead.")


class RotaNameTaken(Refusal):
    sentence = gettext_lazy("There is a rota of this name already.")


def keep_rota(
    *, actor: Person | None, rota: Rota | None, members: Sequence[StaffMember], teams: Iterable[Team], now: datetime, **values: Any
) -> Rota:
    """Make a rota, or change one. `members` in the order of their turns; `teams`: those whose tickets page it, taken from other rotas.

    One that becomes the default takes that from the one before. Whose shifts of the coming days are others now gets a mail.
    Raises NobodyInRota, SecondLineIsItself, TooFarAhead and RotaNameTaken.
    """
    if not members:
        raise NobodyInRota
    with as_provider():
        _one_at_a_time()
        row = Rota.objects.select_for_update().get(pk=rota.pk) if rota is not None else Rota()
        before = _facts_of_all()
        had = _coming(row, now) if rota is not None else {}
        for name, value in values.items():
            setattr(row, name, value)
        _check(row, now)
        if row.is_default:
            Rota.objects.filter(is_default=True).exclude(pk=row.pk).update(is_default=False)
        row.save()
        RotaTurn.objects.filter(rota=row).delete()
        RotaTurn.objects.bulk_create([RotaTurn(rota=row, position=number, member=member) for number, member in enumerate(members)])
        TeamRota.objects.filter(rota=row).delete()
        for team in teams:
            TeamRota.objects.update_or_create(team=team, defaults={"rota": row})
        _audit(row, before, actor, now)
        if actor is not None:
            _tell_coming(row, had, _coming(row, now), actor, now)
    return row


def _one_at_a_time() -> None:
    """Whoever keeps a rota now waits for the one before: names, the default and teams are told apart among all rotas. Reading goes on."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {connection.ops.quote_name(Rota._meta.db_table)} IN SHARE ROW EXCLUSIVE MODE")


def _check(row: Rota, now: datetime) -> None:
    if row.second_line_id is not None and row.second_line_id == row.pk:
        raise SecondLineIsItself
    if row.first_date > (now + AHEAD).date():
        raise TooFarAhead
    if Rota.objects.filter(name=row.name).exclude(pk=row.pk).exists():
        raise RotaNameTaken


def _facts_of_all() -> dict[int, dict[str, Any]]:
    """What the trail knows of each rota: its columns, the ids of its turns in order, those of its teams."""
    turns, teams = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for rota_id, member_id in RotaTurn.objects.order_by("position").values_list("rota_id", "member_id"):
        turns[rota_id].append(member_id)
    for rota_id, team_id in TeamRota.objects.order_by("team_id").values_list("rota_id", "team_id"):
        teams[rota_id].append(team_id)
    return {
        row.pk: audit.facts(row, *FACTS) | {"handover_time": f"{row.handover_time:%H:%M}", "turns": turns[row.pk], "teams": teams[row.pk]}
        for row in Rota.objects.order_by("pk")
    }


def _audit(kept: Rota, before: dict[int, dict[str, Any]], actor: Person | None, now: datetime) -> None:
    """The rota that was kept, and every other from which it took a team or the default."""
    after = _facts_of_all()
    for row in Rota.objects.filter(pk__in=after).order_by("pk"):
        was, became = before.get(row.pk, {}), after[row.pk]
        if row.pk == kept.pk or was != became:
            audit.record(actor=actor, customer_id=None, verb="keep_rota", target=row, before=was, after=became, now=now)


# --- Shifts -----------------------------------------------------------------------------------------------------------
Times = list[tuple[datetime, datetime]]


def _times(row: Rota, start: datetime, end: datetime) -> dict[int, Times]:
    """When each person is on call between two instants, in order, what follows without a gap as one."""
    known = Rota.objects.with_shifts(start).get(pk=row.pk)
    found: dict[int, Times] = {}
    for shift in shifts(rotation_of(known), start, end):
        if shift.person is None:
            continue
        own = found.setdefault(shift.person, [])
        if own and own[-1][1] == shift.start:
            own[-1] = (own[-1][0], shift.end)
        else:
            own.append((shift.start, shift.end))
    return found


def _coming(row: Rota, now: datetime) -> dict[int, Times]:
    return _times(row, now, now + COMING)


def _tell_coming(row: Rota, had: dict[int, Times], have: dict[int, Times], actor: Person, now: datetime) -> None:
    """A mail to everybody whose coming shifts are others than before, besides the actor, with what they are now."""
    changed = {pk for pk in had.keys() | have.keys() if had.get(pk) != have.get(pk)} - {actor.pk}
    for person in Person.objects.filter(pk__in=changed, is_active=True).order_by("pk"):
        with translation.override(person.language), timezone.override(person.time_zone):
            letter = _coming_letter(row, have.get(person.pk, []))
        _owe(person, f"rota-{row.pk}-{now.isoformat()}", letter, row, now)


def _coming_letter(row: Rota, times: Times) -> Letter:
    """In the reader's language and zone."""
    facts = {"rota": row.name, "days": COMING.days, "zone": timezone.get_current_timezone_name()}
    if times:
        headline = _("The rota %(rota)s was changed. When you are on call in the coming %(days)s days (%(zone)s):") % facts
    else:
        headline = _("The rota %(rota)s was changed. You are not on call in the coming %(days)s days.") % facts
    return _letter(row, headline, "\n".join(f"{_at(start)} – {_at(end)}" for start, end in times))


def _letter(row: Rota, headline: str, body: str) -> Letter:
    return Letter(
        subject=_("On call: %(rota)s") % {"rota": row.name},
        headline=headline[:300],
        body_text=body,
        action_label=_("Open the rota"),
        action_url=settings.BASE_URL + reverse("console:on_call"),
        reason=_("You get this because it changes when you are on call."),
    )


def _at(instant: datetime) -> str:
    return date_format(timezone.localtime(instant), "SHORT_DATETIME_FORMAT")


def _owe(person: Person, key: str, letter: Letter, about: Rota | RotaOverride, now: datetime) -> None:
    owe(
        customer_id=None,
        person=person,
        address=person.email,
        language=person.language,
        kind="on_call",
        key=f"{key}:{person.pk}",
        letter=letter,
        about=about,
        now=now,
    )


def give_shift(
    *,
    actor: Person,
    rota: Rota,
    member: StaffMember,
    from_at: datetime,
    until_at: datetime,
    note: str = "",
    any_shift: bool = False,
    now: datetime,
) -> RotaOverride:
    """Put somebody on call for a time, whoever's turn it is. Those whom it concerns, besides the actor, get a mail.

    `any_shift`: leads and administrators; others take shifts themselves or give away what is theirs. Raises NotYourShift, OverrideOver
    and TooFarAhead.
    """
    if until_at <= now:
        raise OverrideOver
    if until_at > now + AHEAD:
        raise TooFarAhead
    with as_provider():
        known = Rota.objects.select_for_update(of=("self",)).with_shifts(now).get(pk=rota.pk)
        replaced = {shift.person for shift in shifts(rotation_of(known), max(from_at, now), until_at)} - {None, member.pk}
        strangers = replaced - {actor.pk}
        if strangers and member.pk != actor.pk and not any_shift:
            name = StaffMember.objects.filter(pk__in=strangers).order_by("display_name").values_list("display_name", flat=True)[0]
            raise NotYourShift(name=name)
        override = RotaOverride.objects.create(
            rota=rota, member=member, from_at=from_at, until_at=until_at, note=note, created_at=now, created_by=actor
        )
        after = audit.facts(override, "rota", "member", "from_at", "until_at")
        audit.record(actor=actor, customer_id=None, verb="give_shift", target=override, after=after, now=now)
        _tell(override, "given", [pk for pk in (*replaced, member.pk) if pk is not None], actor, now)
    return override


def remove_override(*, actor: Person, override: RotaOverride, now: datetime) -> None:
    """The rotation rules again from now on. Raises OverrideOver; no effect on one that is removed already."""
    with as_provider():
        row = RotaOverride.objects.select_for_update(of=("self",)).select_related("rota", "member").get(pk=override.pk)
        if row.removed_at is not None:
            return
        if row.until_at <= now:
            raise OverrideOver
        start = max(row.from_at, now)
        had = _times(row.rota, start, row.until_at)
        row.removed_at, row.removed_by = now, actor
        row.save(update_fields=["removed_at", "removed_by"])
        before = audit.facts(row, "rota", "member", "from_at", "until_at")
        audit.record(actor=actor, customer_id=None, verb="end_shift", target=row, before=before, now=now)
        have = _times(row.rota, start, row.until_at)
        changed = {pk for pk in had.keys() | have.keys() if had.get(pk) != have.get(pk)}
        # Whose override it was may still be on call for a part of it, by turn or by another override: then that is what they are told.
        _tell(row, "removed", changed, actor, now, partly=have.get(row.member_id, []))


def _tell(override: RotaOverride, what: str, person_ids: Iterable[int], actor: Person, now: datetime, partly: Times | None = None) -> None:
    for person in Person.objects.filter(pk__in=set(person_ids) - {actor.pk}, is_active=True).order_by("pk"):
        with translation.override(person.language), timezone.override(person.time_zone):
            is_theirs = person.pk == override.member_id
            letter = _partly_letter(override, partly) if is_theirs and partly else _override_letter(override, what, is_theirs=is_theirs)
        _owe(person, f"shift-{override.pk}-{what}", letter, override, now)


def _facts(override: RotaOverride) -> dict[str, str]:
    return {
        "rota": override.rota.name,
        "name": override.member.display_name,
        "from": _at(override.from_at),
        "until": _at(override.until_at),
        "zone": timezone.get_current_timezone_name(),
    }


def _override_letter(override: RotaOverride, what: str, *, is_theirs: bool) -> Letter:
    """In the reader's language and zone."""
    sentences = {
        ("given", True): _("You are on call for %(rota)s from %(from)s until %(until)s (%(zone)s)."),
        ("given", False): _("%(name)s is on call for %(rota)s from %(from)s until %(until)s (%(zone)s), instead of you."),
        ("removed", True): _("You are not on call for %(rota)s from %(from)s until %(until)s (%(zone)s) after all."),
        ("removed", False): _("You are on call for %(rota)s again between %(from)s and %(until)s (%(zone)s): the override was removed."),
    }
    return _letter(override.rota, sentences[what, is_theirs] % _facts(override), override.note if what == "given" else "")


def _partly_letter(override: RotaOverride, times: Times) -> Letter:
    said = _("Of the time for %(rota)s from %(from)s until %(until)s (%(zone)s) you are on call only then:")
    return _letter(override.rota, said % _facts(override), "\n".join(f"{_at(start)} – {_at(end)}" for start, end in times))
