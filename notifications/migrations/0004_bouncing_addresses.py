"""Addresses that mail comes back from. A customer's pages see those of its own people, a person their own."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from accounts.rls import CUSTOMER, PERSON, Policy, TableRules

ADDRESS = "notifications_bouncingaddress.address"
# Conditions are written as PostgreSQL shows them.
COLLEAGUES = (
    "EXISTS (SELECT FROM accounts_person p JOIN accounts_membership m ON m.person_id = p.id "
    f"WHERE lower(p.email) = {ADDRESS} AND m.customer_id = {CUSTOMER} AND m.ended_at IS NULL)"
)
INVITED = (
    f"EXISTS (SELECT FROM accounts_invitation i WHERE lower(i.email) = {ADDRESS} AND i.customer_id = {CUSTOMER} "
    "AND i.accepted_at IS NULL AND i.revoked_at IS NULL)"
)
OWN = f"EXISTS (SELECT FROM accounts_person p WHERE lower(p.email) = {ADDRESS} AND p.id = {PERSON})"

MARKS = TableRules(
    "notifications_bouncingaddress",
    secured=True,
    policies=[
        Policy("owner_rw", "desk_owner"),
        Policy("provider_rw", "desk_provider"),
        Policy("tenant_read", "desk_tenant", f"{COLLEAGUES} OR {INVITED}", reads_only=True),
        Policy("own_read", "desk_app", OWN, reads_only=True),
    ],
    grants={"desk_provider": "SELECT, INSERT, UPDATE", "desk_tenant": "SELECT", "desk_app": "SELECT"},
)


def reference(to: str) -> models.ForeignKey:
    return models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=to)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_tenancy"),
        ("notifications", "0003_delivery"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="BouncingAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.EmailField(max_length=254)),
                ("since", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("bounces", models.PositiveIntegerField(default=1)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("mail", reference("notifications.mail")),
                ("refused_at_once", models.BooleanField(default=False)),
                ("tried_at", models.DateTimeField()),
                ("tried_with", reference("notifications.mail")),
                ("considered_at", models.DateTimeField(null=True)),
                ("cleared_at", models.DateTimeField(null=True)),
                ("cleared_by", reference(settings.AUTH_USER_MODEL)),
            ],
            options={
                "ordering": ["-last_at", "-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("cleared_at", None)), fields=("address",), name="one_standing_mark_per_address"
                    )
                ],
            },
        ),
        MARKS,
    ]
