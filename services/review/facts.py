"""What review's shell reads before a decision: its own streams as they stand, and its views of others."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg

from libs.events.contracts.intake import Seen
from libs.events.reactions import NotYetError
from libs.events.store import read_stream
from libs.kernel.calendars import beijing_date
from libs.kernel.refusals import Refused
from libs.kernel.rulesets import parse
from libs.kernel.terms import EndorsementKind, Level, Route
from libs.web.spine import Spine
from services.review.domain.agency import AGENCY
from services.review.domain.ballot import BALLOT
from services.review.domain.committee import COMMITTEE
from services.review.domain.endorsement import ENDORSEMENT
from services.review.domain.expert import EXPERT
from services.review.domain.facts import AgencyFact, BanFact, CommitteeFact, RulesFact, TitleFact
from services.review.domain.session_commands import (
    BallotFact,
    EmploymentFact,
    EndorsementFact,
    PaidFile,
    PoolMember,
)


def seen(stream: str, version: int) -> Seen:
    """Cite a stream as it was read."""
    return Seen(stream=stream, version=version)


def _cited(row: asyncpg.Record) -> Seen:
    return seen(row["stream"], row["version"])


async def rules(spine: Spine, identity: str) -> RulesFact:
    """Read a published rule set.

    Raises
    ------
    NotYetError
        When its publication has not arrived here.
    """
    row = await spine.pool.fetchrow("select * from rulesets where stream = $1", f"ruleset-{identity}")
    if row is None or row["document"] is None:
        msg = f"rule set {identity} has not arrived"
        raise NotYetError(msg)
    return RulesFact(identity, parse(row["document"]), _cited(row))


async def rules_of_series(spine: Spine, series: str) -> RulesFact:
    """Read the rule set of a series that is in force today.

    Raises
    ------
    Refused
        RULESET_NOT_IN_FORCE when there is none.
    """
    row = await spine.pool.fetchrow(
        "select * from rulesets where series = $1 and effective_from <= $2 and (until is null or until >= $2)"
        " order by effective_from desc limit 1",
        series,
        today(spine),
    )
    if row is None:
        raise Refused.one("RULESET_NOT_IN_FORCE", "H", facts={"series": series})
    return RulesFact(row["stream"].partition("-")[2], parse(row["document"]), _cited(row))


def today(spine: Spine) -> date:
    """Give today's date in Beijing."""
    return beijing_date(spine.clock.now())


async def agency(spine: Spine, identity: str) -> AgencyFact:
    """Read an agency.

    Raises
    ------
    Refused
        AGENCY_NOT_LISTED when it was never filed.
    """
    stream = AGENCY.stream(identity)
    loaded = await spine.bus.load(AGENCY, stream)
    state = loaded.state
    if state.filed_until is None:
        raise Refused.one("AGENCY_NOT_LISTED", "十二.1", facts={"agency": identity, "listed": False})
    return AgencyFact(
        identity,
        state.series,
        state.status == "listed",
        state.listed_until,
        state.filed_until,
        seen(stream, loaded.version),
    )


async def committee(spine: Spine, identity: str) -> CommitteeFact:
    """Read a committee.

    Raises
    ------
    Refused
        FILING_EXPIRED when it was never filed.
    """
    stream = COMMITTEE.stream(identity)
    loaded = await spine.bus.load(COMMITTEE, stream)
    state = loaded.state
    if state.filed_until is None:
        raise Refused.one("FILING_EXPIRED", "§1.8", facts={"committee": identity, "approved": False})
    return CommitteeFact(
        identity=identity,
        agency=state.agency,
        series=state.series,
        specialty=state.specialty,
        level=state.level,
        size=state.size,
        approved=state.status == "approved",
        filed_from=state.filed_from,
        filed_until=state.filed_until,
        seen=seen(stream, loaded.version),
    )


def title(row: asyncpg.Record) -> TitleFact:
    """Read one row of the titles view."""
    return TitleFact(
        identity=row["stream"].partition("-")[2],
        series=row["series"],
        specialty=row["specialty"],
        level=Level(row["level"]),
        obtained_on=row["obtained_on"],
        live=row["live"],
        confirmed=row["confirmed"],
        scope=row["scope"],
        seen=_cited(row),
    )


async def titles(pool: asyncpg.Pool, person: str) -> tuple[TitleFact, ...]:
    """Read the titles of a person; one without a level or day stays out, as nothing can be compared with it."""
    rows = await pool.fetch(
        "select * from titles where person = $1 and level is not null and obtained_on is not null order by stream",
        person,
    )
    return tuple(title(row) for row in rows)


async def bans(pool: asyncpg.Pool, person: str) -> tuple[BanFact, ...]:
    """Read every ban on a person."""
    rows = await pool.fetch("select * from bans where person = $1 order by stream", person)
    return tuple(BanFact(row["from_day"], row["until"], _cited(row)) for row in rows)


async def on_record(spine: Spine, person: str) -> bool:
    """Tell whether an integrity record stands that is not expired; by date, not by the expiry's event."""
    return await spine.pool.fetchval(
        "select exists (select from records where subject = $1 and standing and expires_on >= $2)",
        person,
        today(spine),
    )


async def age(spine: Spine, person: str) -> int:
    """Give a person's age in whole years today, from the sealed birth date, which goes no further than this.

    Raises
    ------
    Refused
        UNKNOWN_EXPERT when the person is not registered or was erased.
    """
    row = await spine.pool.fetchrow("select birth_date from persons where stream = $1", f"person-{person}")
    opened = (await spine.keys.open_all([row["birth_date"]]))[row["birth_date"]] if row and row["birth_date"] else None
    if opened is None:
        raise Refused.one("UNKNOWN_EXPERT", "十三.1", facts={"person": person}, pointer="/person")
    born, on = date.fromisoformat(opened), today(spine)
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


async def employment(spine: Spine, person: str) -> EmploymentFact:
    """Read where a person works now; empty for nowhere."""
    stream = f"person-{person}"
    row = await spine.pool.fetchrow("select * from persons where stream = $1", stream)
    if row is None:
        return EmploymentFact("", seen(stream, 0))
    return EmploymentFact((row["employers"] or [""])[-1], _cited(row))


async def paid_file(spine: Spine, application: str) -> PaidFile:
    """Read an application as review's own projection has it.

    Raises
    ------
    Refused
        UNKNOWN_APPLICATION when it has not arrived.
    """
    row = await _application(spine, application)
    if row is None:
        raise Refused.one("UNKNOWN_APPLICATION", facts={"application": application})
    standing = "ended" if row["ended"] else "held" if row["held"] else "paid" if row["paid"] else "earlier"
    endorsers = await spine.pool.fetch(
        "select endorser from endorsements where application = $1 and state = 'given' order by endorser", application
    )
    return PaidFile(
        application=application,
        scope="",
        level=Level(row["level"]),
        route=Route(row["route"]),
        endorsers=tuple(one["endorser"] for one in endorsers),
        standing=standing,
        seen=_cited(row),
        **{
            name: row[name]
            for name in ("applicant", "employer", "agency", "campaign", "series", "specialty", "ruleset")
        },
    )


async def _application(spine: Spine, application: str) -> asyncpg.Record | None:
    return await spine.pool.fetchrow("select * from applications where stream = $1", f"application-{application}")


async def application(spine: Spine, identity: str) -> Any:
    """Read an application's row.

    Raises
    ------
    Refused
        UNKNOWN_APPLICATION when it has not arrived.
    """
    row = await _application(spine, identity)
    if row is None:
        raise Refused.one("UNKNOWN_APPLICATION", facts={"application": identity})
    return row


async def own_employer_given(spine: Spine, application: str, employer: str) -> int:
    """Count the endorsements of an application that come from the applicant's own employer (§11.12)."""
    return await spine.pool.fetchval(
        "select count(*) from endorsements where application = $1 and state = 'given' and endorser_unit = $2",
        application,
        employer,
    )


async def pool_of(spine: Spine, committee: str) -> tuple[PoolMember, ...]:
    """Read everyone who was appointed to a committee, each from the own stream as it stands."""
    rows = await spine.pool.fetch("select stream from experts where committees ? $1 order by stream", committee)
    found: list[PoolMember] = []
    for row in rows:
        loaded = await spine.bus.load(EXPERT, row["stream"])
        person = row["stream"].partition("-")[2]
        terms = [term for term in loaded.state.terms if term.committee == committee]
        if terms:
            found.append(
                PoolMember(
                    expert=person,
                    admitted=loaded.state.status == "admitted",
                    appointed_from=terms[-1].from_day,
                    appointed_until=terms[-1].until,
                    bans=await bans(spine.pool, person),
                    seen=seen(row["stream"], loaded.version),
                )
            )
    return tuple(found)


async def endorsements(spine: Spine, application: str) -> tuple[EndorsementFact, ...]:
    """Read the endorsements that an application was accepted with, each as its stream stands now."""
    row = await _application(spine, application)
    found: list[EndorsementFact] = []
    for identity in (row["endorsements"] if row else None) or []:
        stream = ENDORSEMENT.stream(identity)
        events = await read_stream(spine.pool, stream)
        given = next((one for one in events if one.type == "EndorsementGiven"), None)
        ended = next((one for one in events if one.type == "EndorsementWithdrawn"), None)
        if given is not None:
            found.append(
                EndorsementFact(
                    identity=identity,
                    endorser=given.data["endorser"],
                    endorser_unit=given.data["endorser_unit"],
                    kind=EndorsementKind(given.data["kind"]),
                    cause=ended.data["cause"] if ended else "",
                    seen=seen(stream, events[-1].version),
                )
            )
    return tuple(found)


async def ballot(spine: Spine, identity: str) -> BallotFact:
    """Read a ballot as it stands; NOT_FOUND when it was never opened."""
    stream = BALLOT.stream(identity)
    loaded = await spine.bus.load(BALLOT, stream)
    status = loaded.state.status
    if status not in {"open", "closed", "void"}:
        raise Refused.one("NOT_FOUND", "§14.1", facts={"ballot": identity})
    closed = next((one for one in await read_stream(spine.pool, stream) if one.type == "BallotClosed"), None)
    return BallotFact(identity, status, closed.data["agree"] if closed else 0, seen(stream, loaded.version))
