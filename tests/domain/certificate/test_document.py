"""The certificate as a document: one page, archivable, its text readable, no character lost, no clock."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from hashlib import sha256
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st
from pypdf import PdfReader

from libs.kernel.terms import Level
from services.certificate.document.glyphs import MissingGlyph, coverage, shown
from services.certificate.document.render import CertificateFields, preview, render
from services.certificate.domain.issuer import ISSUER
from services.certificate.domain.verification_codes import code_of

CODE = code_of(bytes(range(10)))
FIELDS = CertificateFields(
    number="1120250520001236",
    code=CODE,
    name="欧阳明远",
    id_kind="居民身份证",
    id_number="110101199003071233",
    series="工程技术",
    specialty="人工智能",
    level=Level.ASSOCIATE_SENIOR,
    title_name="高级工程师",
    obtained_on=date(2025, 2, 21),
    issued_on=date(2025, 3, 3),
    issuer=ISSUER,
    address=f"https://zhicheng.example/verify/{CODE}",
    site="zhicheng.example/verify",
    committee="北京市工程技术系列（人工智能）高级职称评审委员会",
)


def text_of(fields: CertificateFields) -> str:
    return PdfReader(BytesIO(render(fields).content)).pages[0].extract_text().replace("\n", "")


@pytest.mark.parametrize(
    "expected",
    [
        "1120250520001236",
        "欧阳明远",
        "110101199003071233",
        "高级工程师",
        "工程技术",
        "人工智能",
        "副高级",
        "2025年2月21日",
        "2025年3月3日",
        "北京市人力资源和社会保障局",
        "电子签章位",
        "12333",
        "北京市工程技术系列（人工智能）高级职称评审委员会",
    ],
)
def test_every_field_can_be_read_as_text_from_the_file(expected: str) -> None:
    assert expected in text_of(FIELDS)


def test_the_file_says_that_it_is_pdf_a_2a_and_pdf_ua_1_in_chinese() -> None:
    content = render(FIELDS).content
    catalogue: Any = PdfReader(BytesIO(content)).root_object
    assert b"<pdfaid:part>2</pdfaid:part>" in content
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in content
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    assert catalogue["/Lang"].lower().startswith("zh")
    assert catalogue["/MarkInfo"]["/Marked"]


def test_a_certificate_is_one_page_of_a4_landscape() -> None:
    (page,) = PdfReader(BytesIO(render(FIELDS).content)).pages
    assert (round(page.mediabox.width), round(page.mediabox.height)) == (842, 595)


def test_the_same_fields_give_the_same_bytes_also_after_others_and_in_another_process() -> None:
    first = render(FIELDS).content
    render(replace(FIELDS, name="另一人", title_name="正高级工程师"))
    assert render(FIELDS).content == first
    program = (
        "from hashlib import sha256\n"
        "from tests.domain.certificate.test_document import FIELDS\n"
        "from services.certificate.document.render import render\n"
        "print(sha256(render(FIELDS).content).hexdigest())\n"
    )
    for zone in ("UTC", "America/New_York"):
        done = subprocess.run(
            [sys.executable, "-c", program], env={"TZ": zone}, capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == sha256(first).hexdigest()


def test_certificates_rendered_by_many_threads_at_once_are_each_their_own() -> None:
    many = [replace(FIELDS, name=f"张{number}") for number in range(16)]
    alone = [render(fields).content for fields in many]
    with ThreadPoolExecutor(8) as pool:
        assert [one.content for one in pool.map(render, many)] == alone


@pytest.mark.parametrize("name", ["王𠅤", "𠮷野", "䶮", "阿卜杜热合曼·买买提"])
def test_rare_characters_are_shown_as_they_are(name: str) -> None:
    assert render(replace(FIELDS, name=name)).missing_glyphs == ()
    assert name in text_of(replace(FIELDS, name=name))


def test_a_character_that_the_font_lacks_is_printed_as_its_code_point_and_reported() -> None:
    fields = replace(FIELDS, name="王\ue123", remark="甲\U000323af")
    assert render(fields).missing_glyphs == (
        MissingGlyph("name", "U+E123"),
        MissingGlyph("remark", "U+323AF"),
    )
    assert "王〔U+E123〕" in text_of(fields)


@settings(max_examples=40, deadline=None)
@for_all(st.text(max_size=40))
def test_no_text_whatsoever_keeps_a_certificate_from_being_rendered(text: str) -> None:
    document = render(replace(FIELDS, name=text, committee=text, remark=text))
    assert len(PdfReader(BytesIO(document.content)).pages) == 1
    assert {one.code_point for one in document.missing_glyphs} == {
        f"U+{ord(character):04X}" for character in text if not coverage().has(character)
    }


@for_all(st.text(max_size=30))
def test_what_is_printed_keeps_every_character_or_its_code_point(text: str) -> None:
    written, missing = shown("name", text)
    for glyph in missing:
        assert glyph.code_point in written
    assert all(character in written for character in text if coverage().has(character))


@pytest.mark.parametrize("length", [1, 12, 30, 100])
def test_long_names_and_titles_stay_on_one_page_whole(length: int) -> None:
    fields = replace(
        FIELDS,
        name="阿" * length,
        title_name="高" * length,
        committee="委" * 3 * length,
        remark="备" * 3 * length,
        scope="门头沟区",
        basis="京人社事业发〔2023〕10号",
    )
    (page,) = PdfReader(BytesIO(render(fields).content)).pages
    text = page.extract_text().replace("\n", "")
    assert text.count("阿") == length
    assert text.count("委") >= 3 * length


def test_a_directed_title_shows_its_district_and_others_show_no_scope() -> None:
    assert "限门头沟区内有效" in text_of(replace(FIELDS, scope="门头沟区"))
    assert "有效范围" not in text_of(FIELDS)


def test_markup_in_a_text_is_text() -> None:
    assert '#panic("x")' in text_of(replace(FIELDS, remark='#panic("x") *b* $x$'))


def test_a_preview_is_a_picture_of_the_same_page() -> None:
    assert preview(FIELDS, 60).startswith(b"\x89PNG")
