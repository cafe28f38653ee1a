"""What the queues are sorted by: what is due next."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F

ACTIVE = models.Q(status__in=("new", "open", "waiting_customer", "waiting_approval", "waiting_third_party"))
VERDICT_WANTED = models.Q(closed_at=None) & (
    models.Q(verdict_wanted_since__gte=F("verified_at"))
    | models.Q(verified_at=None) & (models.Q(resolved_at=None) | models.Q(verdict_wanted_since__gt=F("resolved_at")))
)
DUE = models.Func(F("next_due_at"), template="COALESCE(%(expressions)s, 'infinity'::timestamptz)", output_field=models.DateTimeField())
NEXT_DUE = (DUE.asc(), F("changed_at").desc(), F("id").desc())
INDEXES = (
    models.Index(*NEXT_DUE, name="ticket_due", condition=ACTIVE),
    models.Index("assignee", *NEXT_DUE, name="ticket_due_of_assignee", condition=ACTIVE),
    models.Index("team", *NEXT_DUE, name="ticket_due_of_team", condition=ACTIVE),
    models.Index("status", *NEXT_DUE, name="ticket_due_of_status", condition=ACTIVE),
    models.Index(*NEXT_DUE, name="ticket_due_verdict_wanted", condition=VERDICT_WANTED),
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0033_promise_checked")]
    operations = [AddIndexConcurrently("ticket", index) for index in INDEXES]
