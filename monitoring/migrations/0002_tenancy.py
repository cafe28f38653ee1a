"""All of it is the customer's to see; a situation only where its ticket is. What was looked at stays written."""

from django.db import migrations

from accounts.rls import addressable, append_only, same_customer, tenant_table

ENVIRONMENT = "contracts_environment"
TABLES = (
    "watch",
    "authorisation",
    "credential",
    "heartbeat",
    "signal",
    "rejection",
    "situation",
    "episode",
    "maintenance",
    "target",
    "look",
)
OF_TICKET = "EXISTS (SELECT 1 FROM tickets_ticket t WHERE t.id = monitoring_situation.ticket_id)"


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_initial"), ("tickets", "0003_tenancy"), ("contracts", "0002_tenancy")]
    operations = [
        *(addressable(f"monitoring_{name}") for name in ("watch", "authorisation", "credential", "heartbeat", "situation")),
        *(same_customer(f"monitoring_{name}", "environment_id", ENVIRONMENT) for name in TABLES),
        same_customer("monitoring_severityrule", "watch_id", "monitoring_watch"),
        same_customer("monitoring_credential", "replaces_id", "monitoring_credential"),
        same_customer("monitoring_signal", "credential_id", "monitoring_credential"),
        same_customer("monitoring_signal", "authorisation_id", "monitoring_authorisation"),
        same_customer("monitoring_signal", "heartbeat_id", "monitoring_heartbeat"),
        same_customer("monitoring_rejection", "credential_id", "monitoring_credential"),
        same_customer("monitoring_situation", "ticket_id", "tickets_ticket"),
        same_customer("monitoring_episode", "heartbeat_id", "monitoring_heartbeat"),
        same_customer("monitoring_episode", "situation_id", "monitoring_situation"),
        tenant_table("monitoring_severityrule", changes="INSERT, UPDATE, DELETE"),
        tenant_table("monitoring_situation", visible=OF_TICKET),
        tenant_table("monitoring_look", changes="INSERT"),
        *(tenant_table(f"monitoring_{name}") for name in TABLES if name not in {"situation", "look"}),
        append_only("monitoring_look"),
    ]
