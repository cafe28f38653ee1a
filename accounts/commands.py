"""What can be done to customers, people and their roles. Every change of a right is written to the audit trail."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import audit, queries
from accounts.models import Customer, Invitation, Membership, Person, StaffMember, StaffRole, Team, TeamMember
from accounts.tenancy import acting_for, as_nobody, as_provider
from helpdesk.lib.refusals import Refusal

# Each invitation sends mail to an address of the inviter's choice: without a bound, our server would carry anybody's mass mail.
OPEN_INVITATIONS = 20
INVITATIONS_A_DAY = 50
BIGGEST_ID = 2**63 - 1
CUSTOMER_FACTS = ("name", "language", "time_zone", "second_factor_required")


class AlreadyMember(Refusal):
    sentence = _("This person already belongs to the company.")


class AlreadyInvited(Refusal):
    sentence = _("There is an open invitation for this address already. Withdraw it first to send another.")


class TooManyInvitations(Refusal):
    sentence = _("The company has too many open invitations, or sent too many today. Withdraw some, or go on tomorrow.")


class InvitationClosed(Refusal):
    sentence = _("This invitation was used, withdrawn or has expired. Ask your company's admin for a new one.")


class LastAdmin(Refusal):
    sentence = _("The company needs at least one admin. Make somebody else admin first.")


def create_customer(*, actor: Person | None, name: str, language: str, time_zone: str, now: datetime) -> Customer:
    with as_provider():
        customer = Customer.objects.create(name=name, language=language, time_zone=time_zone, created_at=now)
        audit.record(
            actor=actor,
            customer_id=customer.pk,
            verb="create_customer",
            target=customer,
            after=audit.facts(customer, *CUSTOMER_FACTS),
            now=now,
        )
    return customer


def change_customer(*, actor: Person, customer: Customer, now: datetime, **changes: object) -> None:
    """Set any of name, language, time_zone, second_factor_required; with none of them nothing happens."""
    if not changes:
        return
    with acting_for(customer.pk):
        row = Customer.objects.select_for_update().get(pk=customer.pk)
        before = audit.facts(row, *changes)
        for field, value in changes.items():
            setattr(row, field, value)
        row.save(update_fields=list(changes))
        audit.record(
            actor=actor, customer_id=row.pk, verb="change_customer", target=row, before=before, after=audit.facts(row, *changes), now=now
        )


def register_person(
    *, email: str, name: str, language: str, time_zone: str | None = None, password: str | None = None, now: datetime
) -> Person:
    """A person who may sign in, with no right yet; without a password they set one by the reset link."""
    person = Person(email=email.strip().lower(), name=name.strip(), language=language, created_at=now)
    person.time_zone = time_zone or settings.TIME_ZONE
    person.set_password(password)
    with as_nobody():
        person.save()
    return person


def add_member(*, actor: Person | None, customer: Customer, person: Person, role: str, now: datetime) -> Membership:
    """Give a person a role in a customer. Raises AlreadyMember; somebody who left before comes back on the same row."""
    with acting_for(customer.pk):
        membership, created = Membership.objects.select_for_update().get_or_create(
            customer=customer, person=person, defaults={"role": role, "created_at": now}
        )
        if not created:
            if membership.ended_at is None:
                raise AlreadyMember
            membership.role, membership.ended_at = role, None
            membership.save(update_fields=["role", "ended_at"])
        audit.record(
            actor=actor,
            customer_id=customer.pk,
            verb="add_member",
            target=membership,
            after={"person": person.pk, "role": role},
            now=now,
        )
    return membership


def change_role(*, actor: Person, membership: Membership, role: str, now: datetime) -> None:
    """Raises LastAdmin when nobody else could manage the company's people afterwards. Who left keeps the role they had."""
    with acting_for(membership.customer_id):
        row = _lock_members(membership)
        if row.ended_at is not None:
            return
        if role != Membership.Role.ADMIN:
            _refuse_last_admin(row)
        before = audit.facts(row, "role")
        row.role = role
        row.save(update_fields=["role"])
        audit.record(
            actor=actor,
            customer_id=row.customer_id,
            verb="change_role",
            target=row,
            before=before | {"person": row.person_id},
            after=audit.facts(row, "role") | {"person": row.person_id},
            now=now,
        )


def remove_member(*, actor: Person, membership: Membership, now: datetime) -> None:
    """End a membership at once; the person keeps their account and any other customer. A second time does nothing. Raises LastAdmin."""
    with acting_for(membership.customer_id):
        row = _lock_members(membership)
        if row.ended_at is not None:
            return
        _refuse_last_admin(row)
        row.ended_at = now
        row.save(update_fields=["ended_at"])
        audit.record(
            actor=actor,
            customer_id=row.customer_id,
            verb="remove_member",
            target=row,
            before={"person": row.person_id, "role": row.role},
            now=now,
        )


def _lock_members(membership: Membership) -> Membership:
    """Lock the whole company's memberships, in order: two admins removing each other must not both succeed."""
    members = Membership.objects.filter(customer_id=membership.customer_id).order_by("pk").select_for_update()
    return next(m for m in members if m.pk == membership.pk)


def _refuse_last_admin(membership: Membership) -> None:
    admins = Membership.objects.in_force().filter(customer_id=membership.customer_id, role=Membership.Role.ADMIN)
    if membership.role == Membership.Role.ADMIN and not admins.exclude(pk=membership.pk).exists():
        raise LastAdmin


def invite(*, actor: Person, customer: Customer, email: str, name: str, role: str, language: str, now: datetime) -> Invitation:
    """Invite an address and owe it the mail with the link. Raises AlreadyMember, AlreadyInvited, TooManyInvitations."""
    email = email.strip().lower()
    token = secrets.token_urlsafe(32)
    with acting_for(customer.pk):
        Customer.objects.select_for_update().get(pk=customer.pk)
        if Membership.objects.in_force().filter(customer=customer, person__email__iexact=email).exists():
            raise AlreadyMember
        unused = Invitation.objects.filter(customer=customer, accepted_at=None, revoked_at=None)
        theirs = unused.filter(email__iexact=email)
        if any(invitation.is_open(now) for invitation in theirs):
            raise AlreadyInvited
        sent_lately = Invitation.objects.filter(customer=customer, created_at__gt=now - timedelta(days=1))
        if unused.filter(expires_at__gt=now).count() >= OPEN_INVITATIONS or sent_lately.count() >= INVITATIONS_A_DAY:
            raise TooManyInvitations
        theirs.update(revoked_at=now)
        invitation = Invitation.objects.create(
            customer=customer,
            email=email,
            name=name.strip(),
            role=role,
            language=language,
            token_hash=_hash(token),
            invited_by=actor,
            created_at=now,
            expires_at=now + timedelta(days=settings.INVITATION_DAYS),
        )
        audit.record(
            actor=actor,
            customer_id=customer.pk,
            verb="invite",
            target=invitation,
            after={"role": role},
            now=now,
        )
        link = settings.BASE_URL + reverse("invitation", args=[customer.pk, token])
        context = {"invitation": invitation, "inviter": inviter_name(invitation), "link": link, "language": language}
        get_adapter().send_mail("account/email/invitation", email, context)
    return invitation


def inviter_name(invitation: Invitation) -> str:
    """Who invited, as customers know them: of staff the display name."""
    with acting_for(invitation.customer_id):
        return queries.display_names([invitation.invited_by_id])[invitation.invited_by_id]


def revoke_invitation(*, actor: Person, invitation: Invitation, now: datetime) -> None:
    with acting_for(invitation.customer_id):
        row = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if row.accepted_at is None and row.revoked_at is None:
            row.revoked_at = now
            row.save(update_fields=["revoked_at"])
            audit.record(actor=actor, customer_id=row.customer_id, verb="revoke_invitation", target=row, now=now)


def find_invitation(customer_id: int, token: str, now: datetime) -> Invitation:
    """The open invitation of this link. Raises InvitationClosed for a used, withdrawn, expired or made-up one, all alike."""
    if customer_id > BIGGEST_ID:
        raise InvitationClosed
    with acting_for(customer_id):
        invitation = Invitation.objects.select_related("customer").filter(token_hash=_hash(token)).first()
    if invitation is None or not invitation.is_open(now):
        raise InvitationClosed
    return invitation


def accept_invitation(*, customer_id: int, token: str, person: Person | None, name: str = "", password: str = "", now: datetime) -> Person:
    """Use an invitation once: `person` is who is signed in with its address; without one, an account is made.

    Raises InvitationClosed, also for the slower of two clicks.
    """
    with transaction.atomic():
        with acting_for(customer_id):
            invitation = Invitation.objects.select_for_update().select_related("customer").filter(token_hash=_hash(token)).first()
            if invitation is None or not invitation.is_open(now):
                raise InvitationClosed
            invitation.accepted_at = now
            invitation.save(update_fields=["accepted_at"])
        if person is None:
            person = register_person(
                email=invitation.email,
                name=name,
                language=invitation.language,
                time_zone=invitation.customer.time_zone,
                password=password,
                now=now,
            )
        add_member(actor=person, customer=invitation.customer, person=person, role=invitation.role, now=now)
    return person


def unguessable_password() -> str:
    """For an account whose owner will set their own by the reset link, which needs one to be set."""
    return secrets.token_urlsafe(32)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def set_staff_roles(*, actor: Person | None, person: Person, display_name: str, roles: Iterable[str], now: datetime) -> StaffMember:
    """Make a person staff with exactly these roles; with none they stay a name on old tickets and can't enter the console."""
    with as_provider():
        member, _created = StaffMember.objects.select_for_update().update_or_create(person=person, defaults={"display_name": display_name})
        before = sorted(member.roles.values_list("role", flat=True))
        wanted = sorted(set(roles))
        member.roles.exclude(role__in=wanted).delete()
        StaffRole.objects.bulk_create([StaffRole(member=member, role=role) for role in wanted if role not in before])
        audit.record(
            actor=actor, customer_id=None, verb="set_staff_roles", target=member, before={"roles": before}, after={"roles": wanted}, now=now
        )
    return member


def remove_second_factor(*, actor: Person, person: Person, now: datetime) -> bool:
    """Let a person who lost every factor sign in by password again, and tell them; whether there was one to remove."""
    with as_provider():
        # The staff may remove these rows but never read what is in them, so the row is not loaded first.
        factors = Authenticator.objects.filter(user_id=person.pk)
        if not factors._raw_delete(factors.db):
            return False
        audit.record(actor=actor, customer_id=None, verb="remove_second_factor", target=person, now=now)
        get_adapter().send_mail("account/email/second_factor_removed", person.email, {"user": person})
    return True


def set_team(*, actor: Person | None, name: str, members: Iterable[StaffMember], now: datetime) -> Team:
    """A team of this name with exactly these members."""
    with as_provider():
        team, _created = Team.objects.get_or_create(name=name)
        before = sorted(team.members.values_list("pk", flat=True))
        wanted = sorted({member.pk for member in members})
        TeamMember.objects.filter(team=team).exclude(member_id__in=wanted).delete()
        TeamMember.objects.bulk_create([TeamMember(team=team, member_id=pk) for pk in wanted if pk not in before])
        audit.record(
            actor=actor, customer_id=None, verb="set_team", target=team, before={"members": before}, after={"members": wanted}, now=now
        )
    return team


def change_profile(*, person: Person, **changes: object) -> None:
    """A person's own name, language, time zone and shortcuts. It runs where they are signed in, outside any customer."""
    for field, value in changes.items():
        setattr(person, field, value)
    person.save(update_fields=list(changes))
