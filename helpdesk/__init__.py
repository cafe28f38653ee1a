"""The project: settings, addresses, queue, and the pages that stand above the apps."""

from helpdesk.celery import app as celery_app

__all__ = ["celery_app"]
