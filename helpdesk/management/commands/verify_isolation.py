"""Plants two canary customers, probes every table and page as the wrong one, removes them, and says what it did."""

import logging
import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from helpdesk.isolation import verify


class Command(BaseCommand):
    help = "Prove that no customer reaches another's rows; exit 1 on any leak. Meant to run nightly."

    def handle(self, *args: Any, **options: Any) -> None:
        logging.disable(logging.WARNING)  # hundreds of refusals are the very thing that is asked for
        try:
            report = verify(timezone.now())
        finally:
            logging.disable(logging.NOTSET)
        for line in report.lines:
            self.stdout.write(line)
        for leak in report.leaks:
            self.stderr.write(f"LEAK: {leak}")
        if report.leaks:
            self.stderr.write(f"{len(report.leaks)} leaks. Stop the service and find out why before you go on.")
            sys.exit(1)
        self.stdout.write("No leak found.")
