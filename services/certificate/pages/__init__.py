"""What a person sees who scans a certificate's QR code: one page, without scripts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from libs.kernel.calendars import BEIJING
from services.certificate.catalogue import catalogue
from services.certificate.document.render import LEVELS
from services.certificate.domain.issuer import HOTLINE, ISSUER
from services.certificate.domain.verification import Answer, Found, Outcome
from services.certificate.domain.verification_codes import read_code, shown_code


class Words(NamedTuple):
    """The same in Chinese and English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of what a certificate says."""

    zh: str
    en: str
    text: str
    grave: bool = False


START = "start"
THROTTLED = "throttled"
HEADINGS = {
    START: Words("证书查验", "Verification"),
    Outcome.VALID: Words("证书有效", "Valid"),
    Outcome.REVOKED: Words("证书已撤销", "Revoked"),
    Outcome.NOT_FOUND: Words("未查到该证书", "Not found"),
    THROTTLED: Words("查询过于频繁", "Too many verifications"),
}
LEADS = {
    START: Words("", ""),
    Outcome.VALID: Words("该证书由本机关签发，目前有效。", "This certificate was issued by this office and stands."),
    Outcome.REVOKED: Words(
        "该证书已被撤销，所载职称自始无效。", "This certificate was revoked; the title has never counted."
    ),
    Outcome.NOT_FOUND: Words(
        "请核对验证码是否与证书上的一致。仍有疑问，请拨打咨询电话。",
        "Compare the code with the one on the certificate. If in doubt, call the hotline.",
    ),
    THROTTLED: Words("请稍候再试。", "Please try again in a moment."),
}


def page(state: str, now: datetime, answer: Answer | None = None, typed: str = "") -> str:
    """Write the page.

    Parameters
    ----------
    state
        `START`, `THROTTLED`, or the outcome of `answer`.
    now
        When it was asked, domain time.
    typed
        The code as it was typed; shown again only where it can be one.
    """
    found = answer.certificate if answer else None
    code = read_code(typed)
    return _template().render(
        office=ISSUER,
        hotline=HOTLINE,
        outcome="" if state == START else str(state),
        heading=HEADINGS[state],
        lead=LEADS[state],
        rows=_rows(found) if found else (),
        now=now.astimezone(BEIJING),
        code=shown_code(code) if code else "",
    )


@lru_cache(maxsize=1)
def stylesheet() -> bytes:
    """Give the page's style sheet."""
    return files("services.certificate.pages").joinpath("verify.css").read_bytes()


@lru_cache(maxsize=1)
def _template() -> Template:
    loader = PackageLoader("services.certificate", "pages")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    return environment.get_template("verify.html")


def _rows(found: Found) -> tuple[Row, ...]:
    names = catalogue()
    standing: tuple[Row, ...]
    if found.revoked_on:
        standing = (
            Row("撤销日期", "Revoked on", _written(found.revoked_on), grave=True),
            Row("撤销决定文号", "Decision", found.decision_no or "", grave=True),
        )
    else:
        standing = (Row("有效范围", "Scope", f"仅限{found.scope}内有效" if found.scope else "全市有效"),)
    return (
        *standing,
        Row("证书编号", "Number", found.number),
        Row("持证人", "Holder", found.holder or "暂不能显示"),
        Row("资格名称", "Title", found.title_name),
        Row("级别", "Level", LEVELS[found.level]),
        Row("系列", "Series", names.series_name(found.series)),
        Row("专业", "Specialty", names.specialty_name(found.specialty)),
        Row("取得时间", "Obtained on", _written(found.obtained_on)),
        Row("签发日期", "Issued on", _written(found.issued_on)),
        Row("发证机关", "Issued by", found.issuer),
    )


def _written(on: date) -> str:
    return f"{on.year}年{on.month}月{on.day}日"
