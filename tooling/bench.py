"""`./run bench`: benchmarks on throw-away servers that sync to disk as real ones do."""

import subprocess
from collections.abc import Sequence

from tooling import dependencies
from tooling.places import PYTHON, ROOT
from tooling.progress import say
from tooling.refusal import USAGE, Refusal
from tooling.static import Collection
from tooling.system import prepare_translations, throw_away

FOLDER = ROOT / "benchmarks"


def bench(arguments: Sequence[str]) -> int:
    """Runs `python -m benchmarks.NAME` for the names given, else for all; options go to each. 1 when one failed."""
    names, options = _split(arguments)
    known = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Refusal(f"There is no benchmark {unknown[0]}; there are: {', '.join(known) or 'none yet'}.", USAGE)
    if not known:
        say("There are no benchmarks yet: add one as benchmarks/NAME.py.")
        return 0
    dependencies.ensure(dependencies.DEVELOPING)
    prepare_translations()
    codes = [_one(name, options) for name in names or known]
    return 1 if any(codes) else 0


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names, then from the first dash on what the benchmarks themselves understand: web --rows 1000000."""
    first = next((place for place, argument in enumerate(arguments) if argument.startswith("-")), len(arguments))
    return list(arguments[:first]), list(arguments[first:])


def _one(name: str, options: Sequence[str]) -> int:
    """Each has fresh servers, so that none measures what another left."""
    with throw_away("bench", durable=True) as system:
        system.configure(base_url="http://127.0.0.1:8000")
        static = Collection(system)
        system.prepare()
        static.begin()
        system.start_servers()
        static.finish()
        system.manage("migrate", "--verbosity", "0", doing="Migrating the database")
        say(f"Running {name}.")
        return subprocess.run([PYTHON, "-m", f"benchmarks.{name}", *options], cwd=ROOT, env=system.variables, check=False).returncode
