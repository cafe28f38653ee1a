"""Calendars and policies are the provider's; customers may read what their contracts name."""

from django.db import migrations

from accounts.rls import provider_table


class Migration(migrations.Migration):
    dependencies = [("sla", "0001_initial"), ("accounts", "0002_tenancy")]
    operations = [provider_table("sla_calendar", tenant_reads=True), provider_table("sla_policy", tenant_reads=True)]
