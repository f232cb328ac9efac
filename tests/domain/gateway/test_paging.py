"""Queries are strict, cursors are opaque and belong to one list."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from libs.kernel.refusals import Refused
from libs.web.paging import Cursor, limit, page, read_cursor, read_query, wait_seconds, write_cursor


def asked(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def pointers(query: str) -> set[str]:
    with pytest.raises(Refused) as refusal:
        read_query(asked(query), {"limit": limit, "year": int})
    assert {reason.code for reason in refusal.value.reasons} == {"SCHEMA_INVALID"}
    return {reason.pointer for reason in refusal.value.reasons}


def test_every_key_that_is_wrong_is_told_at_once():
    assert pointers("limit=0&year=x&foo=1&a/b=2") == {"/limit", "/year", "/foo", "/a~1b"}


def test_a_key_that_comes_twice_is_no_key():
    assert pointers("year=1&year=1") == {"/year"}


@pytest.mark.parametrize("text", ["0", "101", "-1", "1.0", "", "١", "9" * 50])
def test_a_limit_is_a_number_from_1_to_100(text):
    with pytest.raises(ValueError, match=r".*"):
        limit(text)


@given(st.booleans(), st.text("az09-张", max_size=20), st.integers(0, 2**53))
def test_a_cursor_comes_back_as_it_was_written(forward, text, number):
    cursor = Cursor(forward, (text, number))
    assert read_cursor(write_cursor(cursor, "a"), "a", (str, int)) == cursor


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_whatever_is_no_cursor_is_refused_at_the_cursor(text):
    with pytest.raises(Refused) as refusal:
        read_cursor(text, "a", (str, str))
    assert [reason.pointer for reason in refusal.value.reasons] == ["/cursor"]


@pytest.mark.parametrize(
    "key", [["a", "b"], [1, 2**62], [1, -1], [1, True], [1], [1, 2, 3], [1, "2"], [1, 2.0], [[1], 2]]
)
def test_a_cursor_with_another_key_than_the_lists_is_none(key):
    with pytest.raises(Refused):
        read_cursor(write_cursor(Cursor(forward=True, key=tuple(key)), "a"), "a", (int, int))


def test_text_that_no_database_takes_is_no_key():
    with pytest.raises(Refused):
        read_cursor(write_cursor(Cursor(forward=True, key=("a\x00b",)), "a"), "a", (str,))


def test_a_cursor_of_another_list_is_none():
    with pytest.raises(Refused):
        read_cursor(write_cursor(Cursor(forward=True, key=("a",)), "b"), "a", (str,))


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("", 2),
        ("wait=5", 5),
        ("respond-async, wait=10", 10),
        ("wait=999", 30),
        ("wait=x", 2),
        ("await=5", 2),
        ("wait=0", 0),
    ],
)
def test_a_client_waits_as_long_as_it_prefers_within_reason(prefer, seconds):
    assert wait_seconds(prefer, otherwise=2, most=30) == seconds


class Listed:
    """A list as a table has it, newest first, read as the gateway reads it."""

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers

    def read(self, cursor: str | None, size: int) -> Any:
        place = read_cursor(cursor, "l", (int,)) if cursor else None
        if place is None:
            rows = sorted(self.numbers, reverse=True)
        elif place.forward:
            rows = sorted((n for n in self.numbers if n < place.key[0]), reverse=True)
        else:
            rows = sorted(n for n in self.numbers if n > place.key[0])
        return page(rows[: size + 1], place, size, "l", lambda n: (n,))


@given(st.sets(st.integers(0, 1000), max_size=40), st.integers(1, 7))
def test_going_forward_and_back_shows_each_item_once_in_order(numbers, size):
    listed = Listed(sorted(numbers))
    there = [listed.read(None, size)]
    while there[-1].next:
        there.append(listed.read(there[-1].next, size))
    assert [n for one in there for n in one.items] == sorted(numbers, reverse=True)
    back = [there[-1]]
    while back[-1].prev:
        back.append(listed.read(back[-1].prev, size))
    assert [n for one in reversed(back) for n in one.items] == sorted(numbers, reverse=True)
    assert there[0].prev is None


@given(st.sets(st.integers(0, 1000), min_size=1, max_size=30), st.sets(st.integers(1001, 2000), max_size=10))
def test_items_that_come_in_above_do_not_disturb_the_pages_below(numbers, new):
    listed = Listed(sorted(numbers))
    first = listed.read(None, 3)
    listed.numbers = sorted(numbers | new)
    seen = list(first.items)
    following = first.next
    while following:
        one = listed.read(following, 3)
        seen += one.items
        following = one.next
    assert seen == sorted(numbers, reverse=True)
