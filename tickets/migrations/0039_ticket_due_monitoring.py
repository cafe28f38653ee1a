"""The queue of what monitoring opened, sorted by what is due next."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F

ACTIVE = models.Q(status__in=("new", "open", "waiting_customer", "waiting_approval", "waiting_third_party"))
DUE = models.Func(F("next_due_at"), template="COALESCE(%(expressions)s, 'infinity'::timestamptz)", output_field=models.DateTimeField())
NEXT_DUE = (DUE.asc(), F("changed_at").desc(), F("id").desc())


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0038_observed")]
    operations = [
        AddIndexConcurrently(
            "ticket", models.Index(*NEXT_DUE, name="ticket_due_monitoring", condition=ACTIVE & models.Q(channel="monitoring"))
        )
    ]
