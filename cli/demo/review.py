"""评审 to 公示: the committee is drawn, votes in secret, and its results are published."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from cli.demo.cast import LEVEL, SERIES, SIZE, SPECIALTY, Cast, Member, beijing
from cli.demo.entry import Case
from cli.demo.files import pdf
from libs.ballot import Choice, seal, sealed_to_text

EXPERT_LEVEL = "full_senior"


@dataclass(slots=True)
class Hall:
    """A session under way."""

    session: str
    chair: Member
    present: list[Member]

    @property
    def path(self) -> str:
        """The session's address."""
        return f"/v1/sessions/{self.session}"


async def form_committee(cast: Cast) -> None:
    """File and approve the committee; admit and appoint its experts."""
    even = _filing(SIZE - 1)
    await cast.officer.is_refused("an even committee", "COMMITTEE_NOT_ODD", "POST", "/v1/committees", even)
    filed = await cast.officer.does("files the committee", "POST", "/v1/committees", _filing(SIZE))
    cast.committee = filed.id
    await cast.city[1].does("approves the committee", "POST", f"/v1/committees/{cast.committee}/approvals", {})
    for number, member in enumerate(cast.experts):
        await _appoint(cast, member, told=number == 0)


def _filing(size: int) -> dict[str, Any]:
    return {
        "name": "北京市工程技术系列（软件）高级职称评审委员会",
        "committee_kind": "specialty",
        "series": SERIES,
        "specialty": SPECIALTY,
        "level": LEVEL,
        "size": size,
        "filed_from": "2026-03-02",
        "filed_until": "2028-12-31",
    }


async def _appoint(cast: Cast, member: Member, *, told: bool) -> None:
    """Admit an expert and appoint for a term; one is told, the others are alike."""
    person = member.who.person
    admitted = {"person": person, "series": SERIES, "specialty": SPECIALTY, "level": EXPERT_LEVEL}
    term = {"committee": cast.committee, "from_day": "2026-03-02", "until": "2028-12-31"}
    if told:
        await cast.officer.does("admits an expert", "POST", "/v1/experts", admitted)
        await cast.officer.does("appoints the expert", "POST", f"/v1/experts/{person}/appointments", term)
        return
    for path, body in (("/v1/experts", admitted), (f"/v1/experts/{person}/appointments", term)):
        reply = await cast.officer.send("POST", path, body)
        assert reply.status < 300, reply.body


async def hold(cast: Cast, cases: list[Case], held_at: str) -> Hall:
    """Plan a session, draw the committee by a seed that was committed to before, declare relations, open."""
    officer = cast.officer
    plan = {
        "committee": cast.committee,
        "candidates": [case.application for case in cases],
        "level": LEVEL,
        "held_at": beijing(held_at).isoformat(),
    }
    session = (await officer.does("plans the session", "POST", "/v1/sessions", plan)).id
    path = f"/v1/sessions/{session}"
    seed = secrets.token_hex(32)
    commitment = hashlib.sha256(bytes.fromhex(seed)).hexdigest()
    await officer.does("commits to a seed", "POST", f"{path}/seeds", {"commitment": commitment})
    drawn = await officer.does("draws the committee", "POST", f"{path}/draws", {"seed": seed})
    shown = await officer.get(path, drawn)
    members = [cast.expert_of(person) for person in shown.body["seats"]]
    for number, member in enumerate(members):
        answers = [{"application": case.application, "relations": "none"} for case in cases]
        if number == 0:
            await member.actor.does("declares no relation", "POST", f"{path}/declarations", {"answers": answers})
            continue
        reply = await member.actor.send("POST", f"{path}/declarations", {"answers": answers})
        assert reply.status < 300, reply.body
    assert cast.supervisor is not None
    body = {"supervisor": cast.supervisor.who.person}
    await officer.does("assigns the supervisor", "POST", f"{path}/supervisors", body)
    # Of a seat that stays empty, so that nobody's vote is missed.
    order = {"expert": members[-1].who.person, "application": cases[0].application}
    order["words"] = f"{members[-1].who.name}与{cases[0].name}系师生关系。"
    await officer.does("tells an expert to withdraw", "POST", f"{path}/recusals", order)
    present = members[:9]
    chair = present[0]
    chair.actor = await cast.world.actor(f"{chair.who.name} chair", ["chair", "expert"], person=chair.who.person)
    opening: dict[str, Any] = {
        "chair": chair.who.person,
        "vice_chairs": [],
        "present": [member.who.person for member in present],
    }
    await chair.actor.is_refused(
        "opening without the supervisor", "SUPERVISOR_REQUIRED", "POST", f"{path}/openings", opening
    )
    comes = {"person": cast.supervisor.who.person, "present": True}
    await cast.supervisor.actor.does("comes to supervise", "POST", f"{path}/presences", comes)
    few = {**opening, "present": opening["present"][:7]}
    await chair.actor.is_refused("opening without a quorum", "QUORUM_NOT_MET", "POST", f"{path}/openings", few)
    await chair.actor.does("opens the session: 9 of 11 present", "POST", f"{path}/openings", opening)
    late = {"words": f"{present[-1].who.name}迟到十分钟。"}
    await cast.supervisor.actor.does("puts it on record", "POST", f"{path}/irregularities", late)
    return Hall(session, chair, present)


async def vote(cast: Cast, hall: Hall, case: Case, agreeing: int) -> dict[str, Any]:
    """Hear three opinions, vote in secret with boxes sealed here, close, announce."""
    for member in hall.present[1:4]:
        body = {"application": case.application, "opinion": f"{case.name}业绩突出，能力符合相应层级要求。"}
        await member.actor.does("files an opinion", "POST", f"{hall.path}/opinions", body)
    called = await hall.chair.actor.does(
        "calls the vote", "POST", f"{hall.path}/calls", {"application": case.application}
    )
    ballot = called.body["ballot"]
    path = f"/v1/ballots/{ballot}"
    open_ballot = await cast.world.until(
        "the ballot is open", hall.chair.actor, path, lambda body: body["status"] == "open"
    )
    receipts: list[str] = []
    for number, member in enumerate(hall.present):
        choice = Choice.AGREE if number < agreeing else Choice.AGAINST
        sealed = sealed_to_text(seal(choice, ballot, open_ballot["public_key"]))
        if number == 0:
            reply = await member.actor.does("casts a sealed vote", "POST", f"{path}/votes", {"sealed": sealed})
            twice = sealed_to_text(seal(choice, ballot, open_ballot["public_key"]))
            await member.actor.is_refused("a second vote", "ALREADY_VOTED", "POST", f"{path}/votes", {"sealed": twice})
        else:
            reply = await member.actor.send("POST", f"{path}/votes", {"sealed": sealed})
            assert reply.status < 300, reply.body
        receipts.append(reply.body["receipt"])
    closed = await hall.chair.actor.does("closes the ballot", "POST", f"{path}/closings", {})
    shown = await hall.chair.actor.get(path, closed)
    assert sorted(receipts) == shown.body["receipts"], "every voter finds the own receipt"
    body = {"application": case.application}
    await hall.chair.actor.does("announces the result", "POST", f"{hall.path}/results", body)
    return shown.body


async def finish(cast: Cast, hall: Hall) -> None:
    """Sign the results and archive the minutes."""
    await hall.chair.actor.does("signs the results", "POST", f"{hall.path}/signatures", {})
    stored = await cast.officer.does(
        "uploads the minutes",
        "POST",
        f"{hall.path}/uploads",
        pdf(f"minutes {hall.session}"),
        **{"Content-Type": "application/pdf"},
    )
    minutes = {name: stored.body[name] for name in ("hash", "size", "media_type")}
    await cast.officer.does("archives the minutes", "POST", f"{hall.path}/minutes", {"minutes": minutes})


async def notice_of(cast: Cast, case: Case) -> str:
    """Find the public notice of a passed result."""
    body = await cast.world.until(
        "the result is public",
        cast.officer,
        f"/v1/notices?application={case.application}",
        lambda body: bool(body["items"]),
    )
    return body["items"][0]["id"]


async def confirm(cast: Cast, notice: str) -> None:
    """Confirm a result after its publicity."""
    await cast.city[0].does("confirms the result", "POST", f"/v1/notices/{notice}/confirmations", {})
