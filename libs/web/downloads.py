"""Answering with a stored file: decrypted on the way out, named in any script, not sent twice."""

from __future__ import annotations

from urllib.parse import quote

import structlog
from starlette.responses import Response

from libs.events.blobs import BlobMissingError, Blobs
from libs.events.commit import StoreUnavailableError
from libs.events.contracts.intake import BlobRef
from libs.events.sealing import KeyDestroyedError, SealBrokenError
from libs.kernel.refusals import Refused
from libs.web.calls import Call
from libs.web.server import header

log = structlog.get_logger(__name__)


async def send_file(call: Call, blobs: Blobs, owner: str, ref: BlobRef, name: str) -> Response:
    """Answer with a blob, or 304 to whoever has it already.

    Parameters
    ----------
    owner
        Under whose key it is stored.
    name
        What to save it as; any characters (RFC 8187), no personal data.

    Raises
    ------
    Refused
        NOT_FOUND when the owner was erased.
    StoreUnavailableError
        When the file is not where it was stored, or not what was stored: logged for an operator.
    """
    headers = {"ETag": f'"{ref.hash}"', "Content-Disposition": disposition(name)}
    known = header(call.request.scope, b"if-none-match")
    if known == "*" or headers["ETag"] in {one.strip().removeprefix("W/") for one in known.split(",")}:
        return Response(None, 304, headers)
    try:
        content = await blobs.get(owner, ref)
    except KeyDestroyedError as error:
        raise Refused.one("NOT_FOUND") from error
    except (BlobMissingError, SealBrokenError) as error:
        log.error("stored file cannot be read", blob=ref.hash, error=type(error).__name__)  # noqa: TRY400 - no bug
        raise StoreUnavailableError(ref.hash) from error
    return Response(content, 200, headers, ref.media_type)


def disposition(name: str) -> str:
    """Write Content-Disposition with a name in any script, and one in ASCII for old programs (RFC 6266, 8187)."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "_" for one in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
