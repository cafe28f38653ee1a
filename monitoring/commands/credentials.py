"""Credentials of an environment's tools: made, replaced, revoked. The token itself is returned once and never kept."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for
from contracts.models import Environment
from helpdesk.lib.refusals import Refusal
from monitoring import tokens
from monitoring.models import Credential

MOST = 20  # valid ones of an environment
CHANGING = timedelta(hours=24)  # for which a replaced token goes on, so that nothing is lost while tools are changed
FACTS = ("source", "name", "expires_at", "revoked_at")


class TooManyCredentials(Refusal):
    sentence = _("This environment has very many tokens already. Revoke those that nothing uses.")


class NotValid(Refusal):
    sentence = _("This token is not valid any more. Make a new one.")


def make_credential(*, actor: Person, environment: Environment, source: str, name: str, now: datetime) -> tuple[Credential, str]:
    """A credential and its token. Raises TooManyCredentials."""
    with acting_for(environment.customer_id):
        Environment.objects.select_for_update(of=("self",)).get(pk=environment.pk)
        valid = [one for one in Credential.objects.filter(environment=environment, revoked_at=None) if one.is_valid(now)]
        if len(valid) >= MOST:
            raise TooManyCredentials
        return _make(actor, environment, source, name, None, now)


def rotate_credential(*, actor: Person, credential: Credential, now: datetime) -> tuple[Credential, str]:
    """Another token in its place; the one before goes on for a day. Raises NotValid."""
    with acting_for(credential.customer_id):
        row = Credential.objects.select_for_update(of=("self",)).select_related("environment").get(pk=credential.pk)
        if not row.is_valid(now):
            raise NotValid
        made, token = _make(actor, row.environment, row.source, row.name, row, now)
        before = audit.facts(row, *FACTS)
        row.expires_at = min(now + CHANGING, row.expires_at or now + CHANGING)
        row.save(update_fields=["expires_at"])
        _record(actor, "rotate_monitoring_credential", row, before, now)
        return made, token


def revoke_credential(*, actor: Person, credential: Credential, now: datetime) -> None:
    """It opens nothing from now on; a second time does nothing."""
    with acting_for(credential.customer_id):
        row = Credential.objects.select_for_update(of=("self",)).get(pk=credential.pk)
        if row.revoked_at is None:
            before = audit.facts(row, *FACTS)
            row.revoked_at = now
            row.save(update_fields=["revoked_at"])
            _record(actor, "revoke_monitoring_credential", row, before, now)


def _make(
    actor: Person, environment: Environment, source: str, name: str, replaces: Credential | None, now: datetime
) -> tuple[Credential, str]:
    token = tokens.make(environment.customer_id)
    made = Credential.objects.create(
        customer_id=environment.customer_id,
        environment=environment,
        source=source,
        name=name,
        token_hash=tokens.hashed(token),
        shown=token[-tokens.SHOWN :],
        created_by=actor,
        created_at=now,
        replaces=replaces,
    )
    _record(actor, "make_monitoring_credential", made, {}, now)
    return made, token


def _record(actor: Person, verb: str, row: Credential, before: dict[str, object], now: datetime) -> None:
    after = audit.facts(row, *FACTS) | {"environment": row.environment_id}
    audit.record(actor=actor, customer_id=row.customer_id, verb=verb, target=row, before=before, after=after, now=now)
