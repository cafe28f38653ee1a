from django.db import migrations


class Migration(migrations.Migration):
    initial = True
    operations = [migrations.RunSQL("CREATE TABLE note (at timestamptz DEFAULT now()); GRANT SELECT, INSERT ON note TO desk_app")]
