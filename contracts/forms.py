"""What staff send about contracts and environments."""

from contextlib import suppress
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Membership, Person, StaffMember, StaffRole
from contracts.models import AGREED, UNLESS_AGREED, Contract, Environment, Product, Standing, Terms, Version
from helpdesk.lib import money
from sla.models import Calendar, Policy

CURRENCIES = (("BRL", _("Brazilian real (R$)")), ("USD", _("US dollar (US$)")), ("EUR", _("Euro (€)")))


class DateInput(forms.DateInput):
    """The browser's own calendar; its value is always ISO, whatever the page's language."""

    def __init__(self, input_type: str = "date") -> None:
        super().__init__(format="%Y-%m-%d")
        self.input_type = input_type


class DayField(forms.DateField):
    def __init__(self, *, hidden: bool = False, **kwargs: Any) -> None:
        super().__init__(widget=DateInput("hidden" if hidden else "date"), input_formats=["%Y-%m-%d", "%d/%m/%Y"], **kwargs)


class MoneyField(forms.Field):
    """An amount as people write it, to cents; see `helpdesk.lib.money`. One that two languages read differently is refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return money.editable(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return money.parse(text)
        except money.TwoReadings:
            sentence = _("“%(value)s” could be thousands or cents. Write it like %(example)s.")
            example = money.editable(123400)
        except money.TooMuch:
            raise forms.ValidationError(_("This amount is too large.")) from None
        except money.NoAmount:
            sentence, example = _("“%(value)s” is not an amount. Write it like %(example)s."), money.editable(24000)
        raise forms.ValidationError(sentence, params={"value": value, "example": example})


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Everything that an amendment may change."""

    last_date = DayField(label=_("Last day"))
    package_fee_cents = MoneyField(label=_("Package: monthly fee"), required=False)
    functional_rate_cents = MoneyField(label=_("Functional excess, per hour"))
    off_hours_rate_cents = MoneyField(label=_("Off-hours help, per hour"))
    update_rate_cents = MoneyField(label=_("Update service, per hour"))

    class Meta:
        model = Terms
        fields = AGREED

    def clean_package_fee_cents(self) -> int:
        return self.cleaned_data["package_fee_cents"] or 0

    def clean_increment_minutes(self) -> int:
        minutes: int = self.cleaned_data["increment_minutes"]
        if not 1 <= minutes <= 60:
            raise forms.ValidationError(_("An increment lies between 1 and 60 minutes."))
        return minutes

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("package_fee_cents") and not data.get("package_minutes"):
            self.add_error("package_minutes", _("A package with a fee needs minutes."))
        return data

    def terms(self) -> dict[str, Any]:
        """The clean values as commands take them."""
        return {name: self.cleaned_data[name] for name in AGREED}


class AmendmentForm(TermsForm):
    """Begins as what rules today; `changes` is what was changed in it.

    For a day on which something else rules, it comes back with that, so that nobody undoes an amendment ahead without having seen it.
    """

    from_date = DayField(label=_("Rules from"), help_text=_("Allowance and package change on the first of the month on or after this day."))
    reason = forms.CharField(max_length=200, label=_("What the amendment is for"))
    shown_date = DayField(required=False, hidden=True)
    field_order = ["from_date", "reason"]

    def __init__(self, data: Any = None, *, contract: Contract, today: date) -> None:
        super().__init__(data)
        self.contract = contract
        shown_date = today
        if data is not None:
            with suppress(forms.ValidationError):
                shown_date = self.fields["shown_date"].clean(data.get("shown_date", "")) or today
        self.shown = contract.terms_on(shown_date)
        self.initial = self.shown.agreed() | {"from_date": today, "shown_date": shown_date}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        from_date = data.get("from_date")
        if from_date is not None and from_date >= self.contract.first_date:
            ruling = self.contract.terms_on(from_date).agreed()
            if ruling != self.shown.agreed():
                self._show(ruling, from_date)
                self.add_error("from_date", _("Other terms rule on this day than those shown before. Here they are, with your changes."))
        return data

    def _show(self, ruling: dict[str, Any], day: date) -> None:
        untouched = set(AGREED) - set(self.changed_data)
        shown = {name: str(self.fields[name].prepare_value(ruling[name])) for name in untouched}
        self.data = {name: self.data[name] for name in self.data} | shown | {"shown_date": day.isoformat()}

    def changes(self) -> dict[str, Any]:
        """What the amendment says, as commands take it: the values that were changed, and the reason."""
        return {name: value for name, value in self.terms().items() if name in self.changed_data} | {"reason": self.cleaned_data["reason"]}


class SignatureForm(TermsForm):
    """A new contract with its first terms."""

    number = forms.CharField(max_length=40, label=_("Number"))
    signed_date = DayField(label=_("Date of signature"), help_text=_("An amendment never changes it."))
    first_date = DayField(label=_("First day"))
    products = forms.ModelMultipleChoiceField(Product.objects.all(), label=_("Products"), widget=forms.CheckboxSelectMultiple)
    calendar = forms.ModelChoiceField(Calendar.objects.all(), label=_("Business calendar"))
    currency = forms.ChoiceField(choices=CURRENCIES, label=_("Currency"), help_text=_("It never changes."))
    account_manager = forms.ModelChoiceField(StaffMember.objects.none(), label=_("Account manager"))
    deputy = forms.ModelChoiceField(StaffMember.objects.none(), label=_("Deputy"), required=False)
    field_order = [
        *("number", "signed_date", "first_date", "last_date", "products", "account_manager", "deputy", "calendar", "policy", "currency"),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("account_manager", "deputy"):
            self.fields[name].queryset = account_managers()  # type: ignore[attr-defined]
        for name, value in UNLESS_AGREED.items():
            self.fields[name].initial = value
        self.fields["calendar"].initial = Calendar.objects.first()
        self.fields["policy"].initial = Policy.objects.filter(is_standard=True).first()

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        first, last = data.get("first_date"), data.get("last_date")
        if first and last and last < first:
            self.add_error("last_date", _("The last day lies before the first."))
        return data


def account_managers() -> Any:
    return StaffMember.objects.filter(roles__role=StaffRole.Role.ACCOUNT_MANAGER)


class ContractEditForm(forms.Form):
    products = forms.ModelMultipleChoiceField(Product.objects.all(), label=_("Products"), widget=forms.CheckboxSelectMultiple)
    account_manager = forms.ModelChoiceField(StaffMember.objects.none(), label=_("Account manager"))
    deputy = forms.ModelChoiceField(StaffMember.objects.none(), label=_("Deputy"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("account_manager", "deputy"):
            self.fields[name].queryset = account_managers()  # type: ignore[attr-defined]


class StandingForm(forms.Form):
    state = forms.ChoiceField(choices=Standing.State, label=_("State"))
    from_date = DayField(label=_("From"))
    reason = forms.CharField(max_length=200, label=_("Reason"))


class EnvironmentForm(forms.Form):
    """An environment with one version choice per product of the customer's contracts."""

    name = forms.CharField(max_length=80, label=_("Name"))
    kind = forms.ChoiceField(choices=Environment.Kind, label=_("Kind"))
    contract = forms.ModelChoiceField(Contract.objects.none(), required=False, label=_("Usual contract"))
    contacts = forms.ModelMultipleChoiceField(
        Person.objects.none(),
        required=False,
        label=_("Contacts, who hear of tickets that we open ourselves"),
        widget=forms.CheckboxSelectMultiple,
    )
    notes = forms.CharField(
        required=False,
        max_length=4000,
        label=_("What helps to know"),
        help_text=_("The customer reads this too."),
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contracts = Contract.objects.filter(customer=customer)
        self.fields["contract"].queryset = contracts  # type: ignore[attr-defined]
        members = Membership.objects.in_force().filter(customer=customer).values("person_id")
        self.fields["contacts"].queryset = Person.objects.filter(pk__in=members)  # type: ignore[attr-defined]
        self.products = list(Product.objects.filter(contractproduct__contract__in=contracts).distinct())
        versions = list(Version.objects.filter(product__in=self.products))
        for product in self.products:
            offered = {str(v.pk): v for v in versions if v.product_id == product.pk}
            self.fields[f"version_{product.pk}"] = forms.TypedChoiceField(
                choices=[("", _("Not installed")), *((pk, version.number) for pk, version in offered.items())],
                coerce=offered.__getitem__,
                empty_value=None,
                required=False,
                label=product.name,
            )

    def installed(self) -> dict[Product, Version]:
        """Chosen versions by product."""
        chosen = {product: self.cleaned_data[f"version_{product.pk}"] for product in self.products}
        return {product: version for product, version in chosen.items() if version is not None}
