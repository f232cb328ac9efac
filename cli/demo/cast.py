"""Who takes part in the demonstration, and how the house gets to know them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cli.connect import CHECKOUT
from cli.demo.people import People, Somebody
from cli.demo.world import Actor, World

BEIJING = ZoneInfo("Asia/Shanghai")
SERIES, SPECIALTY = "engineering", "software"
LEVEL = "associate_senior"
POOL = 14
SIZE = 11
RULESETS = CHECKOUT / "services" / "intake" / "data" / "rulesets"


def beijing(text: str) -> datetime:
    """Read an instant in Beijing, as `2026-03-02 09:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@dataclass(slots=True)
class Member:
    """Somebody with a token and a registered person."""

    who: Somebody
    actor: Actor
    title: str = ""
    certificate_no: str = ""


@dataclass(slots=True)
class Cast:
    """Everybody, and the ids of what was set up."""

    world: World
    people: People
    city: tuple[Actor, Actor]
    officer: Actor
    agency: str = ""
    employer: str = ""
    credit_code: str = ""
    other_employer: str = ""
    clerk: Actor | None = None
    head: Actor | None = None
    supervisor: Member | None = None
    experts: list[Member] = field(default_factory=list[Member])
    peers: list[Member] = field(default_factory=list[Member])
    rulesets: dict[str, str] = field(default_factory=dict[str, str])
    committee: str = ""
    campaign: str = ""

    def expert_of(self, person: str) -> Member:
        """Find an expert by the person's id."""
        return next(one for one in self.experts if one.who.person == person)


async def register(world: World, who: Somebody, roles: list[str], **relations: str) -> Member:
    """Give somebody a token and register the person; a step of its own only for those the story is about."""
    actor = await world.actor(who.name, roles, person=who.person, **relations)
    reply = await actor.send("POST", "/v1/persons", _registration(who))
    assert reply.status == 201, reply.body
    return Member(who, actor)


def _registration(who: Somebody) -> dict[str, str]:
    return {"name": who.name, "id_kind": "resident_id", "id_number": who.id_number, "phone": who.phone}


async def employ(member: Member, employer: str, since: str) -> None:
    """State an employment."""
    body = {"employer": employer, "specialty": SPECIALTY, "since": since}
    reply = await member.actor.send("POST", f"/v1/persons/{member.who.person}/employments", body)
    assert reply.status == 200, reply.body


async def import_title(city: Actor, member: Member, level: str, obtained_on: str) -> str:
    """Import a title granted before this system, with its provenance (QA一b)."""
    body = {
        "person": member.who.person,
        "series": SERIES,
        "specialty": SPECIALTY,
        "level": level,
        "scope": "",
        "obtained_on": obtained_on,
        "issuer": "北京市人力资源和社会保障局",
        "certificate_no": f"旧{obtained_on[:4]}{member.who.person[:8]}",
        "provenance": "2003年以来电子职称证书库导入",
        "confirmed": True,
    }
    reply = await city.send("POST", "/v1/titles", body)
    assert reply.status == 201, reply.body
    return reply.id


async def assemble(world: World) -> Cast:
    """Set the house up: officials, rule sets, employers, agency, committee, experts, peers."""
    agency_city, publishing_city = await asyncio.gather(world.official(1), world.official(2))
    cast = Cast(world, world.people, (agency_city, publishing_city), agency_city)
    await _publish_rules(cast)
    await _units(cast)
    await _persons(cast)
    return cast


async def _publish_rules(cast: Cast) -> None:
    drafting, publishing = cast.city
    for code in ("notice-2023-10", "engineering-2023"):
        document = (RULESETS / f"{code}.json").read_text(encoding="utf-8")
        drafted = await drafting.does(f"draft rule set {code}", "POST", "/v1/rulesets", {"document": document})
        await cast.world.auditor()
        await publishing.does(f"publish rule set {code}", "POST", f"/v1/rulesets/{drafted.id}/publications", {})
        cast.rulesets[code] = drafted.id


async def _units(cast: Cast) -> None:
    world, people, (city, _) = cast.world, cast.people, cast.city
    cast.credit_code = people.credit_code()
    body = {
        "name": "北京示例信息技术研究院",
        "credit_code": cast.credit_code,
        "kind": "public_institution",
        "district": "海淀区",
    }
    cast.employer = (await city.does("register the employer", "POST", "/v1/employers", body)).id
    other = {**body, "name": "北京示例软件有限公司", "credit_code": people.credit_code(), "kind": "non_public"}
    cast.other_employer = (await city.does("register another employer", "POST", "/v1/employers", other)).id
    cast.clerk = await world.actor("单位人事 clerk", ["employer_clerk"], unit=cast.employer)
    cast.head = await world.actor("单位负责人 head", ["employer_head"], unit=cast.employer)
    filing = {
        "name": "北京示例职称评审服务中心",
        "credit_code": people.credit_code(),
        "district": "西城区",
        "series": [SERIES],
        "filed_from": "2026-01-01",
        "filed_until": "2026-12-31",
    }
    cast.agency = (await city.does("file the agency", "POST", "/v1/agencies", filing)).id
    listing = {"year": 2026, "listed_until": "2026-12-31"}
    await city.does("list the agency", "POST", f"/v1/agencies/{cast.agency}/listings", listing)
    cast.officer = await world.actor("评审机构经办 officer", ["agency_officer"], unit=cast.agency)


async def _persons(cast: Cast) -> None:
    city = cast.city[0]
    names = [cast.people.somebody() for _ in range(POOL)]
    cast.experts = list(await asyncio.gather(*(register(cast.world, one, ["expert"]) for one in names)))
    peers = [cast.people.somebody() for _ in range(4)]
    cast.peers = list(await asyncio.gather(*(register(cast.world, one, ["expert"]) for one in peers)))
    cast.supervisor = await register(cast.world, cast.people.somebody(), ["supervisor", "expert"])
    for member in (*cast.experts, *cast.peers, cast.supervisor):
        await employ(member, cast.other_employer, "2008-07-01")
    for member in (*cast.experts, *cast.peers):
        member.title = await import_title(city, member, "full_senior", "2018-12-20")


async def open_campaign(cast: Cast) -> None:
    """Publish the campaign's notice with its five parts."""
    notice: dict[str, Any] = {
        "series": SERIES,
        "specialties": [SPECIALTY],
        "levels": [LEVEL],
        "routes": ["ordinary", "exceptional_peers"],
        "year": 2026,
        "opens_at": beijing("2026-03-03 00:00").isoformat(),
        "closes_at": beijing("2026-10-31 00:00").isoformat(),
        "ruleset": cast.rulesets["engineering-2023"],
        "conditions": "见北京市工程技术系列职称评审规则（2023）。",
        "procedure": "申报、审核、缴费、评审、公示、发证。",
        "method": "同行专家评议，无记名投票。",
        "time_and_place": "2026年3月3日至10月30日，全程网办。",
        "materials": "申报表、公示材料、代表性成果材料各一份，电子版。",
    }
    missing = {**notice, "materials": ""}
    await cast.officer.is_refused(
        "a notice without its materials part", "NOTICE_INCOMPLETE", "POST", "/v1/campaigns", missing
    )
    cast.campaign = (await cast.officer.does("publish the notice", "POST", "/v1/campaigns", notice)).id
