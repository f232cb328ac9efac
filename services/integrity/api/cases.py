"""Integrity cases: opened, served, heard and decided by the city; titles revoked by a founded one (十六.2, 十七)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints
from starlette.responses import Response

from libs.events.bus import Reply
from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import BlobRef
from libs.events.contracts.integrity import Evidence, Severity, SubjectKind
from libs.events.sealing import KeyDestroyedError
from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from libs.web.answers import StoredFile
from libs.web.calls import Call, Commands, Form
from libs.web.downloads import send_file
from libs.web.fields import Day, Id
from libs.web.filetypes import MATERIAL_TYPES, is_readable
from libs.web.keys import ensure_key
from libs.web.server import header
from services.integrity import facts
from services.integrity.domain.case import CASE, Case, Stage
from services.integrity.domain.case_commands import DecideCase, HearSubject, OpenCase, RevokeTitle, ServeFacts

commands = Commands("cases")
CITY = (Role.CITY,)
SUBJECTS = (Role.APPLICANT, Role.EXPERT, Role.EMPLOYER_CLERK, Role.EMPLOYER_HEAD, Role.AGENCY_OFFICER)
PATH = "/v1/cases/{case}"
Words = Annotated[str, StringConstraints(max_length=4000)]
Number = Annotated[str, StringConstraints(max_length=100)]


class Opening(Form):
    """Whom the case is about, what is alleged, and where the matter comes from."""

    subject_kind: SubjectKind
    subject: Id
    allegation: Words
    lead: Words


class Document(Form):
    """A stored document, as an upload answered it."""

    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: int = Field(ge=0)
    media_type: Annotated[str, StringConstraints(max_length=100)]

    def ref(self) -> BlobRef:
        """Give it as an event names it."""
        return BlobRef(**self.model_dump())


class Piece(Form):
    """One piece of evidence."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    document: Document


Pieces = Annotated[tuple[Piece, ...], Field(max_length=100)]


class Facts(Form):
    """The facts and their evidence."""

    facts: Words
    evidence: Pieces


class Hearing(Form):
    """The hearing's minutes; or that the subject declined to be heard, with a note."""

    declined: bool
    note: Words = ""
    minutes: Document | None = None


class Finding(Form):
    """The decision; `severity` is null when the case is unfounded.

    `false_commitment_on` is the day of the commitment to the truth that was found false, if one was.
    """

    founded: bool
    severity: Severity | None = None
    severity_reasons: Words = ""
    false_commitment_on: Day | None = None
    findings: Words
    evidence: Pieces = ()
    decision_no: Number
    effective_on: Day


class Revocation(Form):
    """Which title is revoked, on which of the grounds of 十七.2, and why."""

    title: Id
    ground: Annotated[str, StringConstraints(max_length=100)]
    evidence: Pieces
    reasons: Words
    decision_no: Number


@commands.post("/v1/cases", Opening, CITY)
async def open_case(call: Call, body: Opening) -> Reply:
    """Open a case on an applicant, an employer, an agency or an expert (十六.2)."""
    await ensure_key(call.spine, body.subject)
    return await call.execute(CASE, call.new_identity(), OpenCase(**body.model_dump()))


@commands.ask(f"{PATH}/uploads", None, CITY, StoredFile, media_types=MATERIAL_TYPES)
async def upload(call: Call, body: bytes) -> StoredFile:
    """Store a document that a later command will name; what no command names within a day is deleted.

    The body is the file itself; its `Content-Type` is one of application/pdf, image/png, image/jpeg.
    """
    case = await facts.case(call.spine, call.id("case"))
    media_type = header(call.request.scope, b"content-type").partition(";")[0].strip().lower()
    if media_type not in MATERIAL_TYPES:
        raise Refused.one(
            "UNSUPPORTED_MEDIA_TYPE", "十七.2", facts={"given": media_type}, change={"accepted": list(MATERIAL_TYPES)}
        )
    if not is_readable(body, media_type):
        raise Refused.one("NOT_ELECTRONIC", "十七.2", facts={"media_type": media_type})
    try:
        stored = await call.spine.adapters.vault.of(case.subject_kind).put(case.subject, body, media_type)
    except KeyDestroyedError as error:
        raise Refused.one("IDENTITY_UNVERIFIED", "附四", facts={"subject_kind": case.subject_kind.value}) from error
    return StoredFile(hash=stored.hash, size=stored.size, media_type=stored.media_type)


@commands.fetch(f"{PATH}/documents/{{hash}}", (*CITY, *SUBJECTS), MATERIAL_TYPES)
async def document(call: Call) -> Response:
    """Give a document that the case names: to the city, and to the subject once the facts are served (十七.2)."""
    case = await facts.case(call.spine, call.id("case"))
    ref = next((one for one in case.documents if one.hash == call.request.path_params["hash"]), None)
    if ref is None or not _may_read(call, case):
        raise Refused.one("NOT_FOUND")
    return await send_file(call, call.spine.adapters.vault.of(case.subject_kind), case.subject, ref, ref.hash[:16])


@commands.post(f"{PATH}/servings", Facts, CITY, status=200)
async def serve(call: Call, body: Facts) -> Reply:
    """Put the facts and their evidence to the subject, who may answer."""
    evidence = await _evidence(call, body.evidence)
    return await call.execute(CASE, call.id("case"), ServeFacts(body.facts, evidence))


@commands.post(f"{PATH}/hearings", Hearing, CITY, status=200)
async def hear(call: Call, body: Hearing) -> Reply:
    """Hear the subject, with minutes; or record that the subject declined."""
    minutes = body.minutes.ref() if body.minutes else None
    if minutes:
        case = await facts.case(call.spine, call.id("case"))
        await facts.stored(call.spine, case, [("/minutes/hash", minutes)])
    return await call.execute(CASE, call.id("case"), HearSubject(body.declined, body.note, minutes))


@commands.post(f"{PATH}/decisions", Finding, CITY, status=200)
async def decide(call: Call, body: Finding) -> Reply:
    """Decide the case; a founded one is recorded (十七.4).

    It bars its applicant where it is grave (十七.3), or where a commitment was false that was made under the
    measures of 2024 (§1.1).
    """
    evidence = await _evidence(call, body.evidence)
    rules = await facts.rules_today(call.spine) if body.false_commitment_on else None
    command = DecideCase(**body.model_dump(exclude={"evidence"}), evidence=evidence, rules=rules)
    return await call.execute(CASE, call.id("case"), command)


@commands.post(f"{PATH}/revocations", Revocation, CITY, status=200)
async def revoke(call: Call, body: Revocation) -> Reply:
    """Revoke a title that the case's subject got by improper means; it has then never counted (十七.2, §11.7)."""
    command = RevokeTitle(
        title=await facts.title(call.spine, body.title),
        ground=body.ground,
        evidence=await _evidence(call, body.evidence),
        reasons=body.reasons,
        decision_no=body.decision_no,
    )
    return await call.execute(CASE, call.id("case"), command)


async def _evidence(call: Call, pieces: tuple[Piece, ...]) -> tuple[Evidence, ...]:
    if not pieces:
        return ()
    case = await facts.case(call.spine, call.id("case"))
    evidence = tuple(
        Evidence(title=Unsealed(case.subject, piece.title), document=piece.document.ref()) for piece in pieces
    )
    named = [(f"/evidence/{place}/document/hash", one.document) for place, one in enumerate(evidence)]
    await facts.stored(call.spine, case, named)
    return evidence


def _may_read(call: Call, case: Case) -> bool:
    own = case.subject in {call.actor.person, call.actor.unit}
    if call.actor.role == Role.CITY and not own:
        return True
    return own and case.stage is not Stage.OPENED
