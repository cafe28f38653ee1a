"""What one chooses from: cards of types and severities in the customer's words, and the selects beside a ticket."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from contracts.models import Contract
from tickets.models import Satisfaction, Severity, Status, Ticket, Type
from tickets.queries.console_ticket import Hands
from tickets.queries.filing import FilingPreview, Meaning
from tickets.states import SETTABLE_SILENTLY


@dataclass(frozen=True)
class Note:
    """What a choice means; `when`: only while that type is chosen."""

    text: "str | Promise"
    icon: str = "contract"
    when: str = ""


@dataclass(frozen=True)
class Option:
    """One card: `label` in the reader's words, `description` an example; `when`: offered only for that type.

    `meanings`: what it would mean now, by type; None where that is not shown.
    """

    value: str
    label: "str | Promise"
    description: "str | Promise"
    notes: tuple[Note, ...] = ()
    when: str = ""
    checked: bool = False
    meanings: Sequence[Meaning] | None = None


TYPES = (
    (
        Type.TECHNICAL,
        _("It worked and stopped, or works wrongly"),
        _("A malfunction or bug of one of our products: calls drop, a service does not start, a report is wrong."),
        Note(_("Technical: included in your contract.")),
    ),
    (
        Type.FUNCTIONAL,
        _("How do I …, or something around it"),
        _("A question of your team, or a problem that comes from another part of your network."),
        Note(_("Functional: uses your monthly hours; beyond them only with your approval.")),
    ),
    (
        Type.UPDATE_SERVICE,
        _("Help me update"),
        _("Assistance in bringing an environment to a newer version."),
        Note(_("Update service: charged, only with your approval.")),
    ),
)
SEVERITIES = (
    (Severity.CRITICAL, _("Critical"), _("Nobody can call: the softswitch is down, all trunks reject calls.")),
    (Severity.HIGH, _("High"), _("Many are hit: a trunk fails, call quality is bad at one site, recording has stopped.")),
    (Severity.MEDIUM, _("Medium"), _("Some are hit, or there is a way around: a queue announces wrongly, a report is late.")),
    (Severity.LOW, _("Low"), _("No effect on calls: a question, a wish, a wrong label.")),
)


STAFF_NOTES = {
    Type.TECHNICAL: Note(_("Technical: included in the contract.")),
    Type.FUNCTIONAL: Note(_("Functional: uses the customer's monthly hours; beyond them only with the customer's approval.")),
    Type.UPDATE_SERVICE: Note(_("Update service: charged, only with the customer's approval.")),
}


def type_options(chosen: object, *, for_staff: bool = False) -> list[Option]:
    """In the customer's words, by which staff ask and decide too; what a type costs is said of the customer then."""
    return [
        Option(value, label, text, notes=(STAFF_NOTES[value] if for_staff else note,), checked=value == chosen)
        for value, label, text, note in TYPES
    ]


def severity_options(chosen: object, preview: FilingPreview | None = None) -> list[Option]:
    """Critical is offered for technical events alone. `preview`: what each would mean now."""
    return [
        Option(
            value,
            label,
            text,
            when=Type.TECHNICAL if value == Severity.CRITICAL else "",
            checked=value == chosen,
            meanings=preview.meanings[value] if preview is not None else None,
        )
        for value, label, text in SEVERITIES
    ]


def satisfaction_options(chosen: object) -> list[Option]:
    return [Option(level.value, level.label, "", checked=level.value == chosen) for level in Satisfaction.Level]


@dataclass(frozen=True)
class Select:
    """A select without a form's price: its field's `name`, `options` of value and label, and the value that is `chosen`.

    `required`: its first option is none.
    """

    name: str
    label: str
    options: Sequence[tuple[object, object]]
    chosen: object
    required: bool = False


NO_CHOICE = ("", "---------")


def assignee_select(hands: Hands, ticket: Ticket) -> Select:
    return Select("assignee", gettext("Assignee"), [("", gettext("Nobody")), *hands.colleagues], ticket.assignee_id or "")


def team_select(hands: Hands, ticket: Ticket) -> Select:
    return Select("team", gettext("Team"), [NO_CHOICE, *hands.teams], ticket.team_id, required=True)


def state_select(ticket: Ticket) -> Select:
    """States that may be set without a word to the customer; the present one is named where it is none of them."""
    options: list[tuple[object, object]] = [(status.value, status.label) for status in SETTABLE_SILENTLY]
    if ticket.status in SETTABLE_SILENTLY:
        return Select("status", gettext("State"), options, ticket.status)
    return Select("status", gettext("State"), [("", Status(ticket.status).label), *options], ticket.status, required=True)


def contract_select(contracts: Iterable[Contract], ticket: Ticket) -> Select:
    options = [(contract.pk, contract.number) for contract in contracts]
    return Select("contract", gettext("Contract"), [NO_CHOICE, *options], ticket.contract_id, required=True)
