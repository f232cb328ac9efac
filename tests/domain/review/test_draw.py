"""The verifiable draw: reproducible by anyone, fair to the pool, bound to what was fixed before."""

from __future__ import annotations

from collections import Counter

from hypothesis import given as forall
from hypothesis import strategies as st

from libs.events.contracts.review_session import ExpertDrawn, ExpertDrawSeeded, ExpertReplaced
from services.review.domain.draw import commitment_of, draw, reproduces
from tests.domain.review.world import NONCE, SEED, expert

SEEDS = st.binary(min_size=32, max_size=32).map(bytes.hex)
POOLS = st.lists(st.uuids().map(str), min_size=1, max_size=40, unique=True)


def seeded(pool: tuple[str, ...], seats: int, commitment: str = commitment_of(SEED)) -> ExpertDrawSeeded:
    return ExpertDrawSeeded(
        commitment=commitment,
        nonce=NONCE,
        seats=seats,
        pool=pool,
        excluded=(),
        replaces="",
        reason=None,
        seen=(),
    )


@forall(SEEDS, SEEDS, POOLS, st.randoms(use_true_random=False), st.data())
def test_a_draw_depends_on_nothing_but_seed_nonce_and_pool(seed, nonce, pool, random, data) -> None:
    seats = data.draw(st.integers(1, len(pool)))
    drawn = draw(seed, nonce, pool, seats)
    shuffled = [*pool]
    random.shuffle(shuffled)
    assert draw(seed, nonce, shuffled, seats) == drawn
    assert len(set(drawn)) == seats
    assert set(drawn) <= set(pool)


@forall(SEEDS, POOLS, st.data())
def test_leaving_out_someone_who_was_not_drawn_changes_nothing(seed, pool, data) -> None:
    seats = data.draw(st.integers(1, len(pool)))
    drawn = draw(seed, NONCE, pool, seats)
    for left in set(pool) - set(drawn):
        assert draw(seed, NONCE, [one for one in pool if one != left], seats) == drawn


def test_every_expert_of_a_pool_is_drawn_about_equally_often() -> None:
    pool = [expert(number) for number in range(10)]
    times = Counter(one for turn in range(2000) for one in draw(f"{turn:064x}", NONCE, pool, 3))
    assert all(500 <= times[one] <= 700 for one in pool)


def test_a_recorded_draw_can_be_redone_by_anyone() -> None:
    pool = tuple(expert(number) for number in range(9))
    drawn = ExpertDrawn(seed=SEED, drawn=draw(SEED, NONCE, pool, 7))
    assert reproduces(seeded(pool, 7), drawn)
    replaced = ExpertReplaced(seed=SEED, out=expert(20), drawn=draw(SEED, NONCE, pool, 1)[0])
    assert reproduces(seeded(pool, 1), replaced)


def test_a_hand_picked_expert_or_another_seed_or_pool_is_found_out() -> None:
    pool = tuple(expert(number) for number in range(9))
    honest = draw(SEED, NONCE, pool, 3)
    other = next(one for one in pool if one not in honest)
    assert not reproduces(seeded(pool, 3), ExpertDrawn(seed=SEED, drawn=(*honest[:2], other)))
    assert not reproduces(seeded(pool, 3, commitment_of("00" * 32)), ExpertDrawn(seed=SEED, drawn=honest))
    without = tuple(one for one in pool if one != honest[0])
    assert not reproduces(seeded(without, 3), ExpertDrawn(seed=SEED, drawn=honest))
