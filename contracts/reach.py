"""A contract of which nobody can be told by mail is its account manager's problem at once (NOT-5)."""

from datetime import datetime

from django.conf import settings
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Customer, Person
from accounts.tenancy import as_provider
from contracts.models import Contract
from contracts.queries import OutOfReach, out_of_reach
from notifications.commands import Letter, owe
from notifications.fate import bouncing_at
from notifications.models import BouncingAddress


def announce(*, now: datetime) -> int:
    """Tell account managers what addresses that began to bounce mean for their contracts; returns how many such addresses there were.

    One mail for each episode: it begins with the bounce after which nobody was left, and a further bounce begins none.
    """
    with as_provider():
        fresh = list(BouncingAddress.objects.standing().filter(considered_at=None).order_by("pk").select_for_update(skip_locked=True))
        readers = Person.objects.annotate(small=Lower("email")).filter(small__in=[mark.address for mark in fresh])
        customers = Customer.objects.filter(pk__in=readers.values("memberships__customer_id")).order_by("pk") if fresh else []
        for customer in customers:
            marks = bouncing_at(customer.pk)
            for found in out_of_reach(customer, marks, now):
                began = max(marks[person.email.lower()].id for person in found.people)
                _tell(found, episode=began, now=now)
        BouncingAddress.objects.filter(pk__in=[mark.pk for mark in fresh]).update(considered_at=now)
    return len(fresh)


def _tell(found: OutOfReach, *, episode: int, now: datetime) -> None:
    contract = found.contract
    for person in who_answers_for(contract):
        with translation.override(person.language):
            letter = _letter(found)
        owe(
            customer_id=contract.customer_id,
            person=person,
            address=person.email,
            language=person.language,
            kind="contract_out_of_reach",
            key=f"out-of-reach-{contract.pk}-{episode}:{person.pk}",
            letter=letter,
            about=contract,
            now=now,
        )


def who_answers_for(contract: Contract) -> list[Person]:
    """Account manager and deputy, as far as they are still on the staff; when neither is, whoever keeps contracts."""
    staff = Person.objects.filter(is_active=True, staff_member__roles__isnull=False).distinct().order_by("pk")
    own = list(staff.filter(pk__in=[pk for pk in (contract.account_manager_id, contract.deputy_id) if pk is not None]))
    return own or list(staff.filter(staff_member__roles__role="account_manager"))


def _letter(found: OutOfReach) -> Letter:
    contract, customer = found.contract, found.contract.customer
    facts = {"customer": customer.name, "contract": contract.number, "people": ", ".join(f"{p.name} <{p.email}>" for p in found.people)}
    return Letter(
        subject=_("%(customer)s can't be reached by mail") % facts,
        headline=(_("Mail to everybody who would be told for contract %(contract)s of %(customer)s comes back.") % facts)[:300],
        body_text=_("It comes back from: %(people)s. Call them and put their addresses right.") % facts,
        action_label=_("Open %(customer)s") % {"customer": customer.name[:60]},
        action_url=settings.BASE_URL + reverse("console:customer", args=[customer.pk]),
        reason=_("You get this because you answer for this contract."),
    )
