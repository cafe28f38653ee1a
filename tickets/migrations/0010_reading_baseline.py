"""What was there before anybody noted what they read counts as read, by everybody whom it concerns."""

from typing import Any

from django.db import connection, migrations, transaction

BATCH = 1000
BASELINE = """
    INSERT INTO tickets_reading (customer_id, person_id, ticket_id, position, read_at)
    SELECT t.customer_id, concerned.person_id, t.id, t.event_count, now()
    FROM tickets_ticket t JOIN (
        SELECT id AS ticket_id, requester_id AS person_id FROM tickets_ticket WHERE requester_id IS NOT NULL AND id > %(after)s AND id <= %(last)s
        UNION SELECT ticket_id, person_id FROM tickets_watcher WHERE NOT internal AND ticket_id > %(after)s AND ticket_id <= %(last)s
        UNION SELECT t.id, c.person_id FROM tickets_ticket t JOIN contracts_environmentcontact c ON c.environment_id = t.environment_id
            WHERE t.requester_id IS NULL AND t.id > %(after)s AND t.id <= %(last)s
    ) concerned ON concerned.ticket_id = t.id
    ON CONFLICT DO NOTHING
"""


def fill(apps: Any, schema_editor: Any) -> None:
    """In small transactions: each holds its tickets against those who write on them, for a moment. Stopped, it goes on."""
    numbers = apps.get_model("tickets", "Ticket").objects.order_by("pk").values_list("pk", flat=True)
    after = 0
    while found := list(numbers.filter(pk__gt=after)[:BATCH]):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BASELINE, {"after": after, "last": found[-1]})
        after = found[-1]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0009_reading"), ("contracts", "0002_tenancy")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
