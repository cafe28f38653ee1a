"""Giving and withdrawing the permission to watch (MON-1)."""

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Customer, Membership, Person
from accounts.tenancy import acting_for
from contracts.models import Environment
from helpdesk.lib.refusals import Refusal
from monitoring import texts
from monitoring.commands.keeping import erase_signals
from monitoring.commands.situations import end_watch
from monitoring.models import Authorisation, Watch


class NotTheirAdmin(Refusal):
    sentence = _("Only an admin of your company can authorise monitoring, or withdraw it.")


class NoEnvironment(Refusal):
    sentence = _("Choose at least one environment.")


class AnotherText(Refusal):
    sentence = _("The text has changed since you opened this page. Read it again before you agree.")


class EndsTooEarly(Refusal):
    sentence = _("The last day has passed already. Choose a later one, or none.")


def authorise(
    *,
    actor: Person,
    customer: Customer,
    environments: Iterable[Environment],
    text_version: int,
    ends_at: datetime | None = None,
    now: datetime,
) -> list[Authorisation]:
    """Let these environments be watched, in the words of the present text, until `ends_at` or until it is withdrawn.

    An environment that was authorised already gets the new one in its place. Raises NotTheirAdmin, NoEnvironment, AnotherText,
    EndsTooEarly.
    """
    with acting_for(customer.pk):
        _refuse_others(actor, customer.pk)
        if text_version != texts.CURRENT:
            raise AnotherText
        if ends_at is not None and ends_at <= now:
            raise EndsTooEarly
        wanted = {environment.pk for environment in environments}
        own = list(Environment.objects.filter(customer=customer, pk__in=wanted, retired_at=None).order_by("pk"))
        if not own:
            raise NoEnvironment
        return [_authorise(actor, environment, text_version, ends_at, now) for environment in own]


def _authorise(actor: Person, environment: Environment, text_version: int, ends_at: datetime | None, now: datetime) -> Authorisation:
    customer_id = environment.customer_id
    Watch.objects.get_or_create(customer_id=customer_id, environment=environment, defaults={"created_at": now})
    before = _lock(environment)
    if before is not None:
        before.withdrawn_at, before.withdrawn_by = now, actor
        before.save(update_fields=["withdrawn_at", "withdrawn_by"])
    given = Authorisation.objects.create(
        customer_id=customer_id, environment=environment, text_version=text_version, given_by=actor, given_at=now, ends_at=ends_at
    )
    audit.record(
        actor=actor,
        customer_id=customer_id,
        verb="authorise_monitoring",
        target=given,
        before=audit.facts(before, "ends_at", "text_version") if before is not None else {},
        after=audit.facts(given, "ends_at", "text_version") | {"environment": environment.pk},
        now=now,
    )
    return given


def withdraw(*, actor: Person, environment: Environment, erase: bool, now: datetime) -> bool:
    """Shut the gate at once: what is on its way waits for this and is refused, open episodes end as watch ended.

    `erase`: what was stored of the environment's signals goes too. Returns whether there was something to withdraw. Raises NotTheirAdmin.
    """
    with acting_for(environment.customer_id):
        _refuse_others(actor, environment.customer_id)
        Watch.objects.select_for_update().filter(environment=environment).first()  # before the authorisation, as the worker does
        standing = _lock(environment)
        if standing is None:
            return False
        standing.withdrawn_at, standing.withdrawn_by = now, actor
        standing.save(update_fields=["withdrawn_at", "withdrawn_by"])
        end_watch(environment=environment, now=now)
        if erase:
            erase_signals(actor=actor, environment=environment, now=now)
        audit.record(
            actor=actor,
            customer_id=environment.customer_id,
            verb="withdraw_monitoring",
            target=standing,
            after={"environment": environment.pk, "erase": erase},
            now=now,
        )
    return True


def _refuse_others(actor: Person, customer_id: int) -> None:
    """Looked at here as well as on the page: a form may be sent by whoever was admin when they opened it."""
    admins = Membership.objects.in_force().filter(customer_id=customer_id, role=Membership.Role.ADMIN)
    if not admins.filter(person=actor).exists():
        raise NotTheirAdmin


def _lock(environment: Environment) -> Authorisation | None:
    """The standing one. FOR UPDATE, which signals being stored wait for, since they hold it FOR KEY SHARE."""
    return Authorisation.objects.select_for_update(of=("self",)).filter(environment=environment, withdrawn_at=None).first()
