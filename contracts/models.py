"""What the provider ships, where customers run it, and what each contract promised on any day."""

from datetime import date, datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from accounts.models import Person, StaffMember, Team
from accounts.tenancy import TenantModel
from sla.models import Calendar, Policy


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


class ContractQuerySet(models.QuerySet["Contract"]):
    def in_force_on(self, day: date) -> "ContractQuerySet":
        """Contracts active on `day` and within the dates that ruled on it (CON-2)."""
        terms = Terms.objects.filter(contract=OuterRef("pk"), from_date__lte=day).order_by("-from_date", "-number")
        standing = Standing.objects.filter(contract=OuterRef("pk"), from_date__lte=day).order_by("-from_date", "-id")
        return self.annotate(
            last_date_then=Subquery(terms.values("last_date")[:1]), standing_then=Subquery(standing.values("state")[:1])
        ).filter(Q(standing_then=None) | Q(standing_then=Standing.State.ACTIVE), first_date__lte=day, last_date_then__gte=day)

    def covering(self, product: Product) -> "ContractQuerySet":
        return self.filter(Exists(ContractProduct.objects.filter(contract=OuterRef("pk"), product=product)))


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

    objects = ContractQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["customer", "number"], name="one_contract_per_number")]

    def __str__(self) -> str:
        return self.number

    def today(self, now: datetime) -> date:
        """The day it is for this contract, by its calendar's zone. Reads the calendar unless it was selected along."""
        return self.calendar.day_of(now)

    def terms_on(self, day: date) -> "Terms":
        """The terms that rule on `day`; before the first day, those signed. Reads the contract's terms."""
        terms = sorted(self.terms.all(), key=lambda t: (t.from_date, t.number))
        return next((t for t in reversed(terms) if t.from_date <= day), terms[0])

    def state_on(self, day: date) -> str:
        """`active`, `suspended` or `ended` by its dated standings alone, without regard to first and last day."""
        standings = sorted((s for s in self.standings.all() if s.from_date <= day), key=lambda s: (s.from_date, s.pk))
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
    """What was agreed, from a date on, whole: number 0 as signed, 1, 2, … by amendment. Money in cents of the contract's currency."""

    contract = models.ForeignKey(Contract, models.PROTECT, related_name="terms")
    number = models.PositiveSmallIntegerField()
    from_date = models.DateField(_("rules from"))
    last_date = models.DateField(_("last day"))
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="+", verbose_name=_("SLA policy"))
    allowance_minutes = models.PositiveIntegerField(_("functional minutes a month"), default=120)
    package_minutes = models.PositiveIntegerField(_("package: minutes a month"), default=0)
    package_fee_cents = models.PositiveIntegerField(_("package: monthly fee"), default=0)
    functional_rate_cents = models.PositiveIntegerField(_("functional excess, per hour"))
    off_hours_rate_cents = models.PositiveIntegerField(_("off-hours help, per hour"))
    update_rate_cents = models.PositiveIntegerField(_("update service, per hour"))
    increment_minutes = models.PositiveSmallIntegerField(_("billing increment in minutes"), default=15)
    reason = models.CharField(_("what the amendment is for"), max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["contract_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["customer", "contract", "number"], name="one_row_per_amendment"),
            models.CheckConstraint(condition=Q(increment_minutes__gte=1, increment_minutes__lte=60), name="increment_within_an_hour"),
            models.CheckConstraint(condition=Q(package_fee_cents=0) | Q(package_minutes__gt=0), name="package_fee_needs_minutes"),
        ]

    def __str__(self) -> str:
        return f"terms {self.number} of {self.contract_id}"


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
        constraints = [models.UniqueConstraint(fields=["customer", "name"], name="one_environment_per_name")]

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
