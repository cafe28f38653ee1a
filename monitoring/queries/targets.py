"""What the provider's Prometheus may read."""

from datetime import datetime

from monitoring.models import Target
from monitoring.queries.gate import open_gates


def authorised_targets(now: datetime) -> list[dict[str, object]]:
    """Groups of targets as Prometheus takes them, of environments whose gate is open. The labels are what curves are found by."""
    environments = {gate.environment_id for gate in open_gates(now)}
    groups: dict[tuple[int, str], list[str]] = {}
    owners: dict[int, int] = {}
    for target in Target.objects.filter(removed_at=None, environment__in=environments).order_by("environment_id", "job", "address"):
        groups.setdefault((target.environment_id, target.job), []).append(target.address)
        owners[target.environment_id] = target.customer_id
    return [
        {
            "targets": addresses,
            "labels": {"job": job, "customer_id": str(owners[environment_id]), "environment_id": str(environment_id)},
        }
        for (environment_id, job), addresses in groups.items()
    ]
