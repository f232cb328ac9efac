"""Only the jars that the lock names reach a JVM."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deploy.local import jars
from deploy.local.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path


def _small() -> jars.Jar:
    return next(jar for jar in jars.read_lock() if jar.artifact == "jspecify")


def test_a_jar_with_another_hash_is_refused(tmp_path: Path) -> None:
    tampered = replace(_small(), sha256="0" * 64)
    with pytest.raises(StackError, match=r"is not the one in kafka\.lock"):
        jars.fetch([tampered], tmp_path)
    assert list((tmp_path / "jars").iterdir()) == []


def test_a_jar_of_the_lock_is_fetched_once_and_kept(tmp_path: Path) -> None:
    (first,) = jars.fetch([_small()], tmp_path)
    written = first.stat().st_mtime_ns
    assert jars.fetch([_small()], tmp_path) == [first]
    assert first.stat().st_mtime_ns == written
    assert [one.name for one in (tmp_path / "jars").iterdir()] == [_small().filename]


def test_a_jar_changed_in_the_cache_is_fetched_anew(tmp_path: Path) -> None:
    (first,) = jars.fetch([_small()], tmp_path)
    sound = first.read_bytes()
    first.write_bytes(sound + b"x")
    assert jars.fetch([_small()], tmp_path) == [first]
    assert first.read_bytes() == sound


def test_a_jar_that_is_nowhere_is_answered_with_one_sentence(tmp_path: Path) -> None:
    nowhere = replace(_small(), version="0.0.0-none")
    with pytest.raises(StackError, match="could not be fetched") as refused:
        jars.fetch([nowhere], tmp_path)
    assert "\n" not in str(refused.value)


def test_the_lock_names_every_jar_by_coordinate_and_hash_and_no_address() -> None:
    locked = jars.read_lock()
    assert {"kafka_2.13", "kafka-clients", "log4j-slf4j-impl"} <= {jar.artifact for jar in locked}
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in locked)
    assert "://" not in jars.LOCK.read_text(encoding="utf-8")
