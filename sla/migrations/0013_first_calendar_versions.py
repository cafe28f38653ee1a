"""Every calendar gets its first version, which rules for all time; an installation without any gets the standard one (SLA-3).

Those in a zone of Brazil follow its holidays, the one in Brasília's Florianópolis' too; a calendar elsewhere has none until
somebody enters them. Not undone: a version can't be removed, and the tables go with the migrations before.
"""

from datetime import UTC, datetime
from typing import Any

from django.db import migrations

from sla import content, shipped

BRAZIL = (
    *("America/Araguaina", "America/Bahia", "America/Belem", "America/Boa_Vista", "America/Campo_Grande", "America/Cuiaba"),
    *("America/Eirunepe", "America/Fortaleza", "America/Maceio", "America/Manaus", "America/Noronha", "America/Porto_Acre"),
    *("America/Porto_Velho", "America/Recife", "America/Rio_Branco", "America/Santarem"),
    *("Brazil/Acre", "Brazil/DeNoronha", "Brazil/East", "Brazil/West"),
)
COLUMNS = ("week", "dates", "holidays", "breaks", "proposals")


def follows(zone: str) -> shipped.Follows:
    if zone == shipped.ZONE:
        return shipped.Follows.FLORIANOPOLIS
    return shipped.Follows.BRAZIL if zone in BRAZIL else shipped.Follows.NOTHING


def give_first_versions(apps: Any, _schema_editor: Any) -> None:
    calendars, versions = apps.get_model("sla", "Calendar"), apps.get_model("sla", "CalendarVersion")
    if not calendars.objects.exists():
        calendars.objects.create(name=shipped.NAME, time_zone=shipped.ZONE)
    now = datetime.now(UTC)
    for calendar in calendars.objects.filter(versions=None):
        calendar.follows = follows(calendar.time_zone)
        calendar.save(update_fields=["follows"])
        columns = content.to_json(shipped.first_content(shipped.Follows(calendar.follows), now.date()))
        versions.objects.create(
            calendar=calendar,
            number=1,
            kind="first",
            holidays_until=shipped.last_year(now.date()) if calendar.follows else None,
            created_at=now,
            **{name: columns[name] for name in COLUMNS},
        )


class Migration(migrations.Migration):
    dependencies = [("sla", "0012_calendar_versions_tenancy")]
    operations = [migrations.RunPython(give_first_versions, migrations.RunPython.noop)]
