"""Errors as RFC 9457 problems: a stable code, every failure at once, the clause, and what would change it."""

from __future__ import annotations

import re
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.responses import Response

from libs.kernel.codes import CODES
from libs.kernel.refusals import Reason, Refused

MEDIA_TYPE = "application/problem+json"
HOTLINE = "12333"
_MEMBER = re.compile(r"^[a-z][a-z0-9_]*$")
LISTED_503 = frozenset(code for code, entry in CODES.items() if entry.status == 503)  # noqa: PLR2004


def language_of(accept: str | None) -> str:
    """Choose the language of an answer: Chinese, unless English is asked for first."""
    return "en" if (accept or "").strip().lower().startswith("en") else "zh"


def problem(refusal: Refused, *, path: str, language: str, trace_id: str) -> Response:
    """Render a refusal with all its reasons."""
    first = refusal.reasons[0]
    body: dict[str, Any] = {
        "type": f"urn:zhicheng:problem:{first.code}",
        "title": first.title(language),
        "status": refusal.status,
        "detail": "; ".join(dict.fromkeys(reason.title(language) for reason in refusal.reasons)),
        "instance": path,
        "code": first.code,
        "trace_id": trace_id,
        "hotline": HOTLINE,
        "errors": [_error(reason, language) for reason in refusal.reasons],
    }
    headers = {"Content-Language": "en" if language == "en" else "zh-CN"}
    if refusal.status == 503:  # noqa: PLR2004
        headers["Retry-After"] = "1"
    if refusal.status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(body), refusal.status, headers, MEDIA_TYPE)


def _error(reason: Reason, language: str) -> dict[str, Any]:
    error: dict[str, Any] = {"code": reason.code, "detail": reason.title(language)}
    if reason.pointer:
        error["pointer"] = reason.pointer
    if reason.clause:
        error["clause"] = reason.clause
    if reason.ruleset:
        error["ruleset"] = reason.ruleset
    if reason.facts:
        error["facts"] = dict(reason.facts)
    if reason.change:
        error["change"] = dict(reason.change)
    return error


def form_refusal(error: ValidationError) -> Refused:
    """Turn everything that does not fit the schema into one refusal, each failure with its JSON Pointer."""
    return Refused(
        Reason(
            "SCHEMA_INVALID",
            facts={"rule": fault["type"], "expected": fault["msg"]},
            pointer=_pointer(fault["type"], fault["loc"]),
        )
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    )


def _pointer(kind: str, location: tuple[Any, ...]) -> str:
    if kind != "extra_forbidden":
        # What names a branch of a union is no part of the body; our own members are snake_case.
        location = tuple(part for part in location if isinstance(part, int) or _MEMBER.match(part))
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location) or "/"
