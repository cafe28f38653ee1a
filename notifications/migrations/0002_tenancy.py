"""The outbox is read by staff alone; mutes are a person's own."""

from django.db import migrations

from accounts.rls import addressable, login_table, same_customer, tenant_table


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial"), ("accounts", "0002_tenancy")]
    operations = [
        tenant_table("notifications_mail", visible=None),
        login_table("notifications_mute", provider="SELECT", command="SELECT"),
        addressable("notifications_mail"),
        same_customer("notifications_mail", "joined_into_id", "notifications_mail"),
    ]
