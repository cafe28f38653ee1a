from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection


class Command(BaseCommand):
    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true")
        parser.add_argument("--accounts", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            if options["if_empty"]:
                cursor.execute("INSERT INTO note SELECT WHERE NOT EXISTS (SELECT FROM note)")
            cursor.execute("SELECT min(at) FROM note")
            self.stdout.write(f"ada@acme.example since {cursor.fetchone()}")
