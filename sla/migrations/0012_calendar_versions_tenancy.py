"""Versions of calendars are the provider's, stay as they are, and may be read by customers, whose promises are counted by them."""

from django.db import migrations

from accounts.rls import append_only, provider_table


class Migration(migrations.Migration):
    dependencies = [("sla", "0011_calendar_versions")]
    operations = [provider_table("sla_calendarversion", tenant_reads=True), append_only("sla_calendarversion")]
