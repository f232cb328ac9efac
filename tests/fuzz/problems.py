"""What every answer of the gateway promises, whatever it was asked."""

from __future__ import annotations

from typing import Any

from libs.kernel.codes import CODES
from libs.web.problems import LISTED_503


def check_answer(answer: Any) -> None:
    """Check that an answer is a good one, or a problem whose codes are on the list.

    Parameters
    ----------
    answer
        An answer of httpx2, or of schemathesis; their headers differ in kind.
    """
    status = answer.status_code
    if status < 400:
        return
    text = answer.text
    assert _header(answer, "content-type") == "application/problem+json", (status, text)
    problem = answer.json()
    codes = [problem["code"], *(error["code"] for error in problem["errors"])]
    assert problem["errors"], text
    assert set(codes) <= CODES.keys(), text
    assert problem["status"] == status, text
    assert status < 500 or (status == 503 and problem["code"] in LISTED_503), text
    assert CODES[problem["code"]].status == status, text


def _header(answer: Any, name: str) -> str:
    value = answer.headers[name]
    return value[0] if isinstance(value, list) else value
