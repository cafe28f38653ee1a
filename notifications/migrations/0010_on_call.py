"""Rotas of those on call, how each is reached, and pages with what became of them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_tenancy"),
        ("notifications", "0007_mail_choices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rota",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80, unique=True, verbose_name="name")),
                (
                    "time_zone",
                    models.CharField(
                        default=accounts.models.default_time_zone,
                        max_length=64,
                        validators=[accounts.models.validate_time_zone],
                        verbose_name="time zone",
                    ),
                ),
                ("first_date", models.DateField(verbose_name="first handover")),
                ("handover_time", models.TimeField(verbose_name="handed over at")),
                ("turn_days", models.PositiveSmallIntegerField(default=7, verbose_name="days of a turn")),
                ("is_default", models.BooleanField(default=False, verbose_name="for every team without a rota of its own")),
                (
                    "escalate_minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="minutes until the second line is paged"),
                ),
                (
                    "second_line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="notifications.rota",
                        verbose_name="second line",
                    ),
                ),
            ],
            options={
                "ordering": ["-is_default", "name"],
            },
        ),
        migrations.CreateModel(
            name="Page",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=120)),
                ("people", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True, size=None)),
                ("is_test", models.BooleanField(default=False)),
                ("words", models.JSONField()),
                ("url", models.CharField(blank=True, max_length=500)),
                ("about_table", models.CharField(blank=True, max_length=60)),
                ("about_id", models.BigIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "Waiting to be sent"),
                            ("sending", "Being sent"),
                            ("sent", "Sent, not acknowledged"),
                            ("failed", "Failed: reached nobody"),
                            ("acknowledged", "Acknowledged"),
                        ],
                        default="due",
                        max_length=12,
                    ),
                ),
                ("line", models.PositiveSmallIntegerField(default=0)),
                ("to_leads", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("escalate_at", models.DateTimeField(null=True)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer"),
                ),
                ("team", models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="accounts.team")),
                (
                    "rota",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="notifications.rota"),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="RotaOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField()),
                ("note", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("member", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.staffmember")),
                (
                    "removed_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("rota", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="overrides", to="notifications.rota")),
            ],
            options={
                "ordering": ["from_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="RotaTurn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("member", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.staffmember")),
                ("rota", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="notifications.rota")),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="TeamRota",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="+", serialize=False, to="accounts.team"
                    ),
                ),
                (
                    "rota",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="team_rotas", to="notifications.rota"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Way",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("label", models.CharField(max_length=60, verbose_name="name")),
                ("service", models.CharField(max_length=20)),
                ("url", models.CharField(max_length=1000)),
                ("shown", models.CharField(max_length=40)),
                ("after_minutes", models.PositiveSmallIntegerField(default=0, verbose_name="after")),
                ("created_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="ways", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "ordering": ["after_minutes", "pk"],
            },
        ),
        migrations.CreateModel(
            name="PageDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("line", models.PositiveSmallIntegerField()),
                ("by_mail", models.BooleanField(default=False)),
                ("is_last_resort", models.BooleanField(default=False)),
                ("label", models.CharField(blank=True, max_length=60)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("due", "Waiting to be sent"),
                            ("sending", "Being sent"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("dropped", "Not needed any more"),
                        ],
                        default="due",
                        max_length=10,
                    ),
                ),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("unknown_outcomes", models.PositiveSmallIntegerField(default=0)),
                ("lease_until", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=40)),
                (
                    "page",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="notifications.page"),
                ),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "way",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="notifications.way"),
                ),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.AddField(
            model_name="page",
            name="only_way",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="notifications.way"),
        ),
        migrations.AddConstraint(
            model_name="rota",
            constraint=models.UniqueConstraint(condition=models.Q(("is_default", True)), fields=("is_default",), name="one_default_rota"),
        ),
        migrations.AddConstraint(
            model_name="rota",
            constraint=models.CheckConstraint(condition=models.Q(("turn_days__gte", 1)), name="a_turn_has_a_day"),
        ),
        migrations.AddIndex(
            model_name="rotaoverride",
            index=models.Index(condition=models.Q(("removed_at", None)), fields=["rota", "until_at"], name="override_standing"),
        ),
        migrations.AddConstraint(
            model_name="rotaoverride",
            constraint=models.CheckConstraint(condition=models.Q(("until_at__gt", models.F("from_at"))), name="an_override_has_a_length"),
        ),
        migrations.AddConstraint(
            model_name="rotaturn",
            constraint=models.UniqueConstraint(fields=("rota", "position"), name="one_turn_per_position"),
        ),
        migrations.AddIndex(
            model_name="pagedelivery",
            index=models.Index(condition=models.Q(("state", "due")), fields=["due_at", "id"], name="delivery_due"),
        ),
        migrations.AddIndex(
            model_name="pagedelivery",
            index=models.Index(condition=models.Q(("state", "sending")), fields=["lease_until"], name="delivery_leased"),
        ),
        migrations.AddIndex(
            model_name="page",
            index=models.Index(condition=models.Q(("state", "due")), fields=["due_at", "id"], name="page_due"),
        ),
        migrations.AddIndex(
            model_name="page",
            index=models.Index(condition=models.Q(("escalate_at__isnull", False)), fields=["escalate_at"], name="page_escalates"),
        ),
        migrations.AddIndex(
            model_name="page",
            index=models.Index(fields=["state", "-id"], name="page_by_state"),
        ),
        migrations.AddIndex(
            model_name="page",
            index=models.Index(condition=models.Q(("about_id__isnull", False)), fields=["about_table", "about_id"], name="page_about"),
        ),
        migrations.AddConstraint(
            model_name="page",
            constraint=models.UniqueConstraint(fields=("customer", "key"), name="paged_once", nulls_distinct=False),
        ),
    ]
