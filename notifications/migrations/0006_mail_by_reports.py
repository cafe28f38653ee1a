"""Finding a mail by what it is about, and by the names under which reports speak of it. Built while mail goes on being sent."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("notifications", "0005_about_of_old_mail")]
    operations = [
        AddIndexConcurrently(
            "mail", models.Index(condition=models.Q(("about_id__isnull", False)), fields=["about_table", "about_id"], name="mail_about")
        ),
        AddIndexConcurrently("mail", models.Index(fields=["message_uuid"], name="mail_by_message")),
        AddIndexConcurrently(
            "mail", models.Index(condition=models.Q(("service_id", ""), _negated=True), fields=["service_id"], name="mail_by_service_id")
        ),
    ]
