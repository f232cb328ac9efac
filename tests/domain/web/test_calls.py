"""What a client may put into every event: by a header, and by a body."""

from __future__ import annotations

from uuid import uuid4

import pytest

from libs.kernel.refusals import Refused
from libs.web.calls import Form, correlation, decode

GIVEN = "4aecac12-d79a-4f6b-9d98-1ce050f283d3"


def test_a_correlation_id_that_is_a_uuid_goes_into_the_events() -> None:
    given = str(uuid4())
    assert correlation(given) == correlation(given.upper()) == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "c-1",
        "wang-jianguo",
        "11010519491231002X",
        "110105194912310021",
        "110105194912310021" + "0" * 14,
        GIVEN.replace("-", ""),
        f"{GIVEN} wang",
        f"{{{GIVEN}}}",
        f"{GIVEN}\n",
    ],
)
def test_a_correlation_id_that_could_hold_a_name_or_an_id_number_is_ignored(given: str) -> None:
    assert correlation(given) == ""


class Said(Form):
    text: str


@pytest.mark.parametrize("escaped", [r"a\u0000b", r"\\\u0000", r"\u0000"])
def test_no_text_holds_what_no_table_can_hold(escaped: str) -> None:
    with pytest.raises(Refused) as refused:
        decode(Said, f'{{"text": "{escaped}"}}'.encode())
    assert [(one.code, one.pointer) for one in refused.value.reasons] == [("ENCODING_INVALID", "/text")]


def test_every_text_that_no_table_can_hold_is_pointed_at() -> None:
    body = rb'{"a/b": ["x", "\u0000"], "text": {"~": "\u0000"}, "\u0000": 1, "z": "\\u0000"}'
    with pytest.raises(Refused) as refused:
        decode(Said, body)
    assert [one.pointer for one in refused.value.reasons] == ["", "/a~1b/1", "/text/~0"]
    with pytest.raises(Refused) as unreadable:
        decode(Said, rb'{"text": "\u0000"')
    assert [one.pointer for one in unreadable.value.reasons] == [""]


def test_what_only_looks_like_it_is_taken_as_it_is() -> None:
    assert decode(Said, rb'{"text": "\\u0000"}').text == r"\u0000"
