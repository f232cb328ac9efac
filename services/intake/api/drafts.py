"""Applications, the applicant's side: draft, commitment, materials, endorsers, submission, withdrawal."""

from __future__ import annotations

import base64
import re
from typing import Annotated

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.kernel.calendars import beijing_date
from libs.kernel.refusals import Refused, refuse_all
from libs.kernel.terms import EndorsementKind, GreenCategory, Level, MaterialKind, Role, Route
from libs.web.calls import Call, Commands, Form, Nothing
from libs.web.fields import Code, Id, Text
from libs.web.filetypes import MATERIAL_TYPES
from libs.web.server import header
from services.intake import facts
from services.intake.domain.application import APPLICATION, State
from services.intake.domain.application.drafting import (
    AttachMaterial,
    ChangeDraft,
    RequestEndorsement,
    SignCommitment,
    StartDraft,
    Submit,
    Withdraw,
    unstorable,
)
from services.intake.domain.application.recognition import ClaimGreenChannel
from services.intake.domain.facts import Endorsement

commands = Commands("applications")
APPLICANT = (Role.APPLICANT,)
UNREADABLE = "unreadable"
"""A declared digest that is none, and so fits nothing."""

_DIGEST = re.compile(r"(?:^|[,\s])sha-256=:([^:]*):")


class Draft(Form):
    """What an application is for."""

    campaign: Id
    specialty: Code
    level: Level
    route: Route
    employer: Id


class Commitment(Form):
    """The SHA-256 of the wording that the applicant signs."""

    text_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Endorser(Form):
    """The person who is asked; on the green channel also in what capacity, `expert` or `institution`."""

    endorser: Id
    kind: EndorsementKind | None = None


class GreenChannelClaim(Form):
    """The category of the green channel, and what speaks for it (一事一议)."""

    category: GreenCategory
    grounds: Text


class Withdrawal(Form):
    """Why, if the applicant wants to say."""

    note: str = Field(default="", max_length=2000)


async def state_of(call: Call) -> State:
    """Read the application that the path names, where a command needs it for its facts; strangers see none."""
    loaded = await call.load(APPLICATION, call.id("application"))
    if loaded.version == 0:
        raise Refused.one("UNKNOWN_APPLICATION")
    APPLICATION.admit(loaded.state, call.actor)
    return loaded.state


async def endorsements_of(call: Call, state: State) -> tuple[Endorsement, ...]:
    """Read the endorsements that stand for an application."""
    on = beijing_date(call.spine.clock.now())
    return await facts.endorsements(call.spine, call.id("application"), state.series, state.specialty, on)


@commands.post("/v1/applications", Draft, APPLICANT)
async def start(call: Call, body: Draft) -> Reply:
    """Begin an application.

    One application a person, series and review year (§11.18); refused while a ban is in force (十七.3).
    """
    spine = call.spine
    campaign = await facts.campaign(spine, body.campaign)
    state, cited = await facts.person(spine, call.actor.person)
    command = StartDraft(
        specialty=body.specialty,
        level=body.level,
        route=body.route,
        employer=body.employer,
        campaign=campaign,
        rules=await facts.rules(spine, campaign.ruleset),
        employments=await facts.employments(spine, state, cited),
        bans=await facts.bans(spine, call.actor.person),
    )
    return await call.execute(APPLICATION, call.new_identity(), command)


@commands.put("/v1/applications/{application}", Draft, APPLICANT)
async def change(call: Call, body: Draft) -> Reply:
    """Replace what the application is for, while it is a draft."""
    spine = call.spine
    state, cited = await facts.person(spine, call.actor.person)
    campaign = await facts.campaign(spine, body.campaign)
    command = ChangeDraft(
        specialty=body.specialty,
        level=body.level,
        route=body.route,
        employer=body.employer,
        campaign=campaign,
        rules=await facts.rules(spine, campaign.ruleset),
        employments=await facts.employments(spine, state, cited),
    )
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post("/v1/applications/{application}/commitments", Commitment, APPLICANT, status=200)
async def commit(call: Call, body: Commitment) -> Reply:
    """Sign the integrity commitment."""
    return await call.execute(APPLICATION, call.id("application"), SignCommitment(body.text_hash))


@commands.upload(
    "/v1/applications/{application}/materials/{kind}",
    (Role.APPLICANT, Role.EMPLOYER_CLERK, Role.EMPLOYER_HEAD),
    MATERIAL_TYPES,
)
async def attach(call: Call, body: bytes) -> Reply:
    """Attach a material: `form` or `works`; `publicity` while a correction is due.

    `Content-Digest: sha-256=:...:` (RFC 9530), when given, must fit what arrives. `?replace=true` replaces an
    earlier one of the kind; `?classified=true` is refused (§11.25).
    """
    state = await state_of(call)
    kind = material_kind(call)
    query = call.request.query_params
    classified = query.get("classified") == "true"
    refuse_all(unstorable(state, kind, call.actor, classified=classified))
    upload = await store(call, state.applicant, body)
    command = AttachMaterial(
        kind=kind,
        upload=upload,
        replace=query.get("replace") == "true",
        classified=classified,
        declared_hash=declared_digest(call),
    )
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post("/v1/applications/{application}/endorsers", Endorser, APPLICANT)
async def ask(call: Call, body: Endorser) -> Reply:
    """Ask a person to endorse the application: a peer (七.1), or on the head's route the unit's head (八.3)."""
    return await call.execute(APPLICATION, call.id("application"), RequestEndorsement(body.endorser, body.kind))


@commands.post("/v1/applications/{application}/green-channel-claims", GreenChannelClaim, APPLICANT, status=200)
async def claim_green_channel(call: Call, body: GreenChannelClaim) -> Reply:
    """Say in which category the green channel is claimed; a later claim replaces it (十.1)."""
    return await call.execute(APPLICATION, call.id("application"), ClaimGreenChannel(body.category, body.grounds))


@commands.post("/v1/applications/{application}/submissions", Nothing, APPLICANT, status=200)
async def submit(call: Call, _: Nothing) -> Reply:
    """Submit; from here the employer has the file (附七)."""
    state = await state_of(call)
    spine = call.spine
    command = Submit(
        campaign=await facts.campaign(spine, state.campaign),
        rules=await facts.rules(spine, state.ruleset),
        bans=await facts.bans(spine, state.applicant),
        endorsements=await endorsements_of(call, state),
    )
    return await call.execute(APPLICATION, call.id("application"), command)


@commands.post("/v1/applications/{application}/withdrawals", Withdrawal, APPLICANT, status=200)
async def withdraw(call: Call, body: Withdrawal) -> Reply:
    """Take the application back, at any time before the vote."""
    return await call.execute(APPLICATION, call.id("application"), Withdraw(body.note))


def material_kind(call: Call) -> MaterialKind:
    """Give the kind of material that the path names; another kind names nothing."""
    try:
        return MaterialKind(call.request.path_params["kind"])
    except ValueError as error:
        raise Refused.one("NOT_FOUND") from error


async def store(call: Call, owner: str, body: bytes) -> facts.Upload:
    """Store a file under its owner's key and measure it; what no event names is swept after a day."""
    media_type = header(call.request.scope, b"content-type").partition(";")[0].strip().lower()
    if media_type not in MATERIAL_TYPES:
        raise Refused.one(
            "UNSUPPORTED_MEDIA_TYPE", "附七", facts={"given": media_type}, change={"accepted": list(MATERIAL_TYPES)}
        )
    blob = await call.spine.blobs.put(owner, body, media_type)
    return facts.measured(blob, body)


def declared_digest(call: Call) -> str:
    """Give the SHA-256 that the client declared for its file, in hexadecimal; nothing where it declared none."""
    match = _DIGEST.search(header(call.request.scope, b"content-digest"))
    if match is None:
        return ""
    try:
        return base64.b64decode(match[1], validate=True).hex() or UNREADABLE
    except ValueError:
        return UNREADABLE
