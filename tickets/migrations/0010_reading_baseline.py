"""What was there before anybody noted what they read counts as read, by everybody whom it concerns."""

from django.db import migrations

BASELINE = """
    INSERT INTO tickets_reading (customer_id, person_id, ticket_id, position, read_at)
    SELECT t.customer_id, concerned.person_id, t.id, t.event_count, now()
    FROM tickets_ticket t JOIN (
        SELECT id AS ticket_id, requester_id AS person_id FROM tickets_ticket WHERE requester_id IS NOT NULL
        UNION SELECT ticket_id, person_id FROM tickets_watcher WHERE NOT internal
        UNION SELECT t.id, c.person_id FROM tickets_ticket t JOIN contracts_environmentcontact c ON c.environment_id = t.environment_id
            WHERE t.requester_id IS NULL
    ) concerned ON concerned.ticket_id = t.id
    ON CONFLICT DO NOTHING;
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0009_reading"), ("contracts", "0002_tenancy")]
    operations = [migrations.RunSQL(BASELINE, migrations.RunSQL.noop)]
