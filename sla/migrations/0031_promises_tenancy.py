"""Promises and clocks are the customer's to see, with their misses; whom steps tell is the staff's. Misses stay as they are.

Where a promise belongs to something that is hidden from a reader, whoever owns it says so in a migration of its own.
"""

from django.db import migrations

from accounts.rls import addressable, append_only, same_customer, tenant_table

OF_PROMISE = "EXISTS (SELECT 1 FROM sla_promise p WHERE p.id = sla_clock.promise_id)"
OF_CLOCK = "EXISTS (SELECT 1 FROM sla_clock c WHERE c.id = sla_breach.clock_id)"
OF_BREACH = "EXISTS (SELECT 1 FROM sla_breach b WHERE b.id = sla_annulment.breach_id)"


class Migration(migrations.Migration):
    dependencies = [("sla", "0030_promises")]
    operations = [
        *(addressable(table) for table in ("sla_promise", "sla_clock", "sla_breach")),
        same_customer("sla_clock", "promise_id", "sla_promise"),
        same_customer("sla_breach", "clock_id", "sla_clock"),
        same_customer("sla_annulment", "breach_id", "sla_breach"),
        same_customer("sla_firing", "clock_id", "sla_clock"),
        tenant_table("sla_promise"),
        tenant_table("sla_clock", visible=OF_PROMISE),
        tenant_table("sla_breach", visible=OF_CLOCK, changes="INSERT"),
        tenant_table("sla_annulment", visible=OF_BREACH, changes="INSERT"),
        tenant_table("sla_firing", visible=None),
        append_only("sla_breach"),
        append_only("sla_annulment"),
    ]
