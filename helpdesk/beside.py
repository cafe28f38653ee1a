"""What apps above tickets show on a ticket's page for staff: asked in one round trip, together with what its frame asks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from accounts.access import Access
from billing.forms.work import TimerForm, WorkForm
from billing.permissions import may_draft_request, may_log_work
from billing.queries.charges import billed_by, marks_question
from billing.queries.hours import used_of, used_question, with_allowances
from billing.queries.work import Running, time_by, time_questions
from contracts.queries import ContractCard
from helpdesk.lib.addresses import address
from helpdesk.lib.prepared import Question
from releases.permissions import may_link_issues
from releases.queries.desk import issues_question
from tickets.models import Ticket


def questions(ticket: Ticket, now: datetime) -> list[Question]:
    """What `shown` is made of."""
    hours = used_question(ticket.customer_id, now)
    return [marks_question(ticket), issues_question(ticket), hours, *time_questions(ticket.pk)]


def shown(
    ticket: Ticket, cards: Sequence[ContractCard], answers: Sequence[list[Any]], timer: Running | None, access: Access, now: datetime
) -> dict[str, Any]:
    """What the page's template knows besides the ticket itself. Two more queries where it has charge requests.

    `cards`: the customer's contracts; `timer`: the reader's, if one runs.
    """
    marks, issues, used, *time = answers
    return {
        "cards": with_allowances(cards, now, used_of(used)),
        "charges": billed_by(marks, ticket, for_staff=True).charges,
        "new_charge_url": address("console:charge_new", ticket.pk) if may_draft_request(access) else "",
        "issues": issues,
        "may_link": may_link_issues(access),
        **_time(ticket, time, timer, access, now),
    }


def _time(ticket: Ticket, answers: Sequence[list[Any]], timer: Running | None, access: Access, now: datetime) -> dict[str, Any]:
    """Who worked how long and what covers it, with form and timer for those who log."""
    time, may_log = time_by(answers, ticket.pk, timer), may_log_work(access)
    return {
        "time": time,
        "work_form": WorkForm.blank_at(now, auto_id="id_work_%s") if may_log else None,
        "timer_form": TimerForm(auto_id="id_timer_%s") if may_log and time.timer else None,
    }
