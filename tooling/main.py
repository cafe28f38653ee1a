"""The table of commands behind `./run`."""

import errno
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tooling import audit, bench, checks, fmt, interrupt, lock, manage, messages, serve, tests, tour
from tooling.places import ROOT, not_writable
from tooling.refusal import GENERAL, USAGE, Refusal


@dataclass(frozen=True)
class Command:
    run: Callable[[Sequence[str]], int]
    usage: str
    summary: str


COMMANDS = {
    "": Command(serve.serve, "./run", "everything: packages, servers, demo data, the helpdesk; Ctrl-C stops it, data stay"),
    "stop": Command(serve.stop, "./run stop", "stops what `./run` started in this checkout"),
    "test": Command(
        tests.test,
        "./run test [what…] [--all] [--system]",
        "the tests, with throw-away servers; --all adds the slow ones; --system takes Debian's servers",
    ),
    "check": Command(checks.check, "./run check [name…]", "format, lint, types, import contracts, migrations, deployment, translations"),
    "audit": Command(audit.audit, "./run audit [set…]", "known holes in the locked packages; needs the network"),
    "tour": Command(tour.tour, "./run tour", "goes through the whole main job on a fresh system"),
    "bench": Command(bench.bench, "./run bench [name]", "benchmarks"),
    "manage": Command(manage.manage, "./run manage …", "manage.py, beside the running system or with servers for its duration"),
    "shell": Command(manage.shell, "./run shell", "Django's shell"),
    "fmt": Command(fmt.fmt, "./run fmt", "formats Python and templates, mends what can be mended"),
    "messages": Command(messages.messages, "./run messages", "brings the translation file up to date with code and templates"),
    "lock": Command(lock.lock, "./run lock [--upgrade]", "compiles requirements/*.in to the locked *.txt"),
}


def main(arguments: Sequence[str]) -> int:
    """Runs the command named first and returns the exit code: 0, 1 for failures, 2 for wrong use, 130 when interrupted."""
    name = arguments[0] if arguments else ""
    if name in {"help", "-h", "--help"}:
        print(_help())
        return 0
    if name not in COMMANDS or (not name and arguments):
        print(f"There is no command “{name}”; ./run help lists them.", file=sys.stderr)
        return USAGE
    interrupt.listen()
    try:
        return COMMANDS[name].run(arguments[1:])
    except Refusal as refusal:
        print(f"\n{refusal}", file=sys.stderr)
        return refusal.code
    except interrupt.Stopped:
        return 130
    except OSError as error:
        print(f"\n{_explain(error)}", file=sys.stderr)
        return GENERAL


def _explain(error: OSError) -> str:
    """The sentence for what the machine refuses; what isn't the machine's doing is raised again."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk is full; free some space in {ROOT} and start again."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS} and error.filename:
        return str(not_writable(error))
    raise error


def _help() -> str:
    width = max(len(command.usage) for command in COMMANDS.values())
    return "\n".join(f"  {command.usage:<{width}}  {command.summary}" for command in COMMANDS.values())
