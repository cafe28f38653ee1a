"""What administrators send about policies."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from helpdesk.lib import minutes
from sla import words
from sla.commands.policies import MOST_STEPS
from sla.models import MOST_MINUTES, Policy
from sla.rules import VALUES, Row, Rules, Step, Target, Told, Value

NOTHING = {"", "-", "–", "—", "none", "no", "nenhum", "nenhuma", "não"}


LONGEST_QUOTED = 40


def shorten(text: str) -> str:
    """As much of what somebody wrote as an error repeats."""
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED].rstrip()}…"


class MinutesField(forms.Field):
    """A target as people write it, to whole minutes; None where nothing is promised."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off", "size": 9}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return minutes.spell(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if text.lower() in NOTHING:
            return None
        try:
            count = minutes.parse(text)
        except ValueError:
            raise forms.ValidationError(
                _("“%(value)s” is no time. Write hours and minutes of coverage, never days: 30 min, 1 h 30, 9:00, 540."),
                params={"value": shorten(text)},
            ) from None
        if not 1 <= count <= MOST_MINUTES:
            raise forms.ValidationError(
                _("A target lies between 1 minute and %(most)s. Leave it empty to promise nothing."),
                params={"most": minutes.spell(MOST_MINUTES)},
            )
        return count


class PolicyForm(forms.Form):
    """A whole version: a row for each qualification, the steps, and why."""

    reason = forms.CharField(max_length=200, label=_("Why it changes"), help_text=_("It stays in the policy's history, for staff."))
    expected_number = forms.IntegerField(min_value=0, max_value=32767, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, rules: Rules, number: int) -> None:
        """Begins as `rules`, which version `number` of the policy is."""
        super().__init__(data, initial=_as_written(rules) | {"expected_number": number})
        for value in reversed(VALUES):
            self._add_row(value)
        for place in range(MOST_STEPS):
            self._add_step(place)

    def _add_row(self, value: Value) -> None:
        name, label, coverage = "-".join(value), words.value(value), _("Coverage")
        self.fields[f"{name}-coverage"] = forms.ChoiceField(
            choices=[("calendar", words.coverage(False)), ("always", words.coverage(True))],
            label=f"{label}: {coverage}",
            widget=forms.Select(attrs={"class": "input"}),
        )
        for target in Target:
            self.fields[f"{name}-{target}"] = MinutesField(label=f"{label}: {words.TARGETS[target]}")

    def _add_step(self, place: int) -> None:
        self.fields[f"step-{place}-percent"] = forms.IntegerField(
            min_value=1,
            max_value=100,
            required=False,
            label=_("Step %(number)s: percent used up") % {"number": place + 1},
            widget=forms.NumberInput(attrs={"class": "input"}),
        )
        self.fields[f"step-{place}-tells"] = forms.MultipleChoiceField(
            choices=[(told.value, word) for told, word in words.TOLD.items()],
            required=False,
            label=_("Step %(number)s: who is told") % {"number": place + 1},
            widget=forms.CheckboxSelectMultiple,
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for value in VALUES:
            names = [f"{'-'.join(value)}-{target}" for target in Target]
            if not any(name in self.errors or data.get(name) for name in names):
                self.add_error(names[0], _("Promise at least one of the three."))
        seen: set[int] = set()
        for place in range(MOST_STEPS):
            percent = data.get(f"step-{place}-percent")
            if percent in seen:
                self.add_error(f"step-{place}-percent", _("There is a step at %(percent)s %% already.") % {"percent": percent})
            if percent and not data.get(f"step-{place}-tells"):
                self.add_error(f"step-{place}-tells", _("Choose who is told, or empty the step."))
            seen |= {percent} if percent else set()
        return data

    def rules(self) -> Rules:
        """The clean values as commands take them."""
        steps = [self._step(place) for place in range(MOST_STEPS) if self.cleaned_data[f"step-{place}-percent"]]
        return Rules({value: self._row(value) for value in VALUES}, tuple(sorted(steps, key=lambda step: step.percent)))

    def _row(self, value: Value) -> Row:
        name, data = "-".join(value), self.cleaned_data
        counts = {target: data[f"{name}-{target}"] for target in Target}
        return Row(data[f"{name}-coverage"] == "always", {target: count * 60 for target, count in counts.items() if count})

    def _step(self, place: int) -> Step:
        data = self.cleaned_data
        return Step(data[f"step-{place}-percent"], frozenset(Told(told) for told in data[f"step-{place}-tells"]))

    # --- As the page lays it out
    def promise_rows(self) -> list[dict[str, Any]]:
        """For each qualification its words and bound fields: coverage, then the targets with their headings."""
        return [
            {
                "label": words.value(value),
                "coverage": self[f"{'-'.join(value)}-coverage"],
                "targets": [(words.TARGETS[target], self[f"{'-'.join(value)}-{target}"]) for target in Target],
            }
            for value in reversed(VALUES)
        ]

    def step_rows(self) -> list[dict[str, Any]]:
        return [
            {"number": place + 1, "percent": self[f"step-{place}-percent"], "tells": self[f"step-{place}-tells"]}
            for place in range(MOST_STEPS)
        ]

    def written(self) -> list[tuple[str, str]]:
        """Name and value of every field as understood, for the page that asks to confirm."""
        understood = _as_written(self.rules()) | {name: self.cleaned_data[name] for name in ("reason", "expected_number")}
        return [
            (name, self.fields[name].prepare_value(one) if one is not None else "")
            for name, value in understood.items()
            for one in (value if isinstance(value, list) else [value])
        ]


def _as_written(rules: Rules) -> dict[str, Any]:
    """Rules as the form's values."""
    values: dict[str, Any] = {}
    for value in VALUES:
        row, name = rules.rows[value], "-".join(value)
        values[f"{name}-coverage"] = "always" if row.always else "calendar"
        values |= {f"{name}-{target}": row.seconds[target] // 60 if target in row.seconds else None for target in Target}
    for place, step in enumerate(rules.steps):
        values |= {f"step-{place}-percent": step.percent, f"step-{place}-tells": sorted(told.value for told in step.tells)}
    return values


class NewPolicyForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Policy
        fields = ["name"]

    def validate_unique(self) -> None:
        """Left to the command, which must look again anyway."""
