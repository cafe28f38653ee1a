"""The queue. Redis and Celery are a bell, never the memory: what must happen is a row in the database, and a sweep finds it."""

import logging.config
import os
from typing import Any

from celery import Celery, Task, signals
from celery.schedules import crontab
from django.conf import settings
from kombu import Queue
from kombu.transport import redis

# What can't wait has queues of its own, each taken by processes that do nothing else: mail servers that hang hold up no page, and
# services of pages that hang hold up no step of a promise. A worker that names no queue takes all of them.
GENERAL, PAGES, CLOCKS = "celery", "pages", "clocks"

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")


class LimitedTask(Task):  # type: ignore[type-arg]
    """A task within the worker's limits of the database, unless it says another kind of work by `@working_as(…)`."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from accounts.tenancy import working_as  # noqa: PLC0415 - models come after the settings

        with working_as("worker"):
            return super().__call__(*args, **kwargs)


app = Celery("helpdesk", task_cls=LimitedTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_reject_on_worker_lost=False,
    worker_hijack_root_logger=False,
    # What runs when Redis goes away goes on: every task may be at work twice, and a relay that is ended leaves a mail's outcome unknown.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # however long Redis is away: giving up would need a person
    task_default_queue=GENERAL,
    task_queues=[Queue(name, routing_key=name) for name in (GENERAL, PAGES, CLOCKS)],
    task_routes={"notifications.tasks.relay_pages": {"queue": PAGES}, "tickets.tasks.notice_due": {"queue": CLOCKS}},
    task_time_limit=1800,  # a task that hangs is ended; sweeps begin again where they were
    # Ringing must not hold a page: a silent Redis is given up after a second, and the sweep comes anyway.
    # A message that was taken is gone from Redis: beat rings again, and what is due stands in the database.
    broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 1, "ack_emulation": False},
    task_publish_retry=False,
    timezone="UTC",
    # Daily ones by the clock: an interval begins anew when beat does, so that one of a day might never end.
    beat_schedule={
        "relay-outbox": {"task": "notifications.tasks.relay_outbox", "schedule": 2.0, "options": {"expires": 10}},
        "relay-pages": {"task": "notifications.tasks.relay_pages", "schedule": 2.0, "options": {"expires": 10}},
        "notice-due-clocks": {"task": "tickets.tasks.notice_due", "schedule": 3.0, "options": {"expires": 10}},
        "keep-promises": {"task": "tickets.tasks.keep_promises", "schedule": 60.0, "options": {"expires": 60}},
        "close-resolved-tickets": {"task": "tickets.tasks.close_resolved", "schedule": 300.0, "options": {"expires": 300}},
        "sweep-charge-requests": {"task": "billing.tasks.sweep_charge_requests", "schedule": 10.0, "options": {"expires": 10}},
        "take-in-stories": {"task": "billing.tasks.take_in", "schedule": 5.0, "options": {"expires": 10}},
        "warn-of-timers": {"task": "billing.tasks.warn_of_timers", "schedule": 300.0, "options": {"expires": 300}},
        "scan-evidence": {"task": "tickets.tasks.scan_evidence", "schedule": 10.0, "options": {"expires": 10}},
        "review-addresses": {"task": "notifications.tasks.review_addresses", "schedule": 600.0, "options": {"expires": 600}},
        "announce-unreachable": {"task": "contracts.tasks.announce_unreachable", "schedule": 5.0, "options": {"expires": 10}},
        "verify-clocks": {"task": "tickets.tasks.verify_clocks", "schedule": crontab(hour="3", minute="30"), "options": {"expires": 3600}},
        "verify-allocations": {
            "task": "billing.tasks.verify_allocations",
            "schedule": crontab(hour="3", minute="50"),
            "options": {"expires": 3600},
        },
        "sweep-orphans": {"task": "tickets.tasks.sweep_orphans", "schedule": crontab(hour="4", minute="20"), "options": {"expires": 3600}},
        "extend-calendars": {
            "task": "sla.tasks.extend_calendars",
            "schedule": crontab(hour="4", minute="40"),
            "options": {"expires": 3600},
        },
        "distribute-releases": {"task": "releases.tasks.distribute", "schedule": 2.0, "options": {"expires": 10}},
        "publish-due-releases": {"task": "releases.tasks.publish_due", "schedule": 5.0, "options": {"expires": 10}},
        "tell-tickets-of-fixes": {"task": "releases.tasks.tell_tickets", "schedule": 5.0, "options": {"expires": 10}},
        "compare-artifacts": {"task": "releases.tasks.compare_artifacts", "schedule": 60.0, "options": {"expires": 60}},
        "sweep-release-files": {
            "task": "releases.tasks.sweep_files",
            "schedule": crontab(hour="4", minute="50"),
            "options": {"expires": 3600},
        },
        "sweep-counters": {"task": "accounts.tasks.sweep_counters", "schedule": 600.0, "options": {"expires": 600}},
        "work-signals": {"task": "monitoring.tasks.work_signals", "schedule": 3.0, "options": {"expires": 10}},
        "shut-gates": {"task": "monitoring.tasks.shut_gates", "schedule": 60.0, "options": {"expires": 60}},
        "erase-old-signals": {
            "task": "monitoring.tasks.erase_old_signals",
            "schedule": crontab(hour="4", minute="50"),
            "options": {"expires": 3600},
        },
        "sweep-uploads": {"task": "tickets.tasks.sweep_uploads", "schedule": 3600.0, "options": {"expires": 3600}},
    },
)
# Nor is it put back when its connection ends: a worker that lost Redis while it worked ended itself trying.
redis.Channel.do_restore = False
app.autodiscover_tasks()


@signals.setup_logging.connect
def _log_like_everything_else(**_unused: Any) -> None:
    logging.config.dictConfig(settings.LOGGING)
