"""The story of one case tells nothing of another."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from cli.tell import concerning, of_cases, of_titles, tell_json
from libs.events.canonical import encode
from libs.events.envelope import Event

MINE, OTHER = str(uuid4()), str(uuid4())


def stream(name: str, *events: tuple[str, dict[str, Any]]) -> list[Event]:
    """Give the events of a stream, with as much of an envelope as is looked at."""
    return [
        Event(encode({"subject": name, "sequence": f"{number:012d}", "type": kind, "data": data}))
        for number, (kind, data) in enumerate(events, 1)
    ]


SESSION = stream(
    f"session-{uuid4()}",
    ("SessionPlanned", {"candidates": [MINE, OTHER], "files": [{"application": MINE}, {"application": OTHER}]}),
    ("RelationDeclared", {"answers": [{"application": OTHER, "answer": "none"}]}),
    ("RelationDeclared", {"answers": [{"application": MINE, "answer": "none"}]}),
    ("SessionOpened", {"chair": str(uuid4())}),
    ("OpinionFiled", {"application": OTHER, "opinion": "s1.opinion.AAAA"}),
    ("OpinionFiled", {"application": MINE, "opinion": "s1.opinion.BBBB"}),
    ("BallotCalled", {"application": OTHER, "seen": [f"application-{MINE}@3"]}),
    ("ResultSigned", {"passed": [MINE], "not_passed": [OTHER]}),
)


def test_the_story_of_one_candidate_of_a_session_tells_nothing_of_another() -> None:
    told = concerning(SESSION, MINE)
    assert [one.event.version for one in told] == [1, 3, 4, 6, 8]
    lines = [tell_json(one) for one in told]
    assert not any(OTHER in line for line in lines)
    assert all(one.event.hash.hex() in line for one, line in zip(told, lines, strict=True))
    assert [one.event.version for one in told if one.alone] == [3, 4, 6]


def test_a_stream_that_began_for_the_case_alone_is_told_whole() -> None:
    endorsement = stream(
        f"endorsement-{uuid4()}", ("EndorsementInvited", {"application": MINE}), ("EndorsementWithdrawn", {})
    )
    application = stream(f"application-{MINE}", ("DraftStarted", {}), ("ApplicationHeld", {"cause": OTHER}))
    for records in (endorsement, application):
        assert [one.event for one in concerning(records, MINE)] == records
        assert concerning(records, str(uuid4())) == []


def test_a_case_that_revoked_the_title_is_told_without_the_other_titles_that_it_revoked() -> None:
    title, other, case = str(uuid4()), str(uuid4()), str(uuid4())
    revoking = stream(
        f"case-{case}",
        ("IntegrityCaseOpened", {}),
        ("TitleRevoked", {"title": other}),
        ("TitleRevoked", {"title": title}),
    )
    assert [one.event.version for one in of_titles(revoking, {title})] == [1, 3]
    assert of_titles(revoking, {str(uuid4())}) == []
    certificate = stream(f"certificate-{uuid4()}", ("CertificateIssued", {"title": title}), ("CertificateRevoked", {}))
    assert [one.event for one in of_titles(certificate, {title})] == certificate
    assert of_titles(certificate, {other}) == []
    relying = stream(f"title-{uuid4()}", ("TitleGranted", {}), ("RelianceListed", {"relied_on": title}))
    assert of_titles(relying, {title}) == []


def test_a_ban_is_told_when_it_comes_from_the_case_that_revoked_and_not_when_from_another() -> None:
    case = str(uuid4())
    ban = stream(f"ban-{uuid4()}", ("BanImposed", {"case": case}), ("BanEnded", {}))
    assert [one.event for one in of_cases(ban, {case})] == ban
    assert of_cases(ban, {str(uuid4())}) == []
