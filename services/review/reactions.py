"""What review does when others, or its own streams, have spoken."""

from __future__ import annotations

from libs.events.contracts.intake import Seen
from libs.events.envelope import Event
from libs.events.reactions import Reaction, to_one
from libs.events.reading import NotYetError
from libs.kernel.terms import EndorsementKind
from libs.web.spine import Spine
from services.review import facts
from services.review.domain.ballot import BALLOT, OpenBallot, VoidBallot
from services.review.domain.endorsement import (
    ENDORSEMENT,
    InviteEndorser,
    LapseByTitle,
    endorsement_id,
)
from services.review.domain.expert import EXPERT, RemoveUntitledExpert
from services.review.domain.notice import NOTICE, CancelResult, StartPublicity, notice_id
from services.review.domain.session import SESSION
from services.review.domain.session_commands import DropCandidate
from services.review.domain.session_state import OnFile

KINDS = frozenset({"application", "session", "case"})
"""The kinds of stream that review reacts to."""


def _seen(event: Event) -> Seen:
    return Seen(stream=event.stream, version=event.version)


def reactions(spine: Spine) -> tuple[Reaction, ...]:
    """List review's reactions, with what they need to read."""
    return (_invite(), *_of_ends(spine), *_of_titles(spine), *_of_sessions(spine))


def _invite() -> Reaction:
    async def invite(event: Event, _: str) -> InviteEndorser:
        data = event.data
        return InviteEndorser(
            application=event.identity,
            applicant=data["applicant"],
            endorser=data["endorser"],
            kind=EndorsementKind(data["kind"]),
            series=data["series"],
            specialty=data["specialty"],
            employer=data["employer"],
        )

    def invited(event: Event) -> list[str]:
        return [ENDORSEMENT.stream(endorsement_id(event.identity, event.data["endorser"]))]

    return Reaction("invite", "EndorsementRequested", ENDORSEMENT, invited, invite)


def _of_ends(spine: Spine) -> tuple[Reaction, ...]:
    """React to the end of an application: it leaves its session, or its result is not confirmed any more."""

    async def drop(event: Event, _: str) -> DropCandidate:
        return DropCandidate(event.identity, event.data["reason"])

    async def cancel(event: Event, _: str) -> CancelResult:
        return CancelResult(event.data["reason"])

    async def candidate(event: Event) -> tuple[str, OnFile] | None:
        # The claim, not a view: it is written with the plan itself, so no candidate is overlooked.
        stream = await spine.pool.fetchval(
            "select stream from claims where name = 'candidate' and value = $1", event.identity
        )
        if stream is None:
            return None
        found = (await spine.bus.load(SESSION, stream)).state.candidates.get(event.identity)
        return (stream, found) if found else None

    async def sessions(event: Event) -> list[str]:
        found = await candidate(event)
        return [found[0]] if found and found[1].standing in {"waiting", "voting"} else []

    async def notices(event: Event) -> list[str]:
        found = await candidate(event)
        if found is None or not found[1].passed:
            return []
        # A notice that is only about to start is cancelled once it has.
        notice = NOTICE.stream(notice_id(found[0].partition("-")[2], event.identity))
        status = (await spine.bus.load(NOTICE, notice)).state.status
        return [] if status in {"confirmed", "cancelled"} else [notice]

    return (
        Reaction("drop-candidate", "ApplicationEnded", SESSION, sessions, drop),
        Reaction("cancel-result", "ApplicationEnded", NOTICE, notices, cancel),
    )


def _of_titles(spine: Spine) -> tuple[Reaction, ...]:
    """React to the revocation of a title, from its case: what rested on the title falls with it (§11.7)."""

    async def lapse(event: Event, _: str) -> LapseByTitle:
        return LapseByTitle(event.data["title"])

    async def remove(event: Event, _: str) -> RemoveUntitledExpert:
        row = await spine.views.fetchrow(
            "titles", "select * from titles where stream = $1", f"title-{event.data['title']}"
        )
        if row is None or row["live"]:
            msg = "the title's own revocation has not arrived"
            raise NotYetError(msg)
        return RemoveUntitledExpert(facts.title(row))

    async def endorsements(event: Event) -> list[str]:
        rows = await spine.views.fetch(
            ("endorsements",),
            "select stream from endorsements where endorser = $1 and title = $2",
            event.data["person"],
            f"title-{event.data['title']}",
        )
        return [row["stream"] for row in rows]

    async def experts(event: Event) -> list[str]:
        stream = EXPERT.stream(event.data["person"])
        admissions = (await spine.bus.load(EXPERT, stream)).state.admissions
        return [stream] if any(one.title == event.data["title"] for one in admissions) else []

    return (
        Reaction("lapse-by-title", "TitleRevoked", ENDORSEMENT, endorsements, lapse),
        Reaction("remove-untitled", "TitleRevoked", EXPERT, experts, remove),
    )


def _of_sessions(spine: Spine) -> tuple[Reaction, ...]:
    async def open_ballot(event: Event, target: str) -> OpenBallot:
        data = event.data
        return OpenBallot(
            session=event.identity,
            application=data["application"],
            applicant=data["applicant"],
            public_key=await spine.adapters.ballot_keys.create(target.partition("-")[2]),
            voters=tuple(data["voters"]),
            recused=tuple(data["recused"]),
            absent=tuple(data["absent"]),
            committee_size=data["committee_size"],
        )

    async def publish(event: Event, _: str) -> StartPublicity:
        data = event.data
        session = (await spine.bus.load(SESSION, event.stream)).state
        file = session.candidates[data["application"]].file
        return StartPublicity(
            application=data["application"],
            applicant=data["applicant"],
            session=event.identity,
            employer=file.employer,
            agency=session.agency,
            committee=session.committee,
            series=session.series,
            specialty=file.specialty,
            level=session.level,
            route=file.route,
            scope=file.scope,
            ruleset=session.ruleset,
            passed_at=event.time,
            seen=_seen(event),
            rules=await facts.rules(spine, session.ruleset),
            calendar=spine.adapters.calendar,
        )

    async def dropped(event: Event, _: str) -> VoidBallot:
        return VoidBallot(event.data["cause"])

    async def voided(_event: Event, _: str) -> VoidBallot:
        return VoidBallot("session_void")

    async def still_open(ballots: list[str]) -> list[str]:
        # One that is only about to open is voided once it has; one that is closed keeps its count.
        streams = [BALLOT.stream(ballot) for ballot in ballots]
        return [one for one in streams if (await spine.bus.load(BALLOT, one)).state.status in {"unknown", "open"}]

    def passed(event: Event) -> list[str]:
        if not event.data["passed"]:
            return []
        return [NOTICE.stream(notice_id(event.identity, event.data["application"]))]

    async def of_dropped(event: Event) -> list[str]:
        return await still_open([event.data["ballot"]] if event.data["ballot"] else [])

    async def of_voided(event: Event) -> list[str]:
        return await still_open(event.data["ballots"])

    return (
        Reaction("open-ballot", "BallotCalled", BALLOT, to_one("ballot", "ballot"), open_ballot),
        Reaction("publish", "ResultAnnounced", NOTICE, passed, publish),
        Reaction("void-dropped", "CandidateDropped", BALLOT, of_dropped, dropped),
        Reaction("void-session", "SessionVoided", BALLOT, of_voided, voided),
    )
