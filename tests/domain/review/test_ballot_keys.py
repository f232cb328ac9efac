"""The contract of `BallotKeys`, run on every adapter, and what the one with files promises besides."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from libs.ballot import Choice, receipt, seal
from services.review.adapters.ballot_keys import BallotKeys, FileBallotKeys, KeyLost

Open = Callable[[], BallotKeys]
BALLOT = UUID("6f1c1f2e-3c49-4b57-9a5e-0d3a8f5d2b11")


@pytest.fixture(params=["files"])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    """Give a way to connect to one and the same store of keys, as after a restart."""
    adapters: dict[str, Open] = {"files": lambda: FileBallotKeys(tmp_path / "keys")}
    return adapters[request.param]


def test_boxes_sealed_for_the_public_key_are_counted_also_after_a_restart(connect: Open) -> None:
    public = asyncio.run(connect().create(BALLOT))
    boxes = [seal(choice, BALLOT, public) for choice in (Choice.AGREE, Choice.AGREE, Choice.AGAINST)]
    tally = asyncio.run(connect().count(BALLOT, public, boxes))
    assert (tally.agree, tally.against, tally.abstain, tally.invalid) == (2, 1, 0, 0)
    assert set(tally.receipts) == {receipt(box) for box in boxes}
    assert asyncio.run(connect().count(str(BALLOT), public, boxes)) == tally


def test_a_ballot_has_one_key_however_often_it_is_asked_for(connect: Open) -> None:
    async def many() -> set[str]:
        return set(await asyncio.gather(*(connect().create(BALLOT) for _ in range(20))))

    assert len(asyncio.run(many())) == 1
    assert asyncio.run(connect().create(uuid4())) not in asyncio.run(many())


def test_a_destroyed_key_opens_nothing_ever_again(connect: Open) -> None:
    public = asyncio.run(connect().create(BALLOT))
    box = seal(Choice.AGREE, BALLOT, public)
    asyncio.run(connect().destroy(BALLOT))
    with pytest.raises(KeyLost):
        asyncio.run(connect().count(BALLOT, public, [box]))
    asyncio.run(connect().destroy(BALLOT))


def test_a_key_made_anew_never_counts_the_old_keys_votes_as_invalid(connect: Open) -> None:
    public = asyncio.run(connect().create(BALLOT))
    asyncio.run(connect().destroy(BALLOT))
    assert asyncio.run(connect().create(BALLOT)) != public
    with pytest.raises(KeyLost):
        asyncio.run(connect().count(BALLOT, public, [seal(Choice.AGREE, BALLOT, public)]))


def test_the_keys_that_are_held_can_be_listed_for_the_sweep(connect: Open) -> None:
    ballots = sorted((uuid4(), uuid4()))
    for ballot in ballots:
        asyncio.run(connect().create(ballot))
    assert list(asyncio.run(connect().held())) == ballots
    asyncio.run(connect().destroy(ballots[0]))
    assert list(asyncio.run(connect().held())) == ballots[1:]


def test_no_name_reaches_outside_the_store(connect: Open) -> None:
    for name in ("../../etc/passwd", "", "x" * 36):
        with pytest.raises(ValueError, match="badly formed"):
            asyncio.run(connect().destroy(name))


def test_a_key_file_is_for_its_owner_only_and_nothing_else_is_left_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    asyncio.run(FileBallotKeys(folder).create(BALLOT))
    asyncio.run(FileBallotKeys(folder).create(BALLOT))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_destroying_overwrites_the_content_before_the_name_goes(tmp_path: Path) -> None:
    keys = FileBallotKeys(tmp_path)
    asyncio.run(keys.create(BALLOT))
    (file,) = tmp_path.iterdir()
    left_by_a_crash = tmp_path / "left.draft"
    left_by_a_crash.hardlink_to(file)
    private = file.read_bytes()
    asyncio.run(keys.destroy(BALLOT))
    assert not file.exists()
    assert len(left_by_a_crash.read_bytes()) == len(private)
    assert left_by_a_crash.read_bytes() != private


def test_a_damaged_key_file_is_a_lost_key(tmp_path: Path) -> None:
    keys = FileBallotKeys(tmp_path)
    public = asyncio.run(keys.create(BALLOT))
    next(tmp_path.iterdir()).write_bytes(b"short")
    with pytest.raises(KeyLost):
        asyncio.run(keys.count(BALLOT, public, []))
