"""Every installation has a standard policy, and every policy a first version, which promises what the standard does as shipped."""

from django.db import migrations
from django.utils import timezone

STANDARD_NAME = "Standard"
TARGETS = ("first_response_minutes", "next_update_minutes", "resolution_minutes")
# Type, severities, covered 24x7, minutes by target.
ROWS = [
    ("technical", ["critical"], True, (30, 60, 240)),
    ("technical", ["high"], False, (120, 240, 540)),
    ("technical", ["medium"], False, (240, 540, 1620)),
    ("technical", ["low"], False, (540, 1620, 5400)),
    ("functional", ["high", "medium", "low"], False, (240, 540, None)),
    ("update_service", ["high", "medium", "low"], False, (540, 1620, None)),
]
# Percent used up; tells assignee, lead, account manager.
STEPS = [(50, True, False, False), (80, True, True, False), (100, False, True, True)]


def give_versions(apps, schema_editor):
    policies = apps.get_model("sla", "Policy").objects
    if not policies.filter(is_standard=True).exists():
        policies.update_or_create(name=STANDARD_NAME, defaults={"is_standard": True})
    for policy in policies.filter(versions=None):
        _give_version(apps, policy)


def _give_version(apps, policy):
    version = apps.get_model("sla", "PolicyVersion").objects.create(policy=policy, number=1, created_at=timezone.now())
    apps.get_model("sla", "PolicyRow").objects.bulk_create(
        apps.get_model("sla", "PolicyRow")(
            version=version, type=type, severity=severity, always=always, **dict(zip(TARGETS, minutes, strict=True))
        )
        for type, severities, always, minutes in ROWS
        for severity in severities
    )
    apps.get_model("sla", "EscalationStep").objects.bulk_create(
        apps.get_model("sla", "EscalationStep")(
            version=version, percent=percent, tells_assignee=assignee, tells_lead=lead, tells_account_manager=manager
        )
        for percent, assignee, lead, manager in STEPS
    )


class Migration(migrations.Migration):
    dependencies = [("sla", "0021_policy_version_tenancy")]
    # Nothing to undo: versions go with their tables, and the standard policy may be named by contracts.
    operations = [migrations.RunPython(give_versions, migrations.RunPython.noop)]
