"""Configuration of people who work for the provider. It writes through commands, so that the audit trail is complete."""

from typing import Any

from allauth.account.forms import ResetPasswordForm
from django import forms
from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit, commands
from accounts.models import Person, StaffMember, StaffRole, Team
from accounts.tenancy import as_nobody


class AuditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Writes every change of a row without a customer to the audit trail; rows are never deleted here.

    Only what was changed in the form is saved, so that an old form does not undo what was changed elsewhere meanwhile.
    """

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        columns = {column.name for column in obj._meta.concrete_fields}
        fields = [name for name in (form.changed_data if change else form.fields) if name in columns]
        if change and not fields:
            return
        before = audit.facts(type(obj).objects.get(pk=obj.pk), *fields) if change else {}
        obj.save(update_fields=fields if change else None)
        audit.record(
            actor=request.user,  # type: ignore[arg-type]  # the site admits only people
            customer_id=None,
            verb="configure",
            target=obj,
            before=before,
            after=audit.facts(obj, *fields),
            now=timezone.now(),
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Person
        fields = ["email", "name", "language", "time_zone", "is_active"]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if Person.objects.filter(email__iexact=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("There is a person with this address already."))
        return email


@admin.register(Person)
class PersonAdmin(AuditedAdmin):
    """People. A new one gets a mail with a link to set their password."""

    form = PersonForm
    list_display = ["name", "email", "is_active"]
    search_fields = ["name", "email"]
    actions = ["remove_second_factor"]

    @admin.action(description=_("Remove the second factor"), permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, people: "models.QuerySet[Person]") -> None:
        """For who lost the phone and the recovery codes; they sign in by password and set up a new one."""
        removed = [
            person.name
            for person in people
            if commands.remove_second_factor(
                actor=request.user,  # type: ignore[arg-type]  # the site admits only people
                person=person,
                now=timezone.now(),
            )
        ]
        if removed:
            self.message_user(request, _("Second factor removed: %(names)s.") % {"names": ", ".join(removed)})
        else:
            self.message_user(request, _("There was no second factor to remove."), messages.WARNING)

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = timezone.now()
            obj.set_password(None)
        super().save_model(request, obj, form, change)
        if not change:
            obj.set_password(commands.unguessable_password())
            obj.save(update_fields=["password"])
            with as_nobody():  # allauth's own tables are for signing in alone
                reset = ResetPasswordForm({"email": obj.email})
                reset.is_valid()
                reset.save(request)


class StaffMemberForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    held = forms.MultipleChoiceField(choices=StaffRole.Role, required=False, widget=forms.CheckboxSelectMultiple, label=_("Roles"))

    class Meta:
        model = StaffMember
        fields = ["person", "display_name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["held"].initial = list(self.instance.roles.values_list("role", flat=True))


@admin.register(StaffMember)
class StaffMemberAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    form = StaffMemberForm
    list_display = ["display_name", "person"]
    autocomplete_fields = ["person"]

    def save_model(self, request: HttpRequest, obj: StaffMember, form: Any, change: bool) -> None:
        commands.set_staff_roles(
            actor=request.user,  # type: ignore[arg-type]  # the site admits only people
            person=obj.person,
            display_name=obj.display_name,
            roles=form.cleaned_data["held"],
            now=timezone.now(),
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class TeamForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    people = forms.ModelMultipleChoiceField(
        StaffMember.objects.all(), required=False, widget=forms.CheckboxSelectMultiple, label=_("Members")
    )

    class Meta:
        model = Team
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["people"].initial = list(self.instance.members.values_list("pk", flat=True))


@admin.register(Team)
class TeamAdmin(AuditedAdmin):
    form = TeamForm

    def save_model(self, request: HttpRequest, obj: Team, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        commands.set_team(
            actor=request.user,  # type: ignore[arg-type]  # the site admits only people
            name=obj.name,
            members=form.cleaned_data["people"],
            now=timezone.now(),
        )
