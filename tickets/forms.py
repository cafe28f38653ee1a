"""What people send about tickets, from strings to clean values."""

import unicodedata
import uuid
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self, TypeVar

from django import forms
from django.db.models import Model, Q, QuerySet
from django.forms import BoundField
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Customer, Membership, Person, StaffMember, Team
from contracts.models import Contract, Environment, Product, Version
from contracts.queries import usual_contract
from sla.rules import VALUES, Value
from tickets.models import About, Channel, Satisfaction, Severity, Ticket, Type
from tickets.qualifying import Effect, History
from tickets.queries.console_ticket import assignable
from tickets.queries.overview import USUAL_WEEKS, WEEKS
from tickets.states import SETTABLE, SETTABLE_SILENTLY
from tickets.telling import who_may_see

LONGEST_BODY = 50_000
Form = TypeVar("Form", bound="SubmissionForm")


class SubmissionForm(forms.Form):
    """A form that makes one thing however often it is sent: its key comes with the page."""

    submission_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("submission_key", uuid.uuid4())
        super().__init__(*args, **kwargs)

    @classmethod
    def blank(cls, initial: Mapping[str, object], **options: Any) -> Self:
        """An empty one to be shown, which nobody sends or changes: all pages share its fields, since copying them takes longer than writing them.

        For forms whose fields depend on `options` alone, of which there are few: one is kept for each.
        """
        made: Self = copy(_blank(cls, **options))
        made.initial = {"submission_key": uuid.uuid4(), **initial}
        made._bound_fields_cache = {}  # type: ignore[attr-defined] # Django's own, of this form alone
        return made

    def renew(self, **values: object) -> None:
        """Give a refused form a new key, so that it can be sent once more; `values`: other hidden fields that move on."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        for name, value in (values | {"submission_key": uuid.uuid4()}).items():
            data[self.add_prefix(name)] = str(value)
        self.data = data


@cache
def _blank(kind: type[Form], **options: Any) -> Form:
    return kind(**options)


class LineField(forms.CharField):
    """One line of visible text: breaks become spaces, characters that show nothing are dropped."""

    def to_python(self, value: Any) -> str:
        text = "".join(c if unicodedata.category(c) not in {"Cc", "Cf"} else " " * (c in "\r\n\t") for c in super().to_python(value) or "")
        return " ".join(text.split())


class TextField(forms.CharField):
    """A text in Markdown."""

    def __init__(self, *, rows: int = 6, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LONGEST_BODY)
        super().__init__(widget=forms.Textarea(attrs={"rows": rows}), **kwargs)


class RowField(forms.ModelChoiceField):  # type: ignore[type-arg]  # it takes none when it runs
    """One of some rows, which are asked for when the choices are shown or one is made; a form that leaves it empty asks nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(None, **kwargs)

    def offer(self, read: Callable[[], Iterable[Model]], choices: Callable[[], Iterable[tuple[str, Any]]] | None = None) -> None:
        """`choices`: how they are shown, where not one by one."""
        self.read = read
        self.choices = choices or self._one_by_one

    def _one_by_one(self) -> list[tuple[str, Any]]:
        return [("", self.empty_label), *((str(row.pk), str(row)) for row in self.read())]

    def to_python(self, value: Any) -> Model | None:
        if value in self.empty_values:
            return None
        for row in self.read():
            if str(row.pk) == str(value):
                return row
        raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params={"value": value})


def versions_of(products: list[Product]) -> "QuerySet[Version]":
    return Version.objects.filter(product__in=products).select_related("product")


def refuse_foreign_version(form: forms.Form, product: Product | None, version: Version | None) -> None:
    if product and version and version.product_id != product.pk:
        form.add_error("version", _("This version belongs to another product. Choose one of %(product)s.") % {"product": product})


def grouped_versions(products: list[Product]) -> list[tuple[str, Any]]:
    """Versions under their product's name, newest first, after an empty choice."""
    choices: list[tuple[str, Any]] = [("", _("I don't know, or as in the environment"))]
    versions = versions_of(products)
    for product in products:
        own = [(str(v.pk), f"{product.name} {v.number}") for v in versions if v.product_id == product.pk]
        if own:
            choices.append((product.name, own))
    return choices


class FilingForm(SubmissionForm):
    """A new event. Only products under a contract in force can be chosen, and contracts that cover the product."""

    type = forms.ChoiceField(choices=Type, label=_("What happened?"))
    severity = forms.ChoiceField(choices=Severity, label=_("How bad is it?"))
    product = RowField(label=_("Product"), empty_label=_("Choose one"))
    environment = RowField(required=False, label=_("Environment"), empty_label=_("None, or I don't know"))
    version = RowField(required=False, label=_("Version"))
    contract = RowField(required=False, label=_("Contract"), empty_label=_("The usual one"))
    begun_for = forms.IntegerField(widget=forms.HiddenInput, required=False)  # whose form this page was
    subject = LineField(max_length=150, min_length=5, label=_("Subject"), help_text=_("The symptom in a few words."))
    description = TextField(
        rows=9, label=_("Description"), help_text=_("What happens, since when, for whom; what changed before. Markdown is understood.")
    )

    private = forms.BooleanField(
        required=False,
        label=_("Private"),
        help_text=_(
            "Only the person who asks, the company's admins and our staff see this ticket; other colleagues don't know that it exists."
        ),
    )

    def __init__(self, *args: Any, customer: Customer, contracts: list[Contract], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer, self.contracts = customer, contracts
        products = sorted({p for c in contracts for p in c.products.all()}, key=lambda p: p.name)
        self._field("product").offer(lambda: products)
        self._field("contract").offer(lambda: sorted(contracts, key=lambda c: c.number))
        self._field("environment").offer(lambda: Environment.objects.filter(customer=customer, retired_at=None))
        self._field("version").offer(lambda: versions_of(products), lambda: grouped_versions(products))
        if len(contracts) < 2:
            del self.fields["contract"]
        self.fields["begun_for"].initial = customer.pk

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("severity") == Severity.CRITICAL and data.get("type") not in {None, Type.TECHNICAL}:
            self.add_error("severity", _("Only technical events can be critical. Choose a lower severity, or “technical” above."))
        product, version, environment = data.get("product"), data.get("version"), data.get("environment")
        refuse_foreign_version(self, product, version)
        if product and version is None and environment is not None:
            installed = environment.installations.filter(product=product).select_related("version").first()
            data["version"] = installed.version if installed else None
        self._choose_contract(data)
        return data

    def clean_begun_for(self) -> int:
        """Somebody of two companies may have switched in another tab since this form was opened."""
        if self.cleaned_data["begun_for"] not in {None, self.customer.pk}:
            self.renew(begun_for=self.customer.pk)
            raise forms.ValidationError(
                _(
                    "You look at %(customer)s now, but began this form for another company. Check product and environment, then send it again."
                ),
                params={"customer": self.customer},
            )
        return self.customer.pk

    def event(self) -> dict[str, Any]:
        """The clean values as `open_ticket` takes them."""
        names = ("contract", "product", "environment", "version", "type", "severity", "subject", "description", "private", "submission_key")
        return {name: self.cleaned_data[name] for name in names}

    def _choose_contract(self, data: dict[str, Any]) -> None:
        product, chosen, environment = data.get("product"), data.get("contract"), data.get("environment")
        if product is None:
            return
        covering = [c for c in self.contracts if product in c.products.all()]
        if chosen is not None and chosen not in covering:
            self.add_error("contract", _("This contract does not cover %(product)s.") % {"product": product})
        # Of those that were read whole: what they cover need not be read again.
        data["contract"] = next((c for c in covering if c == chosen), None) or usual_contract(covering, environment)


class PreviewForm(forms.Form):
    """As much of a new event as decides its contract, while the rest is still being written; a mistake is as good as no choice."""

    product = forms.IntegerField(required=False)
    environment = forms.IntegerField(required=False)
    contract = forms.IntegerField(required=False)

    def contract_among(self, contracts: list[Contract], customer: Customer) -> Contract:
        """The contract under which the event would be filed: one that covers the product, if that is chosen. `contracts`: in force, not none."""
        self.is_valid()
        product, chosen = self.cleaned_data.get("product"), self.cleaned_data.get("contract")
        covering = [c for c in contracts if product is None or product in {p.pk for p in c.products.all()}] or contracts
        return next((c for c in covering if c.pk == chosen), None) or usual_contract(covering, self._environment(customer)) or covering[0]

    def _environment(self, customer: Customer) -> Environment | None:
        pk = self.cleaned_data.get("environment")
        return Environment.objects.filter(customer=customer, retired_at=None, pk=pk).first() if pk is not None else None


class StaffFilingForm(FilingForm):
    """The same, by staff for somebody who phoned."""

    requester = forms.ModelChoiceField(
        Person.objects.none(), label=_("Who asks"), empty_label=_("Nobody in particular: the environment's contacts"), required=False
    )

    field_order = ["requester"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = Membership.objects.in_force().filter(customer=self.customer).values("person_id")
        self._field("requester").queryset = Person.objects.filter(pk__in=members)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        environment = data.get("environment")
        members = Membership.objects.in_force().filter(customer=self.customer)
        reached = environment is not None and members.filter(person__in=environment.contacts.values("person_id")).exists()
        if data.get("requester") is None and not reached:
            self.add_error("requester", _("Choose who asks, or an environment that has contacts: somebody must hear of it."))
        elif data.get("requester") is None and data.get("private"):
            self.add_error("requester", _("Choose who asks: a private ticket is seen by that person and the company's admins."))
        return data


class ReadForm(forms.Form):
    """When the page was made whose tickets are read now."""

    until = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"])

    def clean_until(self) -> datetime | None:
        """In UTC: the database does not know all the offsets that can be written."""
        until: datetime | None = self.cleaned_data["until"]
        try:
            return until.astimezone(UTC) if until else None
        except OverflowError:
            raise forms.ValidationError(self.fields["until"].error_messages["invalid"]) from None


class ReplyForm(SubmissionForm):
    body = TextField(label=_("Your reply"), rows=5)


class SatisfactionForm(forms.Form):
    """How it was solved, in the customer's eyes."""

    answer = forms.ChoiceField(choices=Satisfaction.Level, label=_("How was it solved?"))
    comment = TextField(required=False, rows=3, max_length=4000, label=_("Comment"), help_text=_("Our staff read this, and it stays here."))


class AnswerForm(SubmissionForm):
    """What staff write: an answer to the customer with the state it leaves the ticket in, or an internal note."""

    PUBLIC, INTERNAL = "public", "internal"
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)  # how far the story went when the page was made
    kind = forms.ChoiceField(
        choices=[(PUBLIC, _("Public reply")), (INTERNAL, _("Internal note"))], initial=PUBLIC, label=_("Public or internal")
    )
    body = TextField(label=_("Message"), rows=6)
    state = forms.ChoiceField(
        required=False, label=_("and leave the ticket"), choices=[("", _("as it is")), *[(s.value, s.label) for s in SETTABLE]]
    )

    def __init__(self, *args: Any, may_answer: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_answer:  # account and release managers write to colleagues only
            self.fields["kind"].choices = [(self.INTERNAL, _("Internal note"))]  # type: ignore[attr-defined]
            self.fields["kind"].initial = self.INTERNAL
            del self.fields["state"]

    def is_stale(self, ticket: Ticket) -> bool:
        """Whether the customer wrote something that this page did not show (TIC-8)."""
        seen = self.cleaned_data["seen"]
        if seen is None or self.cleaned_data["kind"] == self.INTERNAL:
            return False
        return ticket.events.filter(by_staff=False, message__isnull=False, position__gt=seen).exists()


class QualificationForm(forms.Form):
    """A type and a severity that fit together, chosen on a page that went so far in the story."""

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)
    type = forms.ChoiceField(choices=Type, label=_("Type"))
    severity = forms.ChoiceField(choices=Severity, label=_("Severity"))

    def __init__(self, *args: Any, history: History, **kwargs: Any) -> None:
        kwargs["initial"] = {"seen": history.position} | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.history = history

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("severity") == Severity.CRITICAL and data.get("type") != Type.TECHNICAL:
            self.add_error("severity", _("Only technical events can be critical."))
        if "type" in data and "severity" in data:
            self.check_reason((data["type"], data["severity"]), data.get("reason", "").strip())
        return data

    def check_reason(self, value: Value, reason: str) -> None:
        """Add an error when this value needs words that are missing."""

    def value(self) -> Value | None:
        """What is chosen so far, mistakes elsewhere or none; None for what no event can be."""
        chosen = str(self["type"].value()), str(self["severity"].value())
        return chosen if chosen in VALUES else None

    def without_errors(self) -> "QualificationForm":
        """The same choices on a page that only shows what they would do."""
        self._errors = ErrorDict()
        return self

    def look_again(self) -> None:
        """What came meanwhile is on the page now: sent once more, the form is about that."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["seen"] = str(self.history.position)
        self.data = data


class ConfirmForm(QualificationForm):
    """One click on what the page showed."""


class VerdictForm(QualificationForm):
    reason = TextField(required=False, rows=3, max_length=4000, label=_("Why you decide so"), help_text=_("The customer reads this."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = self.history.contest is not None
        self.fields["reason"].error_messages["required"] = _("Say why you decide so: the customer asked for it, and reads it.")

    def check_reason(self, value: Value, reason: str) -> None:
        if reason or self.fields["reason"].required or not self.history.needs_reason(value):
            return
        asked = self.history.claim is not None
        self.add_error(
            "reason",
            _("Say why you decide so: the customer asked for it, and reads it.")
            if asked
            else _("Say why you change the qualification: the customer reads it."),
        )


class DeclareForm(QualificationForm, SubmissionForm):
    """The customer's own new view of its event."""

    reason = TextField(required=False, rows=3, max_length=4000, label=_("What changed"), help_text=_("Our staff read it when they verify."))

    def check_reason(self, value: Value, reason: str) -> None:
        if not reason and self.history.effect_of(value) in {Effect.RAISED, Effect.CLAIMED}:
            self.add_error("reason", _("Say what changed: this is higher than what our staff verified."))


class ContestForm(SubmissionForm):
    verdict = forms.IntegerField(widget=forms.HiddenInput)  # which one was read
    reason = TextField(rows=5, max_length=4000, label=_("Why the verdict is wrong"), help_text=_("Whoever decides reads it."))


class CorrectionForm(forms.Form):
    """What a ticket is about. Products of its contract, and what it is about already."""

    product = RowField(label=_("Product"), empty_label=_("Choose one"))
    version = RowField(required=False, label=_("Version"))
    environment = RowField(required=False, label=_("Environment"), empty_label=_("Not known"))
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=100)

    def __init__(self, data: QueryDict | None = None, *, ticket: Ticket) -> None:
        super().__init__(data, initial=ticket.is_about._asdict() | {"shown": _as_text(ticket.is_about)})
        products = sorted({*ticket.contract.products.all(), ticket.product}, key=lambda product: product.name)
        environments = Environment.objects.filter(Q(retired_at=None) | Q(pk=ticket.environment_id), customer=ticket.customer_id)
        fields: dict[str, Any] = self.fields
        fields["product"].offer(lambda: products)
        fields["version"].offer(lambda: versions_of(products), lambda: [("", _("Not known")), *grouped_versions(products)[1:]])
        fields["environment"].offer(lambda: environments)
        if ticket.channel == Channel.MONITORING:
            fields["environment"].disabled = True
            fields["environment"].help_text = _("Monitoring registered the ticket for this one.")

    def clean_shown(self) -> About | None:
        """What the page said; None for nothing of ours."""
        ids = [int(part) if part.isdecimal() else None for part in self.cleaned_data["shown"].split("-")]
        return About(ids[0], *ids[1:]) if len(ids) == len(About._fields) and ids[0] is not None else None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        refuse_foreign_version(self, data.get("product"), data.get("version"))
        return data

    def look_again(self, ticket: Ticket) -> None:
        """Let what was chosen be sent once more, after a look at what the ticket is about now."""
        data = QueryDict(mutable=True)
        data.update(self.data)
        data["shown"] = _as_text(ticket.is_about)
        self.data = data


def _as_text(about: About) -> str:
    return "-".join(str(pk or "") for pk in about)


class AssignForm(forms.Form):
    """Only who answers tickets can be given one."""

    assignee = forms.ModelChoiceField(StaffMember.objects.none(), required=False, empty_label=_("Nobody"), label=_("Assignee"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["assignee"].queryset = assignable()  # type: ignore[attr-defined]


class TeamForm(forms.Form):
    team = forms.ModelChoiceField(Team.objects.all(), label=_("Team"))


class StatusForm(forms.Form):
    """States that may be set without a word to the customer."""

    status = forms.ChoiceField(choices=[(s.value, s.label) for s in SETTABLE_SILENTLY], label=_("State"))


class HoldForm(forms.Form):
    reason = forms.CharField(max_length=200, label=_("What the approval is for"), help_text=_("The customer reads this."))


class ContractForm(forms.Form):
    contract = forms.ModelChoiceField(Contract.objects.none(), label=_("Contract"))

    def __init__(self, *args: Any, contracts: list[Contract], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["contract"].queryset = Contract.objects.filter(pk__in=[c.pk for c in contracts])  # type: ignore[attr-defined]


class WatcherForm(forms.Form):
    """A colleague of the same company, who may see the ticket and shall follow it."""

    person = forms.ModelChoiceField(Person.objects.none(), label=_("Colleague"))

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = who_may_see(ticket).values("person_id")
        self.fields["person"].queryset = Person.objects.filter(pk__in=members)  # type: ignore[attr-defined]


def _periods() -> list[tuple[int, str]]:
    return [(weeks, ngettext("%(count)s week", "%(count)s weeks", weeks) % {"count": weeks}) for weeks in WEEKS]


class OverviewForm(forms.Form):
    weeks = forms.TypedChoiceField(choices=_periods, coerce=int, required=False, label=_("Period"))

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        """The usual period is chosen where the address names none."""
        super().__init__({"weeks": USUAL_WEEKS} | (data.dict() if data else {}), **kwargs)

    def in_sight(self) -> list[BoundField]:
        """All that a filter bar shows; nothing is folded away."""
        return self.visible_fields()


class StaffOverviewForm(OverviewForm):
    team = forms.ModelChoiceField(Team.objects.all(), required=False, label=_("Team"), empty_label=_("All"))

    field_order = ["team", "weeks"]


class MoveForm(forms.Form):
    """Letting open tickets follow a policy's version. `expected`: the one that was looked at; `moved`: how many went before, in turns."""

    expected = forms.IntegerField(widget=forms.HiddenInput)
    moved = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)
