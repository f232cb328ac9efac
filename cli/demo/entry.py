"""申报 to 缴费: what a case goes through at intake."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from cli.demo.cast import LEVEL, SPECIALTY, Cast, Member, employ, import_title, register
from cli.demo.files import pdf
from cli.demo.people import Somebody
from cli.demo.world import StepError

COMMITMENT = "本人承诺所提交的申报材料真实、准确、完整，如有虚假，愿承担相应责任。"
CHECKS = ("education", "insurance", "title")


@dataclass(slots=True)
class Case:
    """One person's application."""

    member: Member
    application: str
    payment: str = ""

    @property
    def name(self) -> str:
        """The applicant's name, as people write it into what they say of the case."""
        return self.member.who.name

    @property
    def path(self) -> str:
        """The application's address."""
        return f"/v1/applications/{self.application}"


async def introduce(cast: Cast, who: Somebody, degree: str, graduated: str, titled: str) -> Member:
    """Register an applicant with employment, degree and an imported title, and load the outside registers."""
    member = await register(cast.world, who, ["applicant"])
    person = f"/v1/persons/{who.person}"
    await employ(member, cast.employer, graduated)
    certificate_no = f"{who.id_number[6:14]}{who.phone[-4:]}"
    body: dict[str, Any] = {
        "degree": degree,
        "major": "计算机科学与技术",
        "specialty": SPECIALTY,
        "enrolled_on": f"{int(graduated[:4]) - 4}-09-01",
        "graduated_on": graduated,
        "full_time": True,
        "certificate_no": certificate_no,
    }
    await member.actor.does(f"{who.name} states a degree", "POST", f"{person}/educations", body)
    known = {"certificate_no": certificate_no, "name": who.name, "id_number": who.id_number}
    await cast.world.records("education", [known])
    insured = {"id_number": who.id_number, "unit_code": cast.credit_code, "since": graduated}
    await cast.world.records("insurance", [insured])
    member.title = await import_title(cast.city[0], member, "intermediate", titled)
    return member


async def ask(cast: Cast, member: Member) -> None:
    """Ask before applying: the degree falls short of the ordinary route, and another is open."""
    wish = {"series": "engineering", "level": LEVEL, "specialty": SPECIALTY, "employer": cast.employer}
    path = f"/v1/persons/{member.who.person}/assessments"
    # The title was imported a moment ago, in another service.
    reply = await cast.world.when(
        lambda: member.actor.send("POST", path, wish),
        lambda reply: [one["code"] for one in reply.body.get("reasons", ())] == ["EDUCATION_BELOW"],
    )
    lacking = {one["route"]: one["smallest_change"] for one in reply.body.get("alternatives", ())}
    if [one["clause"] for one in lacking.get("exceptional_peers", ())] != ["七.1 §11.12"]:
        raise StepError(f"{member.who.name} was to be told of the route by two peers, got {reply.body}")
    (peers,) = lacking["exceptional_peers"]
    answer = f"EDUCATION_BELOW; exceptional_peers is open: {peers['zh']}"
    cast.world.told(f"{member.who.name} asks about the ordinary route", answer)


async def draft(cast: Cast, member: Member, route: str) -> Case:
    """Begin an application, sign the commitment, attach the two materials."""
    body = {
        "campaign": cast.campaign,
        "specialty": SPECIALTY,
        "level": LEVEL,
        "route": route,
        "employer": cast.employer,
    }
    started = await member.actor.does(f"{member.who.name} begins ({route})", "POST", "/v1/applications", body)
    case = Case(member, started.id)
    await member.actor.is_refused("a second application", "DUPLICATE_APPLICATION", "POST", "/v1/applications", body)
    signed = {"text_hash": hashlib.sha256(COMMITMENT.encode()).hexdigest()}
    await member.actor.does("signs the integrity commitment", "POST", f"{case.path}/commitments", signed)
    await member.actor.is_refused(
        "submission without materials", "MATERIAL_MISSING", "POST", f"{case.path}/submissions", {}
    )
    for kind in ("form", "works"):
        content = pdf(f"{kind} {case.application}")
        await member.actor.does(
            f"attaches {kind}", "PUT", f"{case.path}/materials/{kind}", content, **{"Content-Type": "application/pdf"}
        )
    return case


async def submit(case: Case) -> None:
    """Submit, under a correlation id that tells who it is about: such a one is not taken over."""
    told = {"Correlation-Id": case.member.who.id_number}
    await case.member.actor.does("submits", "POST", f"{case.path}/submissions", {}, **told)


async def employer_publicity(cast: Cast, case: Case) -> None:
    """Let the employer review and begin the publicity inside the unit."""
    assert cast.clerk is not None
    review = {"opinion": f"{case.name}的材料属实，同意推荐。", "in_service": True}
    await cast.clerk.does("reviews the file", "POST", f"{case.path}/reviews", review)
    await cast.clerk.does("begins the publicity", "POST", f"{case.path}/publicities", {"place": "单位公告栏"})


async def unfounded_objection(cast: Cast, case: Case) -> None:
    """Somebody objects during the publicity, and the employer finds nothing in it."""
    assert cast.clerk is not None
    objected = {"summary": f"有人反映{case.name}的论文系他人代写。", "real_name": False}
    received = await cast.clerk.does("records an objection", "POST", f"{case.path}/objections", objected)
    answer = {"founded": False, "answer": f"经查，{case.name}的论文系本人完成。"}
    path = f"{case.path}/objections/{received.body['objection']}/decisions"
    await cast.clerk.does("finds it unfounded", "POST", path, answer)


async def recommend(cast: Cast, case: Case) -> None:
    """Recommend, with the proof of publicity as the third material."""
    assert cast.head is not None
    stored = await cast.head.does(
        "uploads the proof of publicity",
        "POST",
        f"{case.path}/uploads",
        pdf(f"publicity {case.application}"),
        **{"Content-Type": "application/pdf"},
    )
    proof = {name: stored.body[name] for name in ("hash", "size", "media_type")}
    body = {"statement": f"{case.name}公示无异议，予以推荐。", "proof": proof}
    await cast.head.does("recommends", "POST", f"{case.path}/recommendations", body)


async def too_early(cast: Cast, case: Case) -> None:
    """Show that nobody recommends before five working days are over."""
    assert cast.head is not None
    body = {"statement": f"提前推荐{case.name}"}
    await cast.head.is_refused(
        "recommendation before the fifth working day",
        "PUBLICITY_TOO_SHORT",
        "POST",
        f"{case.path}/recommendations",
        body,
    )


async def accept(cast: Cast, case: Case) -> None:
    """Take the file in and accept it; the data checks follow by themselves."""
    await cast.officer.does("accepts", "POST", f"{case.path}/acceptances", {})
    await cast.world.until(
        "the three data checks have answered",
        cast.officer,
        case.path,
        lambda body: set(CHECKS) <= (body.get("checks") or {}).keys(),
    )


async def assess_and_qualify(cast: Cast, case: Case, outcome: str = "met") -> dict[str, Any]:
    """Assess condition by condition, and qualify."""
    assessed = await cast.officer.does("assesses", "POST", f"{case.path}/assessments", {})
    if assessed.body["outcome"] != outcome:
        shown = await cast.officer.get(case.path, assessed)
        raise AssertionError(f"assessed as {assessed.body['outcome']}: {shown.body.get('assessment')}")
    shown = await cast.officer.get(case.path, assessed)
    await cast.officer.does("qualifies", "POST", f"{case.path}/qualifications", {"note": f"{case.name}符合条件。"})
    return shown.body


async def pay(cast: Cast, case: Case) -> None:
    """Pay the bill at the channel, twice over: the second is owed back."""
    body = await cast.world.until("the bill is there", case.member.actor, case.path, lambda body: bool(body.get("fee")))
    case.payment = body["fee"]["payment"]
    await cast.world.until(
        "the bill can be paid", case.member.actor, f"/v1/payments/{case.payment}", lambda body: body["status"] == "open"
    )
    order = await _order(case)
    await _pay_at_channel(cast, order["pay_url"])
    await cast.world.until("paid", case.member.actor, case.path, lambda body: body["status"] == "paid")
    await _pay_at_channel(cast, order["pay_url"])
    await cast.world.until(
        "the second payment is owed back",
        case.member.actor,
        f"/v1/payments/{case.payment}",
        lambda body: bool(body.get("refunds")),
    )


async def _order(case: Case) -> dict[str, Any]:
    reply = await case.member.actor.send("POST", f"/v1/payments/{case.payment}/orders", {})
    if reply.status != 200:
        raise AssertionError(reply.body)
    return reply.body


async def _pay_at_channel(cast: Cast, address: str) -> None:
    (await cast.world.http.post(address, json={})).raise_for_status()
