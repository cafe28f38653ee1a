"""Work, its entries, charge requests, what the hours come to, and statements."""

import datetime
import uuid

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0002_tenancy"),
        ("contracts", "0002_tenancy"),
        ("tickets", "0037_known_issue_events"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Series",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("year", models.PositiveSmallIntegerField(unique=True)),
                ("last", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name_plural": "series",
            },
        ),
        migrations.CreateModel(
            name="ChargeRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("functional_excess", "Functional work beyond what is included"),
                            ("off_hours", "Help outside business hours"),
                            ("update_service", "Update service"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("wished", "Wished"),
                            ("draft", "Draft"),
                            ("to_release", "To be released"),
                            ("waiting", "Waiting for approval"),
                            ("accepted", "Approved"),
                            ("declined", "Declined"),
                            ("expired", "Expired"),
                            ("withdrawn", "Withdrawn"),
                            ("cancelled", "No longer needed"),
                            ("ended", "Ended"),
                        ],
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.TextField(max_length=2000, verbose_name="reason")),
                ("minutes", models.PositiveIntegerField(verbose_name="minutes at most")),
                ("rate_cents", models.PositiveIntegerField(verbose_name="rate per hour")),
                ("answer_by", models.DateTimeField(verbose_name="answer by")),
                ("work_from", models.DateTimeField(null=True, verbose_name="from")),
                ("work_until", models.DateTimeField(null=True, verbose_name="until")),
                ("drafted_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("reminded_at", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                ("accepted_minutes", models.PositiveIntegerField(null=True)),
                ("used_minutes", models.PositiveIntegerField(default=0)),
                ("over_at", models.DateTimeField(null=True)),
                ("remark", models.CharField(blank=True, db_default="", max_length=300)),
                ("submission_key", models.UUIDField(default=uuid.uuid4)),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "drafted_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("hold", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tickets.hold")),
                (
                    "over_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="charge_requests", to="tickets.ticket"),
                ),
                (
                    "wished_by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-drafted_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="ContractMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("allowance_minutes", models.PositiveIntegerField()),
                ("allowance_used_minutes", models.PositiveIntegerField()),
                ("package_minutes", models.PositiveIntegerField()),
                ("package_used_minutes", models.PositiveIntegerField()),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
            ],
        ),
        migrations.CreateModel(
            name="Correction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("of_month", models.DateField()),
                ("month", models.DateField()),
                ("amount_cents", models.BigIntegerField()),
                (
                    "contract",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="corrections", to="contracts.contract"),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
            ],
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("verdict", models.CharField(choices=[("accepted", "Approved"), ("declined", "Declined")], max_length=10)),
                ("minutes", models.PositiveIntegerField()),
                ("reason", models.TextField(blank=True, max_length=2000)),
                ("at", models.DateTimeField()),
                ("address", models.GenericIPAddressField(null=True)),
                ("user_agent", models.CharField(blank=True, max_length=300)),
                ("shown", models.JSONField()),
                ("shown_hash", models.CharField(max_length=64)),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "request",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="decision", to="billing.chargerequest"),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Ledger",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("last_number", models.PositiveIntegerField(default=0)),
                ("last_at", models.DateTimeField(null=True)),
                ("terms_count", models.PositiveIntegerField(default=0)),
                ("standings_count", models.PositiveIntegerField(default=0)),
                (
                    "contract",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="ledger", to="contracts.contract"),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Slice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField()),
                ("month", models.DateField()),
                ("day", models.DateField()),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                (
                    "type",
                    models.CharField(
                        choices=[("technical", "Technical"), ("functional", "Functional"), ("update_service", "Update service")],
                        max_length=20,
                    ),
                ),
                ("is_in_hours", models.BooleanField()),
                ("worked_minutes", models.PositiveIntegerField()),
                ("chargeable_minutes", models.PositiveIntegerField()),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
            ],
            options={
                "ordering": ["log_id", "month", "position"],
            },
        ),
        migrations.CreateModel(
            name="Allocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("allowance", "Allowance"),
                            ("package", "Package"),
                            ("approval", "Approved"),
                            ("included", "Included"),
                            ("courtesy", "Courtesy"),
                            ("unauthorised", "Not approved yet"),
                        ],
                        max_length=12,
                    ),
                ),
                ("minutes", models.PositiveIntegerField()),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "request",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.chargerequest"),
                ),
                ("slice", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="allocations", to="billing.slice")),
            ],
            options={
                "ordering": ["slice_id", "position"],
            },
        ),
        migrations.CreateModel(
            name="Statement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("number", models.CharField(max_length=20)),
                ("closed_at", models.DateTimeField()),
                ("currency", models.CharField(max_length=3)),
                ("total_cents", models.BigIntegerField()),
                ("agreed", models.JSONField()),
                (
                    "closed_by",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL),
                ),
                (
                    "contract",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="statements", to="contracts.contract"),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
            ],
            options={
                "ordering": ["-month", "contract_id"],
            },
        ),
        migrations.CreateModel(
            name="TakenIn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                ("ticket", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="taken_in", to="tickets.ticket")),
            ],
        ),
        migrations.CreateModel(
            name="Threshold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("percent", models.PositiveSmallIntegerField()),
                ("passed_at", models.DateTimeField()),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
            ],
        ),
        migrations.CreateModel(
            name="Timer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("note", models.TextField(blank=True, max_length=2000)),
                ("warned_at", models.DateTimeField(null=True)),
                (
                    "agent",
                    models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="timer", to="accounts.staffmember"),
                ),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                ("ticket", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tickets.ticket")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="WorkLog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField(verbose_name="from")),
                ("ended_at", models.DateTimeField(verbose_name="until")),
                ("note", models.TextField(max_length=2000, verbose_name="what was done")),
                ("logged_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(null=True)),
                ("submission_key", models.UUIDField(default=uuid.uuid4)),
                ("agent", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.staffmember")),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                ("ticket", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="work_logs", to="tickets.ticket")),
            ],
            options={
                "ordering": ["began_at", "id"],
            },
        ),
        migrations.CreateModel(
            name="StatementLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("work", "Work"), ("package_fee", "Package fee"), ("correction", "Correction")], max_length=12
                    ),
                ),
                ("of_month", models.DateField()),
                ("began_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("agent_name", models.CharField(blank=True, max_length=120)),
                ("note", models.TextField(blank=True)),
                (
                    "source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("allowance", "Allowance"),
                            ("package", "Package"),
                            ("approval", "Approved"),
                            ("included", "Included"),
                            ("courtesy", "Courtesy"),
                            ("unauthorised", "Not approved yet"),
                        ],
                        max_length=12,
                    ),
                ),
                ("minutes", models.PositiveIntegerField(default=0)),
                ("billed_minutes", models.PositiveIntegerField(default=0)),
                ("rate_cents", models.PositiveIntegerField(default=0)),
                ("amount_cents", models.BigIntegerField()),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "request",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.chargerequest"),
                ),
                ("statement", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="billing.statement")),
                (
                    "ticket",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tickets.ticket"),
                ),
                ("log", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.worklog")),
            ],
            options={
                "ordering": ["statement_id", "position"],
            },
        ),
        migrations.AddField(
            model_name="slice",
            name="log",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="slices", to="billing.worklog"),
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[
                            ("approved", "Approved"),
                            ("reduced", "Reduced"),
                            ("written_off", "Written off"),
                            ("returned", "Returned"),
                        ],
                        max_length=12,
                    ),
                ),
                ("minutes", models.PositiveIntegerField()),
                ("most_minutes", models.PositiveIntegerField()),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("at", models.DateTimeField()),
                ("by", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "request",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.chargerequest"),
                ),
                ("log", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="reviews", to="billing.worklog")),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="ListedLog",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                (
                    "request",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="listed", to="billing.chargerequest"),
                ),
                ("log", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.worklog")),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("logged", "Logged"),
                            ("corrected", "Corrected"),
                            ("deleted", "Deleted"),
                            ("arrived", "Arrived"),
                            ("left", "Left"),
                        ],
                        max_length=10,
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=200)),
                (
                    "by",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                ("contract", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="contracts.contract")),
                ("customer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.customer")),
                ("ticket", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tickets.ticket")),
                ("log", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="billing.worklog")),
            ],
            options={
                "ordering": ["contract_id", "number"],
            },
        ),
        migrations.AddIndex(
            model_name="chargerequest",
            index=models.Index(fields=["ticket"], name="charge_request_of_ticket"),
        ),
        migrations.AddIndex(
            model_name="chargerequest",
            index=models.Index(fields=["contract"], name="charge_request_of_contract"),
        ),
        migrations.AddIndex(
            model_name="chargerequest",
            index=models.Index(condition=models.Q(("over_at", None)), fields=["state", "answer_by"], name="charge_request_open"),
        ),
        migrations.AddConstraint(
            model_name="chargerequest",
            constraint=models.UniqueConstraint(fields=("customer", "submission_key"), name="one_charge_request_per_submission"),
        ),
        migrations.AddConstraint(
            model_name="chargerequest",
            constraint=models.CheckConstraint(condition=models.Q(("minutes__gte", 1)), name="charge_request_of_a_minute"),
        ),
        migrations.AddConstraint(
            model_name="chargerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("accepted_at", None), ("accepted_minutes", None)),
                    models.Q(
                        ("accepted_at__isnull", False), ("accepted_minutes__isnull", False), ("accepted_minutes__lte", models.F("minutes"))
                    ),
                    _connector="OR",
                ),
                name="accepted_at_most_what_was_asked",
            ),
        ),
        migrations.AddConstraint(
            model_name="chargerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("used_minutes", 0), ("used_minutes__lte", models.F("accepted_minutes")), _connector="OR"),
                name="used_at_most_what_was_accepted",
            ),
        ),
        migrations.AddConstraint(
            model_name="chargerequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "off_hours"), _negated=True),
                    models.Q(("work_from__isnull", False), ("work_until__gt", models.F("work_from"))),
                    _connector="OR",
                ),
                name="off_hours_help_has_a_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="chargerequest",
            constraint=models.CheckConstraint(condition=models.Q(("rate_cents__gte", 1)), name="charge_request_costs_something"),
        ),
        migrations.AddConstraint(
            model_name="chargerequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("drafted_by", None), ("kind", "functional_excess"), ("state", "draft"), ("wished_by", None)),
                fields=("customer", "ticket"),
                name="one_draft_of_the_system",
            ),
        ),
        migrations.AddConstraint(
            model_name="contractmonth",
            constraint=models.UniqueConstraint(fields=("customer", "contract", "month"), name="one_row_per_contract_month"),
        ),
        migrations.AddConstraint(
            model_name="contractmonth",
            constraint=models.CheckConstraint(
                condition=models.Q(("allowance_used_minutes__lte", models.F("allowance_minutes"))), name="allowance_never_exceeded"
            ),
        ),
        migrations.AddConstraint(
            model_name="contractmonth",
            constraint=models.CheckConstraint(
                condition=models.Q(("package_used_minutes__lte", models.F("package_minutes"))), name="package_never_exceeded"
            ),
        ),
        migrations.AddIndex(
            model_name="correction",
            index=models.Index(fields=["contract", "month"], name="correction_on_statement"),
        ),
        migrations.AddConstraint(
            model_name="correction",
            constraint=models.UniqueConstraint(fields=("customer", "contract", "of_month"), name="one_correction_per_month"),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(fields=["contract", "month", "source"], include=("minutes",), name="allocation_of_month"),
        ),
        migrations.AddIndex(
            model_name="allocation",
            index=models.Index(condition=models.Q(("source", "unauthorised")), fields=["contract"], name="allocation_unauthorised"),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.UniqueConstraint(fields=("customer", "slice", "position"), name="one_row_per_allocation"),
        ),
        migrations.AddConstraint(
            model_name="allocation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("request__isnull", False), ("source", "approval")),
                    models.Q(models.Q(("source", "approval"), _negated=True), ("request", None)),
                    _connector="OR",
                ),
                name="approved_minutes_name_their_request",
            ),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(fields=("customer", "contract", "month"), name="one_statement_per_month"),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(fields=("number",), name="one_statement_per_number"),
        ),
        migrations.AddIndex(
            model_name="takenin",
            index=models.Index(fields=["contract"], name="taken_in_of_contract"),
        ),
        migrations.AddConstraint(
            model_name="threshold",
            constraint=models.UniqueConstraint(fields=("customer", "contract", "month", "percent"), name="one_row_per_threshold"),
        ),
        migrations.AddIndex(
            model_name="worklog",
            index=models.Index(fields=["ticket", "began_at"], name="work_of_ticket"),
        ),
        migrations.AddIndex(
            model_name="worklog",
            index=models.Index(fields=["contract", "began_at"], name="work_of_contract"),
        ),
        migrations.AddIndex(
            model_name="worklog",
            index=models.Index(fields=["agent", "-began_at"], name="work_of_agent"),
        ),
        migrations.AddConstraint(
            model_name="worklog",
            constraint=models.UniqueConstraint(fields=("customer", "submission_key"), name="one_work_log_per_submission"),
        ),
        migrations.AddConstraint(
            model_name="worklog",
            constraint=models.CheckConstraint(condition=models.Q(("ended_at__gt", models.F("began_at"))), name="work_ends_after_it_begins"),
        ),
        migrations.AddConstraint(
            model_name="worklog",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "ended_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("began_at"), "+", models.Value(datetime.timedelta(days=1))
                        ),
                    )
                ),
                name="work_of_a_day_at_most",
            ),
        ),
        migrations.AddConstraint(
            model_name="worklog",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("deleted_at", None)),
                expressions=[
                    (models.Func("agent_id", "agent_id", arg_joiner=", ", template="int8range(%(expressions)s, '[]')"), "&&"),
                    (
                        models.Func(
                            "began_at",
                            "ended_at",
                            function="tstzrange",
                        ),
                        "&&",
                    ),
                ],
                name="work_of_an_agent_apart",
            ),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(fields=("customer", "statement", "position"), name="one_row_per_statement_line"),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "work"), _negated=True), models.Q(("log__isnull", False), ("ticket__isnull", False)), _connector="OR"
                ),
                name="work_on_a_statement_names_its_log",
            ),
        ),
        migrations.AddIndex(
            model_name="slice",
            index=models.Index(fields=["contract", "month"], name="slice_of_month"),
        ),
        migrations.AddConstraint(
            model_name="slice",
            constraint=models.UniqueConstraint(fields=("customer", "log", "month", "position"), name="one_row_per_slice"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["contract", "month"], name="review_of_month"),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("verdict", "approved"), ("verdict", "returned"), models.Q(("reason", ""), _negated=True), _connector="OR"
                ),
                name="less_is_charged_for_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(condition=models.Q(("most_minutes__lte", models.F("minutes"))), name="review_adds_nothing"),
        ),
        migrations.AddConstraint(
            model_name="listedlog",
            constraint=models.UniqueConstraint(fields=("customer", "request", "log"), name="one_row_per_listed_log"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["log", "number"], name="entry_of_log"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["contract", "began_at"], name="entry_of_contract"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("customer", "contract", "number"), name="one_entry_per_number"),
        ),
    ]
