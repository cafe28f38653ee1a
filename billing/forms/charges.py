"""What staff send about charge requests, and what customers answer."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from billing.commands.requests import MOST_MINUTES, Asked
from billing.models import ChargeRequest
from billing.outcomes import rate_of
from billing.shown import Work
from contracts.forms import MoneyField
from contracts.models import Environment, RulingTerms, Version
from helpdesk.lib import minutes
from helpdesk.lib.minutes import spell
from notifications.forms import MomentField
from tickets.forms import SubmissionForm, TextField
from tickets.models import Ticket, Type

USUAL_MINUTES = 60
TIME_TO_ANSWER, ANSWERED_AT = timedelta(days=3), 18  # o'clock
Kind = ChargeRequest.Kind


class TimeField(forms.Field):
    """Minutes as people write them: 45, 1 h 30, 1:30, 1,5 h."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"autocomplete": "off"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return spell(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            count = minutes.parse(text)
        except ValueError:
            sentence = _("“%(value)s” is no time. Write it like 45 min, 1 h 30 or 1:30.")
            raise forms.ValidationError(sentence, params={"value": text}) from None
        if not 1 <= count <= MOST_MINUTES:
            raise forms.ValidationError(_("Ask for at least one minute and at most 200 hours."))
        return count


class ChargeForm(SubmissionForm):
    """A request as staff draft it. Instants are those of whoever writes it. `work`: what nobody agreed to yet, or is listed already."""

    kind = forms.ChoiceField(choices=Kind, label=_("What for"))
    reason = TextField(rows=4, max_length=2000, label=_("Why"), help_text=_("The approvers decide by this. Markdown is understood."))
    minutes = TimeField(label=_("At most"), help_text=_("Never more is charged."))
    rate_cents = MoneyField(label=_("An hour costs"), help_text=_("Another price than the contract's is released first."))
    answer_by = MomentField(label=_("Answer by"))
    work_from = MomentField(required=False, label=_("Off-hours help from"))
    work_until = MomentField(required=False, label=_("Work until"))
    logs = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        label=_("Work done already that it covers"),
        help_text=_("What isn't chosen stays unapproved, and is never charged."),
    )

    def __init__(self, data: Any = None, *, ticket: Ticket, work: Sequence[Work], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.ticket = ticket
        self.fields["logs"].choices = [(one.log, _work_label(one)) for one in work]  # type: ignore[attr-defined]
        if not work:
            del self.fields["logs"]

    def clean_rate_cents(self) -> int:
        rate: int = self.cleaned_data["rate_cents"]
        if rate == 0:
            raise forms.ValidationError(_("A rate of zero charges nothing: such work needs no approval. Enter what an hour costs."))
        return rate

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("kind") == Kind.OFF_HOURS:
            for name in ("work_from", "work_until"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Help outside business hours has a beginning and an end."))
        return data

    def asked(self) -> Asked:
        data = self.cleaned_data
        is_help = data["kind"] == Kind.OFF_HOURS
        return Asked(
            kind=data["kind"],
            reason=data["reason"].strip(),
            minutes=data["minutes"],
            rate_cents=data["rate_cents"],
            answer_by=data["answer_by"],
            work_from=data["work_from"] if is_help else None,
            work_until=data["work_until"],
            logs=data.get("logs", ()),
        )


def _work_label(work: Work) -> str:
    began, ended = localtime(work.began_at), localtime(work.ended_at)
    when = f"{date_format(began, 'SHORT_DATETIME_FORMAT')}–{date_format(ended, 'TIME_FORMAT')}"
    return f"{when} · {spell(work.open_minutes)} · {work.agent}: {work.note}"


def new_charge(ticket: Ticket, terms: RulingTerms, work: Sequence[Work], now: datetime) -> dict[str, Any]:
    """What a draft begins with: the kind that suits the ticket, the contract's rate, all work that nobody agreed to."""
    kind = {Type.FUNCTIONAL.value: Kind.FUNCTIONAL_EXCESS, Type.UPDATE_SERVICE.value: Kind.UPDATE_SERVICE}.get(ticket.type, Kind.OFF_HOURS)
    done = sum(one.open_minutes for one in work)
    return {
        "kind": kind,
        "minutes": done or USUAL_MINUTES,
        "rate_cents": rate_of(terms, kind),
        "answer_by": localtime(now + TIME_TO_ANSWER).replace(hour=ANSWERED_AT, minute=0, second=0, microsecond=0),
        "logs": [one.log for one in work],
    }


def as_written(request: ChargeRequest, listed: Sequence[int]) -> dict[str, Any]:
    """A draft as its form shows it."""
    names = ("kind", "reason", "minutes", "rate_cents", "answer_by", "work_from", "work_until")
    return {name: getattr(request, name) for name in names} | {"logs": list(listed)}


class RemarkForm(forms.Form):
    remark = forms.CharField(max_length=300, required=False, label=_("Why"))


# --- Customers --------------------------------------------------------------------------------------------------------
class DecisionForm(forms.Form):
    """An answer to what was shown. `shown`: its hash, which the page carries."""

    ACCEPT, DECLINE = "accept", "decline"
    shown = forms.CharField(max_length=64, widget=forms.HiddenInput)
    answer = forms.ChoiceField(choices=[(ACCEPT, _("Approve")), (DECLINE, _("Decline"))], widget=forms.HiddenInput)
    minutes = TimeField(required=False, label=_("Approve at most"))
    reason = TextField(required=False, rows=3, max_length=2000, label=_("Why not"))

    def __init__(self, data: Any = None, *, most: int, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.most = most
        self.fields["minutes"].help_text = _("Less than %(most)s is possible: more is then never charged.") % {"most": spell(most)}

    def clean_minutes(self) -> int | None:
        count: int | None = self.cleaned_data["minutes"]
        if count is not None and count > self.most:
            raise forms.ValidationError(_("That is more than was asked for: at most %(most)s.") % {"most": spell(self.most)})
        return count


class HelpForm(SubmissionForm):
    """Help outside business hours, asked for by the company. `shown`: the hash of what was shown as its price; empty before."""

    shown = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    reason = TextField(rows=3, max_length=2000, label=_("What for"), help_text=_("What must not wait until business hours."))
    work_from = MomentField(label=_("Help from"))
    work_until = MomentField(label=_("Help until"))
    minutes = TimeField(label=_("At most"), help_text=_("Never more than this is charged; the help ends when it is used up."))

    def key(self) -> uuid.UUID:
        """Under which it is sent, however often."""
        key: uuid.UUID | None = self.cleaned_data["submission_key"]
        return key or uuid.uuid4()

    def asked(self, rate_cents: int) -> Asked:
        """At the contract's rate; a wish may be answered as long as its window lasts."""
        data = self.cleaned_data
        return Asked(
            kind=Kind.OFF_HOURS,
            reason=data["reason"].strip(),
            minutes=data["minutes"],
            rate_cents=rate_cents,
            answer_by=data["work_until"],
            work_from=data["work_from"],
            work_until=data["work_until"],
        )


class UpdateForm(SubmissionForm):
    """Help with an update: which environment, to which version, when."""

    environment = forms.ModelChoiceField(Environment.objects.none(), label=_("Environment"), empty_label=_("Choose one"))
    version = forms.ModelChoiceField(Version.objects.none(), label=_("To version"), empty_label=None)
    wanted_at = MomentField(required=False, label=_("When it suits you"), help_text=_("Empty: we propose a time."))
    note = TextField(required=False, rows=4, max_length=4000, label=_("What helps to know"))

    def __init__(self, data: Any = None, *, product_id: int, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        running = Environment.objects.filter(retired_at=None, installations__product=product_id)
        self.fields["environment"].queryset = running  # type: ignore[attr-defined]
        self.fields["version"].queryset = Version.objects.filter(product=product_id)  # type: ignore[attr-defined]
