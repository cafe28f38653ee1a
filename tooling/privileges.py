"""PostgreSQL refuses to run as root. Root shows itself to it as an ordinary user, or else becomes one."""

import ctypes
import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tooling.places import ROOT

CLONE_NEWUSER = 0x10000000
SHOWN_UID = 1000

_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork


@dataclass(frozen=True)
class Descent:
    """How a child comes to be no root: `step` runs in the child before exec; `uid` and `gid` own its files, as seen from here."""

    name: str  # "as is", "namespace" or "setuid"
    uid: int
    gid: int
    step: Callable[[], None] | None


def find_descent(data: Path) -> Descent:
    """An ordinary user stays as is; root becomes the owner of `data`, else takes a user namespace, else becomes another account."""
    if os.geteuid() != 0:
        return Descent("as is", os.geteuid(), os.getegid(), None)
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Descent("setuid", owner.st_uid, owner.st_gid, lambda: _become(owner.st_uid, owner.st_gid))
    if os.environ.get("RUN_DESCENT") != "setuid" and _namespace_works():
        return Descent("namespace", 0, os.getegid(), _enter_namespace)
    uid, gid = _ordinary_account()
    return Descent("setuid", uid, gid, lambda: _become(uid, gid))


def _enter_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for name, line in (("uid_map", f"{SHOWN_UID} {uid} 1"), ("setgroups", "deny"), ("gid_map", f"{SHOWN_UID} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def _namespace_works() -> bool:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _enter_namespace()
            code = 0 if os.geteuid() == SHOWN_UID else 1
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


def _ordinary_account() -> tuple[int, int]:
    """The owner of the checkout, or `nobody` when that is root."""
    owner = ROOT.stat()
    if owner.st_uid != 0:
        return owner.st_uid, owner.st_gid
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _become(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
