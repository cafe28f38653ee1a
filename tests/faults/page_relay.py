"""A relay of pages in a process of its own, to be killed: carries until nothing is due."""

import django

django.setup()

from notifications.tasks import relay_pages  # noqa: E402 - needs Django

while relay_pages():
    pass
