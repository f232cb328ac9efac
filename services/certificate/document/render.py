"""Renders certificates: one warm compiler, one template, one font, no clock."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from threading import Lock
from typing import Literal

import segno
import typst

from libs.kernel.calendars import start_of_day
from libs.kernel.terms import Level
from services.certificate.document.glyphs import FONT, MissingGlyph, shown
from services.certificate.domain.issuer import HOTLINE, SEAL
from services.certificate.domain.verification_codes import shown_code

STANDARDS: list[Literal["a-2a", "ua-1"]] = ["a-2a", "ua-1"]
"""Archivable with its structure and its text (2a contains 2b and 2u), and readable by a screen reader."""

LEVELS = {
    Level.FULL_SENIOR: "正高级",
    Level.ASSOCIATE_SENIOR: "副高级",
    Level.INTERMEDIATE: "中级",
    Level.ASSISTANT: "助理级",
    Level.TECHNICIAN: "员级",
}

# The compiler may not be entered twice; with milliseconds a certificate, waiting is cheaper than another one.
_turn = Lock()


@dataclass(frozen=True, slots=True)
class CertificateFields:
    """What a certificate shows; an optional text that is empty has no line.

    Parameters
    ----------
    number, code
        The certificate's number and its verification code, ungrouped.
    name, id_kind, id_number
        The holder's, in the clear; `id_kind` in Chinese (居民身份证).
    series, specialty, title_name, committee
        In Chinese, as the catalogue and the committee's filing name them.
    scope
        The district, in Chinese, to which a directed title is limited; empty for the whole city.
    obtained_on, issued_on
        Dates in Beijing; `issued_on` is also the date inside the file.
    address
        What the QR code says: the page that verifies this very certificate.
    site
        Where a verifier types the code, as printed.
    basis, remark
        依据文号 and 备注, optional.
    """

    number: str
    code: str
    name: str
    id_kind: str
    id_number: str
    series: str
    specialty: str
    level: Level
    title_name: str
    obtained_on: date
    issued_on: date
    issuer: str
    address: str
    site: str
    committee: str = ""
    scope: str = ""
    basis: str = ""
    remark: str = ""


@dataclass(frozen=True, slots=True)
class CertificateDocument:
    """A rendered certificate, and the characters that could only be written as code points.

    A document with `missing_glyphs` is for a person to look at before it is issued.
    """

    content: bytes
    missing_glyphs: tuple[MissingGlyph, ...]
    media_type: str = "application/pdf"


def render(fields: CertificateFields) -> CertificateDocument:
    """Render a certificate as PDF/A-2a and PDF/UA-1: one page, the same bytes for the same fields."""
    page, missing = _page(fields)
    content = _compile(page, fields.issued_on, "pdf")
    return CertificateDocument(content, missing)


def preview(fields: CertificateFields, dots_per_inch: int) -> bytes:
    """Render a certificate as a PNG picture, for a screen."""
    page, _ = _page(fields)
    return _compile(page, fields.issued_on, "png", dots_per_inch)


def _compile(page: str, on: date, form: Literal["pdf", "png"], dots_per_inch: int = 0) -> bytes:
    with _turn:
        made = _compiler().compile(
            _template(),
            format=form,
            sys_inputs={"page": page},
            pdf_standards=[*STANDARDS] if form == "pdf" else [],
            timestamp=int(start_of_day(on).timestamp()),
            ppi=dots_per_inch or None,
        )
    if not isinstance(made, bytes):
        msg = "a certificate is one page"
        raise TypeError(msg)
    return made


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT.parent)])
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


@lru_cache(maxsize=1)
def _template() -> bytes:
    # Given with every compilation: a compiler forgets a main file that it was built with after the first one.
    return files("services.certificate.document").joinpath("certificate.typ").read_bytes()


def _page(fields: CertificateFields) -> tuple[str, tuple[MissingGlyph, ...]]:
    """Put together what the template shows, as JSON text; the keys are the template's."""
    missing: list[MissingGlyph] = []

    def printable(field: str, text: str) -> str:
        written, absent = shown(field, text)
        missing.extend(absent)
        return written

    rows = (
        ("id_kind", "证件类型", fields.id_kind),
        ("id_number", "证件号码", fields.id_number),
        ("series", "系列", fields.series),
        ("specialty", "专业", fields.specialty),
        ("level", "级别", LEVELS[fields.level]),
        ("obtained_on", "取得时间", _written(fields.obtained_on)),
        ("committee", "评审机构", fields.committee),
        ("scope", "有效范围", fields.scope and f"限{fields.scope}内有效"),
        ("basis", "依据文号", fields.basis),
        ("remark", "备注", fields.remark),
    )
    page = {
        "number": printable("number", fields.number),
        "code": printable("code", shown_code(fields.code)),
        "name": printable("name", fields.name),
        "title_name": printable("title_name", fields.title_name),
        "rows": [[label, printable(field, text)] for field, label, text in rows if text],
        "issuer": printable("issuer", fields.issuer),
        "issued_on": _written(fields.issued_on),
        "seal": SEAL,
        "site": printable("site", fields.site),
        "hotline": HOTLINE,
        "qr": _qr(fields.address),
        "date": [fields.issued_on.year, fields.issued_on.month, fields.issued_on.day],
    }
    return json.dumps(page, ensure_ascii=False), tuple(missing)


def _written(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"


def _qr(address: str) -> str:
    picture = BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(picture, kind="svg", border=0, xmldecl=False)
    return picture.getvalue().decode()
