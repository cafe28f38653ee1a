"""What staff send about rotas and about how they are reached."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import ZoneField
from accounts.models import StaffMember, Team
from notifications.models import Rota
from notifications.services import LONGEST

LEAST_TURNS, ROOM_TURNS = 6, 2  # turns that can be entered: at least so many, and so many more than there are
LONGEST_TURN_DAYS = 56
LONGEST_OVERRIDE_DAYS = 92
LONGEST_WAIT_MINUTES = 240


def on_the_staff() -> Any:
    """Whoever may be on call: people with a role, who may sign in."""
    return StaffMember.objects.filter(person__is_active=True, roles__isnull=False).distinct().order_by("display_name")


class DayInput(forms.DateInput):
    input_type = "date"


class TimeInput(forms.TimeInput):
    input_type = "time"


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"


class MomentField(forms.DateTimeField):
    """A local date and time of the person who enters it, by the browser's own control."""

    FORM = "%Y-%m-%dT%H:%M"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=MomentInput(format=self.FORM), input_formats=[self.FORM, "%Y-%m-%dT%H:%M:%S"], **kwargs)


class OverrideForm(forms.Form):
    """Somebody takes a time. Times are those of the person who fills it in."""

    rota = forms.TypedChoiceField(label=_("Rota"))
    member = forms.TypedChoiceField(label=_("Who takes it"))
    from_at = MomentField(label=_("From"))
    until_at = MomentField(label=_("Until"))
    note = forms.CharField(max_length=200, required=False, label=_("Note"))

    def __init__(self, *args: Any, rotas: Sequence[Rota], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("rota", {str(rota.pk): rota for rota in rotas})
        self._offer("member", {str(member.pk): member for member in on_the_staff()})
        if len(rotas) == 1:
            self.fields["rota"].widget, self.fields["rota"].initial = forms.HiddenInput(), rotas[0].pk

    def _offer(self, name: str, rows: dict[str, Any]) -> None:
        """Rows that are read already: a field of a model would ask for them again, as often as it is shown."""
        field = self.fields[name]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices, field.coerce = [(pk, str(row)) for pk, row in rows.items()], rows.__getitem__

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        start, end = data.get("from_at"), data.get("until_at")
        if isinstance(start, datetime) and isinstance(end, datetime):
            if end <= start:
                self.add_error("until_at", _("This is not after its beginning."))
            elif (end - start).days > LONGEST_OVERRIDE_DAYS:
                self.add_error("until_at", _("That is more than %(days)s days: change the rota itself.") % {"days": LONGEST_OVERRIDE_DAYS})
        return data


class RotaForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """A rota with its turns (`turn_0` and so on, empty ones left out) and the teams that page it."""

    time_zone = ZoneField()
    first_date = forms.DateField(
        widget=DayInput(format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        label=_("First handover"),
        help_text=_("Its weekday is that of every handover, when a turn is a week or several."),
    )
    handover_time = forms.TimeField(
        widget=TimeInput(format="%H:%M"), label=_("Handed over at"), help_text=_("Local time of the rota's zone.")
    )
    turn_days = forms.IntegerField(
        min_value=1, max_value=LONGEST_TURN_DAYS, label=_("Days of a turn"), help_text=_("7: a week each. 1: a day each.")
    )
    escalate_minutes = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LONGEST_WAIT_MINUTES,
        label=_("Minutes until the second line is paged"),
        help_text=_("When nobody acknowledged by then. Empty: nobody else is paged."),
    )
    teams = forms.ModelMultipleChoiceField(
        Team.objects.none(), required=False, widget=forms.CheckboxSelectMultiple, label=_("Teams whose tickets page this rota")
    )

    class Meta:
        model = Rota
        fields = ["name", "time_zone", "first_date", "handover_time", "turn_days", "is_default", "second_line", "escalate_minutes"]

    def __init__(self, *args: Any, turns: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["teams"].queryset = Team.objects.all()  # type: ignore[attr-defined]  # a choice of models
        second = self.fields["second_line"]
        assert isinstance(second, forms.ModelChoiceField)
        second.queryset = Rota.objects.exclude(pk=self.instance.pk)
        second.empty_label = gettext("The leads")
        people = [("", "—"), *((str(member.pk), member.display_name) for member in on_the_staff())]
        # Whoever left keeps their turn until somebody takes it away: saving something else must not move everybody's shifts.
        gone = StaffMember.objects.filter(pk__in=set(turns) - {int(pk) for pk, _name in people if pk}).order_by("display_name")
        people += [(str(member.pk), gettext("%(name)s (left the staff)") % {"name": member.display_name}) for member in gone]
        sent = sum(name.startswith("turn_") and name != "turn_days" for name in self.data) if self.is_bound else 0
        for number in range(min(max(LEAST_TURNS, len(turns) + ROOM_TURNS, sent), 40)):
            self.fields[f"turn_{number}"] = forms.ChoiceField(
                choices=people,
                required=False,
                initial=str(turns[number]) if number < len(turns) else "",
                label=_("Turn %(number)s") % {"number": number + 1},
            )

    def turn_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("turn_") and name != "turn_days"]

    def members(self) -> list[StaffMember]:
        """Who takes turns, in order; the same person as often as they were chosen."""
        chosen = [int(self.cleaned_data[field.name]) for field in self.turn_fields() if self.cleaned_data.get(field.name)]
        known = StaffMember.objects.in_bulk(chosen)
        return [known[pk] for pk in chosen]

    def agrees_to(self, person_id: int | None) -> bool:
        """Whether it was sent back with the consent that this person is on call from now on."""
        return self.data.get("agreed") == str(person_id)

    def values(self) -> dict[str, Any]:
        """The rota's own columns, as the command takes them."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    def _post_clean(self) -> None:
        """The command looks for another rota of this name, under its lock; a form that changed the row could show what is not kept."""


class WayForm(forms.Form):
    label = forms.CharField(max_length=60, label=_("Name"), help_text=_("For you, for instance “Telegram on my phone”."))
    url = forms.CharField(
        max_length=LONGEST,
        label=_("Address"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "url"}),
        help_text=_("It holds keys, so that it is not shown again."),
    )
    after_minutes = forms.TypedChoiceField(
        choices=[
            (0, _("at once")),
            (2, _("2 minutes later")),
            (5, _("5 minutes later")),
            (10, _("10 minutes later")),
            (20, _("20 minutes later")),
        ],
        coerce=int,
        label=_("When"),
        help_text=_("Later ones are used when you have not acknowledged by then, or when an earlier one failed."),
    )
