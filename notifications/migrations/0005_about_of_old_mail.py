"""What mail of tickets is about, which until now only its key said: `event-<event>:<person>`."""

from typing import Any

from django.db import connection, migrations

ROWS_AT_ONCE = 5000


def fill(apps: Any, schema_editor: Any) -> None:
    """In pieces, each a transaction of its own: the relay goes on meanwhile. What was filled already is left alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM notifications_mail")
        (last,) = cursor.fetchone()
        for first in range(0, last + 1, ROWS_AT_ONCE):
            cursor.execute(
                "UPDATE notifications_mail SET about_table = 'tickets_event', about_id = substring(key FROM '^event-([0-9]{1,18}):')::bigint "
                "WHERE id > %s AND id <= %s AND about_id IS NULL AND key ~ '^event-[0-9]{1,18}:[0-9]+$'",
                [first, first + ROWS_AT_ONCE],
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0004_bouncing_addresses")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
