"""A stack ends with its owner, however that ends, and starts again from what it left."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest

from deploy.local import lock
from deploy.local.errors import StackError
from deploy.local.stack import LocalStack, StackInfo
from tests.stack_fixture import state_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

_END_S = 60.0
_CHECKOUT = Path(__file__).resolve().parents[2]
_OWNER = """
import json, sys, time
from pathlib import Path
from deploy.local.stack import LocalStack
with LocalStack(Path(sys.argv[1]), outside=True) as stack:
    print(json.dumps(stack.pids), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def root() -> Iterator[Path]:
    """Give a state folder of the test's own; a stack that a failed test left there does not outlive it."""
    with state_folder() as folder:
        yield folder
        owner = lock.owner(folder)
        if owner is not None:
            psutil.Process(owner).kill()


@pytest.fixture(autouse=True)
def _ctrl_c_is_heard() -> Iterator[None]:
    """Have what a test starts hear SIGINT: a run in the background of a shell ignores it, and so would its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _start_owner(root: Path) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    owner = subprocess.Popen([sys.executable, "-c", _OWNER, str(root)], stdout=subprocess.PIPE, cwd=_CHECKOUT)
    assert owner.stdout is not None
    named = [psutil.Process(pid) for pid in json.loads(owner.stdout.readline())]
    # With PostgreSQL's own children.
    return owner, list({*named, *(child for one in named for child in one.children(recursive=True))})


def _left(processes: list[psutil.Process], timeout_s: float = 20.0) -> list[psutil.Process]:
    _, alive = psutil.wait_procs([one for one in processes if _runs(one)], timeout=timeout_s)
    return [one for one in alive if _runs(one)]


def _runs(process: psutil.Process) -> bool:
    # A zombie has ended; only its parent has not asked how.
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _execute(info: StackInfo, sql: str) -> object:
    connection = await asyncpg.connect(info.dsn("postgres"))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def test_a_stack_whose_parent_is_killed_leaves_no_process(root: Path) -> None:
    owner, processes = _start_owner(root)
    owner.kill()
    owner.wait()
    assert len(processes) > 6
    assert not _left(processes)
    assert not lock.is_held(root)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stack_whose_parent_gets_a_signal_leaves_no_process(root: Path, number: signal.Signals) -> None:
    owner, processes = _start_owner(root)
    owner.send_signal(number)
    owner.wait(_END_S)
    assert not _left(processes)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux's death signal")
def test_a_server_whose_keeper_is_killed_ends(root: Path) -> None:
    owner, processes = _start_owner(root)
    keepers = [one for one in processes if one.ppid() == owner.pid]
    for keeper in keepers:
        keeper.kill()
    left = _left(list(set(processes) - set(keepers)))
    owner.kill()
    owner.wait()
    assert not left


def test_a_parent_killed_during_the_start_leaves_no_process(root: Path) -> None:
    code = _OWNER.replace("with LocalStack", "print('[]', flush=True)\nwith LocalStack", 1)
    owner = subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, cwd=_CHECKOUT)
    assert owner.stdout is not None
    owner.stdout.readline()
    time.sleep(1)
    processes = psutil.Process(owner.pid).children(recursive=True)
    owner.kill()
    owner.wait()
    assert processes
    assert not _left(processes)


def test_the_state_of_a_killed_stack_starts_again_with_its_data(root: Path) -> None:
    owner, _ = _start_owner(root)
    before = StackInfo.read(root / "stack.json")
    asyncio.run(_execute(before, "CREATE TABLE kept AS SELECT 7 AS n"))
    owner.kill()
    # At once, while the former run's servers are still ending.
    with LocalStack(root) as stack:
        owner.wait()
        assert stack.info == before
        assert asyncio.run(_execute(stack.info, "SELECT n FROM kept")) == 7


def test_two_checkouts_run_side_by_side(root: Path) -> None:
    with state_folder() as other_root, LocalStack(root) as one, LocalStack(other_root) as other:
        assert asyncio.run(_execute(one.info, "SELECT 1")) == 1
        assert asyncio.run(_execute(other.info, "SELECT 1")) == 1
        assert one.info.postgres_port != other.info.postgres_port
        assert one.info.kafka_bootstrap != other.info.kafka_bootstrap
        assert one.info.postgres_password != other.info.postgres_password


def test_a_second_stack_on_the_same_state_is_refused(root: Path) -> None:
    with LocalStack(root), pytest.raises(StackError, match="already runs"):
        LocalStack(root).start()


def test_up_and_down_leave_no_process_and_can_be_repeated(root: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "deploy.local", *arguments, "--root", str(root)]
        return subprocess.run(command, cwd=_CHECKOUT, capture_output=True, text=True, check=False, timeout=120)

    first, again = run("up", "--json"), run("up", "--json")
    owner = psutil.Process(int((root / "stack.pid").read_text()))
    processes = [owner, *owner.children(recursive=True)]
    status = run("status", "--json")
    ended = run("down")
    left = _left(processes, timeout_s=5)
    nothing = (run("down"), run("status", "--json"))
    assert (first.returncode, again.returncode, status.returncode, ended.returncode) == (0, 0, 0, 0), first.stderr
    assert first.stdout == again.stdout == status.stdout
    assert StackInfo.__dataclass_fields__.keys() - json.loads(first.stdout).keys() == {"postgres_password"}
    assert not left
    assert [one.returncode for one in nothing] == [0, 1]
    assert json.loads(nothing[1].stdout) == {"running": False}


def test_ctrl_c_during_up_leaves_no_process(root: Path) -> None:
    command = [sys.executable, "-m", "deploy.local", "up", "--root", str(root)]
    starting = subprocess.Popen(command, cwd=_CHECKOUT, stderr=subprocess.DEVNULL)
    while starting.poll() is None and not psutil.Process(starting.pid).children():
        time.sleep(0.1)
    # Far enough for servers to be there.
    time.sleep(1)
    processes = psutil.Process(starting.pid).children(recursive=True)
    starting.send_signal(signal.SIGINT)
    assert starting.wait(_END_S) != 0
    assert processes
    assert not _left(processes)
    assert not lock.is_held(root)


def test_secrets_are_readable_by_their_owner_only(root: Path) -> None:
    with LocalStack(root, outside=True):
        private = [
            root / "stack.json",
            root / "postgres" / "password",
            root / "outside" / "outside.json",
            root / "outside" / "idp" / "admin-secret",
            root / "outside" / "idp" / "signing-key.json",
            root / "outside" / "payment" / "signing-key.json",
        ]
        assert {path.name: oct(path.stat().st_mode & 0o777) for path in private} == {
            path.name: "0o600" for path in private
        }
