"""Fixtures for every tier that needs real servers; `tests/conftest.py` imports them.

State lies in `.local/test-<random>` of the checkout and goes with the session. A session that was killed leaves its
folder but no process; the next session clears the folder away.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.local import lock
from deploy.local.lock import Lock
from deploy.local.outside_process import OutsideInfo, OutsideProcess
from deploy.local.stack import LocalStack, StackInfo, open_stack

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_LOCAL = Path(__file__).resolve().parents[1] / ".local"
_ABANDONED_S = 60.0


@contextmanager
def state_folder() -> Generator[Path]:
    """Make a state folder for a stack of this session; it goes at the end."""
    _clear_abandoned()
    folder = _LOCAL / f"test-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_abandoned() -> None:
    for folder in _LOCAL.glob("test-*"):
        # Young ones may belong to a session that has made its folder and not yet taken its lock.
        try:
            old = time.time() - folder.stat().st_mtime > _ABANDONED_S
        except FileNotFoundError:
            continue
        if old and not lock.is_held(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _named_stack() -> Path | None:
    named = os.environ.get("ZHICHENG_TEST_STACK")
    return Path(named).resolve() if named else None


@pytest.fixture(scope="session")
def stack() -> Iterator[StackInfo]:
    """PostgreSQL and Kafka, one stack for the session, or the one named by ZHICHENG_TEST_STACK or ZHICHENG_STACK."""
    named = _named_stack()
    if named is not None:
        yield StackInfo.read(named)
    elif os.environ.get("ZHICHENG_STACK", "local") != "local":
        yield open_stack(_LOCAL)
    else:
        with state_folder() as folder, LocalStack(folder) as own:
            yield own.info


@pytest.fixture(scope="session")
def breakable_stack() -> Iterator[LocalStack]:
    """Give a stack of its own to tests that kill, stop or freeze servers; each leaves it running."""
    with state_folder() as folder, LocalStack(folder) as own:
        yield own


@pytest.fixture(scope="session")
def outside() -> Iterator[OutsideInfo]:
    """Give the identity provider and the stand-ins, one process for the session."""
    named = _named_stack()
    if named is not None and (named.parent / "outside" / "outside.json").exists():
        yield OutsideInfo.read(named.parent / "outside")
        return
    with state_folder() as folder:
        held = Lock.take(folder)
        process = OutsideProcess(folder)
        process.hold = (held.descriptor,)
        try:
            process.start()
            yield process.info
        finally:
            process.stop()
            held.release()
