"""What the provider ships, where customers run it, and what each contract promised on any day."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, StaffMember, Team
from accounts.tenancy import TenantModel
from sla.models import Calendar, Policy

# What the signature agrees and an amendment may change: columns of `Terms`.
AGREED = (
    *("last_date", "policy", "allowance_minutes", "package_minutes", "package_fee_cents", "functional_rate_cents"),
    *("off_hours_rate_cents", "update_rate_cents", "increment_minutes"),
)
# What a signature agrees where it says nothing (CON-1). Not the columns' defaults: an amendment that says nothing changes nothing.
UNLESS_AGREED = {"allowance_minutes": 120, "package_minutes": 0, "package_fee_cents": 0, "increment_minutes": 15}
AGREED_COLUMNS = tuple("policy_id" if name == "policy" else name for name in AGREED)


class Product(models.Model):
    """What the provider ships. The team answers its tickets."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    description = models.CharField(_("in one line"), max_length=200, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="products", verbose_name=_("team that owns it"))
    is_offered = models.BooleanField(_("still sold"), default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """A version of a product."""

    product = models.ForeignKey(Product, models.PROTECT, related_name="versions")
    number = models.CharField(_("version"), max_length=40)
    available_date = models.DateField(_("available since"))

    class Meta:
        ordering = ["product__name", "-available_date", "-id"]
        constraints = [models.UniqueConstraint(fields=["product", "number"], name="one_row_per_version")]

    def __str__(self) -> str:
        return self.number


@dataclass(frozen=True)
class RulingTerms:
    """What a contract agrees on one day, whole. Money in cents of the contract's currency; `from_date`: since when it rules so."""

    from_date: date
    last_date: date
    policy_id: int
    allowance_minutes: int
    package_minutes: int
    package_fee_cents: int
    functional_rate_cents: int
    off_hours_rate_cents: int
    update_rate_cents: int
    increment_minutes: int
    names_policy: "Terms" = field(repr=False, compare=False)

    def policy(self) -> Policy:
        """The SLA policy. Reads it unless it was prefetched along with the terms."""
        policy = self.names_policy.policy
        assert policy is not None, "a row names the policy when policy_id comes from it"
        return policy

    def agreed(self) -> dict[str, Any]:
        """What rules by the names of `AGREED`, the policy as its id."""
        return {name: getattr(self, column) for name, column in zip(AGREED, AGREED_COLUMNS, strict=True)}


class Contract(TenantModel):
    """What one customer bought. What may change by amendment is in `Terms`, what stops and ends it in `Standing`."""

    number = models.CharField(_("number"), max_length=40)
    signed_date = models.DateField(_("date of signature"))
    first_date = models.DateField(_("first day"))
    currency = models.CharField(_("currency"), max_length=3, default="BRL")
    calendar = models.ForeignKey(Calendar, models.PROTECT, related_name="+", verbose_name=_("business calendar"))
    account_manager = models.ForeignKey(StaffMember, models.PROTECT, related_name="+", verbose_name=_("account manager"))
    deputy = models.ForeignKey(StaffMember, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("deputy"))
    products: "models.ManyToManyField[Product, ContractProduct]" = models.ManyToManyField(
        Product, through="ContractProduct", verbose_name=_("products")
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["customer", "number"], name="one_contract_per_number")]

    def __str__(self) -> str:
        return self.number

    def today(self, now: datetime) -> date:
        """The day it is for this contract, by its calendar's zone. Reads the calendar unless it was selected along."""
        return self.calendar.day_of(now)

    def terms_on(self, day: date) -> RulingTerms:
        """What rules on `day`: as signed, then as amended until then (CON-2). Reads the contract's terms."""
        return fold(self.terms.all(), day)

    def state_on(self, day: date) -> str:
        """`active`, `suspended` or `ended` by its dated standings alone, without regard to first and last day.

        An end wins over whatever was recorded for later days: what is ended stays ended.
        """
        standings = sorted((s for s in self.standings.all() if s.from_date <= day), key=lambda s: (s.from_date, s.pk))
        if any(s.state == Standing.State.ENDED for s in standings):
            return Standing.State.ENDED
        return standings[-1].state if standings else Standing.State.ACTIVE

    def is_in_force_on(self, day: date) -> bool:
        """CON-2: active on the day and within its dates."""
        return self.state_on(day) == Standing.State.ACTIVE and self.first_date <= day <= self.terms_on(day).last_date


class ContractProduct(TenantModel):
    contract = models.ForeignKey(Contract, models.CASCADE)
    product = models.ForeignKey(Product, models.PROTECT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "contract", "product"], name="one_row_per_contract_product")]

    def __str__(self) -> str:
        return f"{self.product_id} under {self.contract_id}"


class Terms(TenantModel):
    """What was agreed, from a date on: number 0 as signed and whole; 1, 2, … by amendment, null where it changes nothing.

    Money in cents of the contract's currency.
    """

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="terms")
    number = models.PositiveSmallIntegerField()
    from_date = models.DateField(_("rules from"))
    last_date = models.DateField(_("last day"), null=True)
    policy = models.ForeignKey(Policy, models.PROTECT, null=True, related_name="+", verbose_name=_("SLA policy"))
    allowance_minutes = models.PositiveIntegerField(_("functional minutes a month"), null=True)
    package_minutes = models.PositiveIntegerField(_("package: minutes a month"), null=True)
    package_fee_cents = models.PositiveIntegerField(_("package: monthly fee"), null=True)
    functional_rate_cents = models.PositiveIntegerField(_("functional excess, per hour"), null=True)
    off_hours_rate_cents = models.PositiveIntegerField(_("off-hours help, per hour"), null=True)
    update_rate_cents = models.PositiveIntegerField(_("update service, per hour"), null=True)
    increment_minutes = models.PositiveSmallIntegerField(_("billing increment in minutes"), null=True)
    reason = models.CharField(_("what the amendment is for"), max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["contract_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "contract", "number"], name="one_row_per_amendment"),
            models.CheckConstraint(
                condition=Q(number__gt=0) | Q(**{f"{name}__isnull": False for name in AGREED}), name="signed_terms_are_whole"
            ),
            models.CheckConstraint(condition=Q(increment_minutes__gte=1, increment_minutes__lte=60), name="increment_within_an_hour"),
            models.CheckConstraint(condition=Q(package_fee_cents=0) | Q(package_minutes__gt=0), name="package_fee_needs_minutes"),
        ]

    def __str__(self) -> str:
        return f"terms {self.number} of {self.contract_id}"


def fold(terms: Iterable[Terms], day: date) -> RulingTerms:
    """What the rows agree on `day`: each value is the last one named until then, by (from_date, number) after the signature.

    An amendment in force sooner but recorded later leaves alone what another says for a later day.
    """
    signed, *amendments = sorted(terms, key=lambda t: (t.number > 0, t.from_date, t.number))
    rows = [signed, *(t for t in amendments if t.from_date <= day)]
    values: dict[str, Any] = {"from_date": rows[-1].from_date, "names_policy": signed}
    for row in rows:
        named = {column: getattr(row, column) for column in AGREED_COLUMNS}
        values |= {column: value for column, value in named.items() if value is not None or row is signed}
        if row.policy_id is not None:
            values["names_policy"] = row
    return RulingTerms(**values)


class Standing(TenantModel):
    """From a day on the contract is active, suspended or ended; without any it is active."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        ENDED = "ended", _("Ended")

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="standings")
    state = models.CharField(_("state"), max_length=10, choices=State)
    from_date = models.DateField(_("from"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["contract_id", "from_date", "id"]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.state} from {self.from_date}"


class Environment(TenantModel):
    """An installation at a customer."""

    class Kind(models.TextChoices):
        PRODUCTION = "production", _("Production")
        TEST = "test", _("Test")

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PRODUCTION)
    contract = models.ForeignKey(Contract, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("usual contract"))
    notes = models.TextField(_("what helps to know"), blank=True, max_length=4000)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["customer", "name"], condition=Q(retired_at=None), name="one_environment_per_name")]

    def __str__(self) -> str:
        return self.name


class Installation(TenantModel):
    """A product that runs in an environment, in one version."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="installations")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    version = models.ForeignKey(Version, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["product__name"]
        constraints = [models.UniqueConstraint(fields=["customer", "environment", "product"], name="one_version_per_installation")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.version_id} in {self.environment_id}"


class EnvironmentContact(TenantModel):
    """Who is told about an environment when no person asked."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="contacts")
    person = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "environment", "person"], name="one_row_per_contact")]

    def __str__(self) -> str:
        return f"{self.person_id} for {self.environment_id}"
