"""What the gateway's rows say after events: given/then, kind by kind."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import orjson
import pytest

from libs.events.contracts import intake, registry, review, review_bodies, review_notice
from libs.events.contracts import review_session as hall
from libs.events.contracts.base import Unsealed
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway import views
from services.gateway.access.kinds import KINDS
from services.gateway.views.resources import COLUMNS, FOLDS, fold
from tests.domain.gateway.folding import folded, opened, row, told_until
from tests.domain.gateway.story import DAY, NOON, Story

SOMEBODY = str(uuid4())

NOT_SHOWN = {"OfficialAppointed", "OfficialDismissed", "OfficialsNamed"}
"""Of a stream that is no resource: the office (integrity)."""


def test_every_kind_of_resource_has_a_fold_and_a_line_in_the_policy():
    assert set(FOLDS) == set(KINDS)


def test_every_published_type_is_known_to_a_fold():
    source = "".join(path.read_text() for path in Path(views.__file__).parent.glob("*.py"))
    ours = {name for name, model in registry.current.items() if model.__module__.startswith("libs.")}
    assert {name for name in ours if name not in source} == NOT_SHOWN


def test_rows_have_the_columns_of_the_table_and_no_others():
    story = Story()
    story.all()
    for found in folded(story).values():
        assert set(found) <= set(COLUMNS)


def test_the_table_has_the_columns_of_the_view():
    sql = Path(views.__file__).parents[1].joinpath("sql/migrations/0001_resources.sql").read_text()
    table = sql.partition("create table resources (")[2].partition(");")[0]
    assert {line.split()[0] for line in table.strip().splitlines()} == {"stream", "version", "hash", *COLUMNS}


def test_an_event_of_an_unknown_type_moves_the_row_on_and_changes_nothing():
    story = Story()
    story.begin()
    before = row(story, "person")
    last = story["person"].last
    assert last is not None
    attributes = {**last.attributes, "type": "PersonPraised", "time": "2025-05-05T05:05:05.000000Z", "data": {"a": 1}}
    after = fold(before, Event(b"", attributes))
    assert after == {**before, "updated_at": datetime(2025, 5, 5, 5, 5, 5, tzinfo=UTC)}


def test_a_known_type_that_cannot_be_read_is_poison():
    story = Story()
    story.begin()
    last = story["person"].last
    assert last is not None
    with pytest.raises(Exception, match="validation error"):
        fold({}, Event(b"", {**last.attributes, "type": "PersonRegistered", "data": {"name": 1}}))


@pytest.mark.parametrize(
    ("last", "status", "shown", "reach"),
    [
        ("draft", "draft", "draft", 0),
        ("submit", "employer_review", "employer_review", 1),
        ("recommend", "recommended", "recommended", 1),
        ("receive", "received", "received", 2),
        ("qualify", "paid", "paid", 2),
        ("convene", "vote_open", "in_review", 2),
        ("vote", "passed", "in_review", 2),
        ("publish", "result_publicity", "result_publicity", 2),
        ("certify", "certified", "certified", 2),
    ],
)
def test_an_application_shows_no_more_than_in_review_until_its_result_is_published(last, status, shown, reach):
    found = row(told_until(last)(), "application")
    assert (found["status"], found["shown"], found["reach"]) == (status, shown, reach)


def test_a_file_that_was_returned_stays_with_the_employer():
    story = told_until("submit")()
    items = (intake.Item(module=intake.Module.FORM, reason=story.words("缺页")),)
    story.tell("application", intake.EmployerReturned(items=items))
    found = row(story, "application")
    (returned,) = found["doc"]["returned"]
    assert (found["status"], found["reach"], returned["module"]) == ("draft", 1, "form")
    assert opened(returned["reason"]) == "缺页"


def test_an_application_keeps_what_was_said_on_its_way():
    doc = row(told_until("certify")(), "application")["doc"]
    assert doc["materials"]["form"]["sha256"] == "b" * 64
    assert doc["publicity"]["ended_at"] == "2025-03-10T04:00:00.000000Z"
    assert [(opened(one["summary"]), one["founded"], opened(one["answer"])) for one in doc["objections"]] == [
        ("有人反映", False, "不属实")
    ]
    assert doc["fee"]["amount_fen"] == 70000
    assert doc["fee"]["paid_at"]
    assert doc["checks"]["education"]["answer"] == "match"
    assert (doc["qualification"]["qualified"], opened(doc["qualification"]["note"])) == (True, "")
    assert doc["qualification"]["at"] == "2025-03-03T04:00:00.000000Z"
    assert doc["decided_by"] == "officer-1"
    assert doc["ended"] == "certified"


@pytest.mark.parametrize(
    ("payload", "status", "member"),
    [
        (intake.ApplicationWithdrawn(note=Unsealed(SOMEBODY, "改日再报")), "withdrawn", None),
        (intake.EmployerRefused(reasons=(Unsealed(SOMEBODY, "不符"),)), "employer_refused", None),
        (intake.DeemedAbandoned(due=NOON), "deemed_abandoned", None),
        (intake.PaymentLapsed(payment=str(uuid4())), "payment_lapsed", None),
        (
            intake.RecognitionRefused(decision_no="京人社认〔2025〕4号", reasons=Unsealed(SOMEBODY, "业绩未达到要求")),
            "not_recognised",
            None,
        ),
        (intake.ReviewNotPassed(session=str(uuid4()), seen=()), "not_passed", ("passed", False)),
        (
            intake.ReviewCancelled(cause="objection_founded", seen=()),
            "result_cancelled",
            ("cause", "objection_founded"),
        ),
        (
            intake.CheckDecided(check="education", stands=True, reasons=Unsealed(SOMEBODY, "已核")),
            "qualification_review",
            None,
        ),
    ],
)
def test_an_ending_or_turn_of_an_application_is_seen_at_once(payload, status, member):
    story = told_until("receive")()
    story.tell("application", payload)
    found = row(story, "application")
    assert found["status"] == found["shown"] == status
    if member:
        assert found["doc"][member[0]] == member[1]


def test_a_held_application_is_released_without_a_change_of_state():
    story = told_until("qualify")()
    title, case = str(uuid4()), str(uuid4())
    held = intake.ApplicationHeld(title=title, standing=intake.Fallen.REVOKED, case=case, seen=())
    story.tell("application", held)
    assert [one["title"] for one in row(story, "application")["doc"]["holds"]] == [title]
    story.tell("application", intake.ApplicationReleased(titles=(title,), reasons=story.words("无关")))
    assert (row(story, "application")["status"], row(story, "application")["doc"]["holds"]) == ("paid", [])


def test_an_application_shows_every_title_that_holds_it_and_each_once():
    story = told_until("qualify")()
    first, second = str(uuid4()), str(uuid4())
    for title, standing in ((first, "unknown"), (second, "revoked"), (first, "no_basis")):
        held = intake.ApplicationHeld(title=title, standing=intake.Fallen(standing), case=None, seen=())
        story.tell("application", held)
    holds = row(story, "application")["doc"]["holds"]
    assert [(one["title"], one["standing"]) for one in holds] == [(second, "revoked"), (first, "no_basis")]
    story.tell("application", intake.ApplicationReleased(titles=(first,), reasons=story.words("无关")))
    assert [one["title"] for one in row(story, "application")["doc"]["holds"]] == [second]


def test_why_a_held_application_went_on_stays_on_its_file_however_often_it_was_held():
    story = told_until("qualify")()
    titles = [str(uuid4()), str(uuid4())]
    for title in titles:
        held = intake.ApplicationHeld(title=title, standing=intake.Fallen("revoked"), case=None, seen=())
        story.tell("application", held)
        story.tell("application", intake.ApplicationReleased(titles=(title,), reasons=story.words("无关")))
    kept = row(story, "application")["doc"]["releases"]
    assert [one["titles"] for one in kept] == [[one] for one in titles]
    assert all(one["reasons"] and one["at"] for one in kept)


def test_a_unit_shows_what_the_city_lists_it_among_and_until_when():
    story = Story()
    story.begin()
    first, again = date(2024, 6, 1), date(2026, 1, 1)
    listed = intake.EmployerDesignated(kind="sci_tech_leader", document="京科发〔2024〕1号", from_day=first)
    other = intake.EmployerDesignated(kind="industry_leader", document="京科发〔2024〕2号", from_day=first)
    ended = intake.EmployerDesignationEnded(kind="sci_tech_leader", until=date(2025, 12, 31), reasons="复评未通过")
    relisted = intake.EmployerDesignated(kind="sci_tech_leader", document="京科发〔2026〕1号", from_day=again)
    story.tell("employer", listed, other, ended, relisted)
    shown = row(story, "employer")["doc"]["designations"]
    assert [(one["kind"], one["until"]) for one in shown] == [
        ("sci_tech_leader", "2025-12-31"),
        ("industry_leader", None),
        ("sci_tech_leader", None),
    ]


def test_a_person_works_where_the_last_open_spell_is():
    story = Story()
    story.begin()
    other = str(uuid4())
    story.tell("person", intake.EmploymentStarted(employer=other, specialty="x", since=date(2020, 1, 1)))
    assert row(story, "person")["employer"] == other
    story.tell("person", intake.EmploymentEnded(employer=other, until=date(2021, 1, 1)))
    assert row(story, "person")["employer"] == story.id("employer")
    story.tell("person", intake.EmploymentEnded(employer=story.id("employer"), until=date(2022, 1, 1)))
    found = row(story, "person")
    assert found["employer"] is None
    assert [one["until"] for one in found["doc"]["employments"]] == ["2022-01-01", "2021-01-01"]


def test_an_erased_person_keeps_the_sealed_row():
    story = Story()
    story.begin()
    before = row(story, "person")["doc"]
    story.tell("person", intake.SubjectErased(reason=story.words("申请")))
    assert (row(story, "person")["status"], row(story, "person")["doc"]) == ("erased", before)


def test_a_payment_keeps_every_report_and_what_is_owed_back():
    story = told_until("qualify")()
    story.tell(
        "payment",
        intake.PaymentReported(channel_id="CH2", amount="1", paid_at=NOON),
        intake.RefundDue(channel_id="CH2", amount="1", reason="AMOUNT_MISMATCH"),
    )
    found = row(story, "payment")
    assert (found["status"], len(found["doc"]["reports"]), found["doc"]["refunds"][0]["reason"]) == (
        "paid",
        2,
        "AMOUNT_MISMATCH",
    )


def test_an_agency_that_is_filed_again_while_suspended_stays_suspended():
    story = Story()
    story.begin()
    story.tell("agency", review_bodies.AgencySuspended(reason="违规"))
    again = next(event.payload for event in story.told if event.type == "AgencyFiled")
    story.tell("agency", again)
    assert row(story, "agency")["status"] == "suspended"
    story.tell("agency", review_bodies.AgencyDelisted(reason="撤销"), again)
    assert row(story, "agency")["status"] == "filed"


def test_a_seat_that_is_given_anew_belongs_to_the_new_expert_alone():
    story = told_until("convene")()
    new = str(uuid4())
    out = story.id("seat2")
    ill = Unsealed(out, "病假")
    story.tell(
        "session",
        hall.ExpertDrawSeeded(
            commitment="a" * 64,
            nonce="b" * 64,
            seats=1,
            pool=(new,),
            excluded=(),
            replaces=out,
            reason=ill,
            seen=(),
        ),
        hall.ExpertReplaced(seed="c" * 64, out=out, drawn=new),
    )
    found = row(story, "session")
    assert out not in found["parties"]
    assert new in found["parties"]
    assert out not in found["doc"]["present"]
    assert [one["seed"] for one in found["doc"]["draws"]] == ["e" * 64, "c" * 64]


def test_a_ballot_knows_who_voted_and_not_how():
    story = told_until("vote")()
    found = row(story, "ballot")
    assert found["doc"]["marked"] == [story.id("seat1"), story.id("seat2")]
    assert (found["doc"]["agree"], found["parties"]) == (2, [story.id("seat1"), story.id("seat2")])


def test_a_notice_is_on_show_from_its_start_to_its_end_and_not_while_it_is_paused():
    story = told_until("publish")()
    end = NOON + 40 * DAY
    assert (row(story, "notice")["status"], row(story, "notice")["shown_until"]) == ("running", end)
    story.tell("notice", review_notice.ResultPublicityPaused(remaining=2, calendar="2025"))
    assert (row(story, "notice")["status"], row(story, "notice")["shown_until"]) == ("paused", None)
    story.tell("notice", review_notice.ResultPublicityResumed(ends_at=end + 2 * DAY, calendar="2025"))
    assert row(story, "notice")["shown_until"] == end + 2 * DAY
    story.tell("notice", review_notice.ResultPublicityEnded())
    assert row(story, "notice")["shown_until"] is None


def test_an_endorsement_that_lapses_says_why():
    story = told_until("draft")()
    lapsed = review.EndorsementWithdrawn(
        application=story.id("application"), endorser=story.id("endorser"), cause="title_revoked"
    )
    story.tell("endorsement", lapsed)
    assert (row(story, "endorsement")["status"], row(story, "endorsement")["doc"]["cause"]) == (
        "withdrawn",
        "title_revoked",
    )


def test_a_ruleset_stays_a_draft_until_it_is_published():
    story = Story()
    story.begin()
    drafted = [event for event in story.told if event.type == "RuleSetDrafted"]
    assert fold({}, drafted[0])["status"] == "draft"
    story.tell("ruleset", intake.RuleSetSuperseded(until=date(2026, 12, 31)))
    found = row(story, "ruleset")
    assert (found["status"], found["doc"]["until"], found["doc"]["drafted_by"]) == (
        "superseded",
        "2026-12-31",
        "official-1",
    )


def test_folding_changes_no_row_in_place():
    story = Story()
    story.all()
    rows: dict[str, Row] = {}
    for event in story.told:
        before = rows.get(event.stream, {})
        copy = orjson.dumps(before, default=str)
        rows[event.stream] = fold(before, event)
        assert orjson.dumps(before, default=str) == copy, event.type
