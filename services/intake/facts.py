"""What intake's shell reads before a decision: other streams, views, stored files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date

import asyncpg

from libs.events.blobs import BlobMissingError
from libs.events.contracts.intake import BlobRef, Seen
from libs.events.sealing import KeyDestroyedError, SealBrokenError
from libs.kernel.refusals import Refused
from libs.kernel.rulesets import EVERY_SERIES, parse
from libs.kernel.terms import EndorsementKind, Level
from libs.web.filetypes import is_readable
from libs.web.spine import Spine
from services.intake.domain.campaign import CAMPAIGN
from services.intake.domain.employer import EMPLOYER
from services.intake.domain.facts import (
    Ban,
    CampaignFact,
    Education,
    Employment,
    Endorsement,
    Rules,
    Standing,
    TitleHeld,
    TitleNow,
    Upload,
)
from services.intake.domain.person import PERSON
from services.intake.domain.person import State as PersonState
from services.intake.domain.ruleset import RULESET, InForce


def seen(stream: str, version: int) -> Seen:
    """Cite another stream as it was read."""
    return Seen(stream=stream, version=version)


async def rules(spine: Spine, identity: str) -> Rules:
    """Read a published rule set.

    Raises
    ------
    Refused
        RULESET_NOT_IN_FORCE when there is no such published rule set.
    """
    stream = RULESET.stream(identity)
    loaded = await spine.bus.load(RULESET, stream)
    if not loaded.state.published:
        raise Refused.one("RULESET_NOT_IN_FORCE", "H", facts={"ruleset": identity})
    return Rules(identity, parse(loaded.state.document), seen(stream, loaded.version), loaded.state.until)


async def rules_for(spine: Spine, series: str, level: Level, on: date, identity: str = "") -> Rules:
    """Read the rule set that is in force for a series and level on a day, or the one that is named.

    Raises
    ------
    Refused
        RULESET_NOT_IN_FORCE when there is none, or the one named does not govern them on that day.
    """
    rows = await spine.views.fetch(
        ("rulesets",),
        "select stream from rulesets where series = any($1) and published and levels ? $2"
        " and effective_from <= $3 and (until is null or until >= $3) and ($4 = '' or stream = $4)"
        " order by series = $5, stream limit 1",
        [series, EVERY_SERIES],
        level.value,
        on,
        RULESET.stream(identity) if identity else "",
        EVERY_SERIES,
    )
    if not rows:
        asked = {"series": series, "level": level.value, "on": on.isoformat()}
        raise Refused.one("RULESET_NOT_IN_FORCE", "H", facts={**asked, "ruleset": identity} if identity else asked)
    return await rules(spine, rows[0]["stream"].partition("-")[2])


async def campaign(spine: Spine, identity: str) -> CampaignFact:
    """Read a campaign as its notice announced it.

    Raises
    ------
    Refused
        NOTICE_REQUIRED when no notice was published under this identity.
    """
    stream = CAMPAIGN.stream(identity)
    loaded = await spine.bus.load(CAMPAIGN, stream)
    notice = loaded.state.notice
    if notice is None:
        raise Refused.one("NOTICE_REQUIRED", "附六.7", facts={"campaign": identity})
    return CampaignFact(
        identity=identity,
        agency=notice.agency,
        series=notice.series,
        specialties=notice.specialties,
        levels=notice.levels,
        routes=notice.routes,
        year=notice.year,
        opens_at=notice.opens_at,
        closes_at=notice.closes_at,
        ruleset=notice.ruleset,
        seen=seen(stream, loaded.version),
    )


async def person(spine: Spine, identity: str) -> tuple[PersonState, Seen]:
    """Read a person's state."""
    stream = PERSON.stream(identity)
    loaded = await spine.bus.load(PERSON, stream)
    return loaded.state, seen(stream, loaded.version)


async def employments(spine: Spine, state: PersonState, cited: Seen) -> tuple[Employment, ...]:
    """Read the person's employments with what their employers are."""
    found: list[Employment] = []
    for one in state.spells:
        employer = (await spine.bus.load(EMPLOYER, EMPLOYER.stream(one.employer))).state
        found.append(
            Employment(
                employer=one.employer,
                employer_kind=employer.kind,
                district=employer.district,
                specialty=one.specialty,
                since=one.since,
                until=one.until,
                seen=cited,
                designations=employer.designations,
            )
        )
    return tuple(found)


def educations(state: PersonState) -> tuple[Education, ...]:
    """Give the degrees that the person stated, as far as rules compare them."""
    return tuple(
        Education(one.degree, one.specialty, one.enrolled_on, one.graduated_on, one.full_time) for one in state.degrees
    )


async def bans(spine: Spine, identity: str) -> tuple[Ban, ...]:
    """Read every ban on a person; whether one is in force is the decision's to compare."""
    rows = await spine.views.fetch(
        ("bans",), "select * from bans where person = $1 order by from_day, stream", identity
    )
    return tuple(
        Ban(row["stream"].partition("-")[2], row["basis"], row["from_day"], row["until"], _cited(row)) for row in rows
    )


async def titles(spine: Spine, identity: str) -> tuple[TitleHeld, ...]:
    """Read the titles of a person; one without a level or day stays out, as nothing can be compared with it."""
    rows = await spine.views.fetch(
        ("titles",),
        "select * from titles where person = $1 and level is not null and obtained_on is not null"
        " order by obtained_on, stream",
        identity,
    )
    return tuple(
        TitleHeld(
            identity=row["stream"].partition("-")[2],
            series=row["series"],
            level=Level(row["level"]),
            obtained_on=row["obtained_on"],
            standing=Standing(row["state"]),
            scope=row["scope"],
            seen=_cited(row),
        )
        for row in rows
    )


async def titles_now(spine: Spine, streams: Iterable[str]) -> tuple[TitleNow, ...]:
    """Read how the titles that were cited stand now."""
    rows = await spine.views.fetch(
        ("titles",), "select * from titles where stream = any($1) and state is not null order by stream", list(streams)
    )
    return tuple(TitleNow(row["stream"].partition("-")[2], Standing(row["state"]), _cited(row)) for row in rows)


async def endorsements(
    spine: Spine, application: str, series: str, specialty: str, on: date
) -> tuple[Endorsement, ...]:
    """Read the endorsements of an application that stand, and what is known of those who gave them.

    `on` is the day for which bans are compared.
    """
    rows = await spine.views.fetch(
        ("endorsements",),
        "select * from endorsements where application = $1 and state = 'given' order by stream",
        application,
    )
    found: list[Endorsement] = []
    for row in rows:
        held = [
            title
            for title in await titles(spine, row["endorser"])
            if title.level is Level.FULL_SENIOR and title.series == series
        ]
        barred = any(ban.covers(on) for ban in await bans(spine, row["endorser"]))
        found.append(
            Endorsement(
                identity=row["stream"].partition("-")[2],
                endorser=row["endorser"],
                employer=row["endorser_unit"],
                full_senior=_best([title.standing for title in held]),
                same_series=row["series"] == series,
                peer_specialty=row["specialty"] == specialty,
                barred=barred,
                kind=EndorsementKind(row["kind"]),
                seen=(_cited(row), *(title.seen for title in held)),
            )
        )
    return tuple(found)


async def upload(spine: Spine, owner: str, blob: BlobRef) -> Upload:
    """Read a stored file back and measure it.

    Raises
    ------
    Refused
        MATERIAL_MISSING when nothing is stored under that hash.
    """
    try:
        content = await spine.blobs.get(owner, blob, about_to_name=True)
    except (BlobMissingError, SealBrokenError, KeyDestroyedError) as error:
        raise Refused.one("MATERIAL_MISSING", "附七", facts={"hash": blob.hash}) from error
    return measured(blob, content)


def measured(blob: BlobRef, content: bytes) -> Upload:
    """Measure a file: its hash as it arrived, and whether it is what its media type says."""
    return Upload(blob, hashlib.sha256(content).hexdigest(), is_readable(content, blob.media_type))


async def rulesets_in_force(spine: Spine, series: str, but: str) -> tuple[InForce, ...]:
    """Read the published rule sets of a series, but one."""
    rows = await spine.views.fetch(
        ("rulesets",),
        "select * from rulesets where series = $1 and published and stream <> $2 order by stream",
        series,
        RULESET.stream(but),
    )
    return tuple(
        InForce(
            row["stream"].partition("-")[2],
            row["series"],
            tuple(Level(one) for one in row["levels"]),
            row["effective_from"],
            row["until"],
        )
        for row in rows
    )


async def retained(spine: Spine, identity: str) -> frozenset[str]:
    """Name what must be kept of a person, and so forbids an erasure."""
    (row,) = await spine.views.fetch(
        ("applications", "bans", "cases", "records", "titles"),
        "select exists (select from applications where person = $1 and live) as application,"
        " exists (select from titles where person = $1 and state <> 'revoked') as title,"
        " exists (select from bans where person = $1) as ban,"
        " exists (select from records where subject = $1 and standing) as record,"
        " exists (select from cases where subject = $1 and open) as case",
        identity,
    )
    return frozenset(name for name, standing in row.items() if standing)


async def holder_of(pool: asyncpg.Pool, blind_index: str) -> str:
    """Name the person whose ID number a blind index stands for; empty when it is nobody's."""
    stream = await pool.fetchval("select stream from claims where name = 'person' and value = $1", blind_index)
    return (stream or "").partition("-")[2]


def _best(standings: list[Standing]) -> Standing:
    """Give how the best of several titles stands; without any, the endorser holds none that counts."""
    for standing in (Standing.LIVE, Standing.UNKNOWN):
        if standing in standings:
            return standing
    return Standing.REVOKED


def _cited(row: asyncpg.Record) -> Seen:
    return seen(row["stream"], row["version"])
