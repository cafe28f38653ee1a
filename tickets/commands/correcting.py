"""Putting right what a ticket is about: its product, version and environment."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for
from contracts.models import Environment, Product, Version
from helpdesk.lib.refusals import Refusal
from tickets import story, telling
from tickets.commands.conversation import ClosedTicket
from tickets.models import About, Channel, Event, Ticket

CORRECTED = ("product", "version", "environment")


class NotOfContract(Refusal):
    sentence = _(
        "Contract %(contract)s doesn't cover %(product)s. Choose a product that it covers, or register the event under a contract that does."
    )


class VersionOfAnother(Refusal):
    sentence = _("Version %(version)s is none of %(product)s. Choose one of that product.")


class EnvironmentOfAnother(Refusal):
    sentence = _("This environment belongs to another customer. Choose one of %(customer)s.")


class EnvironmentWatched(Refusal):
    sentence = _("Monitoring registered this ticket for the environment %(environment)s, which it stays with.")


class CorrectedMeanwhile(Refusal):
    sentence = _("Somebody else corrected this ticket meanwhile: now it is about %(about)s. Look again, then save.")


def correct(
    *,
    ticket: Ticket,
    agent: Person,
    product: Product,
    version: Version | None,
    environment: Environment | None,
    shown: About | None = None,
    now: datetime,
) -> Event | None:
    """Set what the ticket is about; the customer is told. Contract, promises, team and linked issues stay as they are.

    None: it is about that already, and nothing changes. `shown`: what it was about on the page that this was decided on. Raises
    ClosedTicket, NotOfContract, VersionOfAnother, EnvironmentOfAnother, EnvironmentWatched, and CorrectedMeanwhile when it is about
    something else by now.
    """
    wanted = About(product.pk, version.pk if version else None, environment.pk if environment else None)
    with acting_for(ticket.customer_id):
        ticket = story.lock(ticket)
        if ticket.is_about == wanted:
            return None
        if ticket.is_closed:
            raise ClosedTicket
        if shown is not None and ticket.is_about != shown:
            raise CorrectedMeanwhile(about=", ".join(filter(None, _in_words(ticket).values())))
        _check(ticket, product, version, environment)
        before, words_before = audit.facts(ticket, *CORRECTED), _in_words(ticket)
        readers = telling.customers_side(ticket, except_for=agent)
        ticket.product, ticket.version, ticket.environment = product, version, environment
        ticket.save(update_fields=CORRECTED)
        after, words = audit.facts(ticket, *CORRECTED), _in_words(ticket)
        audit.record(actor=agent, customer_id=ticket.customer_id, verb="correct_ticket", target=ticket, before=before, after=after, now=now)
        event = story.record(
            ticket=ticket,
            kind=Event.Kind.CORRECTED,
            actor=agent,
            by_staff=True,
            facts={"from": before | {"words": words_before}, "to": after | {"words": words}},
            now=now,
        )
        told = [*readers, *(one for one in telling.customers_side(ticket, except_for=agent) if one not in readers)]
        _tell(ticket, told, event, words, now)
    return event


def _tell(ticket: Ticket, readers: list[Person], event: Event, words: dict[str, str | None], now: datetime) -> None:
    headline = gettext_noop("%(who)s corrected %(number)s: it is about %(product)s.")
    if ticket.environment is not None:
        headline = gettext_noop("%(who)s corrected %(number)s: it is about %(product)s in the environment %(environment)s.")
    notice = telling.Notice("ticket_status", headline, facts={name: word or "" for name, word in words.items()})
    telling.tell(readers=readers, to_staff=False, ticket=ticket, event=event, notice=notice, now=now)


def _check(ticket: Ticket, product: Product, version: Version | None, environment: Environment | None) -> None:
    """A product that the contract does not cover, or no longer, is right only where it was so before."""
    if product.pk != ticket.product_id and not ticket.contract.products.filter(pk=product.pk).exists():
        raise NotOfContract(contract=ticket.contract, product=product)
    if version is not None and version.product_id != product.pk:
        raise VersionOfAnother(version=version, product=product)
    if environment is not None and environment.customer_id != ticket.customer_id:
        raise EnvironmentOfAnother(customer=ticket.customer)
    if ticket.channel == Channel.MONITORING and environment != ticket.environment:
        raise EnvironmentWatched(environment=ticket.environment)


def _in_words(ticket: Ticket) -> dict[str, str | None]:
    """As the story tells it from then on, whatever these are called later."""
    product = f"{ticket.product} {ticket.version}" if ticket.version is not None else str(ticket.product)
    return {"product": product, "environment": ticket.environment.name if ticket.environment is not None else None}
