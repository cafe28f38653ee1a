"""Who may still read a mail when it is about to go out.

Asked of the database as its reader: the policies of the row that it tells of say who sees it, for mail as for pages. The outbox knows
that row as a table and an id, and nothing of what it means.
"""

from functools import cache

from django.apps import apps
from django.db import connection

from accounts.models import StaffRole
from accounts.tenancy import Scope, as_provider, at_once
from notifications.models import Mail

BELONGS = """
    EXISTS (SELECT FROM accounts_membership belonging JOIN accounts_person member ON member.id = belonging.person_id
        WHERE belonging.customer_id = {customer} AND belonging.person_id = {person} AND belonging.ended_at IS NULL AND member.is_active)
"""


def may_read(mail: Mail) -> bool:
    """Whether its reader is on the staff, or belongs to its customer and sees what it tells of. Mail about an account is always theirs."""
    if mail.customer_id is None or mail.recipient_id is None or mail.is_about_account:
        return True
    return _sees(mail.customer_id, mail.recipient_id, mail) or _is_on_staff(mail.recipient_id)


def _is_on_staff(person_id: int) -> bool:
    with as_provider():
        return StaffRole.objects.filter(member=person_id, member__person__is_active=True).exists()


def _sees(customer_id: int, person_id: int, mail: Mail) -> bool:
    """An announcement is its reader's as long as they belong to the customer: it tells of what may be hidden by then, such as a release
    that was withdrawn.
    """
    sql, parameters = "SELECT" + BELONGS.format(customer="%s", person="%s"), [customer_id, person_id]
    key = None if mail.never_twice else _key_for_customers(mail.about_table)
    if key is not None and mail.about_id is not None:
        sql += f" AND EXISTS (SELECT FROM {connection.ops.quote_name(mail.about_table)} WHERE {key} = %s)"
        parameters.append(mail.about_id)
    ((sees,),) = at_once(Scope("tenant", customer_id, person_id), sql, parameters)
    return bool(sees)


@cache
def _key_for_customers(table: str) -> str | None:
    """The key of a table of which customers may see rows; None for any other, of which they are told all the same."""
    model = next((model for model in apps.get_models() if model._meta.db_table == table), None)
    if model is None:
        return None
    ((is_shown,),) = at_once(Scope("provider"), "SELECT has_table_privilege('desk_tenant', %s, 'SELECT')", [table])
    return connection.ops.quote_name(str(model._meta.pk.column)) if is_shown else None
