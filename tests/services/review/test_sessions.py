"""Sessions over HTTP: planned with what was paid, drawn so that anyone can redo it, opened with a quorum."""

from __future__ import annotations

import secrets
from uuid import uuid4

from libs.events.contracts.intake import ApplicationHeld, EmploymentStarted, Fallen
from services.review.domain.draw import commitment_of, reproduces
from tests.services.review.hall import codes, good
from tests.services.review.world import SIZE, Council


async def test_a_session_is_planned_with_paid_files_of_one_group_only(council: Council) -> None:
    await council.formed()
    officer = await council.officer()
    paid, held = await council.files(2)
    (other,) = await council.files(1, campaign=str(uuid4()))
    unpaid = f"application-{uuid4()}"
    await council.tell_all("intake", {unpaid: (council.draft(str(uuid4())),)})
    await council.seen_in("review", "applications", unpaid, 1)
    hold = ApplicationHeld(title=str(uuid4()), standing=Fallen.REVOKED, case=str(uuid4()), seen=())
    await council.tell_all("intake", {f"application-{held}": (hold,)})
    await council.seen_in("review", "applications", f"application-{held}", 4)

    unknown = await council.planned(officer, [paid, str(uuid4()), str(uuid4())])
    assert codes(unknown) == ["UNKNOWN_APPLICATION", "UNKNOWN_APPLICATION"]
    assert [one["pointer"] for one in unknown.json()["errors"]] == ["/candidates/1", "/candidates/2"]
    for wrong in (held, unpaid.partition("-")[2]):
        assert codes(await council.planned(officer, [wrong])) == ["ILLEGAL_TRANSITION"]
    assert codes(await council.planned(officer, [paid, other])) == ["GROUP_MIXED"]
    stranger = await council.someone("agency_officer", unit=str(uuid4()))
    assert (await council.planned(stranger, [paid])).status_code == 403
    first = (await good(council.planned(officer, [paid]))).json()["id"]
    assert codes(await council.planned(officer, [paid])) == ["ILLEGAL_TRANSITION"]
    await good(officer.post("review", f"/v1/sessions/{first}/cancellations", {"reason": "改期"}))
    await good(council.planned(officer, [paid]))
    assert codes(await officer.post("review", f"/v1/sessions/{uuid4()}/cancellations", {"reason": "x"})) == [
        "NOT_FOUND"
    ]


async def test_a_draw_follows_from_what_both_sides_fixed_before_and_a_seat_can_be_given_anew(council: Council) -> None:
    session, (application,), officer = await council.drawn(1)
    path = f"/v1/sessions/{session}"
    events = await council.events("review", f"session-{session}")
    seeded, drawn = (one.payload for one in events[1:3])
    assert reproduces(seeded, drawn)
    out, seed = drawn.drawn[3], secrets.token_hex(32)
    replacing = {"commitment": commitment_of(seed), "replaces": out, "reason": "出差"}
    assert codes(await officer.post("review", f"{path}/seeds", {**replacing, "replaces": str(uuid4())})) == [
        "NOT_DRAWN"
    ]
    answer = await good(officer.post("review", f"{path}/seeds", replacing))
    assert len(answer.json()["nonce"]) == 64
    wrong = {"seed": secrets.token_hex(32)}
    assert codes(await officer.post("review", f"{path}/draws", wrong)) == ["DRAW_NOT_REPRODUCIBLE"]
    await good(officer.post("review", f"{path}/draws", {"seed": seed}))
    events = await council.events("review", f"session-{session}")
    seeded, replaced = (one.payload for one in events[3:5])
    assert reproduces(seeded, replaced)
    assert replaced.drawn not in drawn.drawn
    again = {"reason": "重新抽取"}
    refused = await officer.post("review", f"{path}/cancellations", again)
    assert codes(refused) == ["FORBIDDEN_ACTOR"]
    assert refused.json()["errors"][0]["change"] == {"needed": {"role": "city"}}
    gone = await council.someone("expert", person=out)
    answers = {"answers": [{"application": application, "relations": "none"}]}
    assert codes(await gone.post("review", f"{path}/declarations", answers)) == ["NOT_DRAWN"]


async def test_relations_are_declared_in_so_many_words_and_a_colleague_is_recused_by_the_fact(council: Council) -> None:
    session, (application,), officer = await council.drawn(1)
    path = f"/v1/sessions/{session}"
    seated = await council.seats(session)
    silent, colleague, mentor, *_ = seated
    for vague in ({"application": application}, {"application": application, "relations": []}):
        answer = await seated[silent].post("review", f"{path}/declarations", {"answers": [vague]})
        assert answer.json()["code"] == "SCHEMA_INVALID"
    planned = (await council.events("review", f"session-{session}"))[0]
    employer = planned.data["files"][0]["employer"]
    also = EmploymentStarted(employer=employer, specialty="software", since=council.today())
    await council.tell_all("intake", {f"person-{colleague}": (also,)})
    version = len(await council.events("intake", f"person-{colleague}"))
    await council.seen_in("review", "persons", f"person-{colleague}", version)
    for who, relations in ((colleague, "none"), (mentor, ["mentor", "collaboration"])):
        body = {"answers": [{"application": application, "relations": relations}]}
        await good(seated[who].post("review", f"{path}/declarations", body))
    events = await council.events("review", f"session-{session}")
    ordered = next(one for one in events if one.type == "RecusalOrdered")
    granted = next(one for one in events if one.type == "RecusalGranted")
    assert (ordered.data["expert"], ordered.data["ground"]) == (colleague, "same_employer")
    assert ordered.data["seen"] == [{"stream": f"person-{colleague}", "version": version}]
    assert granted.data["expert"] == mentor
    told = {"expert": silent, "application": application, "words": "利害关系"}
    await good(officer.post("review", f"{path}/recusals", told))
    assert codes(await officer.post("review", f"{path}/recusals", told)) == ["RECUSED"]


async def test_no_vote_is_called_with_a_voter_who_has_become_a_colleague_since(council: Council) -> None:
    hall = await council.opened()
    (application,) = hall.applications
    await hall.judged(application)
    planned = (await council.events("review", f"session-{hall.session}"))[0]
    employer, colleague = planned.data["files"][0]["employer"], list(hall.seated)[6]
    begun = EmploymentStarted(employer=employer, specialty="software", since=council.today())
    await council.tell_all("intake", {f"person-{colleague}": (begun,)})
    version = len(await council.events("intake", f"person-{colleague}"))
    await council.seen_in("review", "persons", f"person-{colleague}", version)
    refused = await hall.chair.post("review", f"{hall.path}/calls", {"application": application})
    assert codes(refused) == ["RECUSED"]
    officer = await council.officer()
    order = {"expert": colleague, "application": application, "words": "同一单位"}
    await good(officer.post("review", f"{hall.path}/recusals", order))
    ballot = await hall.called(application)
    opened = (await council.events("review", f"ballot-{ballot}"))[0]
    assert opened.data["recused"] == [colleague]


async def test_a_session_opens_with_a_quorum_under_supervision_and_nobody_else_presides(council: Council) -> None:
    session, (application,), officer = await council.drawn(1)
    path = f"/v1/sessions/{session}"
    seated = await council.seats(session)
    for expert in seated.values():
        body = {"answers": [{"application": application, "relations": "none"}]}
        await good(expert.post("review", f"{path}/declarations", body))
    room = list(seated)
    chair = await council.someone("chair", person=room[0])
    opening = {"chair": room[0], "vice_chairs": [], "present": room[:7]}
    lacking = await chair.post("review", f"{path}/openings", opening)
    assert codes(lacking) == ["QUORUM_NOT_MET", "SUPERVISOR_REQUIRED"]
    quorum = next(one for one in lacking.json()["errors"] if one["code"] == "QUORUM_NOT_MET")
    assert quorum["facts"] == {"present": 7, "size": SIZE, "needed": 8, "application": ""}
    unknown = {"supervisor": str(uuid4())}
    assert codes(await officer.post("review", f"{path}/supervisors", unknown)) == ["IDENTITY_UNVERIFIED"]
    assert codes(await officer.post("review", f"{path}/supervisors", {"supervisor": room[1]})) == [
        "SUPERVISOR_CONFLICT"
    ]
    vice = await council.someone("chair", person=room[1])
    full = {**opening, "present": room[:8]}
    assert "FORBIDDEN_ACTOR" in codes(await vice.post("review", f"{path}/openings", full))

    hall = await council.seat(session, [application], officer, seated, room[:8])
    assert codes(await vice.post("review", f"{path}/calls", {"application": application})) == ["ILLEGAL_TRANSITION"]
    await hall.judged(application)
    stranger = await council.someone("chair", person=room[5])
    assert codes(await stranger.post("review", f"{path}/calls", {"application": application})) == ["FORBIDDEN_ACTOR"]
    await good(hall.chair.post("review", f"{path}/presences", {"person": room[7], "present": False}))
    leaves = {"person": hall.supervisor.person, "present": False}
    await good(hall.chair.post("review", f"{path}/presences", leaves))
    back = {**leaves, "present": True}
    assert codes(await hall.chair.post("review", f"{path}/presences", back)) == ["FORBIDDEN_ACTOR"]
    answer = await hall.chair.post("review", f"{path}/calls", {"application": application})
    assert codes(answer) == ["QUORUM_NOT_MET", "SUPERVISOR_REQUIRED"]
    await good(hall.supervisor.post("review", f"{path}/presences", back))
    assert codes(await hall.seated[room[7]].post("review", f"{path}/opinions", _opinion(application))) == [
        "NOT_PRESENT"
    ]
    other = await council.someone("supervisor", person=room[5])
    assert codes(await other.post("review", f"{path}/irregularities", {"words": "x"})) == ["FORBIDDEN_ACTOR"]
    await good(hall.supervisor.post("review", f"{path}/irregularities", {"words": "有人中途离场"}))
    raised = (await council.events("review", f"session-{session}"))[-1]
    assert raised.type == "IrregularityRaised"
    assert "中途" not in raised.record.decode()
    await good(hall.chair.post("review", f"{path}/presences", {"person": room[7], "present": True}))
    ballot = await hall.called(application)
    assert codes(await hall.chair.post("review", f"{path}/results", {"application": application})) == [
        "ILLEGAL_TRANSITION"
    ]
    city = await council.city()
    await good(city.post("review", f"{path}/cancellations", {"reason": "程序违规"}))
    events = await council.until("review", f"ballot-{ballot}", "BallotKeyDestroyed")
    assert "VoteVoided" in {one.type for one in events}


def _opinion(application: str) -> dict[str, str]:
    return {"application": application, "opinion": "水平突出"}
