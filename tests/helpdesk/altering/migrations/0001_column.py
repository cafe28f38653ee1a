from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    dependencies = [("accounts", "0002_tenancy")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE accounts_customer ADD COLUMN of_a_test integer", "ALTER TABLE accounts_customer DROP COLUMN of_a_test"
        )
    ]
