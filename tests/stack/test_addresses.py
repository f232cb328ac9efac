"""Where a stack is: its own ports, an external one's addresses, and one sentence when something is in the way."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import asdict
from typing import TYPE_CHECKING

import asyncpg
import pytest

from deploy.local.errors import StackError
from deploy.local.stack import LocalStack, StackInfo, open_stack
from tests.stack_fixture import state_folder

if TYPE_CHECKING:
    from pathlib import Path


def _one_sentence(error: BaseException) -> bool:
    text = str(error)
    return "\n" not in text and text.endswith(".") and text.count(". ") == 0


@pytest.mark.parametrize("variable", ["ZHICHENG_POSTGRES_PORT", "ZHICHENG_KAFKA_PORT"])
def test_a_taken_port_is_answered_with_one_sentence(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken, state_folder() as root:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv(variable, str(taken.getsockname()[1]))
        stack = LocalStack(root)
        with pytest.raises(StackError) as refused:
            stack.start()
        assert _one_sentence(refused.value)
        assert variable in str(refused.value)
        assert stack.pids == []


def test_a_port_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("ZHICHENG_POSTGRES_PORT", str(port))
    with state_folder() as root, LocalStack(root) as stack:
        assert stack.info.postgres_port == port


def test_external_stack_gives_the_same_interface(
    stack: StackInfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHICHENG_STACK", "external")
    monkeypatch.setenv("ZHICHENG_POSTGRES_DSN", stack.dsn("postgres"))
    monkeypatch.setenv("ZHICHENG_KAFKA", stack.kafka_bootstrap)
    external = open_stack(tmp_path)
    assert external == stack
    assert list(tmp_path.iterdir()) == []


def test_an_external_stack_without_addresses_is_answered_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHICHENG_STACK", "external")
    monkeypatch.delenv("ZHICHENG_KAFKA", raising=False)
    with pytest.raises(StackError) as refused:
        open_stack(tmp_path)
    assert _one_sentence(refused.value)


@pytest.mark.parametrize("kind", ["containers", "cloud"])
def test_a_kind_of_stack_that_is_not_there_is_answered_with_one_sentence(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZHICHENG_STACK", kind)
    with pytest.raises(StackError) as refused:
        open_stack(tmp_path)
    assert _one_sentence(refused.value)


def test_a_login_with_any_characters_survives_the_dsn() -> None:
    info = StackInfo("127.0.0.1", 5432, "postgres", "p@ss:w/rd %1", "127.0.0.1:9092")
    again = StackInfo.from_environment(
        {"ZHICHENG_POSTGRES_DSN": info.dsn("postgres"), "ZHICHENG_KAFKA": info.kafka_bootstrap}
    )
    assert again == info


def test_the_addresses_survive_the_file(tmp_path: Path) -> None:
    info = StackInfo("127.0.0.1", 5432, "postgres", "secret", "127.0.0.1:9092")
    written = info.write(tmp_path)
    assert json.loads(written.read_text()) == asdict(info)
    assert StackInfo.read(written) == info


def test_postgres_is_the_real_one_durable_and_locked(stack: StackInfo) -> None:
    async def ask() -> dict[str, str]:
        connection = await asyncpg.connect(stack.dsn("postgres"))
        try:
            names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "TimeZone", "max_connections")
            return {name: str(await connection.fetchval("SELECT current_setting($1)", name)) for name in names}
        finally:
            await connection.close()

    settings = asyncio.run(ask())
    assert settings.pop("server_version").startswith("18.")
    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "TimeZone": "UTC",
        "max_connections": "200",
    }
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(asyncpg.connect(stack.dsn("postgres", "postgres", "guess")))
