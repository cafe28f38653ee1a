"""Of charge requests customers see what they were sent or wished for: a draft that was withdrawn or cancelled was never theirs."""

from django.db import migrations

from accounts.rls import tenant_sees

# Conditions are written as PostgreSQL shows them.
NOT_WRITTEN_ANY_MORE = "state::text <> ALL (ARRAY['draft'::text, 'to_release'::text])"
OF_TICKET = "EXISTS (SELECT 1 FROM tickets_ticket p WHERE p.id = billing_chargerequest.ticket_id)"


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_tenancy")]
    operations = [
        tenant_sees(
            "billing_chargerequest",
            before=f"{NOT_WRITTEN_ANY_MORE} AND {OF_TICKET}",
            visible=f"{NOT_WRITTEN_ANY_MORE} AND (sent_at IS NOT NULL OR wished_by_id IS NOT NULL) AND {OF_TICKET}",
        ),
    ]
