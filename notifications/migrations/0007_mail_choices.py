"""A mail may offer several answers beside its one button."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0006_mail_by_reports")]
    operations = [migrations.AddField("mail", "choices", models.JSONField(null=True))]
