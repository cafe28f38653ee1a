"""What may be watched, what came in, and what it means."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0002_tenancy"),
        ("contracts", "0002_tenancy"),
        ("tickets", "0038_observed"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Authorisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("text_version", models.PositiveSmallIntegerField()),
                ("given_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="authorisations", to="contracts.environment"
                    ),
                ),
                ("given_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-given_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("alertmanager", "Prometheus Alertmanager"),
                            ("zabbix", "Zabbix"),
                            ("events", "JSON events"),
                            ("heartbeat", "Heartbeats"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("token_hash", models.CharField(max_length=64)),
                ("shown", models.CharField(max_length=12)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                ("used_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="credentials", to="contracts.environment"),
                ),
                (
                    "replaces",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="replaced_by", to="monitoring.credential"
                    ),
                ),
            ],
            options={
                "ordering": ["source", "created_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=60, verbose_name="name in the address")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                ("period_seconds", models.PositiveIntegerField()),
                ("grace_seconds", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("new", "Not seen yet"), ("up", "On time"), ("down", "Down"), ("paused", "Paused")],
                        default="new",
                        max_length=8,
                    ),
                ),
                ("last_at", models.DateTimeField(null=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("down_since", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="heartbeats", to="contracts.environment"),
                ),
            ],
            options={
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="Look",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "page",
                    models.CharField(
                        choices=[("list", "list of environments"), ("environment", "page of the environment"), ("curves", "curves")],
                        max_length=12,
                    ),
                ),
                ("at", models.DateTimeField()),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.environment"
                    ),
                ),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name="Maintenance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("from_at", models.DateTimeField()),
                ("until_at", models.DateTimeField()),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("by_staff", models.BooleanField()),
                ("planned_at", models.DateTimeField()),
                ("cancelled_at", models.DateTimeField(null=True)),
                ("looked_after_at", models.DateTimeField(null=True)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="maintenances", to="contracts.environment"),
                ),
                (
                    "planned_by",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "ordering": ["from_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="Rejection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=24)),
                ("status", models.PositiveSmallIntegerField()),
                ("detail", models.CharField(blank=True, default="", max_length=200)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                (
                    "credential",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="monitoring.credential"),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="rejections", to="contracts.environment"),
                ),
            ],
            options={
                "ordering": ["-last_at"],
            },
        ),
        migrations.CreateModel(
            name="Signal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("alertmanager", "Prometheus Alertmanager"),
                            ("zabbix", "Zabbix"),
                            ("events", "JSON events"),
                            ("heartbeat", "Heartbeats"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "ping",
                    models.CharField(
                        blank=True,
                        choices=[("success", "Success"), ("start", "Start"), ("fail", "Failure"), ("log", "Log")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("exit_code", models.PositiveSmallIntegerField(null=True)),
                ("body", models.TextField(null=True)),
                ("size", models.PositiveIntegerField()),
                ("received_at", models.DateTimeField()),
                ("worked_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("parked_at", models.DateTimeField(null=True)),
                (
                    "authorisation",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="monitoring.authorisation"
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="monitoring.credential"
                    ),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.environment"
                    ),
                ),
                (
                    "heartbeat",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signals",
                        to="monitoring.heartbeat",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Situation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_storm", models.BooleanField(default=False)),
                ("opened_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("restarts", models.PositiveIntegerField(default=0)),
                ("settles_at", models.DateTimeField(null=True)),
                ("over_at", models.DateTimeField(null=True)),
                (
                    "over_because",
                    models.CharField(blank=True, choices=[("ended", "Ended"), ("watch_ended", "Watch ended")], default="", max_length=12),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="situations", to="contracts.environment"),
                ),
                (
                    "ticket",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="situation", to="tickets.ticket"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Episode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("alertmanager", "Prometheus Alertmanager"),
                            ("zabbix", "Zabbix"),
                            ("events", "JSON events"),
                            ("heartbeat", "Heartbeats"),
                        ],
                        max_length=12,
                    ),
                ),
                ("fingerprint", models.CharField(max_length=64)),
                ("mark", models.CharField(max_length=64)),
                ("title", models.CharField(max_length=200)),
                (
                    "severity",
                    models.CharField(
                        choices=[("critical", "Critical"), ("high", "High"), ("medium", "Medium"), ("low", "Low")], max_length=10
                    ),
                ),
                ("evidence", models.JSONField(default=dict)),
                ("started_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("count", models.PositiveIntegerField(default=1)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[("resolved", "Ended"), ("followed", "Began anew"), ("watch_ended", "Watch ended")],
                        default="",
                        max_length=12,
                    ),
                ),
                ("in_maintenance", models.BooleanField(default=False)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="episodes", to="contracts.environment"
                    ),
                ),
                (
                    "heartbeat",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="episodes", to="monitoring.heartbeat"
                    ),
                ),
                (
                    "situation",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="episodes", to="monitoring.situation"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Target",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.CharField(max_length=260, verbose_name="address")),
                ("job", models.CharField(max_length=60, verbose_name="job")),
                ("added_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                ("added_by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="targets", to="contracts.environment"),
                ),
            ],
            options={
                "ordering": ["address"],
            },
        ),
        migrations.CreateModel(
            name="Watch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "usual_severity",
                    models.CharField(
                        choices=[("critical", "Critical"), ("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        default="medium",
                        max_length=10,
                        verbose_name="severity where no rule says another",
                    ),
                ),
                ("storm_count", models.PositiveSmallIntegerField(default=20, verbose_name="alerts that make a storm")),
                ("storm_minutes", models.PositiveSmallIntegerField(default=5, verbose_name="within so many minutes")),
                (
                    "settle_minutes",
                    models.PositiveSmallIntegerField(default=5, verbose_name="minutes of quiet after which an alert is over"),
                ),
                ("keep_days", models.PositiveSmallIntegerField(default=90, verbose_name="days for which signals are kept")),
                ("created_at", models.DateTimeField()),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "environment",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="watch", to="contracts.environment"),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="contracts.product",
                        verbose_name="product of its tickets",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SeverityRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("label", models.CharField(max_length=128, verbose_name="label")),
                ("value", models.CharField(max_length=256, verbose_name="value")),
                (
                    "severity",
                    models.CharField(
                        choices=[("critical", "Critical"), ("high", "High"), ("medium", "Medium"), ("low", "Low")],
                        max_length=10,
                        verbose_name="severity",
                    ),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                ("watch", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="rules", to="monitoring.watch")),
            ],
            options={
                "ordering": ["watch_id", "position"],
            },
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)), fields=("customer", "environment"), name="one_standing_authorisation"
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at", None), ("ends_at__gt", models.F("given_at")), _connector="OR"),
                name="authorisation_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(fields=("customer", "token_hash"), name="one_credential_per_token"),
        ),
        migrations.AddIndex(
            model_name="heartbeat",
            index=models.Index(condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="heartbeat_by_due"),
        ),
        migrations.AddConstraint(
            model_name="heartbeat",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)), fields=("customer", "environment", "slug"), name="one_heartbeat_per_slug"
            ),
        ),
        migrations.AddConstraint(
            model_name="heartbeat",
            constraint=models.CheckConstraint(
                condition=models.Q(("grace_seconds__gte", 30), ("period_seconds__gte", 30)), name="heartbeat_has_measure"
            ),
        ),
        migrations.AddIndex(
            model_name="look",
            index=models.Index(fields=["environment", "-at", "-id"], name="look_at_environment"),
        ),
        migrations.AddIndex(
            model_name="maintenance",
            index=models.Index(condition=models.Q(("cancelled_at", None)), fields=["environment", "until_at"], name="maintenance_planned"),
        ),
        migrations.AddIndex(
            model_name="maintenance",
            index=models.Index(
                condition=models.Q(("cancelled_at", None), ("looked_after_at", None)), fields=["until_at"], name="maintenance_ending"
            ),
        ),
        migrations.AddConstraint(
            model_name="maintenance",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_at__gt", models.F("from_at"))), name="maintenance_ends_after_it_begins"
            ),
        ),
        migrations.AddConstraint(
            model_name="rejection",
            constraint=models.UniqueConstraint(fields=("customer", "environment", "reason"), name="one_rejection_per_reason"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(
                condition=models.Q(("parked_at", None), ("worked_at", None)), fields=["environment", "id"], name="signal_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(fields=["environment", "-id"], name="signal_of_environment"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(condition=models.Q(("heartbeat__isnull", False)), fields=["heartbeat", "-id"], name="signal_of_heartbeat"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(condition=models.Q(("body__isnull", False)), fields=["received_at"], name="signal_by_arrival"),
        ),
        migrations.AddIndex(
            model_name="signal",
            index=models.Index(condition=models.Q(("parked_at__isnull", False)), fields=["id"], name="signal_parked"),
        ),
        migrations.AddIndex(
            model_name="situation",
            index=models.Index(condition=models.Q(("settles_at__isnull", False)), fields=["settles_at"], name="situation_settling"),
        ),
        migrations.AddIndex(
            model_name="situation",
            index=models.Index(condition=models.Q(("over_at", None)), fields=["environment"], name="situation_lasting"),
        ),
        migrations.AddIndex(
            model_name="episode",
            index=models.Index(fields=["environment", "source", "fingerprint", "-started_at"], name="episode_of_fingerprint"),
        ),
        migrations.AddIndex(
            model_name="episode",
            index=models.Index(fields=["environment", "-started_at", "-id"], name="episode_of_environment"),
        ),
        migrations.AddIndex(
            model_name="episode",
            index=models.Index(condition=models.Q(("ended_at", None)), fields=["environment"], name="episode_lasting"),
        ),
        migrations.AddConstraint(
            model_name="episode",
            constraint=models.UniqueConstraint(
                fields=("customer", "environment", "source", "fingerprint", "mark"), name="one_episode_per_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="episode",
            constraint=models.CheckConstraint(
                condition=models.Q(("ended_at", None), ("ended_at__gte", models.F("started_at")), _connector="OR"),
                name="episode_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="target",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at", None)), fields=("customer", "environment", "address"), name="one_row_per_target"
            ),
        ),
        migrations.AddConstraint(
            model_name="watch",
            constraint=models.CheckConstraint(
                condition=models.Q(("storm_count__gte", 2), ("storm_minutes__gte", 1)), name="storm_has_measure"
            ),
        ),
        migrations.AddConstraint(
            model_name="watch",
            constraint=models.CheckConstraint(
                condition=models.Q(("keep_days__gte", 1), ("keep_days__lte", 400)), name="signals_kept_a_year_at_most"
            ),
        ),
        migrations.AddConstraint(
            model_name="watch",
            constraint=models.CheckConstraint(condition=models.Q(("settle_minutes__lte", 120)), name="settles_within_two_hours"),
        ),
        migrations.AddConstraint(
            model_name="severityrule",
            constraint=models.UniqueConstraint(fields=("customer", "watch", "position"), name="one_severity_rule_per_position"),
        ),
    ]
