"""Whether a file is what its media type says, judged by its content and never by its name."""

from __future__ import annotations

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
MATERIAL_TYPES = (PDF, PNG, JPEG)
"""The electronic forms in which materials are taken (附七)."""

_END_OF_PDF_WITHIN = 2048


def is_readable(content: bytes, media_type: str) -> bool:
    """Tell whether the content has the beginning and the end that its media type has."""
    match media_type:
        case "application/pdf":
            return content.startswith(b"%PDF-") and b"%%EOF" in content[-_END_OF_PDF_WITHIN:]
        case "image/png":
            return content.startswith(b"\x89PNG\r\n\x1a\n") and content.endswith(b"IEND\xaeB`\x82")
        case "image/jpeg":
            return content.startswith(b"\xff\xd8\xff") and content.rstrip(b"\x00").endswith(b"\xff\xd9")
        case _:
            return False
