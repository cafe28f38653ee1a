"""What people send about releases, from strings to clean values."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contracts.forms import DayField
from contracts.models import Contract, Product
from releases.commands.drafts import CHANGED
from releases.models import Artifact, KnownIssue, Release
from tickets.forms import LineField, TextField
from tickets.models import Ticket

LONGEST_NOTES = 60_000


class NotesField(TextField):
    """Markdown, as customers will read it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(rows=12, max_length=LONGEST_NOTES, required=False, **kwargs)


class ReleaseForm(forms.Form):
    """A draft. What is missing for publication may come later."""

    product = forms.ModelChoiceField(Product.objects.all(), label=_("Product"), empty_label=_("Choose one"))
    number = LineField(max_length=40, label=_("Version"), help_text=_("Numbers with dots, such as 8.2 or 8.2.1."))
    kind = forms.ChoiceField(
        choices=Release.Kind,
        initial=Release.Kind.UPDATE,
        label=_("Kind"),
        help_text=_("An upgrade brings a new generation, an update a step within one."),
    )
    nature = forms.ChoiceField(
        choices=Release.Nature,
        initial=Release.Nature.TECHNICAL,
        label=_("Nature"),
        help_text=_("Functional: it does more. Technical: it works better."),
    )
    is_security = forms.BooleanField(
        required=False,
        label=_("It closes a security hole"),
        help_text=_("Its announcement can't be muted, and who has not fetched it is listed."),
    )
    notes_en = NotesField(label=_("Notes in English"), help_text=_("Markdown. Customers read the notes in their language."))
    notes_pt = NotesField(label=_("Notes in Portuguese"))
    fixes = forms.ModelMultipleChoiceField(
        KnownIssue.objects.none(),
        required=False,
        label=_("Known issues that it fixes"),
        help_text=_("Tickets about them are told when it is published."),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, release: Release | None = None, **kwargs: Any) -> None:
        if release is not None:
            kwargs["initial"] = {name: getattr(release, name) for name in CHANGED}
            kwargs["initial"]["fixes"] = [fix.issue_id for fix in release.fixed.all()]
        super().__init__(*args, **kwargs)
        offered = KnownIssue.objects.select_related("product").order_by("product__name", "-pk")
        if release is not None:
            offered = offered.filter(product=release.product_id)
        field: Any = self.fields["fixes"]
        field.queryset = offered
        field.label_from_instance = lambda issue: str(issue) if release is not None else f"{issue.product}: {issue}"

    def values(self) -> dict[str, Any]:
        """The columns, as commands take them."""
        return {name: self.cleaned_data[name] for name in CHANGED}


class ScheduleForm(forms.Form):
    """When it is published, in the reader's own zone."""

    at = forms.DateTimeField(
        label=_("Publish at"),
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M"],
    )

    def instant(self) -> datetime:
        found: datetime = self.cleaned_data["at"]
        return found


class WithdrawalForm(forms.Form):
    why_en = TextField(rows=4, max_length=2000, required=False, label=_("Why, in English"))
    why_pt = TextField(
        rows=4,
        max_length=2000,
        required=False,
        label=_("Why, in Portuguese"),
        help_text=_("Without one of them, its readers get the other."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not (data.get("why_en", "").strip() or data.get("why_pt", "").strip()):
            self.add_error("why_en", _("Say why it is withdrawn: customers who have it read this."))
        return data


SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class ArtifactForm(forms.Form):
    """What comes beside a file. `sha256`: what its sender found, so that a file that changed on its way is noticed."""

    kind = forms.ChoiceField(choices=Artifact.Kind, label=_("What it is"))
    name = LineField(max_length=300, required=False)
    sha256 = LineField(
        max_length=64,
        required=False,
        label=_("Its SHA-256"),
        help_text=_("If you have it: a file that changed on its way is refused then."),
    )

    def clean_sha256(self) -> str:
        value: str = self.cleaned_data["sha256"]
        if value and not SHA256.fullmatch(value):
            raise forms.ValidationError(_("A SHA-256 has 64 digits and letters from a to f."))
        return value.lower()


class IssueForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = KnownIssue
        fields = ["product", "title_en", "title_pt", "workaround_en", "workaround_pt"]
        widgets = {name: forms.Textarea(attrs={"rows": 4}) for name in ("workaround_en", "workaround_pt")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            del self.fields["product"]

    def words(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("title_en", "title_pt", "workaround_en", "workaround_pt")}


class LicenceForm(forms.Form):
    product = forms.ModelChoiceField(Product.objects.none(), label=_("Product"), empty_label=_("Choose one"))
    file = forms.FileField(label=_("Licence file"), allow_empty_file=True)  # the command says it of an empty one
    expires_date = DayField(label=_("Valid until"), required=False)
    note = LineField(max_length=200, required=False, label=_("Note for the customer"))

    def __init__(self, *args: Any, contract: Contract, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["product"]
        field.queryset = contract.products.all()


class TicketIssueForm(forms.Form):
    """One of the known issues of the ticket's product that it is not linked to yet."""

    issue = forms.ModelChoiceField(KnownIssue.objects.none(), label=_("Known issue"), empty_label=_("Choose one"))

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["issue"]
        field.queryset = KnownIssue.objects.filter(product=ticket.product_id).exclude(tickets__ticket=ticket)
