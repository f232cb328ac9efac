"""Endorsements over HTTP: invited by an applicant, given on a live title, gone with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from libs.events.contracts.intake import DraftStarted, EmploymentStarted, EndorsementRequested
from libs.kernel.terms import EndorsementKind, Route
from services.review.domain.endorsement import endorsement_id
from tests.services.bureau import Someone
from tests.services.review.hall import codes, good
from tests.services.review.world import Council

GIVEN = {"statement": "业绩显著，实名推荐", "kin": False}


@dataclass
class Asked:
    """An application on the exceptional route whose applicant has asked for endorsements."""

    council: Council
    application: str
    draft: DraftStarted

    def path(self, endorser: str) -> str:
        return f"/v1/endorsements/{endorsement_id(self.application, endorser)}"

    def stream(self, endorser: str) -> str:
        return f"endorsement-{endorsement_id(self.application, endorser)}"

    async def sign(self, endorser: Someone, **changes: Any) -> Any:
        return await endorser.post("review", f"{self.path(endorser.person)}/signatures", {**GIVEN, **changes})


async def asked(council: Council, *endorsers: Someone, kind: EndorsementKind = EndorsementKind.EXPERT) -> Asked:
    await council.formed()
    applicant = await council.citizen("申报人")
    route = Route.EXCEPTIONAL_PEERS if kind is EndorsementKind.EXPERT else Route.EXCEPTIONAL_HEAD
    draft = council.draft(applicant.person, route=route)
    requests = [
        EndorsementRequested(
            applicant=applicant.person,
            endorser=one.person,
            kind=kind,
            series=draft.series,
            specialty=draft.specialty,
            employer=draft.employer,
        )
        for one in endorsers
    ]
    found = Asked(council, str(uuid4()), draft)
    stream = f"application-{found.application}"
    await council.tell_all("intake", {stream: (draft, *requests)})
    await council.seen_in("review", "applications", stream, 1 + len(requests))
    for one in endorsers:
        await council.until("review", found.stream(one.person), "EndorsementInvited")
    return found


async def test_an_endorsement_is_given_once_by_the_person_asked_on_a_title_that_is_cited(council: Council) -> None:
    await council.formed()
    peer, other = await council.titled(2)
    case = await asked(council, peer)
    path = case.path(peer.person)
    assert codes(await other.post("review", f"{path}/signatures", GIVEN)) == ["FORBIDDEN_ACTOR"]
    assert codes(await case.sign(peer, kin=True)) == ["RECOMMENDER_CONFLICT"]
    await good(case.sign(peer))
    given = (await council.events("review", case.stream(peer.person)))[-1]
    assert given.data["seen"] == [{"stream": council.titles[peer.person], "version": 1}]
    assert given.data["endorser_unit"] == council.elsewhere
    assert "业绩显著" not in given.record.decode()
    assert codes(await case.sign(peer)) == ["DUPLICATE_RECOMMENDER"]
    assert codes(await other.post("review", f"{path}/withdrawals")) == ["FORBIDDEN_ACTOR"]
    await good(peer.post("review", f"{path}/withdrawals"))
    assert codes(await peer.post("review", f"/v1/endorsements/{uuid4()}/withdrawals")) == ["NOT_FOUND"]


async def test_the_head_of_the_applicants_unit_endorses_without_a_title_and_falls_with_a_ban(council: Council) -> None:
    await council.formed()
    person = (await council.citizen("负责人")).person
    case = await asked(council, head := Someone(council, "", "", person), kind=EndorsementKind.HEAD)
    elsewhere = await council.someone("employer_head", unit=str(uuid4()), person=person)
    assert codes(await case.sign(elsewhere, technical_lead=True)) == ["NOT_UNIT_HEAD"]
    own = await council.someone("employer_head", unit=case.draft.employer, person=person)
    assert codes(await case.sign(own)) == ["ROLE_NOT_ELIGIBLE"]
    await good(case.sign(own, technical_lead=True))
    given = (await council.events("review", case.stream(head.person)))[-1]
    assert (given.data["kind"], given.data["seen"], given.data["endorser_unit"]) == ("head", [], case.draft.employer)
    await council.banned(person, council.today())
    (*_, fallen) = await council.until("review", case.stream(person), "EndorsementWithdrawn")
    assert fallen.data["cause"] == "banned"


async def test_who_holds_no_title_or_works_where_the_applicant_does_is_refused(council: Council) -> None:
    await council.formed()
    untitled = await council.citizen("同事")
    first, second = await council.titled(2)
    case = await asked(council, untitled, first, second)
    await council.seen_in("review", "persons", f"person-{untitled.person}", 1)
    assert codes(await case.sign(untitled)) == ["RECOMMENDER_UNQUALIFIED"]
    for one in (first, second):
        # Both have a second employment, with the applicant's own employer.
        also = EmploymentStarted(employer=case.draft.employer, specialty="software", since=date(2020, 1, 1))
        await council.tell_all("intake", {f"person-{one.person}": (also,)})
        await council.seen_in("review", "persons", f"person-{one.person}", 3)
    await good(case.sign(first))
    assert codes(await case.sign(second)) == ["RECOMMENDER_SAME_EMPLOYER"]
    await good(second.post("review", f"{case.path(second.person)}/refusals", {"note": "回避"}))


async def test_after_acceptance_no_endorsement_is_given_or_taken_back(council: Council) -> None:
    await council.formed()
    peer, late = await council.titled(2)
    case = await asked(council, peer, late)
    await good(case.sign(peer))
    identity = case.stream(peer.person).partition("-")[2]
    stream = f"application-{case.application}"
    await council.tell_all("intake", {stream: (council.taken(case.draft, [identity]),)})
    await council.seen_in("review", "applications", stream, 4)
    assert codes(await peer.post("review", f"{case.path(peer.person)}/withdrawals")) == ["ILLEGAL_TRANSITION"]
    assert codes(await case.sign(late)) == ["ILLEGAL_TRANSITION"]


async def test_an_endorsement_falls_with_its_title_or_a_ban_and_the_vote_is_one_short(council: Council) -> None:
    await council.formed()
    steady, untitled, barred = await council.titled(3)
    case = await asked(council, steady, untitled, barred)
    for one in (steady, untitled, barred):
        await good(case.sign(one))
    stream = f"application-{case.application}"
    given = [case.stream(one.person).partition("-")[2] for one in (steady, untitled, barred)]
    await council.tell_all("intake", {stream: (council.taken(case.draft, given), council.fee_paid(case.draft, given))})
    await council.seen_in("review", "applications", stream, 6)
    hall = await council.opened(0, also=[case.application])
    await hall.judged(case.application)

    await council.revoked(untitled.person)
    lapsed = (await council.until("review", case.stream(untitled.person), "EndorsementWithdrawn"))[-1]
    assert lapsed.data["cause"] == "title_revoked"
    await council.banned(barred.person, council.today())
    lapsed = (await council.until("review", case.stream(barred.person), "EndorsementWithdrawn"))[-1]
    assert lapsed.data["cause"] == "banned"
    answer = await hall.chair.post("review", f"{hall.path}/calls", {"application": case.application})
    assert codes(answer) == ["RECOMMENDERS_SHORT", "RECOMMENDER_UNQUALIFIED", "RECOMMENDER_UNQUALIFIED"]
    causes = {one["facts"].get("cause") for one in answer.json()["errors"]}
    assert causes == {None, "title_revoked", "banned"}


async def test_an_endorsement_given_before_the_titles_revocation_arrived_falls_when_it_does(council: Council) -> None:
    await council.formed()
    (peer,) = await council.titled()
    earlier, later = await asked(council, peer), await asked(council, peer)
    await good(earlier.sign(peer))
    await council.seen_in("review", "endorsements", earlier.stream(peer.person), 2)
    decided, voided = council.revocation(peer.person)
    await council.tell_all("integrity", decided)
    await council.until("review", earlier.stream(peer.person), "EndorsementWithdrawn")
    await good(later.sign(peer))
    await council.tell_all("certificate", voided)
    lapsed = (await council.until("review", later.stream(peer.person), "EndorsementWithdrawn"))[-1]
    assert lapsed.data["cause"] == "title_revoked"
    types = [one.type for one in await council.events("review", earlier.stream(peer.person))]
    assert types.count("EndorsementWithdrawn") == 1
