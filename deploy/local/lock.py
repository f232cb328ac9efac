"""The lock of a state folder: who owns the stack in it, and whether anything of it is left."""

from __future__ import annotations

import fcntl
import os
import time
from typing import TYPE_CHECKING, Self

import psutil

from deploy.local.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "stack.pid"
# Longer than a keeper's grace.
_SETTLE_S = 30.0
# A process that has just been killed still looks alive.
_DYING_S = 1.0
_POLL_S = 0.05


class Lock:
    """An flock on `<root>/stack.pid`, which holds the owner's process id.

    The keepers inherit it: it is free when the owner and every server have ended.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    @classmethod
    def take(cls, root: Path) -> Self:
        """Take the lock; when its owner is dead, wait until the owner's servers are too.

        Raises
        ------
        StackError
            When a living process owns it.
        """
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        begin = time.monotonic()
        while not _try(descriptor):
            patience = _SETTLE_S if owner(root) is None else _DYING_S
            if time.monotonic() - begin > patience:
                os.close(descriptor)
                raise StackError(f"A stack already runs in {root}: use it, or stop it with `make down`.")
            time.sleep(_POLL_S)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock up."""
        os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(root: Path) -> bool:
    """Whether an owner or a server of the stack in `root` is still there."""
    try:
        descriptor = os.open(root / FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor)
    finally:
        os.close(descriptor)


def owner(root: Path) -> int | None:
    """Return the process id of the living owner of the stack in `root`, if there is one."""
    try:
        text = (root / FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    if not text.isdecimal() or not is_held(root):
        return None
    try:
        alive = psutil.Process(int(text)).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return int(text) if alive else None


def wait_free(root: Path, timeout_s: float = _SETTLE_S) -> bool:
    """Wait until nothing of the stack in `root` is left; say whether that came true in time."""
    deadline = time.monotonic() + timeout_s
    while is_held(root):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
