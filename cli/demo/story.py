"""The story: two people's cases all the way, one revocation, and what follows from it."""

from __future__ import annotations

from typing import Any

from cli.demo import entry, review
from cli.demo.cast import BEIJING, SPECIALTY, Cast, Member, assemble, beijing, open_campaign
from cli.demo.entry import Case
from cli.demo.files import pdf
from cli.demo.people import Somebody
from cli.demo.world import World


async def tell(world: World) -> dict[str, Any]:
    """Drive everything through the gateway; whatever does not do what it says raises."""
    world.at(beijing("2026-03-02 09:00"))
    cast = await assemble(world)
    await open_campaign(cast)
    await review.form_committee(cast)
    world.at(beijing("2026-03-03 10:00"))
    wang = await _ordinary(cast)
    li = await _exceptional(cast)
    zhao = await _third(cast)
    world.at(beijing("2026-03-11 09:00"))
    for case in (wang, li, zhao):
        await entry.recommend(cast, case)
        await cast.officer.does("takes the file in", "POST", f"{case.path}/receipts", {})
    await entry.accept(cast, wang)
    await _one_correction(cast, li)
    await entry.accept(cast, zhao)
    await entry.assess_and_qualify(cast, wang)
    await entry.pay(cast, wang)
    await _exceptional_conditions(cast, li)
    await entry.pay(cast, li)
    certificates = await _review_and_grant(cast, [wang, li])
    await _verify(cast, wang, certificates[0])
    await _revocation(cast, wang, certificates[0])
    await _held(cast, zhao)
    return {"applications": [case.application for case in (wang, li, zhao)], "certificates": certificates}


def _person(cast: Cast, name: str, born: int) -> Somebody:
    return cast.people.somebody(name, born)


async def _ordinary(cast: Cast) -> Case:
    """1. The ordinary route: bachelor, engineer since 2017, applies for senior engineer."""
    member = await entry.introduce(cast, _person(cast, "王建国", 1986), "bachelor", "2009-07-01", "2017-12-01")
    case = await entry.draft(cast, member, "ordinary")
    await entry.submit(case)
    await entry.employer_publicity(cast, case)
    await entry.too_early(cast, case)
    return case


async def _exceptional(cast: Cast) -> Case:
    """2. The exceptional route (七.1): the degree falls short; two peers with 正高 endorse."""
    member = await entry.introduce(cast, _person(cast, "李\U00020145", 1988), "college", "2010-07-01", "2018-12-01")
    await entry.ask(cast, member)
    case = await entry.draft(cast, member, "exceptional_peers")
    for peer in cast.peers[:2]:
        await _endorse(cast, case, peer)
    # One of the two takes the endorsement back; at acceptance that is one too few.
    withdrawn = await _endorsement(cast, case, cast.peers[1])
    await cast.peers[1].actor.does("withdraws the endorsement", "POST", f"/v1/endorsements/{withdrawn}/withdrawals", {})
    await _decline(cast, case, cast.peers[3])
    await entry.submit(case)
    await entry.employer_publicity(cast, case)
    return case


async def _third(cast: Cast) -> Case:
    """3. A third file, which will rest on a title that is revoked."""
    member = await entry.introduce(cast, _person(cast, "赵雪", 1987), "master", "2011-07-01", "2016-12-01")
    case = await entry.draft(cast, member, "ordinary")
    await entry.submit(case)
    await entry.employer_publicity(cast, case)
    await entry.unfounded_objection(cast, case)
    return case


async def _asked(cast: Cast, case: Case, peer: Member) -> str:
    body = {"endorser": peer.who.person}
    await case.member.actor.does("asks a peer to endorse", "POST", f"{case.path}/endorsers", body)
    return await _endorsement(cast, case, peer)


async def _decline(cast: Cast, case: Case, peer: Member) -> None:
    endorsement = await _asked(cast, case, peer)
    note = {"note": f"对{case.name}的业绩不够了解。"}
    await peer.actor.does("declines to endorse", "POST", f"/v1/endorsements/{endorsement}/refusals", note)


async def _endorse(cast: Cast, case: Case, peer: Member) -> None:
    endorsement = await _asked(cast, case, peer)
    given = {"statement": f"{case.name}业绩显著、贡献突出，实名推荐。", "kin": False}
    await peer.actor.does("endorses by real name", "POST", f"/v1/endorsements/{endorsement}/signatures", given)


async def _endorsement(cast: Cast, case: Case, peer: Member) -> str:
    body = await cast.world.until(
        "the invitation has arrived",
        peer.actor,
        f"/v1/endorsements?application={case.application}",
        lambda body: bool(body["items"]),
    )
    return body["items"][0]["id"]


async def _one_correction(cast: Cast, case: Case) -> None:
    """The one correction of the second case: an endorsement too few, everything that is missing at once."""
    await cast.officer.is_refused(
        "acceptance with one endorsement", "RECOMMENDERS_SHORT", "POST", f"{case.path}/acceptances", {}
    )
    items = {"items": [{"module": "works", "reason": f"{case.name}的代表性成果扫描件不清晰，请重新上传。"}]}
    await cast.officer.does("asks once for every correction", "POST", f"{case.path}/corrections", items)
    await cast.officer.is_refused(
        "a second correction", "CORRECTION_ALREADY_USED", "POST", f"{case.path}/corrections", items
    )
    await _endorse(cast, case, cast.peers[2])
    await case.member.actor.does(
        "replaces the works",
        "PUT",
        f"{case.path}/materials/works?replace=true",
        pdf(f"works again {case.application}"),
        **{"Content-Type": "application/pdf"},
    )
    await case.member.actor.does("sends the corrected file back", "POST", f"{case.path}/resubmissions", {})
    await entry.accept(cast, case)


async def _exceptional_conditions(cast: Cast, case: Case) -> None:
    """An officer finds, with reasons, that the specialty's exceptional conditions are met."""
    finding = {"check": "exceptional_conditions", "stands": True}
    finding["reasons"] = f"{case.name}符合本专业破格条件，见审核记录。"
    await cast.officer.does("finds the exceptional conditions met", "POST", f"{case.path}/decisions", finding)
    await entry.assess_and_qualify(cast, case)


async def _review_and_grant(cast: Cast, cases: list[Case]) -> list[dict[str, Any]]:
    world = cast.world
    world.at(beijing("2026-03-16 09:00"))
    for case in cases:
        await world.until(
            "review knows that the file is paid", cast.officer, case.path, lambda body: body["status"] == "paid"
        )
    hall = await review.hold(cast, cases, "2026-03-16 09:30")
    for case, agreeing in zip(cases, (6, 8), strict=True):
        await review.vote(cast, hall, case, agreeing)
    await review.finish(cast, hall)
    notices = [await review.notice_of(cast, case) for case in cases]
    await cast.city[0].is_refused(
        "confirmation during the publicity",
        "PUBLICITY_TOO_SHORT",
        "POST",
        f"/v1/notices/{notices[0]}/confirmations",
        {},
    )
    world.at(beijing("2026-03-24 09:00"))
    certificates: list[dict[str, Any]] = []
    for case, notice in zip(cases, notices, strict=True):
        await review.confirm(cast, notice)
        body = await world.until(
            "the certificate is issued",
            case.member.actor,
            f"/v1/certificates?person={case.member.who.person}",
            lambda body: bool(body["items"]),
        )
        certificates.append(body["items"][0])
        await world.until(
            "the application is certified", case.member.actor, case.path, lambda body: body["status"] == "certified"
        )
    return certificates


async def _verify(cast: Cast, case: Case, certificate: dict[str, Any]) -> None:
    """The holder downloads the PDF; a stranger verifies it by its code."""
    document = await case.member.actor.get(f"/v1/certificates/{certificate['id']}/document")
    if not document.body["bytes"].startswith(b"%PDF-"):
        raise AssertionError("the certificate is no PDF")
    await _ask(cast, certificate["code"], "valid")
    await _ask(cast, "AAAA-BBBB-CCCC-DDDD", "not_found")


async def _ask(cast: Cast, code: str, outcome: str) -> None:
    # The gateway may have shown a step before the certificate service's own table has it.
    world = cast.world
    found = await world.when(
        lambda: world.request("POST", "/v1/verifications", {"code": code}, token=""),
        lambda reply: reply.body.get("outcome") == outcome,
    )
    if found.body.get("outcome") != outcome:
        raise AssertionError(f"verification of {code}: expected {outcome}, got {found.body}")
    world.told(f"a stranger verifies {code}", outcome)


async def _case(cast: Cast, member: Member, severity: str, number: str) -> str:
    """An integrity case with its facts, hearing and decision (十七)."""
    city, name = cast.city[0], member.who.name
    opened = await city.does(
        "opens an integrity case",
        "POST",
        "/v1/cases",
        {
            "subject_kind": "applicant",
            "subject": member.who.person,
            "allegation": f"{name}涉嫌以虚假材料取得职称。",
            "lead": f"{cast.peers[3].who.name}实名举报",
        },
    )
    path = f"/v1/cases/{opened.id}"
    stored = await city.does(
        "stores the evidence", "POST", f"{path}/uploads", pdf("evidence"), **{"Content-Type": "application/pdf"}
    )
    document = {name: stored.body[name] for name in ("hash", "size", "media_type")}
    evidence = [{"title": f"出具单位否认{name}业绩的证明", "document": document}]
    served = {"facts": f"{name}的业绩证明系伪造。", "evidence": evidence}
    await city.does("serves the facts", "POST", f"{path}/servings", served)
    heard = {"declined": False, "note": f"{name}本人承认。", "minutes": document}
    await city.does("hears the subject", "POST", f"{path}/hearings", heard)
    decision = {
        "founded": True,
        "severity": severity,
        "severity_reasons": f"{name}伪造多份证明。" if severity == "grave" else "",
        "false_commitment_on": None,
        "findings": f"{name}以虚假材料取得职称属实。",
        "evidence": evidence,
        "decision_no": number,
        "effective_on": cast.world.clock.now().astimezone(BEIJING).date().isoformat(),
    }
    await city.does("decides the case", "POST", f"{path}/decisions", decision)
    revocation = {
        "title": member.title,
        "ground": "false_material",
        "evidence": evidence,
        "reasons": f"依据通知第十七条撤销{name}的职称。",
        "decision_no": number,
    }
    await city.does("revokes the title", "POST", f"{path}/revocations", revocation)
    return opened.id


async def _revocation(cast: Cast, case: Case, certificate: dict[str, Any]) -> None:
    """4. Revocation: the certificate answers `revoked`; a three-year ban refuses the next application."""
    world, member = cast.world, case.member
    world.at(beijing("2026-05-11 10:00"))
    member.title = certificate["title"]
    await _case(cast, member, "grave", "京人社撤字〔2026〕1号")
    await world.until(
        "the certificate is revoked",
        member.actor,
        f"/v1/certificates/{certificate['id']}",
        lambda body: body["status"] == "revoked",
    )
    await _ask(cast, certificate["code"], "revoked")
    banned = await world.until(
        "the ban is imposed", cast.city[0], f"/v1/bans?person={member.who.person}", lambda body: bool(body["items"])
    )
    until = banned["items"][0]["until"]
    if until != "2029-05-11":
        raise AssertionError(f"the ban ends on {until}")
    body = {
        "campaign": cast.campaign,
        "specialty": SPECIALTY,
        "level": "associate_senior",
        "route": "ordinary",
        "employer": cast.employer,
    }
    refused = await member.actor.is_refused("an application under a ban", "BANNED", "POST", "/v1/applications", body)
    facts = next(error for error in refused.body["errors"] if error["code"] == "BANNED")
    if facts["facts"]["until"] != until or facts["change"]["eligible_on"] != "2029-05-12":
        raise AssertionError(f"the refusal does not name the ban's last day: {facts}")


async def _held(cast: Cast, case: Case) -> None:
    """5. A file that rests on a revoked title is held for a human."""
    assessed = await cast.officer.does("assesses the third file", "POST", f"{case.path}/assessments", {})
    await cast.officer.get(case.path, assessed)
    await _case(cast, case.member, "ordinary", "京人社撤字〔2026〕2号")
    await cast.world.until(
        "the file that rested on it is held", cast.officer, case.path, lambda body: bool(body.get("holds"))
    )
    await cast.officer.is_refused(
        "qualification of a held file", "HUMAN_DECISION_REQUIRED", "POST", f"{case.path}/qualifications", {"note": ""}
    )
