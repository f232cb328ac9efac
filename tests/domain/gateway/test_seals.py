"""What people wrote about one another: sealed in every row, opened for whoever may read it, gone with the key."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import orjson
import pytest

from libs.events.contracts import certificate, intake, integrity, review, review_bodies
from libs.events.contracts import review_session as hall
from libs.events.contracts.base import SEALED_FORM, Payload
from libs.events.sealing import KeyRing
from libs.kernel.terms import Role
from services.gateway.access.kinds import KINDS
from services.gateway.access.viewer import Viewer
from services.gateway.show import finish, shown
from tests.domain.gateway.folding import folded, row
from tests.domain.gateway.story import NAME, NOON, Story, key_of

AUDITOR = Viewer(frozenset({Role.AUDITOR.value}), "", "", "", NOON)


def everything_written(story: Story) -> dict[str, tuple[Payload, ...]]:
    """Give every text that somebody may write about the applicant, each naming the applicant."""
    words = story.words(f"{NAME}所涉")
    items = (intake.Item(module=intake.Module.FORM, reason=words),)
    document = intake.BlobRef(hash="a" * 64, size=1, media_type="application/pdf")
    evidence = (integrity.Evidence(title=words, document=document),)
    number = {"decision_no": "1", "evidence": evidence}
    return {
        "application2": (
            intake.EmployerReturned(items=items),
            intake.EmployerRefused(reasons=(words, words)),
            intake.CorrectionRequested(
                items=items, working_days=5, due=NOON, calendar="2025", ruleset=story.id("ruleset")
            ),
            intake.ApplicationNotAccepted(reasons=items),
            intake.CheckDecided(check="education", stands=True, reasons=words),
            intake.ApplicationDisqualified(codes=(), decided_by="officer-1", note=words),
            intake.ApplicationReleased(titles=(), reasons=words),
            intake.RecognitionRefused(decision_no="1", reasons=words),
            intake.ApplicationWithdrawn(note=words),
        ),
        "endorsement2": (
            review.EndorsementRefused(application=story.id("application"), endorser=story.id("endorser"), note=words),
        ),
        "session2": (
            hall.ExpertDrawSeeded(
                commitment="a" * 64,
                nonce="b" * 64,
                seats=1,
                pool=(),
                excluded=(),
                replaces=story.id("seat1"),
                reason=words,
                seen=(),
            ),
            hall.RecusalOrdered(
                expert=story.id("seat1"),
                application=story.id("application"),
                ground="ordered",
                words=words,
                seen=(),
            ),
            hall.SessionVoided(reason=words, candidates=(), ballots=()),
        ),
        "expert": (review_bodies.ExpertRemoved(cause="agency", reason=words, seen=()),),
        "title2": (
            certificate.ImportedTitleConfirmed(person=story.person, reasons=words),
            certificate.RelianceDecided(
                person=story.person, relied_on=(), stands=True, reasons=words, standing=certificate.Basis.LIVE
            ),
        ),
        "case2": (
            integrity.FactsServed(facts=words, evidence=evidence),
            integrity.IntegrityCaseDecided(
                subject_kind=integrity.SubjectKind.APPLICANT,
                subject=story.person,
                founded=True,
                severity=None,
                severity_reasons=words,
                findings=words,
                ban_basis=None,
                effective_on=date(2025, 6, 1),
                **number,
            ),
            integrity.TitleRevoked(
                title=story.id("title"),
                person=story.person,
                ground="false_material",
                decided_at=NOON,
                reasons=words,
                seen=(),
                **number,
            ),
        ),
        "record2": (integrity.IntegrityRecordWithdrawn(subject=story.person, reasons=words),),
    }


def told() -> Story:
    story = Story()
    story.all()
    for stream, payloads in everything_written(story).items():
        story.tell(stream, *payloads)
    return story


def sealed_places(value: Any, place: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            inner = "*" if place == "checks" else name
            yield from sealed_places(member, f"{place}.{inner}".strip("."))
    elif isinstance(value, list):
        for member in value:
            yield from sealed_places(member, place)
    elif isinstance(value, str) and SEALED_FORM.match(value):
        yield place


def test_sealed_text_stands_only_where_the_policy_knows_it():
    places: dict[str, set[str]] = {}
    for stream, found in folded(told()).items():
        places.setdefault(stream.partition("-")[0], set()).update(sealed_places(found["doc"]))
    for kind, found in places.items():
        assert found == set(KINDS[kind].seals), kind


def test_no_personal_value_is_in_a_row_or_a_record_unsealed():
    story = told()
    text = orjson.dumps([found["doc"] for found in folded(story).values()]).decode()
    text += "".join(event.record.decode() for event in story.told)
    for personal in (NAME, "11010519491231002X", "13800000000", "1949-12-31", "100001201505000001", "论文有问题"):
        assert personal not in text


class Keys:
    """Every person's key, but those of whoever was erased."""

    def __init__(self, *erased: str) -> None:
        self.erased = erased

    async def keys(self, persons: Iterable[str]) -> dict[str, bytes]:
        """Give the keys."""
        return {person: key_of(person) for person in persons if person not in self.erased}


async def seen(story: Story, stream: str, keys: Keys, grant: str = "office") -> dict[str, Any]:
    """Show a resource as one of its grants does."""
    found = copy.deepcopy(row(story, stream))
    kind = KINDS[found["kind"]]
    which = next(number for number, one in enumerate(kind.grants) if one.name == grant)
    found = {"status": None, "person": None, "employer": None, "agency": None, "shown": None, **found, "grant": which}
    found |= {"stream": story[stream].name, "version": 1, "hash": bytes(32)}
    page = shown(kind, found, AUDITOR, "zh", listed=False)
    await finish(KeyRing(keys), [page], {})
    return page.body


WRITTEN = (
    ("application2", "office", lambda body: (*body["refused"], body["returned"][0]["reason"], body["note"])),
    ("application2", "own", lambda body: (body["correction"]["items"][0]["reason"], body["recognition"]["reasons"])),
    ("application2", "agency", lambda body: (body["checks"]["education"]["reasons"],)),
    ("application2", "employer", lambda body: (body["qualification"]["note"], body["not_accepted"][0]["reason"])),
    ("endorsement2", "asked", lambda body: (body["note"],)),
    ("session2", "agency", lambda body: (body["recusals"][0]["words"], body["draws"][0]["reason"], body["reason"])),
    ("expert", "agency", lambda body: (body["removed"]["reason"],)),
    ("title2", "desk", lambda body: (body["confirmed_because"], body["reliances"][0]["reasons"])),
    ("case2", "subject", lambda body: (body["facts"], body["decision"]["findings"], body["revocations"][0]["reasons"])),
    ("case2", "employer", lambda body: (body["evidence"][0]["title"], body["decision"]["evidence"][0]["title"])),
    ("record2", "audit", lambda body: (body["withdrawn_because"],)),
)


@pytest.mark.parametrize(("stream", "grant", "texts"), WRITTEN, ids=lambda one: one if isinstance(one, str) else "")
async def test_who_may_read_a_text_reads_it_until_the_key_is_destroyed(stream, grant, texts):
    story = told()
    assert set(texts(await seen(story, stream, Keys(), grant))) == {f"{NAME}所涉"}
    assert set(texts(await seen(story, stream, Keys(story.person), grant))) == {None}


async def test_what_a_session_says_of_a_candidate_is_not_shown_to_the_blind():
    story = told()
    for grant in ("supervisor", "chair", "seated"):
        body = await seen(story, "session2", Keys(), grant)
        assert not {"words", "ground"} & body["recusals"][0].keys()


def test_every_text_of_a_case_is_sealed_in_its_contract():
    written = [type(one) for payloads in everything_written(Story()).values() for one in payloads]
    assert [model.__name__ for model in written if not model.personal] == []
