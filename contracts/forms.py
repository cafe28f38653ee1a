"""What staff send about contracts and environments."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, Membership, Person, StaffMember, StaffRole
from contracts.models import Contract, Environment, Product, Standing, Terms, Version
from sla.models import Calendar, Policy

CURRENCIES = (("BRL", _("Brazilian real (R$)")), ("USD", _("US dollar (US$)")), ("EUR", _("Euro (€)")))


class DateInput(forms.DateInput):
    """The browser's own calendar; its value is always ISO, whatever the page's language."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=DateInput(), input_formats=["%Y-%m-%d", "%d/%m/%Y"], **kwargs)


class MoneyField(forms.Field):
    """An amount as people write it, to cents: 240, 240.00, 240,00, 1.240,50 and 1,240.50."""

    PATTERN = re.compile(r"\d{1,3}(?:[.,]\d{3})*(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{value // 100}.{value % 100:02d}" if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        text = re.sub(r"[\sR$U€]", "", str(value or ""))
        if not text:
            return None
        if not self.PATTERN.fullmatch(text):
            raise forms.ValidationError(_("“%(value)s” is not an amount. Write it like 240.00 or 240,00."), params={"value": value})
        whole, _mark, cents = re.fullmatch(r"(.*?)([.,](\d{1,2}))?", text).group(1, 2, 3)  # type: ignore[union-attr]
        amount = Decimal(re.sub(r"[.,]", "", whole) or "0") + Decimal(f"0.{cents or 0}")
        if amount > 10_000_000:
            raise forms.ValidationError(_("This amount is too large."))
        return int(amount * 100)


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Everything that an amendment may change."""

    last_date = DayField(label=_("Last day"))
    package_fee_cents = MoneyField(label=_("Package: monthly fee"), required=False)
    functional_rate_cents = MoneyField(label=_("Functional excess, per hour"))
    off_hours_rate_cents = MoneyField(label=_("Off-hours help, per hour"))
    update_rate_cents = MoneyField(label=_("Update service, per hour"))

    class Meta:
        model = Terms
        fields = [
            *("last_date", "policy", "allowance_minutes", "package_minutes", "package_fee_cents", "functional_rate_cents"),
            *("off_hours_rate_cents", "update_rate_cents", "increment_minutes"),
        ]

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
        return {name: self.cleaned_data[name] for name in TermsForm.Meta.fields}


class AmendmentForm(TermsForm):
    from_date = DayField(label=_("Rules from"), help_text=_("Allowance and package change on the first of the month on or after this day."))
    reason = forms.CharField(max_length=200, label=_("What the amendment is for"))
    field_order = ["from_date", "reason"]


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
        Person.objects.none(), required=False, label=_("Who is told when nobody asked"), widget=forms.CheckboxSelectMultiple
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
            self.fields[f"version_{product.pk}"] = forms.ModelChoiceField(
                Version.objects.filter(pk__in=[v.pk for v in versions if v.product_id == product.pk]),
                required=False,
                label=product.name,
                empty_label=_("Not installed"),
            )

    def installed(self) -> dict[Product, Version]:
        """Chosen versions by product."""
        chosen = {product: self.cleaned_data[f"version_{product.pk}"] for product in self.products}
        return {product: version for product, version in chosen.items() if version is not None}
