from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("altering", "0001_column")]
    operations = [migrations.RunSQL("CREATE INDEX CONCURRENTLY of_a_test ON accounts_customer (of_a_test)", "DROP INDEX of_a_test")]
