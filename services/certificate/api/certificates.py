"""Certificates: the document, for its holder and the city."""

from __future__ import annotations

from starlette.responses import Response

from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.calls import Call, Commands
from libs.web.downloads import send_file
from services.certificate.domain.certificate import CERTIFICATE

commands = Commands("certificates")
HOLDERS = (Role.APPLICANT, Role.EXPERT)


@commands.fetch("/v1/certificates/{certificate}/document", (*HOLDERS, Role.CITY), ("application/pdf",))
async def document(call: Call) -> Response:
    """Give the certificate as PDF, to its holder or the city (十四.5).

    The holder of a revoked one gets ALREADY_REVOKED; the city keeps it as evidence.
    """
    state = (await call.load(CERTIFICATE, call.id("certificate"))).state
    city = call.actor.role == Role.CITY
    if state is None or state.document is None or not (city or call.actor.person == state.person):
        raise Refused.one("NOT_FOUND")
    if state.revoked_by is not None and not city:
        raise Refused.one("ALREADY_REVOKED", "十七.2", facts={"decision_no": state.revoked_by})
    name = f"北京市职称证书-{state.title_name}-{state.number}.pdf"
    return await send_file(call, call.spine.blobs, state.person, state.document, name)
