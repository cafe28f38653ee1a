"""Versions of policies are the provider's and only ever added to; customers read what they promise, not who made them and why."""

from django.db import migrations

from accounts.rls import TableRules, append_only

READERS = {"desk_provider": "SELECT, INSERT", "desk_command": "SELECT"}


class Migration(migrations.Migration):
    dependencies = [("sla", "0020_policy_versions")]
    operations = [
        TableRules("sla_policyversion", grants=READERS | {"desk_tenant": "SELECT (id, policy_id, number, rules_from)"}),
        TableRules("sla_policyrow", grants=READERS | {"desk_tenant": "SELECT"}),
        TableRules("sla_escalationstep", grants=READERS | {"desk_tenant": "SELECT"}),
        append_only("sla_policyversion"),
        append_only("sla_policyrow"),
        append_only("sla_escalationstep"),
    ]
