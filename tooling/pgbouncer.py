"""PgBouncer in transaction mode, as an installation may put it between the application and PostgreSQL."""

import contextlib
import socket
from pathlib import Path
from urllib.parse import quote

from tooling import processes
from tooling.places import Place
from tooling.postgres import CLEAN, PORT, Postgres
from tooling.refusal import Refusal

POOLED_PORT = 6432  # names the socket; nothing listens on the network
# Fewer than the tests' clients, so that they have to share. Parameters that the application must not send are refused.
SETTINGS = """\
[databases]
* = host={sockets} port={port}

[pgbouncer]
unix_socket_dir = {sockets}
unix_socket_mode = 0700
listen_port = {pooled_port}
auth_type = trust
auth_file = {users}
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
query_wait_timeout = 60
"""


class PgBouncer:
    """One pooler beside a PostgreSQL, run by the same account. The application comes through it; the owner does not."""

    def __init__(self, place: Place, program: Path, postgres: Postgres) -> None:
        self.place, self.program, self.postgres = place, program, postgres
        self.child: processes.Child | None = None

    def address(self, role: str, database: str = "helpdesk") -> str:
        return f"postgres://{role}@/{database}?host={quote(str(self.postgres.sockets), safe='')}&port={POOLED_PORT}"

    def start(self) -> None:
        """Returns when it answers. Raises Refusal when it doesn't."""
        settings, users = self.postgres.home / "pgbouncer.ini", self.postgres.home / "users.txt"
        users.write_text('"desk_app" ""\n')
        settings.write_text(SETTINGS.format(sockets=self.postgres.sockets, port=PORT, pooled_port=POOLED_PORT, users=users))
        self.child = child = processes.start(
            "pgbouncer", [self.program, settings], self.place, CLEAN, patience=2, step=self.postgres.descent.step, folder=Path("/")
        )
        if not processes.wait_until(lambda: self._answers() or child.has_ended(), 20) or child.has_ended():
            raise Refusal(f"PgBouncer did not start; the end of {child.log}:\n{processes.tail(child.log)}")

    def stop(self) -> None:
        if self.child is not None:
            self.child.stop()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.postgres.sockets / f".s.PGSQL.{POOLED_PORT}"))
            return True
        return False
