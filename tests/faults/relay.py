"""A relay in a process of its own, to be killed: sends until nothing is due."""

import django

django.setup()

from notifications.tasks import relay_outbox  # noqa: E402 - needs Django

while relay_outbox():
    pass
