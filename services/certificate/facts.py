"""What certificate's shell reads before a decision: holders, rule sets, titles relied on, bans, results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.events.contracts.intake import Seen
from libs.events.reading import NotYetError
from libs.kernel.refusals import Refused
from libs.kernel.rulesets import parse
from libs.kernel.terms import Level, Route
from libs.web.spine import Spine
from services.certificate.domain.certificate import RulesFact
from services.certificate.domain.title import TITLE, title_identity
from services.certificate.domain.title_commands import BanSeen, GrantTitle, ReliedTitle

ID_KINDS = {"resident_id": "居民身份证"}
"""What the certificate calls the holder's document."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate's holder, in the clear; lives no longer than the command that needs it."""

    name: str
    id_kind: str
    id_number: str


async def holder(spine: Spine, person: str) -> Holder:
    """Read and open who a person is.

    Raises
    ------
    NotYetError
        When the person's registration has not arrived here.
    Refused
        FORBIDDEN_ACTOR when the person was erased; UPSTREAM_UNAVAILABLE when nobody gives the key.
    """
    row = await spine.views.fetchrow("persons", "select * from persons where stream = $1", f"person-{person}")
    if row is None or row["name"] is None:
        msg = "the holder is not known yet"
        raise NotYetError(msg)
    opened = await spine.keys.open_all([row["name"], row["id_number"]])
    name, number = opened[row["name"]], opened[row["id_number"]]
    if name is None or number is None:
        raise Refused.one("FORBIDDEN_ACTOR", facts={"erased": True})
    kind = str(row["id_kind"])
    return Holder(name, ID_KINDS.get(kind, kind), number)


async def rules(spine: Spine, identity: str) -> RulesFact:
    """Read the rule set under which a title was granted.

    Raises
    ------
    NotYetError
        When its publication has not arrived here.
    """
    row = await spine.views.fetchrow("rulesets", "select * from rulesets where stream = $1", f"ruleset-{identity}")
    if row is None or row["document"] is None:
        msg = "the rule set is not known yet"
        raise NotYetError(msg)
    return RulesFact(identity, parse(row["document"]), Seen(stream=row["stream"], version=row["version"]))


async def committee_name(spine: Spine, identity: str | None) -> str:
    """Give a committee's name, or nothing where none voted or it is unknown: the document has no line for it then."""
    return (
        await spine.views.fetchval(
            "committees", "select name from committees where stream = $1", f"committee-{identity}"
        )
        or ""
    )


async def bans(spine: Spine, person: str) -> tuple[BanSeen, ...]:
    """Read every ban on a person; which is in force is the decision's to compare."""
    rows = await spine.views.fetch(
        ("bans",), "select from_day, until from bans where person = $1 order by from_day", person
    )
    return tuple(BanSeen(row["from_day"], row["until"]) for row in rows)


async def relied_on(spine: Spine, application: str) -> tuple[ReliedTitle, ...]:
    """Read the titles on which an application rested, and which of them were revoked, or doubted, since it read them.

    A title that was revoked already when it was read was no basis, and is left out.

    Raises
    ------
    NotYetError
        When the application's history has not arrived here up to its payment, by when it had cited them all.
    """
    row = await spine.views.fetchrow(
        "applications", "select * from applications where stream = $1", f"application-{application}"
    )
    if row is None or not row["paid"]:
        msg = "the application is not known yet"
        raise NotYetError(msg)
    own = TITLE.stream(title_identity(application))
    found: list[ReliedTitle] = []
    for stream, version in sorted(row["titles"].items()):
        if stream == own:
            continue
        title = (await spine.bus.load(TITLE, stream)).state
        voided_at, doubted_at = (title.voided_at, title.doubted_at) if title else (0, 0)
        if not 0 < voided_at <= version:
            cited = Seen(stream=stream, version=version)
            found.append(ReliedTitle(cited, voided_at > 0, doubted=not voided_at and doubted_at > version))
    return tuple(found)


async def voided_since(spine: Spine, stream: str) -> Seen | None:
    """Find a title on which this one rests that was revoked, and that is not yet before a person."""
    title = (await spine.bus.load(TITLE, stream)).state
    for relied in sorted(title.relied_on):
        identity = relied.partition("-")[2]
        basis = (await spine.bus.load(TITLE, relied)).state
        if basis is None or basis.revoked_by is None or identity in title.open_reliance | title.settled_reliance:
            continue
        return Seen(stream=relied, version=basis.voided_at)
    return None


async def relying_on(spine: Spine, stream: str) -> list[str]:
    """Name the titles that rest on one."""
    rows = await spine.pool.fetch("select title from reliance where relied = $1 order by title", stream)
    return [row["title"] for row in rows]


async def grant(spine: Spine, result: dict[str, Any], reasons: str = "") -> GrantTitle:
    """Put together the grant of a confirmed result, or of a recognition; `result` is the event's data.

    Raises
    ------
    NotYetError
        When the application's history has not arrived here.
    """
    return GrantTitle(
        application=result["application"],
        person=result["applicant"],
        employer=result["employer"],
        committee=result.get("committee"),
        series=result["series"],
        specialty=result["specialty"],
        level=Level(result["level"]),
        route=Route(result["route"]),
        scope=result.get("scope", ""),
        ruleset=result["ruleset"],
        passed_at=datetime.fromisoformat(result["passed_at"]),
        relied_on=await relied_on(spine, result["application"]),
        bans=await bans(spine, result["applicant"]),
        reliance_reasons=reasons,
    )


async def confirmed_result(spine: Spine, application: str) -> dict[str, Any] | None:
    """Read the confirmed result of an application; None when there is none."""
    return await spine.views.fetchval("results", "select confirmed from results where application = $1", application)
