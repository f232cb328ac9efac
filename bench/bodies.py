"""What is sent, the same to ours and to the floors: made from a number, so that each is different and known."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from stdnum.cn import uscc

from services.certificate.domain.verification_codes import TOKEN_BYTES, code_of

CERTIFICATES = 10_000
"""How many certificates there are to verify."""


def employer(number: int) -> str:
    """Make the registration of an employer with a credit code of its own."""
    plain = f"91110105{number:09d}"
    return json.dumps(
        {
            "name": f"北京第{number}设计研究院有限公司",
            "credit_code": plain + uscc.calc_check_digit(plain + "0"),
            "kind": "non_public",
            "district": "haidian",
            "superior": "北京市规划和自然资源委员会",
        },
        ensure_ascii=False,
    )


def code(number: int) -> str:
    """Give the verification code of a certificate."""
    return code_of(hashlib.sha256(str(number).encode()).digest()[:TOKEN_BYTES])


def verification(number: int) -> str:
    """Ask for one of the certificates, all of them in turn."""
    return json.dumps({"code": code(number % CERTIFICATES)})


BODIES: dict[str, Callable[[int], str]] = {"employers": employer, "verifications": verification}
