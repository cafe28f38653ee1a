"""No ticket points at another customer's promise."""

from django.db import migrations

from accounts.rls import rows_checked


class Migration(migrations.Migration):
    dependencies = [("tickets", "0032_ticket_of_promise")]
    operations = [rows_checked("tickets_ticket", "promise_id")]
