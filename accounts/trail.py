"""The audit trail in words: field names, choices and references as people know them, instead of columns and ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry, Person, StaffRole

VERBS: dict[str, "str | Promise"] = {
    "accept_charge": gettext_lazy("Charge request approved"),
    "add_artifact": gettext_lazy("File added to a release"),
    "add_member": gettext_lazy("Person joined"),
    "add_policy": gettext_lazy("SLA policy added"),
    "amend_contract": gettext_lazy("Contract amended"),
    "cancel_charge": gettext_lazy("Charge request no longer needed"),
    "change_calendar": gettext_lazy("Calendar changed"),
    "change_charge": gettext_lazy("Charge request changed"),
    "change_contract": gettext_lazy("Contract changed"),
    "change_customer": gettext_lazy("Customer changed"),
    "change_policy": gettext_lazy("SLA policy changed"),
    "change_release": gettext_lazy("Release draft changed"),
    "change_role": gettext_lazy("Role changed"),
    "close_month": gettext_lazy("Month closed"),
    "configure": gettext_lazy("Configuration changed"),
    "correct_ticket": gettext_lazy("Product or environment of a ticket corrected"),
    "create_calendar": gettext_lazy("Calendar made"),
    "create_customer": gettext_lazy("Customer registered"),
    "declare": gettext_lazy("Qualification declared anew"),
    "decline_charge": gettext_lazy("Charge request declined"),
    "discard_release": gettext_lazy("Release draft discarded"),
    "discard_timer": gettext_lazy("Colleague's timer discarded"),
    "draft_charge": gettext_lazy("Charge request drafted"),
    "draft_release": gettext_lazy("Release drafted"),
    "end_charge": gettext_lazy("Approval ended"),
    "end_shift": gettext_lazy("Shift on call given back"),
    "expire_charge": gettext_lazy("Charge request expired"),
    "extend_calendar": gettext_lazy("Calendar extended by years"),
    "give_shift": gettext_lazy("Shift on call given"),
    "invite": gettext_lazy("Person invited"),
    "issue_licence": gettext_lazy("Licence issued"),
    "keep_environment": gettext_lazy("Environment noted"),
    "keep_known_issue": gettext_lazy("Known issue noted"),
    "keep_rota": gettext_lazy("On-call rota set"),
    "make_standard": gettext_lazy("Standard SLA policy chosen"),
    "move_open_tickets": gettext_lazy("Open tickets moved to a new version"),
    "move_ticket": gettext_lazy("Ticket moved to another contract"),
    "pause_release": gettext_lazy("Announcement paused"),
    "propose_charge": gettext_lazy("Charge request given to the account manager"),
    "publish_release": gettext_lazy("Release published"),
    "remove_artifact": gettext_lazy("File taken off a release"),
    "remove_member": gettext_lazy("Person removed"),
    "remove_second_factor": gettext_lazy("Second factor removed"),
    "resend_mail": gettext_lazy("Mail sent again"),
    "note_mail_arrived": gettext_lazy("Mail noted as arrived"),
    "resume_release": gettext_lazy("Announcement went on"),
    "retire_environment": gettext_lazy("Environment retired"),
    "retry_release": gettext_lazy("Announcement tried again"),
    "return_charge": gettext_lazy("Charge request given back"),
    "review_work": gettext_lazy("Work reviewed"),
    "revoke_invitation": gettext_lazy("Invitation withdrawn"),
    "schedule_release": gettext_lazy("Release scheduled"),
    "send_charge": gettext_lazy("Charge request sent"),
    "set_private": gettext_lazy("Ticket made private or visible"),
    "set_staff_roles": gettext_lazy("Staff roles set"),
    "set_standing": gettext_lazy("Contract suspended, resumed or ended"),
    "set_team": gettext_lazy("Team set"),
    "sign_contract": gettext_lazy("Contract registered"),
    "try_address_again": gettext_lazy("Bouncing address trusted again"),
    "unschedule_release": gettext_lazy("Release taken off the schedule"),
    "verify": gettext_lazy("Qualification verified"),
    "wish_charge": gettext_lazy("Charge request wished for"),
    "withdraw_charge": gettext_lazy("Charge request withdrawn"),
    "withdraw_release": gettext_lazy("Release withdrawn"),
}
# Facts that commands write beside the columns of the row itself.
PEOPLE_FACTS = frozenset({"person", "contacts", "turns"})
PAIRED_FACTS = {"installed": ("contracts.Product", "contracts.Version")}
OTHER_FACTS: dict[str, "str | Promise"] = {
    "amendment": gettext_lazy("amendment"),
    "calendar_version": gettext_lazy("version"),
    "contacts": gettext_lazy("who is told"),
    "declared_severity": gettext_lazy("declared severity"),
    "declared_type": gettext_lazy("declared type"),
    "fixes": gettext_lazy("known issues that it fixes"),
    "found": gettext_lazy("people found"),
    "from_date": gettext_lazy("from"),
    "installed": gettext_lazy("installed"),
    "lines": gettext_lazy("lines"),
    "members": gettext_lazy("members"),
    "month": gettext_lazy("month"),
    "most_minutes": gettext_lazy("minutes charged at most"),
    "person": gettext_lazy("person"),
    "reason": gettext_lazy("reason"),
    "roles": gettext_lazy("roles"),
    "sent_again": gettext_lazy("mails sent again"),
    "standard_policy": gettext_lazy("standard policy"),
    "ticket": gettext_lazy("ticket"),
    "tickets": gettext_lazy("tickets"),
    "total_cents": gettext_lazy("total"),
    "turns": gettext_lazy("turns, in order"),
    "verdict": gettext_lazy("decision"),
    "verified_by": gettext_lazy("verified by"),
    "version": gettext_lazy("version"),
}
# What a fact of several parts is about: technical/high/resolution_minutes.
PARTS: dict[str, "str | Promise"] = {
    "technical": gettext_lazy("Technical"),
    "functional": gettext_lazy("Functional"),
    "update_service": gettext_lazy("Update service"),
    "critical": gettext_lazy("Critical"),
    "high": gettext_lazy("High"),
    "medium": gettext_lazy("Medium"),
    "low": gettext_lazy("Low"),
    "always": gettext_lazy("covered 24x7"),
    "first_response_minutes": gettext_lazy("first response in minutes"),
    "next_update_minutes": gettext_lazy("next update in minutes"),
    "resolution_minutes": gettext_lazy("resolution in minutes"),
    "assignee": gettext_lazy("assignee"),
    "lead": gettext_lazy("lead"),
    "account_manager": gettext_lazy("account manager"),
}

Names = dict[type[models.Model], dict[Any, str]]


@dataclass(frozen=True)
class Change:
    """`before` and `after` are empty where there was, or is, nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    entry: AuditEntry
    verb: "str | Promise"
    changes: list[Change]


def in_words(entries: Iterable[AuditEntry]) -> list[Line]:
    """Each entry with what changed, named; one query for each kind of row that the entries refer to."""
    entries = list(entries)
    names = _names(entries)
    return [Line(entry, VERBS.get(entry.verb, entry.verb.replace("_", " ")), _changes(entry, names)) for entry in entries]


def _changes(entry: AuditEntry, names: Names) -> list[Change]:
    changes = (
        Change(_label(entry, key), _text(entry, key, entry.before.get(key), names), _text(entry, key, entry.after.get(key), names))
        for key in entry.before | entry.after
    )
    return [change for change in changes if change.before or change.after]


def _names(entries: list[AuditEntry]) -> Names:
    wanted: dict[type[models.Model], set[int]] = {}
    for entry in entries:
        for key, value in [*entry.before.items(), *entry.after.items()]:
            for model, pk in _references(entry, key, value):
                wanted.setdefault(model, set()).add(pk)
    return {model: {row.pk: str(row) for row in model._default_manager.filter(pk__in=ids)} for model, ids in wanted.items()}


def _references(entry: AuditEntry, key: str, value: Any) -> list[tuple[type[models.Model], int]]:
    """The rows that a fact points to."""
    values = value if isinstance(value, list) else [value]
    if key in PAIRED_FACTS:
        kinds = [apps.get_model(name) for name in PAIRED_FACTS[key]]
        return [reference for pair in values for reference in zip(kinds, pair, strict=True)]
    model = _refers_to(entry, key)
    return [(model, pk) for pk in values if isinstance(pk, int)] if model is not None else []


def _field(entry: AuditEntry, key: str) -> Any:
    """The column that a fact is about, of the row itself or of one that belongs to it (a contract's terms); None if there is none."""
    model = next((m for m in apps.get_models() if m._meta.db_table == entry.target_table), None)
    if model is None:
        return None
    parts = [
        relation.related_model
        for relation in model._meta.related_objects
        if relation.related_model._meta.app_label == model._meta.app_label
    ]
    columns = [field for m in (model, *parts) for field in (*m._meta.fields, *m._meta.many_to_many)]
    return next((field for field in columns if field.name == key), None)


def _refers_to(entry: AuditEntry, key: str) -> type[models.Model] | None:
    if key in PEOPLE_FACTS:
        return Person
    field = _field(entry, key)
    related: type[models.Model] | None = field.related_model if field is not None else None
    return related


def _label(entry: AuditEntry, key: str) -> str:
    if "/" in key:
        return ", ".join(str(PARTS.get(part, part)) for part in key.split("/"))
    field = _field(entry, key)
    return str(OTHER_FACTS.get(key) or (field.verbose_name if field is not None else key.replace("_", " ")))


def _text(entry: AuditEntry, key: str, value: Any, names: Names) -> str:
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if key in PAIRED_FACTS:
        kinds = [names[apps.get_model(name)] for name in PAIRED_FACTS[key]]
        return ", ".join(" ".join(known.get(pk, f"#{pk}") for known, pk in zip(kinds, pair, strict=True)) for pair in value)
    model = _refers_to(entry, key)
    if model is not None:
        return ", ".join(names[model].get(pk, f"#{pk}") for pk in (value if isinstance(value, list) else [value]))
    if isinstance(value, list):
        named = dict(StaffRole.Role.choices) if key == "roles" else PARTS
        return ", ".join(str(named.get(one, one)) for one in value)
    if key.endswith("_cents"):
        return number_format(value / 100, decimal_pos=2)
    if key.endswith("_date"):
        return date_format(date.fromisoformat(value), "SHORT_DATE_FORMAT")
    if key.endswith("_at") or isinstance(_field(entry, key), models.DateTimeField):
        return date_format(timezone.localtime(datetime.fromisoformat(value)), "SHORT_DATETIME_FORMAT")
    choices = dict(getattr(_field(entry, key), "flatchoices", None) or ())
    return str(choices.get(value, value))
