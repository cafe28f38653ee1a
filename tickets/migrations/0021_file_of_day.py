"""What a company sent within a day is added up from this index alone."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0020_ticket_queue_indexes_before")]
    operations = [AddIndexConcurrently("file", models.Index(fields=["customer", "uploaded_at"], name="file_of_day", include=["size"]))]
