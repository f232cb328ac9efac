"""What the gateway's rows say of titles, certificates and integrity: given/then."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from libs.events.contracts import certificate, integrity
from libs.events.contracts.base import Unsealed
from tests.domain.gateway.folding import row, told_until
from tests.domain.gateway.story import NOON, Story


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "live"),
        (("listed",), "in_question"),
        (("listed", "stands"), "live"),
        (("listed", "falls"), "no_basis"),
        (("listed", "voided", "stands"), "revoked"),
        (("voided", "listed"), "revoked"),
    ],
)
def test_a_title_is_worth_what_its_events_leave_of_it(events, status):
    story = told_until("certify")()
    other, case = str(uuid4()), str(uuid4())
    reasons = story.words("另有依据")
    said = {
        "listed": certificate.RelianceListed(person=story.person, relied_on=other, seen=()),
        "stands": certificate.RelianceDecided(
            person=story.person, relied_on=(other,), stands=True, reasons=reasons, standing=certificate.Basis.LIVE
        ),
        "falls": certificate.RelianceDecided(
            person=story.person, relied_on=(other,), stands=False, reasons=reasons, standing=certificate.Basis.NO_BASIS
        ),
        "voided": certificate.TitleVoided(
            person=story.person,
            case=case,
            decision_no="1",
            ground="false_material",
            decided_at=NOON,
            decided_by_role=certificate.Role.CITY,
            seen=(),
        ),
    }
    story.tell("title", *(said[name] for name in events))
    assert row(story, "title")["status"] == status


def test_an_imported_title_counts_once_it_is_confirmed():
    story = Story()
    imported = certificate.TitleImported(
        person=story.person,
        series="engineering",
        specialty="给排水",
        level=None,
        scope="",
        obtained_on=None,
        issuer="外省",
        certificate_no="1",
        provenance="函",
        confirmed=False,
    )
    story.tell("title", imported)
    assert row(story, "title")["status"] == "unconfirmed"
    story.tell("title", certificate.ImportedTitleConfirmed(person=story.person, reasons=story.words("已核")))
    assert row(story, "title")["status"] == "live"


def test_a_certificate_that_was_revoked_before_its_issue_has_no_number():
    story = Story()
    revoked = certificate.CertificateRevoked(
        title=str(uuid4()),
        person=story.person,
        number="",
        case=str(uuid4()),
        decision_no="1",
        ground="false_material",
        revoked_on=date(2025, 6, 1),
        decided_by_role=certificate.Role.CITY,
        seen=(),
    )
    story.tell("certificate", revoked)
    found = row(story, "certificate")
    assert (found["status"], found["doc"]["number"], found["person"]) == ("revoked", "", story.person)


@pytest.mark.parametrize(
    ("kind", "column"), [("applicant", "person"), ("expert", "person"), ("employer", "employer"), ("agency", "agency")]
)
def test_a_case_belongs_to_its_subject_from_the_serving_of_the_facts_on(kind, column):
    story = Story()
    subject = str(uuid4())
    words = Unsealed(subject, "a")
    opened = integrity.IntegrityCaseOpened(
        subject_kind=integrity.SubjectKind(kind),
        subject=subject,
        allegation=Unsealed(subject, "a"),
        lead=Unsealed(subject, "b"),
    )
    story.tell("case", opened)
    assert (row(story, "case")[column], row(story, "case")["reach"]) == (subject, 0)
    story.tell("case", integrity.FactsServed(facts=words, evidence=()))
    assert row(story, "case")["reach"] == 2


def test_a_record_is_shown_through_its_last_day_in_beijing():
    story = Story()
    recorded = integrity.IntegrityRecorded(
        case=str(uuid4()),
        subject_kind="applicant",
        subject=story.person,
        facts=story.words("f"),
        recorded_on=date(2025, 6, 1),
        expires_on=date(2028, 5, 31),
        seen=(),
    )
    story.tell("record", recorded)
    assert row(story, "record")["shown_until"] == datetime(2028, 5, 31, 16, 0, tzinfo=UTC)
