"""Applications, the employer's side: review, return, publicity inside the unit, recommendation."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import BlobRef, Item, Module
from libs.kernel.terms import Role
from libs.web.answers import StoredFile
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Text
from libs.web.filetypes import MATERIAL_TYPES
from services.intake import facts
from services.intake.api.drafts import state_of, store
from services.intake.domain.application import APPLICATION
from services.intake.domain.application.employer import (
    DecideEmployerObjection,
    RecommendAsHead,
    RecordEmployerObjection,
    RefuseAsEmployer,
    ReturnToApplicant,
    ReviewAsEmployer,
    StartEmployerPublicity,
)
from services.intake.domain.facts import Upload

commands = Commands("applications")
EMPLOYER = (Role.EMPLOYER_CLERK, Role.EMPLOYER_HEAD)
PATH = "/v1/applications/{application}"


class Review(Form):
    """The employer's opinion on the truth of the file, and whether the applicant is in service (八.1, 附六.4)."""

    opinion: Text
    in_service: bool


class ItemForm(Form):
    """One thing to be changed, and why."""

    module: Module
    reason: Text


class Items(Form):
    """Everything that is to be changed, at once."""

    items: tuple[ItemForm, ...] = Field(max_length=100)

    def about(self, applicant: str) -> tuple[Item, ...]:
        """Give them as an event says them, to be sealed under the applicant's key."""
        return tuple(Item(module=one.module, reason=Unsealed(applicant, one.reason)) for one in self.items)


class Reasons(Form):
    """Why not."""

    reasons: tuple[Text, ...] = Field(max_length=100)


class Publicity(Form):
    """Where the publicity is shown inside the unit."""

    place: Text


class Objection(Form):
    """What is objected, and whether by real name."""

    summary: Text
    real_name: bool


class ObjectionDecision(Form):
    """What the inquiry found."""

    founded: bool
    answer: Text


class Proof(Form):
    """A stored file, as the upload answered it."""

    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: int = Field(ge=0)
    media_type: str = Field(max_length=100)


class Recommendation(Form):
    """The head's recommendation, with the proof of publicity as the third material (附七, §11.2)."""

    statement: Text
    proof: Proof | None = None


@commands.post(f"{PATH}/reviews", Review, EMPLOYER, status=200)
async def review(call: Call, body: Review) -> Reply:
    """Review the file as the employer."""
    return await call.execute(APPLICATION, call.id("application"), ReviewAsEmployer(body.opinion, body.in_service))


@commands.post(f"{PATH}/returns", Items, EMPLOYER, status=200)
async def give_back(call: Call, body: Items) -> Reply:
    """Send the file back for changes in the modules named."""
    items = body.about((await state_of(call)).applicant)
    return await call.execute(APPLICATION, call.id("application"), ReturnToApplicant(items))


@commands.post(f"{PATH}/refusals", Reasons, EMPLOYER, status=200)
async def refuse(call: Call, body: Reasons) -> Reply:
    """Do not recommend."""
    return await call.execute(APPLICATION, call.id("application"), RefuseAsEmployer(body.reasons))


@commands.post(f"{PATH}/publicities", Publicity, EMPLOYER, status=200)
async def publicise(call: Call, body: Publicity) -> Reply:
    """Begin the publicity inside the unit; its end is computed in working days of Beijing."""
    state = await state_of(call)
    command = StartEmployerPublicity(
        place=body.place,
        rules=await facts.rules(call.spine, state.ruleset),
        calendar=call.spine.adapters.calendar,
    )
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post(f"{PATH}/objections", Objection, EMPLOYER)
async def record_objection(call: Call, body: Objection) -> Reply:
    """Record an objection made during the publicity inside the unit."""
    command = RecordEmployerObjection(body.summary, body.real_name)
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post(f"{PATH}/objections/{{objection}}/decisions", ObjectionDecision, EMPLOYER, status=200)
async def decide_objection(call: Call, body: ObjectionDecision) -> Reply:
    """Decide an objection; a founded one ends the application."""
    command = DecideEmployerObjection(call.id("objection"), body.founded, body.answer, call.spine.adapters.calendar)
    return await call.execute(APPLICATION, call.id("application"), command)


class UploadedFile(StoredFile):
    """A stored file with the SHA-256 of what arrived, and whether its content is what its media type says."""

    sha256: str
    readable: bool


@commands.ask(f"{PATH}/uploads", None, (Role.APPLICANT, *EMPLOYER), UploadedFile, media_types=MATERIAL_TYPES)
async def upload(call: Call, body: bytes) -> UploadedFile:
    """Store a file that a later command will name; what no command names within a day is deleted.

    The body is the file itself; its `Content-Type` is one of application/pdf, image/png, image/jpeg.
    """
    state = await state_of(call)
    stored = await store(call, state.applicant, body)
    blob = stored.blob
    return UploadedFile(
        hash=blob.hash,
        size=blob.size,
        media_type=blob.media_type,
        sha256=stored.plain_hash,
        readable=stored.readable,
    )


@commands.post(f"{PATH}/recommendations", Recommendation, (Role.EMPLOYER_HEAD,), status=200)
async def recommend(call: Call, body: Recommendation) -> Reply:
    """Recommend, after the publicity has run its full working days without an open objection (八.1)."""
    state = await state_of(call)
    proof: Upload | None = None
    if body.proof is not None:
        blob = BlobRef(hash=body.proof.hash, size=body.proof.size, media_type=body.proof.media_type)
        proof = await facts.upload(call.spine, state.applicant, blob)
    return await call.execute(APPLICATION, call.id("application"), RecommendAsHead(body.statement, proof))
