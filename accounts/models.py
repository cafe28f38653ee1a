"""Customers, people, what they may do where, and the record of who changed what."""

from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import TenantModel


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("“%(zone)s” is not a time zone. Use a name such as America/Sao_Paulo."), params={"zone": value})


def default_time_zone() -> str:
    return settings.TIME_ZONE


class Customer(models.Model):
    """A company that has contracts: the tenant. Its row is protected by its own id."""

    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="pt-br")
    time_zone = models.CharField(_("time zone"), max_length=64, default=default_time_zone, validators=[validate_time_zone])
    second_factor_required = models.BooleanField(_("everyone must sign in with a second factor"), default=False)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class PersonManager(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """Anyone who signs in, customer's or staff. Rights come from memberships and staff roles."""

    email = models.EmailField(_("mail address"), max_length=254)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="pt-br")
    time_zone = models.CharField(_("time zone"), max_length=64, default=default_time_zone, validators=[validate_time_zone])
    is_active = models.BooleanField(_("may sign in"), default=True)
    created_at = models.DateTimeField()
    keyboard_shortcuts = models.BooleanField(_("keyboard shortcuts in the console"), default=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = PersonManager()

    # Filled for the person signed in by ScopeMiddleware; nobody else's rights are asked through the row.
    staff_roles: frozenset[str] = frozenset()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("email"), name="one_person_per_mail_address")]

    def __str__(self) -> str:
        return self.name

    # Django's admin asks these; being an administrator of the provider is the only right it knows.
    @property
    def is_staff(self) -> bool:
        return StaffRole.Role.ADMINISTRATOR in self.staff_roles

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


class MembershipQuerySet(models.QuerySet["Membership"]):
    def in_force(self) -> "MembershipQuerySet":
        return self.filter(ended_at=None, person__is_active=True)


class Membership(TenantModel):
    """A person's role in one customer."""

    class Role(models.TextChoices):
        MEMBER = "member", _("Member")
        APPROVER = "approver", _("Approver")
        ADMIN = "admin", _("Admin")

    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # the row stays, so that what a former colleague wrote keeps its name

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "person"], name="one_membership_per_customer")]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.customer_id} as {self.role}"


class StaffMember(models.Model):
    """A person who works for the provider. Customers may read this row: it holds a display name and nothing else."""

    person = models.OneToOneField(Person, models.PROTECT, primary_key=True, related_name="staff_member")
    display_name = models.CharField(_("name that customers see"), max_length=120)

    class Meta:
        ordering = ["display_name"]

    def __str__(self) -> str:
        return self.display_name


class StaffRole(models.Model):
    """What a member of the staff may do; one person can hold several."""

    class Role(models.TextChoices):
        AGENT = "agent", _("Agent")
        LEAD = "lead", _("Lead")
        ACCOUNT_MANAGER = "account_manager", _("Account manager")
        RELEASE_MANAGER = "release_manager", _("Release manager")
        ADMINISTRATOR = "administrator", _("Administrator")

    member = models.ForeignKey(StaffMember, models.CASCADE, related_name="roles", verbose_name=_("member of the staff"))
    role = models.CharField(_("role"), max_length=20, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "role"], name="one_row_per_staff_role")]

    def __str__(self) -> str:
        return self.get_role_display()


class Team(models.Model):
    """Members of the staff who own products together; a new ticket goes to the team of its product."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    members: "models.ManyToManyField[StaffMember, TeamMember]" = models.ManyToManyField(
        StaffMember, through="TeamMember", related_name="teams"
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    team = models.ForeignKey(Team, models.CASCADE)
    member = models.ForeignKey(StaffMember, models.CASCADE, verbose_name=_("member of the staff"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "member"], name="one_place_per_team")]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.team_id}"


class Invitation(TenantModel):
    """A way in for one address, once, until it expires. Only the token's hash is kept."""

    email = models.EmailField(_("mail address"), max_length=254)
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=10, choices=Membership.Role, default=Membership.Role.MEMBER)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="pt-br")
    token_hash = models.CharField(max_length=64)
    invited_by = models.ForeignKey(Person, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "customer", Lower("email"), condition=models.Q(accepted_at=None, revoked_at=None), name="one_open_invitation_per_address"
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.email} to {self.customer_id}"

    def is_open(self, now: datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at


class AuditEntry(models.Model):
    """Who changed what, when, from what to what. Only ever added to; the target is a table and an id, so that it outlives its row."""

    customer = models.ForeignKey(Customer, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    actor = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=60)
    target_table = models.CharField(max_length=60)
    target_id = models.BigIntegerField()
    before: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    after: "models.JSONField[Any, Any]" = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes = [
            models.Index(fields=["target_table", "target_id"], name="audit_by_target"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.target_table} {self.target_id}"
