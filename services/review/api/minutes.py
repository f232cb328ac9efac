"""A session's minutes (§1.23): stored under the agency's key, archived, read back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.responses import Response

from libs.events.blobs import BlobMissingError
from libs.events.bus import Reply
from libs.events.contracts.intake import BlobRef
from libs.events.sealing import SealBrokenError
from libs.kernel.refusals import Refused, refuse_all
from libs.kernel.terms import Role
from libs.web.answers import StoredFile
from libs.web.calls import Call, Commands, Form
from libs.web.downloads import send_file
from libs.web.filetypes import MATERIAL_TYPES, is_readable
from libs.web.server import header
from services.review.api.offices import OFFICER
from services.review.api.relations import own_unit
from services.review.api.sessions import PATH, session_of
from services.review.domain.session import SESSION
from services.review.domain.session_commands import ArchiveMinutes

commands = Commands("sessions")
READERS = (Role.AGENCY_OFFICER, Role.CHAIR, Role.SUPERVISOR, Role.CITY, Role.AUDITOR)


class Stored(Form):
    """A stored file, as the upload answered it."""

    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: int = Field(ge=0)
    media_type: str = Field(max_length=100)


class Minutes(Form):
    """The minutes as a stored file."""

    minutes: Stored


@commands.ask(f"{PATH}/uploads", None, OFFICER, StoredFile, media_types=MATERIAL_TYPES)
async def upload(call: Call, body: bytes) -> StoredFile:
    """Store the minutes, to be named by the command that archives them.

    The body is the file itself; its `Content-Type` is one of application/pdf, image/png, image/jpeg.
    """
    state = await session_of(call)
    refuse_all(own_unit(call, state.agency))
    media_type = header(call.request.scope, b"content-type").partition(";")[0].strip().lower()
    if media_type not in MATERIAL_TYPES:
        change = {"accepted": list(MATERIAL_TYPES)}
        raise Refused.one("UNSUPPORTED_MEDIA_TYPE", "§1.23", facts={"given": media_type}, change=change)
    if not is_readable(body, media_type):
        raise Refused.one("NOT_ELECTRONIC", "§1.23", facts={"media_type": media_type})
    stored = await call.spine.adapters.archive.put(state.agency, body, media_type)
    return StoredFile(hash=stored.hash, size=stored.size, media_type=stored.media_type)


@commands.post(f"{PATH}/minutes", Minutes, OFFICER, status=200)
async def archive(call: Call, body: Minutes) -> Reply:
    """Archive the minutes."""
    state = await session_of(call)
    refuse_all(own_unit(call, state.agency))
    blob = BlobRef(**body.minutes.model_dump())
    try:
        content = await call.spine.adapters.archive.get(state.agency, blob, about_to_name=True)
    except (BlobMissingError, SealBrokenError) as error:
        raise Refused.one("MATERIAL_MISSING", "§1.23", facts={"hash": blob.hash}, pointer="/minutes/hash") from error
    if len(content) != blob.size:
        raise Refused.one("MATERIAL_TAMPERED", "§1.23", facts={"size": len(content)}, pointer="/minutes/size")
    return await call.execute(SESSION, call.id("session"), ArchiveMinutes(blob))


@commands.fetch(f"{PATH}/minutes", READERS, MATERIAL_TYPES)
async def read(call: Call) -> Response:
    """Give the archived minutes: to the agency, to who presided or supervised, to the city and the auditor."""
    state, actor = await session_of(call), call.actor
    related = {
        Role.AGENCY_OFFICER: actor.unit == state.agency,
        Role.CHAIR: actor.person in state.presiding,
        Role.SUPERVISOR: bool(actor.person) and actor.person == state.supervisor,
    }
    if state.minutes is None or not related.get(Role(actor.role), True):
        raise Refused.one("NOT_FOUND")
    return await send_file(call, call.spine.adapters.archive, state.agency, state.minutes, state.minutes.hash[:16])
