"""Licence files: one more for a product under a contract takes the place of the one before, which stays as history."""

from datetime import date, datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import Person
from accounts.tenancy import acting_for
from contracts.models import Contract, Product
from helpdesk.lib.filenames import clean_file_name
from helpdesk.lib.refusals import Refusal
from releases.commands.artifacts import EmptyFile, FileTooLarge, keep
from releases.models import Licence
from releases.receiving import Arriving, Readable
from releases.storage import new_name, release_storage


class NotOfThisContract(Refusal):
    sentence = _("This contract does not cover %(product)s. Choose one of its products, or change the contract first.")


def issue_licence(
    *,
    actor: Person | None,
    contract: Contract,
    product: Product,
    name: str,
    content: Readable,
    size: int,
    expires_date: date | None = None,
    note: str = "",
    now: datetime,
) -> Licence:
    """Keep a licence file. Raises NotOfThisContract, EmptyFile, FileTooLarge, UploadCutOff, NoRoomForFile."""
    shown = clean_file_name(name)
    if size < 1:
        raise EmptyFile(name=shown)
    if size > settings.FILE_MAX_BYTES:
        raise FileTooLarge(name=shown, limit=settings.FILE_MAX_BYTES // 1024**2)
    with acting_for(contract.customer_id):
        if not contract.products.filter(pk=product.pk).exists():
            raise NotOfThisContract(product=product)
    arriving, stored, storage = Arriving(content, name=shown, size=size), new_name(), release_storage()
    keep(storage, stored, arriving)
    try:
        with acting_for(contract.customer_id):
            row = Licence.objects.create(
                customer_id=contract.customer_id,
                contract=contract,
                product=product,
                name=shown,
                size=size,
                sha256=arriving.sha256,
                stored_as=stored,
                expires_date=expires_date,
                note=note,
                issued_at=now,
                issued_by=actor,
            )
            after = audit.facts(row, "contract", "product", "name", "size", "sha256", "expires_date")
            audit.record(actor=actor, customer_id=contract.customer_id, verb="issue_licence", target=row, after=after, now=now)
    except BaseException:
        storage.delete(stored)
        raise
    return row
