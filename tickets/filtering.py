"""The forms above lists of tickets: from an address to filters, and from filters to what is shown of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from typing import Any, ClassVar

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Value
from django.forms.boundfield import BoundField
from django.forms.models import ModelChoiceIterator
from django.http import QueryDict
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Customer, Person, StaffMember, Team
from contracts.models import Environment, Product
from helpdesk.lib.addresses import query_string
from helpdesk.lib.prepared import Prepared
from helpdesk.lib.words import clean_words
from tickets.models import Severity, Status, Ticket, Type
from tickets.queries import portal
from tickets.queries.filters import Filters

SHOWN = 5  # customers named when a part of a name fits several
# Days that calendars and databases on the way can hold; nobody filed a ticket before.
EARLIEST, LATEST = date(2000, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True)
class Chip:
    """A filter that is in use; `url` leads to the list without it."""

    label: "str | Promise"
    value: str
    url: str


class DayField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)
        self.validators += [MinValueValidator(EARLIEST), MaxValueValidator(LATEST)]


class CustomerField(forms.CharField):
    """A customer by its name or a part of it that no other has: a list to choose from would hold hundreds on every page."""

    def clean(self, value: Any) -> Any:
        words = clean_words(str(value or ""), longest=120)
        if not words:
            return None
        named = list(Customer.objects.filter(name__iexact=words)[:1]) or list(Customer.objects.filter(name__icontains=words)[: SHOWN + 1])
        if len(named) == 1:
            return named[0]
        if not named:
            raise forms.ValidationError(_("No customer has this in its name."))
        names = ", ".join(customer.name for customer in named[:SHOWN]) + (" …" if len(named) > SHOWN else "")
        raise forms.ValidationError(_("Several have: %(names)s. Write more of the name."), params={"names": names})


class _Listed(ModelChoiceIterator):  # type: ignore[type-arg]  # at run time it takes none
    field: "ListedField"

    def __iter__(self) -> Iterator[Any]:
        yield "", self.field.empty_label
        yield from self.field.options()


class ListedField(forms.ModelChoiceField):  # type: ignore[type-arg]  # at run time it takes none
    """One of a few rows of the provider's own. `options`: their ids and names, given by the form, which asks for several fields at once."""

    iterator = _Listed
    options: Callable[[], Iterable[tuple[int, str]]] = staticmethod(tuple)

    def __init__(self, rows: Any, **kwargs: Any) -> None:
        super().__init__(rows, required=False, **kwargs)


def _options(**named: tuple[Callable[[], Any], str]) -> Prepared[tuple[str, int, str]]:
    """The rows of a form's ListedFields by name, in one query: the field, the row's id, its name. `named`: by field, rows and their column."""

    def all_options() -> Any:
        first, *others = (
            rows().order_by().annotate(field=Value(field)).values_list("field", "pk", column) for field, (rows, column) in named.items()
        )
        return first.union(*others, all=True).order_by("name")

    return Prepared(all_options)


def _of_field(ask: Callable[[], list[tuple[str, int, str]]], name: str) -> Iterator[tuple[int, str]]:
    return ((pk, label) for field, pk, label in ask() if field == name)


class FilterForm(forms.Form):
    """What both faces filter by. A field with a mistake says so and filters nothing; the others count all the same.

    `always`: the fields in sight; the rest is folded away. `offered`: the rows of its ListedFields.
    """

    always: ClassVar[tuple[str, ...]] = ("q",)
    offered: ClassVar[Prepared[tuple[str, int, str]]]

    q = forms.CharField(required=False, max_length=300, label=_("Words, number or Call-ID"), widget=forms.SearchInput())
    severity = forms.ChoiceField(choices=[("", pgettext_lazy("severity", "All")), *Severity.choices], required=False, label=_("Severity"))
    type = forms.ChoiceField(choices=[("", _("All")), *Type.choices], required=False, label=_("Type"))
    product = ListedField(Product.objects.all(), label=_("Product"), empty_label=_("All"))
    opened_from = DayField(label=_("Opened from"))
    opened_to = DayField(label=_("Opened until"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ask = cache(self.offered)  # once for all of them, and only by a page that shows them
        for name, field in self.fields.items():
            if isinstance(field, ListedField):
                field.options = partial(_of_field, ask, name)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("opened_from"), data.get("opened_to")
        if first and last and first > last:
            self.add_error("opened_to", _("This day is before the first one."))
        return data

    def filters(self) -> Filters:
        """What the fields without a mistake say."""
        self.is_valid()
        data = self.cleaned_data
        rows = ("customer", "product", "environment", "team", "assignee")
        return Filters(
            words=data.get("q", ""),
            severity=data.get("severity", ""),
            type=data.get("type", ""),
            status=data.get("status", ""),
            opened_from=data.get("opened_from"),
            opened_to=data.get("opened_to"),
            loosely=bool(self.data.get("loose")),
            **{f"{name}_id": data[name].pk for name in rows if data.get(name) is not None},
        )

    def chips(self, address: str, parameters: QueryDict) -> list[Chip]:
        """The filters in use, each with the way to the list without it."""
        return [
            Chip(field.label, _shown(field.field, value), f"{address}?{query_string(parameters, before=None, **{field.name: None})}")
            for field in self.visible_fields()
            if (value := self.cleaned_data.get(field.name))
        ]

    def in_sight(self) -> Iterable[BoundField]:
        return [self[name] for name in self.always]

    def folded(self) -> Iterable[BoundField]:
        return [field for field in self.visible_fields() if field.name not in self.always]

    def is_unfolded(self) -> bool:
        """A mistake must be in sight."""
        return any(field.errors for field in self.folded())


def _shown(field: forms.Field, value: Any) -> str:
    """A filter's value as people read it; nothing for a box that is ticked, whose name says all."""
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT")
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        choices: Mapping[Any, Any] = dict(field.choices)  # type: ignore[arg-type]  # ours have no groups
        return str(choices.get(value, value))
    return "" if value is True else str(value)


def _products_asked_about() -> Any:
    return Product.objects.filter(pk__in=Ticket.objects.order_by().values("product"))


class PortalFilterForm(FilterForm):
    """The customer's list. Products and environments are those of tickets and environments that the scope shows."""

    always = ("q", "mine")
    mine = forms.BooleanField(required=False, label=_("Only what I opened"))
    product = ListedField(_products_asked_about(), label=_("Product"), empty_label=_("All"))
    environment = ListedField(Environment.objects.all(), label=_("Environment"), empty_label=_("All"))
    state = forms.ChoiceField(choices=[(slug, slug) for slug in portal.STATES], required=False, widget=forms.HiddenInput)

    offered = _options(product=(_products_asked_about, "name"), environment=(Environment.objects.all, "name"))
    field_order = ("q", "mine", "severity", "type", "product", "environment", "opened_from", "opened_to")

    def filters_for(self, person: Person) -> Filters:
        filters = self.filters()
        return replace(filters, requester_id=person.pk) if self.cleaned_data.get("mine") else filters

    def state_slug(self) -> str:
        """The view of the list that the address names, else the open ones."""
        return str(self.cleaned_data.get("state") or "open")


class QueueFilterForm(FilterForm):
    """A queue of the console."""

    always = ("q", "customer", "severity")
    customer = CustomerField(required=False, max_length=120, label=_("Customer"))
    team = ListedField(Team.objects.all(), label=_("Team"), empty_label=_("Every team"))
    assignee = ListedField(StaffMember.objects.all(), label=_("Assignee"), empty_label=_("All"))
    status = forms.ChoiceField(choices=[("", pgettext_lazy("severity", "All")), *Status.choices], required=False, label=_("State"))

    offered = _options(
        product=(Product.objects.all, "name"), team=(Team.objects.all, "name"), assignee=(StaffMember.objects.all, "display_name")
    )
    field_order = ("q", "customer", "severity", "type", "status", "product", "team", "assignee", "opened_from", "opened_to")
