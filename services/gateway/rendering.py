"""The gateway's pages: plain HTML in Chinese or English, no script, no style of their own."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from services.gateway.openapi import Document
from services.gateway.reference import groups, schemas

LANGUAGES: Final = ("zh", "en")
WORDS: Final[dict[str, Any]] = json.loads(files("services.gateway").joinpath("words.json").read_text("utf-8"))
"""Everything that the pages say, each in Chinese and in English; and the API's title and description."""
STYLE: Final = files("services.gateway").joinpath("pages/docs.css").read_bytes()
_CODE: Final = re.compile(r"`([^`]+)`")


def _marked(text: str) -> Markup:
    """Show what stands between backticks as code; everything is escaped first."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


_PAGES: Final = Environment(
    loader=PackageLoader("services.gateway", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_PAGES.filters["marked"] = _marked


def _render(name: str, language: str, **values: Any) -> bytes:
    which = LANGUAGES.index(language)

    def said(part: str) -> dict[str, str]:
        return {key: pair[which] for key, pair in WORDS[part].items()}

    page = _PAGES.get_template(name).render(
        language=language,
        other=LANGUAGES[1 - which],
        words=said("text"),
        roles=said("roles"),
        collections=said("collections"),
        **values,
    )
    return page.encode()


def index_page(language: str) -> bytes:
    """Say what the gateway is and where to go on."""
    return _render("index.html", language)


def reference_page(document: Document, language: str) -> bytes:
    """Show an OpenAPI document as a page to read."""
    return _render(
        "docs.html",
        language,
        groups=groups(document, list(WORDS["collections"])),
        schemas=schemas(document),
        missing=document.get("x-missing", []),
        version=document["info"]["version"],
    )
