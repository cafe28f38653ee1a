#!/usr/bin/env python
"""Django's command line. Commands that change the schema sign in as the owner of the tables, all others as the application."""

import os
import sys

OWNER_COMMANDS = {"migrate", "sqlmigrate", "makemigrations", "showmigrations", "optimizemigration", "squashmigrations"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ["DATABASE_AS_OWNER"] = "1"
    from django.core.management import execute_from_command_line  # noqa: PLC0415 - after the settings are named

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
