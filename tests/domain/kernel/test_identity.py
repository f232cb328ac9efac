"""Identity numbers, names and money: what is accepted, exactly."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.kernel.identity import birth_date, credit_code, masked, name_reasons, resident_number
from libs.kernel.money import fen, price_parameter, yuan
from libs.kernel.refusals import Refused
from libs.kernel.terms import Level


def test_a_resident_number_is_brought_to_its_standard_form() -> None:
    assert resident_number(" 11010519491231002x") == "11010519491231002X"
    assert birth_date("11010519491231002X") == date(1949, 12, 31)


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        ("110105194912310021", "check_digit"),
        ("1101051949123100", "form"),
        ("１１０１０５１９４９１２３１００２Ｘ", "form"),
        ("11010519491231002X0", "form"),
        ("", "form"),
        ("110105194913310021", "birth_date"),
    ],
)
def test_a_wrong_resident_number_is_refused_with_what_fails(text: str, failing: str) -> None:
    with pytest.raises(Refused, match="ID_INVALID") as refused:
        resident_number(text)
    assert refused.value.reasons[0].facts == {"failing": failing}


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_changed_digit_is_noticed(at: int, by: int) -> None:
    number = "11010519491231002X"
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    with pytest.raises(Refused, match="ID_INVALID"):
        resident_number(wrong)


def test_a_credit_code_is_checked_by_its_digit() -> None:
    assert credit_code("91110000600037341l") == "91110000600037341L"
    for wrong in ("91110000600037341M", "9111000060003734", "91110000600037341I"):
        with pytest.raises(Refused, match="ID_INVALID"):
            credit_code(wrong)


def test_a_shown_number_hides_its_middle() -> None:
    assert masked("11010519491231002X") == "110105********002X"


@pytest.mark.parametrize(
    "name",
    ["葛\U000e0100", "王𠅤", "欧阳娜娜", "阿卜杜拉·买买提", "Müller-Lüdenscheidt", "\U00031350", "\U0002ebf0", "豈"],
)
def test_rare_characters_are_names(name: str) -> None:
    assert name_reasons(name) == ()


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("", ["SCHEMA_INVALID"]),
        ("  ", ["SCHEMA_INVALID"]),
        ("王\u200b", ["ENCODING_INVALID"]),
        ("\U000e0001", ["ENCODING_INVALID"]),
        ("王\u00ad", ["ENCODING_INVALID"]),
        ("王\uffff", ["ENCODING_INVALID"]),
        ("王\U0002fffe", ["ENCODING_INVALID"]),
        ("王\x00", ["ENCODING_INVALID"]),
        ("王\ud800", ["ENCODING_INVALID"]),
        ("王" * 101, ["FIELD_TOO_LONG"]),
        ("\u202e" * 101, ["FIELD_TOO_LONG", "ENCODING_INVALID"]),
    ],
)
def test_a_name_that_is_none_says_everything_that_is_wrong(name: str, codes: list[str]) -> None:
    assert [reason.code for reason in name_reasons(name)] == codes


def test_a_hundred_rare_characters_are_a_hundred_characters() -> None:
    assert name_reasons("𠅤" * 100) == ()


@pytest.mark.parametrize(
    "text", ["699.99", "700.01", "700元", "-700", "7e2", "", " 70000", "７００００", "0x10", "1" * 16]
)
def test_only_plain_whole_numbers_are_money(text: str) -> None:
    assert fen(text) is None


def test_money_is_integer_fen() -> None:
    assert fen("70000") == 70000
    assert yuan(70000) == "700.00"
    assert yuan(5) == "0.05"
    assert price_parameter(Level.TECHNICIAN) == "price_technician_fen"
