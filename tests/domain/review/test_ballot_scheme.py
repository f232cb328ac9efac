"""The ballot's cryptography: what a sealed box keeps, and what it cannot be made to do (§14.1)."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from libs.ballot import (
    SEALED_BYTES,
    Choice,
    count,
    new_private_key,
    open_box,
    public_key_of,
    receipt,
    seal,
    sealed_from_text,
    sealed_to_text,
)
from libs.ballot.sealing import SUITE, X25519PublicKey, _bound_to, _bytes  # pyright: ignore[reportPrivateUsage]

BALLOT = UUID("6f1c1f2e-3c49-4b57-9a5e-0d3a8f5d2b11")
PRIVATE = new_private_key()
PUBLIC = public_key_of(PRIVATE)
CHOICES = st.sampled_from(Choice)


@forall(CHOICES, st.uuids())
def test_a_box_opens_to_the_choice_it_was_sealed_with(choice: Choice, ballot: UUID) -> None:
    assert open_box(seal(choice, ballot, PUBLIC), ballot, PRIVATE) is choice
    assert open_box(seal(choice, str(ballot), PUBLIC), ballot, PRIVATE) is choice


@forall(CHOICES, st.uuids())
def test_every_box_has_one_length_whatever_it_holds(choice: Choice, ballot: UUID) -> None:
    assert len(seal(choice, ballot, PUBLIC)) == SEALED_BYTES


@forall(CHOICES, st.uuids(), st.uuids())
def test_a_box_for_another_ballot_is_invalid_even_under_the_same_key(choice: Choice, made: UUID, sent: UUID) -> None:
    opened = open_box(seal(choice, made, PUBLIC), sent, PRIVATE)
    assert opened is (choice if made == sent else None)


def test_a_box_for_another_key_is_invalid() -> None:
    assert open_box(seal(Choice.AGREE, BALLOT, PUBLIC), BALLOT, new_private_key()) is None


@settings(max_examples=200)
@forall(st.binary(max_size=2 * SEALED_BYTES))
def test_no_bytes_make_the_count_fail_they_are_invalid(box: bytes) -> None:
    assert open_box(box, BALLOT, PRIVATE) is None


@forall(st.integers(0, SEALED_BYTES * 8 - 1))
def test_a_box_with_one_bit_changed_is_invalid(bit: int) -> None:
    box = bytearray(seal(Choice.AGREE, BALLOT, PUBLIC))
    box[bit // 8] ^= 1 << bit % 8
    # X25519 ignores the highest bit of a point, but HPKE binds the bytes sent: the box is still refused.
    assert open_box(bytes(box), BALLOT, PRIVATE) is None


@pytest.mark.parametrize("plain", [b"", b"\x01", b"\x00" + b"r" * 16, b"\x04" + b"r" * 16, b"\x01" + b"r" * 17])
def test_a_box_that_holds_no_choice_is_invalid(plain: bytes) -> None:
    key = X25519PublicKey.from_public_bytes(_bytes(PUBLIC))
    assert open_box(SUITE.encrypt(plain, key, info=_bound_to(BALLOT)), BALLOT, PRIVATE) is None


@forall(st.lists(CHOICES, max_size=25))
def test_boxes_and_receipts_are_unique_though_choices_are_not(choices: list[Choice]) -> None:
    boxes = [seal(choice, BALLOT, PUBLIC) for choice in choices]
    assert len(set(boxes)) == len({receipt(box) for box in boxes}) == len(choices)


@forall(st.lists(CHOICES, max_size=25), st.integers(0, 3), st.randoms(use_true_random=False))
def test_a_count_finds_every_vote_and_keeps_no_order(choices, broken, random) -> None:
    boxes = [seal(choice, BALLOT, PUBLIC) for choice in choices]
    boxes += [seal(Choice.AGREE, uuid4(), PUBLIC) for _ in range(broken)]
    tally = count(boxes, BALLOT, PRIVATE)
    assert tally.agree == choices.count(Choice.AGREE)
    assert tally.against == choices.count(Choice.AGAINST)
    assert tally.abstain == choices.count(Choice.ABSTAIN)
    assert tally.invalid == broken
    assert list(tally.receipts) == sorted(receipt(box) for box in boxes)
    random.shuffle(boxes)
    assert count(boxes, BALLOT, PRIVATE) == tally


@forall(CHOICES)
def test_a_box_travels_as_text_in_one_spelling_only(choice: Choice) -> None:
    box = seal(choice, BALLOT, PUBLIC)
    text = sealed_to_text(box)
    assert sealed_from_text(text) == box
    for other in (text + "=", text + "\n", text[:-1], text + "A", f" {text}", text.replace(text[3], "!")):
        with pytest.raises(ValueError, match=r"base64url|bytes"):
            sealed_from_text(other)


@pytest.mark.parametrize("key", ["", "AAAA", "not a key", PUBLIC + "A", PUBLIC + "="], ids=range(5))
def test_nothing_is_sealed_for_what_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        seal(Choice.AGREE, BALLOT, key)


def test_a_ballot_has_to_be_named_by_a_uuid() -> None:
    with pytest.raises(ValueError, match="badly formed"):
        seal(Choice.AGREE, "ballot-1", PUBLIC)
