"""Migrations after the released ones expand what the code before is still using; and each way of breaking it is caught."""

import pytest
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

from accounts import rls
from tests.expanding import all_faults, unreleased

# What is allowed all the same: the beginning of the fault's sentence, and why it does no harm.
EXCEPTIONS: dict[str, str] = {
    "tickets.0005_private_tickets: ChangedPolicy on ": "it hides private tickets, of which the code before makes none; all else is as it was",
}


def test_no_migration_stops_the_service_or_the_code_before_it():
    faults = all_faults(unreleased())

    assert [fault for fault in faults if not fault.startswith(tuple(EXCEPTIONS))] == []
    assert [known for known in EXCEPTIONS if not any(fault.startswith(known) for fault in faults)] == []


def faults_of(*operations, atomic=True):
    migration = migrations.Migration("0099_tried", "tickets")
    migration.operations, migration.atomic = list(operations), atomic
    return [fault.removeprefix("tickets.0099_tried: ") for fault in all_faults([migration])]


def sql(text):
    return migrations.RunSQL(text)


INDEX = models.Index(fields=["subject"], name="by_subject")
CHECK = models.CheckConstraint(condition=Q(subject__gt=""), name="has_subject")
BAD = {
    "an index": (migrations.AddIndex("ticket", INDEX), "AddIndex on tickets_ticket: keeps writers out"),
    "a check": (migrations.AddConstraint("ticket", CHECK), "AddConstraint on tickets_ticket: reads the whole table"),
    "uniqueness": (
        migrations.AddConstraint("ticket", models.UniqueConstraint(fields=["subject"], name="one")),
        "AddConstraint on tickets_ticket: reads the whole table",
    ),
    "a column that must be filled": (
        migrations.AddField("ticket", "new", models.TextField(default="")),
        "AddField on tickets_ticket: the code before does not fill it",
    ),
    "a reference with an index": (
        migrations.AddField("ticket", "new", models.ForeignKey("sla.policy", models.PROTECT, null=True)),
        "AddField on tickets_ticket: builds its index",
    ),
    "a column of random values": (
        migrations.AddField("ticket", "new", models.UUIDField(db_default=RandomUUID())),
        "AddField on tickets_ticket: a value of each row's own",
    ),
    "another type": (migrations.AlterField("ticket", "subject", models.IntegerField()), "AlterField on tickets_ticket: another type"),
    "a shorter text": (migrations.AlterField("ticket", "subject", models.CharField(max_length=5)), "AlterField on tickets_ticket: another"),
    "no longer empty": (
        migrations.AlterField("ticket", "resolved_at", models.DateTimeField()),
        "AlterField on tickets_ticket: the code before may leave it empty",
    ),
    "a column less": (migrations.RemoveField("ticket", "subject"), "RemoveField on tickets_ticket: the code before still uses"),
    "another name": (migrations.RenameField("ticket", "subject", "title"), "RenameField on tickets_ticket: the code before still uses"),
    "a table less": (migrations.DeleteModel("hold"), "DeleteModel on tickets_hold: the code before still uses"),
    "an index by SQL": (sql("CREATE INDEX a ON tickets_ticket (subject)"), "RunSQL on tickets_ticket: CREATE INDEX without CONCURRENTLY"),
    "a constraint by SQL": (
        sql("ALTER TABLE tickets_ticket ADD CONSTRAINT a CHECK (true)"),
        "RunSQL on tickets_ticket: a constraint reads",
    ),
    "a reference of ours": (rls.same_customer("tickets_ticket", "a", "sla_policy"), "RunSQL on tickets_ticket: a constraint reads"),
    "a column by SQL": (sql("ALTER TABLE tickets_ticket ADD COLUMN a int NOT NULL"), "RunSQL on tickets_ticket: the code before does not"),
    "NOT NULL by SQL": (sql("ALTER TABLE tickets_ticket ALTER a SET NOT NULL"), "RunSQL on tickets_ticket: SET NOT NULL reads"),
    "a type by SQL": (sql("SELECT 1; ALTER TABLE tickets_ticket ALTER COLUMN a TYPE text"), "RunSQL on tickets_ticket: another type"),
    "a policy less": (sql("DROP POLICY tenant_read ON tickets_ticket"), "RunSQL on tickets_ticket: the code before still reads"),
    "a right less": (sql("REVOKE SELECT ON tickets_ticket FROM desk_tenant"), "RunSQL on tickets_ticket: the code before still needs"),
    "rows that can't change": (rls.append_only("tickets_message"), "AppendOnly on tickets_message: a trigger may refuse"),
    "all rows at once": (sql("UPDATE tickets_ticket SET subject = ''"), "RunSQL on tickets_ticket: rows are changed in the migration's"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_would_stop_somebody_is_caught(what):
    operation, beginning = BAD[what]

    found = faults_of(operation)

    assert [fault[: len(beginning)] for fault in found] == [beginning]


GOOD = {
    "a column that may be empty": migrations.AddField("ticket", "new", models.TextField(null=True)),
    "a column with a default": migrations.AddField("ticket", "new", models.TextField(db_default="")),
    "a reference": migrations.AddField("ticket", "new", models.ForeignKey("sla.policy", models.PROTECT, null=True, db_index=False)),
    "a longer text": migrations.AlterField("ticket", "subject", models.CharField(max_length=2000)),
    "a check for what comes": AddConstraintNotValid("ticket", CHECK),
    "a check of what is there": ValidateConstraint("ticket", "has_subject"),
    "a policy more": sql("CREATE POLICY a ON tickets_ticket FOR SELECT TO desk_backup USING (true)"),
    "a new table": migrations.CreateModel("new", [("id", models.BigAutoField(primary_key=True)), ("subject", models.TextField())]),
    "a function that writes": sql(
        "CREATE FUNCTION a() RETURNS void LANGUAGE sql AS $$ SELECT 1; UPDATE tickets_ticket SET subject = '' $$"
    ),
}


@pytest.mark.parametrize("what", GOOD)
def test_what_only_adds_is_allowed(what):
    assert faults_of(GOOD[what]) == []


def test_a_new_table_may_have_anything_from_its_first_day():
    assert faults_of(GOOD["a new table"], migrations.AddIndex("new", INDEX), rls.append_only("tickets_new")) == []


def test_concurrent_building_stands_alone():
    build = AddIndexConcurrently("ticket", INDEX)
    alone = "what is done CONCURRENTLY stands in a file of its own, with atomic = False"

    assert faults_of(build, atomic=False) == []
    assert faults_of(build) == [alone]
    assert faults_of(build, GOOD["a column that may be empty"], atomic=False) == [alone]


def test_a_constraint_is_added_and_validated_in_two_files():
    found = faults_of(GOOD["a check for what comes"], GOOD["a check of what is there"])

    assert found == ["a constraint is validated in a file of its own, after the lock of adding it is given back"]


def test_a_reference_of_ours_is_added_and_checked_in_two_files():
    assert faults_of(rls.same_customer("tickets_ticket", "a", "sla_policy", check_rows=False)) == []
    assert faults_of(rls.rows_checked("tickets_ticket", "a")) == []


def test_a_backfill_holds_no_lock_of_a_changed_table():
    backfill = migrations.RunPython(migrations.RunPython.noop)

    assert faults_of(backfill) == []
    assert faults_of(GOOD["a column that may be empty"], backfill) == [
        "a backfill stands in a file of its own: locks on tickets_ticket would be held through it"
    ]
