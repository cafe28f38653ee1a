"""While an update goes on, the code before works on the new schema: its own smoke test passes there.

The code before is that of the last commit whose migrations differ from today's: what changed since is what it has to live with.
"""

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = ":(glob)*/migrations/*.py"
SMOKE = ("tests/flows/test_smoke.py", "tests/flows/test_answered_ticket.py")


def git(*arguments):
    """What git prints, or nothing when it can't tell."""
    command = ["git", "-c", f"safe.directory={ROOT}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def with_other_migrations():
    """The last commit whose migrations differ from those in this folder."""
    if git("status", "--porcelain", "--", MIGRATIONS):
        return git("rev-parse", "HEAD")
    last_change = git("log", "-1", "--format=%H", "--", MIGRATIONS)
    return git("rev-parse", "--verify", "--quiet", f"{last_change}^") if last_change else ""


def with_a_smoke_test(*commits):
    """The first of these commits that brings one, with its path."""
    for commit in commits:
        for path in SMOKE:
            if commit and git("cat-file", "-t", f"{commit}:{path}") == "blob":
                return commit, path
    return None


@pytest.fixture(scope="module")
def code_before(tmp_path_factory):
    """The folder of the code before and its smoke test. Skips, and says so, where there is none."""
    if shutil.which("git") is None or not git("rev-parse", "HEAD"):
        pytest.skip("NO CODE BEFORE: this folder is no git checkout, or git is not installed")
    found = with_a_smoke_test(with_other_migrations(), git("rev-parse", "--verify", "--quiet", "HEAD~1"))
    if found is None:
        pytest.skip("NO CODE BEFORE: this clone has no earlier commit with a smoke test (a shallow one? git fetch --unshallow)")
    commit, path = found
    folder = tmp_path_factory.mktemp("before")
    archive = subprocess.Popen(["git", "-c", f"safe.directory={ROOT}", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", folder], stdin=archive.stdout, check=True)
    archive.stdout.close()
    assert archive.wait() == 0
    return folder, path


def address(name, database):
    return urlsplit(os.environ[name])._replace(path=f"/{database}").geturl()


def as_owner(statement, database):
    with closing(psycopg2.connect(address("DATABASE_OWNER_URL", database))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.fixture(scope="module")
def new_schema():
    """The name of a database with today's migrations, as a test's database is named."""
    name = f"before_{os.getpid()}"
    as_owner(f"CREATE DATABASE test_{name}", "helpdesk")
    variables = os.environ | {"DATABASE_OWNER_URL": address("DATABASE_OWNER_URL", f"test_{name}")}
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=variables, check=True)
    yield name
    as_owner(f"DROP DATABASE test_{name} WITH (FORCE)", "helpdesk")


def run_smoke_test(folder, path, database):
    """Its exit code and words, run by the code in this folder on the database as it is."""
    addresses = {name: address(name, database) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV"))}
    command = [sys.executable, "-m", "pytest", "--reuse-db", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=-qx", path]
    done = subprocess.run(command, cwd=folder, env=kept | addresses, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_code_before_works_on_the_new_schema(code_before, new_schema, record_property):
    folder, path = code_before

    code, words = run_smoke_test(folder, path, new_schema)

    record_property("counted", f"{path} of the code before: {words.strip().splitlines()[-1]}")
    assert code == 0, words


@pytest.mark.parametrize(
    ("breaking", "mending"),
    [
        ("ALTER TABLE tickets_message ADD COLUMN a_test text NOT NULL", "ALTER TABLE tickets_message DROP COLUMN a_test"),
        ("REVOKE UPDATE ON tickets_ticket FROM desk_command", "GRANT UPDATE ON tickets_ticket TO desk_command"),
    ],
)
def test_it_does_not_work_on_one_that_breaks_it(code_before, new_schema, breaking, mending):
    as_owner(breaking, f"test_{new_schema}")
    try:
        code, words = run_smoke_test(*code_before, new_schema)
    finally:
        as_owner(mending, f"test_{new_schema}")

    assert (code, "failed" in words or "error" in words) == (1, True)
