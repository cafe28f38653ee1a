"""What a customer's admin agrees to, by version. A text that was agreed to never changes: a change is another version (MON-1)."""

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CURRENT = 1
AUTHORISATIONS: dict[int, Sequence["str | Promise"]] = {
    1: (
        _(
            "We authorise the provider to receive and store signals about the environments named here: alerts, signs of life and figures "
            "that our own tools send, or that we offer for reading."
        ),
        _("The provider observes only. It gets no access to these environments, and takes no action in them."),
        _("Any action that is needed in these environments remains our responsibility."),
        _("An abnormal situation opens a technical ticket under our contract; the people named as contacts of the environment are told."),
        _("We see what came in, who among the provider's staff looked at it, and decide how long it is kept."),
        _("We can withdraw this at any time. From that moment signals are refused, and what was stored is kept or erased as we say."),
    ),
}
