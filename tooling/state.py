"""What is running in this checkout, as the next `./run` reads it."""

import json
import os
from dataclasses import asdict, dataclass

from tooling.places import VAR, Place
from tooling.processes import Identity, identify, is_alive

LOCK = VAR / "run.lock"  # held by whoever runs the servers of var/
GUESTS = VAR / "guests.lock"  # shared by those who use servers that another command started


@dataclass(frozen=True)
class State:
    """`kind` is "serve" or "command"; `environment` is what manage.py needs to use the same servers."""

    kind: str
    address: str
    environment: dict[str, str]
    holder: Identity


def write(place: Place, kind: str, address: str, environment: dict[str, str]) -> None:
    """Notes the running system, readable by the owner alone: the environment holds the secret key."""
    me = identify(os.getpid())
    assert me is not None
    unfinished = place.state.with_suffix(".new")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(State(kind, address, environment, me)), file)
    unfinished.replace(place.state)


def read(place: Place) -> State | None:
    """What runs, or None: nothing noted, half noted, or its holder has died."""
    try:
        noted = json.loads(place.state.read_text())
        holder = Identity(**noted.pop("holder"))
        state = State(holder=holder, **noted)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if is_alive(holder) else None


def clear(place: Place) -> None:
    place.state.unlink(missing_ok=True)
