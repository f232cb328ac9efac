"""证书编号 and 验证码: check characters that find slips, and codes that survive how people type."""

from __future__ import annotations

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from stdnum.iso7064 import mod_11_10

from libs.kernel.refusals import Refused
from libs.kernel.terms import Level
from services.certificate.domain.checksums import check_value
from services.certificate.domain.numbering import certificate_number, is_certificate_number
from services.certificate.domain.verification_codes import (
    ALPHABET,
    TOKEN_BYTES,
    code_of,
    read_code,
    shown_code,
)

TOKENS = st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES)


@for_all(st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_the_check_digit_is_that_of_iso_7064_mod_11_10(digits: list[int]) -> None:
    assert str(check_value(digits, 10)) == mod_11_10.calc_check_digit("".join(map(str, digits)))


@pytest.mark.parametrize(
    ("level", "digit"),
    [
        (Level.FULL_SENIOR, "1"),
        (Level.ASSOCIATE_SENIOR, "2"),
        (Level.INTERMEDIATE, "3"),
        (Level.ASSISTANT, "4"),
        (Level.TECHNICIAN, "4"),
    ],
)
def test_a_number_tells_year_series_level_and_serial(level: Level, digit: str) -> None:
    number = certificate_number("2021-1", year=2025, series_number=5, level=level, serial=42)
    assert number[:-1] == f"11202505{digit}000042"
    assert is_certificate_number(number)


@for_all(st.integers(1, 999_999), st.integers(0, 15), st.integers(1, 9))
def test_every_wrong_digit_of_a_number_is_found(serial: int, place: int, shift: int) -> None:
    number = certificate_number("2021-1", year=2025, series_number=5, level=Level.INTERMEDIATE, serial=serial)
    place %= len(number)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert not is_certificate_number(wrong)


@pytest.mark.parametrize(
    ("version", "series_number", "serial", "codes"),
    [
        ("2021-1", 100, 1_000_000, ["FIELD_TOO_LONG", "FIELD_TOO_LONG"]),
        ("2021-1", 0, 1, ["FIELD_TOO_LONG"]),
        ("1999", 5, 1, ["SOURCE_MISSING"]),
    ],
)
def test_a_number_that_does_not_fit_its_template_is_never_written(
    version: str, series_number: int, serial: int, codes: list[str]
) -> None:
    with pytest.raises(Refused) as caught:
        certificate_number(version, year=2025, series_number=series_number, level=Level.INTERMEDIATE, serial=serial)
    assert [reason.code for reason in caught.value.reasons] == codes


@pytest.mark.parametrize("text", ["", "1", "１２", "12a4", "-12", "¹²"])
def test_what_is_no_number_is_told_so(text: str) -> None:
    assert not is_certificate_number(text)


@for_all(TOKENS)
def test_a_code_is_read_back_however_it_is_typed(token: bytes) -> None:
    code = code_of(token)
    wide = "".join(chr(ord(character) + 0xFEE0) for character in code)
    typed = [code, shown_code(code), code.lower(), wide, f"  {shown_code(code).replace('-', ' — ')} "]
    typed += [code.replace("0", "o").replace("1", "l"), code.replace("1", "I")]
    assert {read_code(one) for one in typed} == {code}


@for_all(TOKENS, TOKENS)
def test_different_tokens_give_different_codes(one: bytes, other: bytes) -> None:
    same = int.from_bytes(one) >> 5 == int.from_bytes(other) >> 5
    assert (code_of(one) == code_of(other)) is same


@for_all(TOKENS, st.integers(0, 15), st.integers(1, 31))
def test_every_wrong_character_of_a_code_is_found(token: bytes, place: int, shift: int) -> None:
    code = code_of(token)
    wrong = ALPHABET[(ALPHABET.index(code[place]) + shift) % 32]
    assert read_code(code[:place] + wrong + code[place + 1 :]) is None


@for_all(st.text(max_size=80))
def test_any_text_is_either_a_code_or_none(text: str) -> None:
    code = read_code(text)
    assert code is None or (len(code) == 16 and read_code(code) == code)


def test_a_code_needs_a_whole_token() -> None:
    with pytest.raises(ValueError, match="10 random bytes"):
        code_of(b"short")
