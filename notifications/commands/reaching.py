"""How a member of the staff is reached at night. The address of a way holds secrets: neither the trail nor a log has it."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from accounts.tenancy import as_provider
from helpdesk.lib.refusals import Refusal
from notifications import services
from notifications.models import Way

MOST_WAYS = 10


class NotThisWay(Refusal):
    sentence = _(
        "This is the address of no service that pages are sent by. The services that are, with an example each, stand beside this form."
    )


class NotReadable(Refusal):
    sentence = _("%(service)s can't read this address: a part is missing, or a key has the wrong length. Compare it with the example.")


class TooManyWays(Refusal):
    sentence = _("There are %(most)s ways already. Remove one first.")


def add_way(*, person: Person, label: str, url: str, after_minutes: int, now: datetime) -> Way:
    """Keep one more way; it runs where the person is signed in, outside any customer. Raises NotThisWay, NotReadable and TooManyWays."""
    service = services.service_of(url)
    try:
        services.plugin_for(url)
    except services.NotAllowed:
        raise NotThisWay from None
    except ValueError:
        assert service is not None, "another scheme is not allowed"
        raise NotReadable(service=service.name) from None
    Person.objects.select_for_update().get(pk=person.pk)  # two forms at once are counted one after the other
    if person.ways.count() >= MOST_WAYS:
        raise TooManyWays(most=MOST_WAYS)
    return Way.objects.create(
        person=person,
        label=label,
        service=services.scheme_of(url),
        url=url,
        shown=services.shown(url),
        after_minutes=after_minutes,
        created_at=now,
    )


def remove_way(*, way: Way) -> None:
    """Forget it, secret and all; what was sent by it keeps its name."""
    with as_provider():  # its deliveries, which a person may not change, let go of it
        way.delete()
