"""What review's shell reads before a decision: its own streams as they stand, and its views of others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import asyncpg

from libs.events.contracts.intake import Seen
from libs.events.reading import NotYetError
from libs.kernel.calendars import beijing_date
from libs.kernel.periods import full_years
from libs.kernel.refusals import Reason, Refused, refuse_all
from libs.kernel.rulesets import EVERY_SERIES, parse
from libs.kernel.terms import Level, Route
from libs.web.spine import Spine
from services.review.domain.agency import AGENCY
from services.review.domain.ballot import BALLOT, Ballot
from services.review.domain.committee import COMMITTEE
from services.review.domain.endorsement import ENDORSEMENT, Endorsement
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
    row = await spine.views.fetchrow("rulesets", "select * from rulesets where stream = $1", f"ruleset-{identity}")
    if row is None or row["document"] is None:
        msg = f"rule set {identity} has not arrived"
        raise NotYetError(msg)
    return RulesFact(identity, parse(row["document"]), _cited(row))


async def rules_of_series(spine: Spine, series: str) -> RulesFact:
    """Read the rule set of a series that is in force today; without one, that of every series.

    Raises
    ------
    Refused
        RULESET_NOT_IN_FORCE when there is none.
    """
    row = await spine.views.fetchrow(
        "rulesets",
        "select * from rulesets where series in ($1, $3) and effective_from <= $2 and (until is null or until >= $2)"
        " order by series = $1 desc, effective_from desc limit 1",
        series,
        today(spine),
        EVERY_SERIES,
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


async def titles(spine: Spine, person: str) -> tuple[TitleFact, ...]:
    """Read the titles of a person; one without a level or day stays out, as nothing can be compared with it."""
    rows = await spine.views.fetch(
        ("titles",),
        "select * from titles where person = $1 and level is not null and obtained_on is not null order by stream",
        person,
    )
    return tuple(title(row) for row in rows)


async def bans(spine: Spine, person: str) -> tuple[BanFact, ...]:
    """Read every ban on a person."""
    rows = await spine.views.fetch(("bans",), "select * from bans where person = $1 order by stream", person)
    return tuple(BanFact(row["from_day"], row["until"], _cited(row)) for row in rows)


async def on_record(spine: Spine, person: str) -> bool:
    """Tell whether an integrity record stands that is not expired; by date, not by the expiry's event."""
    return await spine.views.fetchval(
        "records",
        "select exists (select from records where subject = $1 and standing and expires_on >= $2)",
        person,
        today(spine),
    )


async def age(spine: Spine, person: str) -> int:
    """Give a person's age in full years today, from the sealed birth date, which goes no further than this.

    Raises
    ------
    Refused
        UNKNOWN_EXPERT when the person is not registered or was erased.
    """
    row = await spine.views.fetchrow("persons", "select birth_date from persons where stream = $1", f"person-{person}")
    opened = (await spine.keys.open_all([row["birth_date"]]))[row["birth_date"]] if row and row["birth_date"] else None
    if opened is None:
        raise Refused.one("UNKNOWN_EXPERT", "十三.1", facts={"person": person}, pointer="/person")
    return full_years(date.fromisoformat(opened), today(spine))


async def employment(spine: Spine, person: str) -> EmploymentFact:
    """Read for whom a person works now.

    Raises
    ------
    Refused
        IDENTITY_UNVERIFIED for someone who is not registered: of a stranger nobody knows for whom they work.
    """
    row = await spine.views.fetchrow("persons", "select * from persons where stream = $1", f"person-{person}")
    if row is None:
        raise Refused.one("IDENTITY_UNVERIFIED", "附四", facts={"person": person})
    return EmploymentFact(tuple(row["employers"] or ()), _cited(row))


async def paid_files(spine: Spine, applications: Sequence[str]) -> tuple[PaidFile, ...]:
    """Read applications as review's own projection has them.

    Raises
    ------
    Refused
        UNKNOWN_APPLICATION for each that has not arrived.
    """
    known = {
        row["stream"].partition("-")[2]
        for row in await spine.views.fetch(
            ("applications",),
            "select stream from applications where stream = any($1)",
            [f"application-{one}" for one in applications],
        )
    }
    refuse_all(
        Reason("UNKNOWN_APPLICATION", facts={"application": one}, pointer=f"/candidates/{place}")
        for place, one in enumerate(applications)
        if one not in known
    )
    return tuple([await paid_file(spine, one) for one in applications])


async def paid_file(spine: Spine, application: str) -> PaidFile:
    """Read an application as review's own projection has it; it is known to exist."""
    row = await application_row(spine, application)
    standing = "ended" if row["ended"] else "held" if row["held"] else "paid" if row["paid"] else "earlier"
    route = Route(row["route"])
    return PaidFile(
        application=application,
        scope=row["district"] if route is Route.DIRECTED else "",
        level=Level(row["level"]),
        route=route,
        endorsers=tuple(sorted(one.endorser for one in await _given(spine, application))),
        standing=standing,
        seen=_cited(row),
        **{
            name: row[name]
            for name in ("applicant", "employer", "agency", "campaign", "series", "specialty", "ruleset")
        },
    )


async def application_row(spine: Spine, identity: str) -> asyncpg.Record:
    """Read an application's row, where something here says that there is such an application.

    Raises
    ------
    NotYetError
        When it has not arrived.
    """
    row = await spine.views.fetchrow(
        "applications", "select * from applications where stream = $1", f"application-{identity}"
    )
    if row is None:
        msg = f"application {identity} has not arrived"
        raise NotYetError(msg)
    return row


async def own_employer_given(spine: Spine, application: str, employer: str) -> int:
    """Count the endorsements of an application that come from the applicant's own employer (§11.12)."""
    return sum(one.endorser_unit == employer for one in await _given(spine, application))


async def _given(spine: Spine, application: str) -> list[Endorsement]:
    """Read the endorsements of an application that stand; by their claims, which are written with them."""
    rows = await spine.pool.fetch(
        "select stream from claims where name = 'endorser' and starts_with(value, $1)", f"{application}:"
    )
    return [(await spine.bus.load(ENDORSEMENT, row["stream"])).state for row in rows]


async def pool_of(spine: Spine, committee: str, on: date) -> tuple[PoolMember, ...]:
    """Read everyone who is appointed to a committee, each from the own stream, with the term that covers a day."""
    rows = await spine.views.fetch(
        ("experts",), "select stream from experts where committees ? $1 order by stream", committee
    )
    found: list[PoolMember] = []
    for row in rows:
        loaded = await spine.bus.load(EXPERT, row["stream"])
        terms = [term for term in loaded.state.terms if term.committee == committee and not term.ended]
        if not terms:
            continue
        term = next((one for one in terms if one.from_day <= on <= one.until), terms[-1])
        person = row["stream"].partition("-")[2]
        found.append(
            PoolMember(
                expert=person,
                admitted=loaded.state.status == "admitted",
                appointed_from=term.from_day,
                appointed_until=term.until,
                bans=await bans(spine, person),
                seen=seen(row["stream"], loaded.version),
            )
        )
    return tuple(found)


async def endorsements(spine: Spine, application: str) -> tuple[EndorsementFact, ...]:
    """Read the endorsements that an application was accepted with, as they stand now.

    What has just befallen an endorser counts at once, whether or not the endorsement has lapsed by it yet.
    """
    row = await application_row(spine, application)
    found: list[EndorsementFact] = []
    for identity in row["endorsements"]:
        stream = ENDORSEMENT.stream(identity)
        loaded = await spine.bus.load(ENDORSEMENT, stream)
        state: Endorsement = loaded.state
        found.append(
            EndorsementFact(
                identity=identity,
                endorser=state.endorser,
                endorser_unit=state.endorser_unit,
                kind=state.kind,
                cause=await _fallen(spine, state),
                seen=seen(stream, loaded.version),
            )
        )
    return tuple(found)


async def _fallen(spine: Spine, state: Endorsement) -> str:
    """Say why an endorsement no longer stands, or nothing."""
    if state.status != "given":
        return state.cause or state.status
    if await spine.views.fetchval("titles", "select live from titles where stream = $1", state.rests_on) is False:
        return "title_revoked"
    on = today(spine)
    return "banned" if any(ban.holds(on) for ban in await bans(spine, state.endorser)) else ""


async def ballot(spine: Spine, identity: str) -> BallotFact:
    """Read a ballot as it stands; one that was called and is not opened yet is not closed either."""
    stream = BALLOT.stream(identity)
    loaded = await spine.bus.load(BALLOT, stream)
    state: Ballot = loaded.state
    status = "open" if state.status == "unknown" else state.status
    return BallotFact(identity, status, state.agree, seen(stream, loaded.version))
