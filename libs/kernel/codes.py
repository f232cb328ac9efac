"""The registry of refusal codes: closed by the code, stable for clients (rules §12).

The codes are data, `codes.json` beside this file: status, what an official reads, what a developer reads.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import NamedTuple


class Code(NamedTuple):
    """The HTTP status of a refusal and its wording in Chinese and English."""

    status: int
    zh: str
    en: str


CODES: dict[str, Code] = {
    name: Code(*entry)
    for name, entry in json.loads(files("libs.kernel").joinpath("codes.json").read_text("utf-8")).items()
}
