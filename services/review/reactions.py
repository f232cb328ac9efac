"""What review does when others, or its own streams, have spoken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from libs.events.contracts.intake import Seen
from libs.events.envelope import Event
from libs.events.reactions import NotYetError, Reaction, to_one
from libs.kernel.terms import EndorsementKind
from libs.web.spine import Spine
from services.review import facts
from services.review.domain.ballot import BALLOT, OpenBallot, VoidBallot
from services.review.domain.endorsement import (
    ENDORSEMENT,
    InviteEndorser,
    LapseByBan,
    LapseByTitle,
    endorsement_id,
)
from services.review.domain.expert import EXPERT, RemoveBannedExpert, RemoveUntitledExpert
from services.review.domain.facts import BanFact
from services.review.domain.notice import NOTICE, CancelResult, StartPublicity, notice_id
from services.review.domain.session import SESSION
from services.review.domain.session_commands import DropCandidate

KINDS = frozenset({"application", "session", "case", "ban"})
"""The kinds of stream that review reacts to."""


def _seen(event: Event) -> Seen:
    return Seen(stream=event.stream, version=event.version)


def reactions(spine: Spine) -> tuple[Reaction, ...]:
    """List review's reactions, with what they need to read."""
    return (_invite(), *_of_ends(spine), *_of_integrity(spine), *_of_sessions(spine))


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
    async def drop(event: Event, _: str) -> DropCandidate:
        return DropCandidate(event.identity, event.data["reason"])

    async def cancel(event: Event, _: str) -> CancelResult:
        return CancelResult(event.data["reason"])

    async def sessions(event: Event) -> list[str]:
        if event.data["reason"] in ("certified", "not_passed", "result_cancelled"):
            return []
        rows = await spine.pool.fetch("select stream from candidates where applications ? $1", event.identity)
        return [row["stream"] for row in rows]

    async def notices(event: Event) -> list[str]:
        found = [NOTICE.stream(notice_id(stream.partition("-")[2], event.identity)) for stream in await sessions(event)]
        return [stream for stream in found if (await spine.bus.load(NOTICE, stream)).version]

    return (
        Reaction("drop-candidate", "ApplicationEnded", SESSION, sessions, drop),
        Reaction("cancel-result", "ApplicationEnded", NOTICE, notices, cancel),
    )


def _of_integrity(spine: Spine) -> tuple[Reaction, ...]:
    async def lapse_by_title(event: Event, _: str) -> LapseByTitle:
        return LapseByTitle(event.data["title"])

    async def lapse_by_ban(event: Event, _: str) -> LapseByBan:
        return LapseByBan(_ban(event))

    async def untitled(event: Event, _: str) -> RemoveUntitledExpert:
        row = await spine.pool.fetchrow("select * from titles where stream = $1", f"title-{event.data['title']}")
        if row is None or row["live"]:
            msg = "the title's own revocation has not arrived"
            raise NotYetError(msg)
        return RemoveUntitledExpert(facts.title(row))

    async def banned(event: Event, _: str) -> RemoveBannedExpert:
        return RemoveBannedExpert(_ban(event))

    async def resting_on(event: Event) -> Sequence[str]:
        return await _streams(
            spine,
            "select stream from endorsements where state = 'given' and titles ? $1",
            f"title-{event.data['title']}",
        )

    async def experts_by_title(event: Event) -> Sequence[str]:
        return await _streams(spine, "select stream from experts where titles ? $1", f"title-{event.data['title']}")

    async def given_by(event: Event) -> Sequence[str]:
        return await _streams(
            spine, "select stream from endorsements where state = 'given' and endorser = $1", event.data["person"]
        )

    async def expert_of(event: Event) -> Sequence[str]:
        return await _streams(
            spine,
            "select stream from experts where stream = $1 and titles <> '[]'",
            EXPERT.stream(event.data["person"]),
        )

    return (
        Reaction("lapse-by-title", "TitleRevoked", ENDORSEMENT, resting_on, lapse_by_title),
        Reaction("lapse-by-ban", "BanImposed", ENDORSEMENT, given_by, lapse_by_ban),
        Reaction("remove-untitled", "TitleRevoked", EXPERT, experts_by_title, untitled),
        Reaction("remove-banned", "BanImposed", EXPERT, expert_of, banned),
    )


async def _streams(spine: Spine, query: str, value: str) -> list[str]:
    return [row["stream"] for row in await spine.pool.fetch(query, value)]


def _ban(event: Event) -> BanFact:
    return BanFact(date.fromisoformat(event.data["from_day"]), date.fromisoformat(event.data["until"]), _seen(event))


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
        committee = await facts.committee(spine, session.committee)
        return StartPublicity(
            application=data["application"],
            applicant=data["applicant"],
            session=event.identity,
            employer=file.employer,
            agency=session.agency,
            committee=session.committee,
            series=committee.series,
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
        return VoidBallot(event.data.get("cause") or event.data["reason"])

    def passed(event: Event) -> list[str]:
        if not event.data["passed"]:
            return []
        return [NOTICE.stream(notice_id(event.identity, event.data["application"]))]

    def of_dropped(event: Event) -> list[str]:
        return [BALLOT.stream(event.data["ballot"])] if event.data["ballot"] else []

    def of_voided(event: Event) -> list[str]:
        return [BALLOT.stream(ballot) for ballot in event.data["ballots"]]

    return (
        Reaction("open-ballot", "BallotCalled", BALLOT, to_one("ballot", "ballot"), open_ballot),
        Reaction("publish", "ResultAnnounced", NOTICE, passed, publish),
        Reaction("void-dropped", "CandidateDropped", BALLOT, of_dropped, dropped),
        Reaction("void-session", "SessionVoided", BALLOT, of_voided, dropped),
    )
