"""Who may download what, asked at the moment of the download (REL-3, CON-2). In the customer's scope, which shows nothing of others."""

from datetime import datetime

from accounts.models import Customer
from contracts.models import Contract, Product
from contracts.queries import contracts_for, contracts_in_force
from releases.models import Artifact, Licence, Release


def covered(customer: Customer, product: Product, now: datetime) -> bool:
    """Whether a contract in force covers the product: what a customer without one was offered is gone for it."""
    return bool(contracts_for(customer, product, now))


def covered_products(customer: Customer, now: datetime) -> set[int]:
    """Ids of all products under contracts in force."""
    return {product.pk for contract in contracts_in_force(customer, now) for product in contract.products.all()}


def release_for(customer: Customer, pk: int, now: datetime) -> Release | None:
    """A published release, withdrawn ones included, for a customer who may see it now; else None."""
    found = Release.objects.published().select_related("product").filter(pk=pk).first()
    return found if found is not None and covered(customer, found.product, now) else None


def artifact_for(customer: Customer, pk: int, now: datetime) -> Artifact | None:
    """A file of a published release for a customer who may see that now. Whether it can be downloaded is the release's state."""
    found = Artifact.objects.select_related("release__product").filter(pk=pk, release__published_at__isnull=False).first()
    return found if found is not None and covered(customer, found.release.product, now) else None


def licence_for(customer: Customer, pk: int, now: datetime) -> Licence | None:
    """A licence whose own contract is in force and still covers the product."""
    found = Licence.objects.select_related("product", "contract").filter(pk=pk, customer=customer).first()
    return found if found is not None and _still_covers(contracts_in_force(customer, now), found) else None


def _still_covers(contracts: list[Contract], licence: Licence) -> bool:
    return any(contract.pk == licence.contract_id and licence.product in contract.products.all() for contract in contracts)
