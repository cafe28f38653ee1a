"""Debian's servers really serve these tests, and PgBouncer really shares its connections."""

import os
from contextlib import ExitStack, closing

import psycopg2
import pytest
import redis

pytestmark = pytest.mark.servers


def application():
    return closing(psycopg2.connect(os.environ["DATABASE_URL"]))


def test_postgresql_is_debians_and_not_too_old():
    with application() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT version()")

        assert "Debian" in cursor.fetchone()[0]
        assert connection.server_version >= 150000


def test_the_queue_is_redis():
    with redis.Redis(unix_socket_path=os.environ["REDIS_URL"].removeprefix("unix://")) as queue:
        found = queue.info("server")

    assert (found["redis_version"] >= "7", "valkey" in found.get("server_name", "redis")) == (True, False)


def test_more_clients_than_connections_share_them_between_transactions():
    with ExitStack() as stack:
        connections = [stack.enter_context(application()) for _ in range(12)]
        backends = []
        for connection in connections:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                backends.append(cursor.fetchone()[0])

    assert len(set(backends)) <= 4


def test_what_a_pooler_cannot_keep_is_refused_at_the_door():
    with pytest.raises(psycopg2.OperationalError, match="unsupported startup parameter"):
        psycopg2.connect(os.environ["DATABASE_URL"], options="-c statement_timeout=1")
