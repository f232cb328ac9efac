"""Blobs: complete before they are named, never other bytes than those that were named, swept when nobody names them."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.events.blobs import BlobMissingError, Blobs, local_store
from libs.events.contracts.intake_parts import BlobRef
from libs.events.sealing import KeyDestroyedError, KeyRing, SealBrokenError
from tests.spine.test_sealing import FixedKeys

if TYPE_CHECKING:
    from pathlib import Path

PERSON, OTHER = str(uuid4()), str(uuid4())
PDF = "application/pdf"


@pytest.fixture
def keys() -> FixedKeys:
    return FixedKeys({PERSON: bytes(range(32)), OTHER: bytes(32)})


@pytest.fixture
def blobs(tmp_path: Path, keys: FixedKeys) -> Blobs:
    return Blobs(local_store(tmp_path / "blobs"), KeyRing(keys))


def stored_file(tmp_path: Path, ref: BlobRef) -> Path:
    return tmp_path / "blobs" / ref.hash[:2] / ref.hash


@given(st.binary(max_size=5000))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_a_blob_reads_back_as_it_was_put(blobs: Blobs, content: bytes) -> None:
    ref = await blobs.put(PERSON, content, PDF)
    assert (ref.size, ref.media_type) == (len(content), PDF)
    assert await blobs.get(PERSON, ref) == content


async def test_a_blob_is_complete_before_it_can_be_named(blobs: Blobs, tmp_path: Path) -> None:
    ref = await blobs.put(PERSON, b"x" * 3_000_000, PDF)
    # Only put gives the reference, and what it names is then wholly there, under the hash of what is stored.
    stored = stored_file(tmp_path, ref).read_bytes()
    assert hashlib.sha256(stored).hexdigest() == ref.hash
    assert await blobs.has(ref.hash)
    assert [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == [ref.hash]


async def test_a_blob_is_encrypted_and_the_same_content_twice_does_not_show(blobs: Blobs, tmp_path: Path) -> None:
    content = "张三的论文".encode() * 100
    one, two = [await blobs.put(PERSON, content, PDF) for _ in range(2)]
    assert one.hash != two.hash
    assert b"\xe5\xbc\xa0" not in stored_file(tmp_path, one).read_bytes()


@pytest.mark.parametrize("position", [0, 5, 40, -1])
async def test_tampered_bytes_are_refused(blobs: Blobs, tmp_path: Path, position: int) -> None:
    ref = await blobs.put(PERSON, b"what was submitted", PDF)
    file = stored_file(tmp_path, ref)
    changed = bytearray(file.read_bytes())
    changed[position] ^= 1
    file.write_bytes(changed)
    with pytest.raises(SealBrokenError):
        await blobs.get(PERSON, ref)


async def test_another_blob_under_the_name_is_refused(blobs: Blobs, tmp_path: Path) -> None:
    ref, other = await blobs.put(PERSON, b"one", PDF), await blobs.put(PERSON, b"other", PDF)
    stored_file(tmp_path, ref).write_bytes(stored_file(tmp_path, other).read_bytes())
    with pytest.raises(SealBrokenError):
        await blobs.get(PERSON, ref)


async def test_a_blob_opens_for_its_person_and_as_its_media_type_only(blobs: Blobs) -> None:
    ref = await blobs.put(PERSON, b"content", PDF)
    with pytest.raises(SealBrokenError):
        await blobs.get(OTHER, ref)
    with pytest.raises(SealBrokenError):
        await blobs.get(PERSON, ref.model_copy(update={"media_type": "text/html"}))


async def test_after_an_erasure_no_blob_of_the_person_can_be_read_or_put(
    tmp_path: Path, keys: FixedKeys, blobs: Blobs
) -> None:
    mine, theirs = await blobs.put(PERSON, b"mine", PDF), await blobs.put(OTHER, b"theirs", PDF)
    del keys.held[PERSON]
    after = Blobs(local_store(tmp_path / "blobs"), KeyRing(keys))
    with pytest.raises(KeyDestroyedError):
        await after.get(PERSON, mine)
    with pytest.raises(KeyDestroyedError):
        await after.put(PERSON, b"more", PDF)
    assert await after.get(OTHER, theirs) == b"theirs"
    assert await after.has(mine.hash)


async def test_what_is_not_there_is_missing_not_broken(blobs: Blobs) -> None:
    with pytest.raises(BlobMissingError):
        await blobs.get(PERSON, BlobRef(hash="0" * 64, size=1, media_type=PDF))
    assert not await blobs.has("0" * 64)


async def test_the_sweep_keeps_what_is_named_and_what_is_young(blobs: Blobs) -> None:
    named, unnamed = [await blobs.put(PERSON, content, PDF) for content in (b"named", b"unnamed")]
    now = datetime.now(UTC)

    async def names(_: list[str]) -> set[str]:
        return {named.hash}

    assert await blobs.sweep(names, now + timedelta(hours=23)) == 0
    assert await blobs.sweep(names, now + timedelta(hours=25)) == 1
    assert (await blobs.has(named.hash), await blobs.has(unnamed.hash)) == (True, False)
    assert await blobs.get(PERSON, named) == b"named"
    assert await blobs.sweep(names, now + timedelta(days=400)) == 0


async def test_the_sweep_keeps_what_a_command_is_about_to_name_after_it_was_listed(
    blobs: Blobs, tmp_path: Path
) -> None:
    wanted, unwanted = [await blobs.put(PERSON, content, PDF) for content in (b"wanted", b"unwanted")]
    two_days_ago = time.time() - 2 * 86400
    for ref in (wanted, unwanted):
        os.utime(stored_file(tmp_path, ref), (two_days_ago, two_days_ago))

    async def names(listed: list[str]) -> set[str]:
        assert {wanted.hash, unwanted.hash} & set(listed)
        await blobs.get(PERSON, wanted, about_to_name=True)  # its event is not appended yet
        return set()

    assert await blobs.sweep(names) == 1
    assert (await blobs.has(wanted.hash), await blobs.has(unwanted.hash)) == (True, False)
    assert await blobs.get(PERSON, wanted) == b"wanted"
