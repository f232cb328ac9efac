"""申报: the applicant drafts, commits to the truth, attaches, asks for endorsements, submits, withdraws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import (
    ApplicationSubmitted,
    ApplicationWithdrawn,
    DraftChanged,
    DraftStarted,
    EndorsementRequested,
    IntegrityCommitmentSigned,
    MaterialAttached,
    Module,
)
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Actor, Claim, Context, Decision
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from libs.kernel.terms import EndorsementKind, Level, MaterialKind, Role, Route
from services.intake.domain.application.recognition import category_missing
from services.intake.domain.application.state import (
    BEFORE_ACCEPTANCE,
    WITHDRAWABLE,
    Handler,
    Stage,
    State,
    banned,
    by_applicant,
    by_employer,
    ending,
    locked,
    not_held,
    promised,
    require,
    under,
)
from services.intake.domain.endorsements import ENDORSED, judge
from services.intake.domain.facts import Ban, CampaignFact, Employment, Endorsement, Rules, Upload

APPLICANTS_MATERIALS: Final = (MaterialKind.FORM, MaterialKind.WORKS)
"""What the applicant submits; the publicity material is the employer's, at recommendation (§11.2)."""


@dataclass(frozen=True, slots=True)
class StartDraft:
    """Begin an application; facts: the campaign, its rule set, the own employments and bans."""

    specialty: str
    level: Level
    route: Route
    employer: str
    campaign: CampaignFact
    rules: Rules
    employments: tuple[Employment, ...]
    bans: tuple[Ban, ...]


@dataclass(frozen=True, slots=True)
class ChangeDraft:
    """Change what the application is for; the whole content is replaced."""

    specialty: str
    level: Level
    route: Route
    employer: str
    campaign: CampaignFact
    rules: Rules
    employments: tuple[Employment, ...]


@dataclass(frozen=True, slots=True)
class SignCommitment:
    """Sign the integrity commitment whose wording has this SHA-256."""

    text_hash: str


@dataclass(frozen=True, slots=True)
class AttachMaterial:
    """Attach a stored file; `replace` says that an earlier one of its kind gives way.

    `declared_hash` is the SHA-256 that the client computed before sending, empty if it gave none.
    """

    kind: MaterialKind
    upload: Upload
    replace: bool = False
    classified: bool = False
    declared_hash: str = ""


@dataclass(frozen=True, slots=True)
class RequestEndorsement:
    """Ask a person to endorse the application; the capacity may be left out where the route knows but one."""

    endorser: str
    kind: EndorsementKind | None = None


@dataclass(frozen=True, slots=True)
class Submit:
    """Submit; facts: campaign, rule set, bans, and the endorsements that stand."""

    campaign: CampaignFact
    rules: Rules
    bans: tuple[Ban, ...]
    endorsements: tuple[Endorsement, ...]


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Take the application back."""

    note: str = ""


def _scope(command: StartDraft | ChangeDraft) -> Iterator[Reason]:
    campaign = command.campaign
    offered: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("specialty", command.specialty, campaign.specialties),
        ("level", command.level, campaign.levels),
        ("route", command.route, campaign.routes),
    )
    for member, asked, offers in offered:
        if asked not in offers:
            facts = {member: str(asked), "series": campaign.series}
            change = {"offered": [str(one) for one in offers]}
            yield Reason("NOT_IN_CAMPAIGN_SCOPE", "附六.7", facts, change, pointer=f"/{member}")
    if command.route is Route.GREEN_CHANNEL and not command.level.senior:
        change = {"levels": [level.value for level in Level if level.senior]}
        yield Reason("GREEN_ONLY_SENIOR", "十.1", {"level": command.level.value}, change, "/level")
    elif not command.rules.rules.covers(command.level, command.route):
        facts = {"level": command.level.value, "route": command.route.value}
        yield Reason("ROUTE_NOT_OPEN_FOR_SERIES", "附六.3", facts, ruleset=command.rules.rules.code)


def _window(campaign: CampaignFact, context: Context, *, to_submit: bool) -> Iterator[Reason]:
    if context.now >= campaign.closes_at or (to_submit and context.now < campaign.opens_at):
        facts = {"opens_at": campaign.opens_at.isoformat(), "closes_at": campaign.closes_at.isoformat()}
        yield Reason("WINDOW_CLOSED", "附六.7", {**facts, "now": context.now.isoformat()})


def _in_force(rules: Rules, context: Context) -> Iterator[Reason]:
    """Refuse a rule set that is not in force today: its campaign was governed by it, a new application is not (H)."""
    on, first, last = beijing_date(context.now), rules.rules.effective_from, rules.until
    if first <= on and (last is None or on <= last):
        return
    period = {"from": first.isoformat(), "until": last.isoformat() if last else None}
    change = {"from": first.isoformat()} if on < first else {"campaign": "one under the rule set in force"}
    yield Reason("RULESET_NOT_IN_FORCE", "H", {"ruleset": rules.identity, "on": on.isoformat(), **period}, change)


def _employment(command: StartDraft | ChangeDraft, context: Context) -> Employment:
    """Give the employment with the employer named that stands today (附六.1)."""
    on = beijing_date(context.now)
    for one in command.employments:
        if one.employer == command.employer and one.covers(on):
            return one
    facts = {"employer": command.employer, "on": on.isoformat()}
    raise Refused.one("NO_EMPLOYMENT", "附六.1", facts=facts, pointer="/employer")


def _start(state: State, command: StartDraft, context: Context) -> Decision:
    if state.stage is not Stage.NONE:
        raise illegal_transition(state.stage.value, "start_draft", [Stage.NONE.value])
    campaign, rules = command.campaign, command.rules
    found = [*_scope(command), *_window(campaign, context, to_submit=False), *banned(command.bans, context)]
    if rules.identity != campaign.ruleset:
        found.append(Reason("RULESET_NOT_IN_FORCE", "H", {"ruleset": rules.identity}, {"ruleset": campaign.ruleset}))
    found.extend(_in_force(rules, context))
    try:
        employment = _employment(command, context)
    except Refused as refused:
        raise Refused([*found, *refused.reasons]) from None
    refuse_all(found)
    event = DraftStarted(
        applicant=context.actor.person,
        employer=command.employer,
        campaign=campaign.identity,
        agency=campaign.agency,
        series=campaign.series,
        specialty=command.specialty,
        level=command.level,
        route=command.route,
        year=campaign.year,
        ruleset=rules.identity,
        district=employment.district,
        freeing=rules.rules.texts("endings_that_free_the_place"),
        seen=(campaign.seen, rules.seen, employment.seen),
    )
    claim = Claim("application", f"{event.applicant}/{event.series}/{event.year}")
    return Decision((event,), claims=(claim,), ruleset=rules.identity)


def _change(state: State, command: ChangeDraft, context: Context) -> Decision:
    require(state, "change_draft", Stage.DRAFT)
    found = [*by_applicant(state, context.actor), *locked(state, Module.PROFILE)]
    found.extend([*under(state, command.rules), *_scope(command)])
    if command.campaign.identity != state.campaign:
        found.append(Reason("NOT_IN_CAMPAIGN_SCOPE", "附六.7", {"campaign": command.campaign.identity}))
    refuse_all(found)
    employment = _employment(command, context)
    event = DraftChanged(
        employer=command.employer,
        specialty=command.specialty,
        level=command.level,
        route=command.route,
        district=employment.district,
        seen=(employment.seen,),
    )
    return Decision((event,))


def _commit(state: State, command: SignCommitment, context: Context) -> Decision:
    require(state, "sign_commitment", Stage.DRAFT, Stage.CORRECTION_REQUIRED)
    refuse_all([*by_applicant(state, context.actor), *locked(state, Module.COMMITMENT)])
    return Decision((IntegrityCommitmentSigned(text_hash=command.text_hash),))


def classified_reasons(*, classified: bool) -> Iterator[Reason]:
    """Refuse classified material: it is for another way, and never for this one (§11.25)."""
    if classified:
        yield Reason("CLASSIFIED_MATERIAL", "§11.25")


def unstorable(state: State, kind: MaterialKind, actor: Actor, *, classified: bool) -> Iterator[Reason]:
    """Refuse what is refused whatever the file says, before it is stored: a wrong hand, and what is classified."""
    if kind is MaterialKind.PUBLICITY:
        yield from by_employer(state, actor, Role.EMPLOYER_CLERK, Role.EMPLOYER_HEAD)
    else:
        yield from by_applicant(state, actor)
    yield from classified_reasons(classified=classified)


def upload_reasons(upload: Upload, declared_hash: str) -> Iterator[Reason]:
    """Refuse a file that is not the one announced, or cannot be read as what it says."""
    if declared_hash and declared_hash != upload.plain_hash:
        facts = {"declared": declared_hash, "received": upload.plain_hash}
        yield Reason("MATERIAL_TAMPERED", "附七", facts, {"send": "the file again"})
    if not upload.readable:
        facts = {"media_type": upload.blob.media_type}
        yield Reason("NOT_ELECTRONIC", "附七", facts, {"send": "a file that is what its media type says"})


def _attach(state: State, command: AttachMaterial, context: Context) -> Decision:
    require(state, "attach_material", Stage.DRAFT, Stage.CORRECTION_REQUIRED)
    if command.kind is MaterialKind.PUBLICITY and state.stage is Stage.DRAFT:
        raise illegal_transition(state.stage.value, "attach_material", [Stage.CORRECTION_REQUIRED.value])
    found = [
        *unstorable(state, command.kind, context.actor, classified=command.classified),
        *locked(state, Module(command.kind.value)),
        *upload_reasons(command.upload, command.declared_hash),
    ]
    present = state.materials.get(command.kind)
    if present is not None and not command.replace:
        found.append(Reason("MATERIAL_DUPLICATE", "附七", {"kind": command.kind.value}, {"replace": True}))
    refuse_all(found)
    return Decision((attached(command.kind, command.upload, state),))


def attached(kind: MaterialKind, upload: Upload, state: State) -> MaterialAttached:
    """Say that a material is in the file, and which one it replaces."""
    present = state.materials.get(kind)
    return MaterialAttached(
        kind=kind, blob=upload.blob, plain_hash=upload.plain_hash, replaces=present.hash if present else None
    )


def _ask(state: State, command: RequestEndorsement, context: Context) -> Decision:
    require(state, "request_endorsement", *BEFORE_ACCEPTANCE)
    asked = ENDORSED.get(state.route)
    found = list(by_applicant(state, context.actor))
    if asked is None:
        routes = [route.value for route in ENDORSED]
        found.append(Reason("ILLEGAL_TRANSITION", "七.1", {"route": state.route.value}, {"routes": routes}))
    kinds = tuple(asked.numbers) if asked else ()
    kind = command.kind or (kinds[0] if len(kinds) == 1 else None)
    if asked and kind not in kinds:
        facts = {"route": state.route.value, "kind": command.kind.value if command.kind else ""}
        change = {"kinds": [one.value for one in kinds]}
        found.append(Reason("SCHEMA_INVALID", asked.clause, facts, change, "/kind"))
    if command.endorser == state.applicant:
        found.append(Reason("SELF_RECOMMENDATION", "七.1", pointer="/endorser"))
    if command.endorser in state.asked:
        found.append(Reason("DUPLICATE_RECOMMENDER", "七.1", pointer="/endorser"))
    refuse_all(found)
    event = EndorsementRequested(
        applicant=state.applicant,
        endorser=command.endorser,
        kind=promised(kind),
        series=state.series,
        specialty=state.specialty,
        employer=state.employer,
    )
    return Decision((event,))


def missing_materials(state: State, *kinds: MaterialKind) -> Iterator[Reason]:
    """Refuse while materials are missing, all of them named at once (附七)."""
    missing = [kind.value for kind in kinds if kind not in state.materials]
    if missing:
        yield Reason("MATERIAL_MISSING", "附七", {"missing": missing}, {"attach": missing})


def _submit(state: State, command: Submit, context: Context) -> Decision:
    require(state, "submit", Stage.DRAFT)
    found = [*by_applicant(state, context.actor), *not_held(state), *under(state, command.rules)]
    found.extend(banned(command.bans, context))
    found.extend(missing_materials(state, *APPLICANTS_MATERIALS))
    found.extend(category_missing(state))
    if not state.committed:
        found.append(Reason("COMMITMENT_REQUIRED", "§1.15 十六.2", change={"command": "sign_commitment"}))
    if state.submitted_at is None:
        # A file that the employer returned was submitted in time, and stays under its rule set; how long its
        # return took is not the applicant's to answer for.
        found.extend(_window(command.campaign, context, to_submit=True))
        found.extend(_in_force(command.rules, context))
    refuse_all(found)
    backing = judge(state.route, command.endorsements, state.applicant, state.employer, command.rules.rules)
    valid = backing.valid if backing else ()
    event = ApplicationSubmitted(
        applicant=state.applicant,
        employer=state.employer,
        campaign=state.campaign,
        agency=state.agency,
        series=state.series,
        specialty=state.specialty,
        level=state.level,
        route=state.route,
        year=state.year,
        ruleset=state.ruleset,
        district=state.district,
        materials=APPLICANTS_MATERIALS,
        endorsements=tuple(one.identity for one in valid),
        warnings=tuple(dict.fromkeys(reason.code for reason in backing.reasons())) if backing else (),
        seen=(command.campaign.seen, command.rules.seen, *(seen for one in valid for seen in one.seen)),
    )
    return Decision((event,), ruleset=state.ruleset)


def _withdraw(state: State, command: Withdraw, context: Context) -> Decision:
    require(state, "withdraw", *WITHDRAWABLE)
    refuse_all(by_applicant(state, context.actor))
    note = Unsealed(state.applicant, command.note)
    return ending(state, Stage.WITHDRAWN, ApplicationWithdrawn(note=note))


HANDLERS: Final[Mapping[type, Handler]] = {
    StartDraft: _start,
    ChangeDraft: _change,
    SignCommitment: _commit,
    AttachMaterial: _attach,
    RequestEndorsement: _ask,
    Submit: _submit,
    Withdraw: _withdraw,
}
