"""Applications, the files: who may read the file may read its materials."""

from __future__ import annotations

from starlette.responses import Response

from libs.events.blobs import BlobMissingError
from libs.events.sealing import KeyDestroyedError
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands
from libs.web.filetypes import MATERIAL_TYPES
from services.intake.api.drafts import material_kind, state_of

commands = Commands("applications")
READERS = (
    Role.APPLICANT,
    Role.EMPLOYER_CLERK,
    Role.EMPLOYER_HEAD,
    Role.AGENCY_OFFICER,
    Role.CITY,
    Role.AUDITOR,
)


@commands.fetch("/v1/applications/{application}/materials/{kind}", READERS, MATERIAL_TYPES)
async def read(call: Call) -> Response:
    """Read a material: the applicant, the employer, the agency, the city and the auditor."""
    state = await state_of(call)
    blob = state.materials.get(material_kind(call))
    if blob is None:
        raise Refused.one("NOT_FOUND")
    try:
        content = await call.spine.blobs.get(state.applicant, blob)
    except (KeyDestroyedError, BlobMissingError) as error:
        raise Refused.one("NOT_FOUND") from error
    return Response(content, media_type=blob.media_type, headers={"ETag": f'"{blob.hash[:32]}"'})
