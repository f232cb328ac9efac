"""Enquiries: anyone may ask, before applying, by which route somebody may apply and from when (附六.3)."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from libs.events.contracts.intake import Seen
from libs.kernel.calendars import beijing_date
from libs.kernel.terms import Check, Degree, EmployerKind, EndorsementKind, GreenCategory, Level, Role, Route
from libs.web.calls import Call, Commands, Form
from libs.web.fields import Code, Day, Id
from services.intake import facts
from services.intake.api.assessed import Assessed, AssessedOnRecord, answer
from services.intake.api.persons import own
from services.intake.domain import facts as told

commands = Commands("assessments")
PATH = "/v1/assessments"
EVERYONE = tuple(Role)
NOWHERE = Seen(stream="", version=0)
"""Where a fact stands that somebody told and no stream has."""


class EducationTold(Form):
    """A degree as it is told."""

    degree: Degree
    specialty: Code
    enrolled_on: Day
    graduated_on: Day
    full_time: bool = True


class EmploymentTold(Form):
    """A spell of work as it is told; `employer` is any name, to tell one from another. Without `until` it goes on.

    `designations` are the kinds of unit among which the city lists the employer (`state_key_laboratory`, 八.3).
    """

    employer: Code
    kind: EmployerKind
    specialty: Code
    since: Day
    until: Day | None = None
    designations: tuple[Code, ...] = Field(default=(), max_length=10)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.until is not None and self.until < self.since:
            raise PydanticCustomError("date_order", "until lies before since")
        return self


class TitleTold(Form):
    """A title as it is told; `scope` is the district of a directed title."""

    series: Code
    level: Level
    obtained_on: Day
    standing: told.Standing = told.Standing.LIVE
    scope: str = Field(default="", max_length=100)


class PeerTold(Form):
    """A person who would endorse, in what capacity, and, of a peer, how the full senior title stands.

    A head counts for the own unit: `employer` is then the one of the application.
    """

    name: Code
    employer: str = Field(default="", max_length=100)
    full_senior: told.Standing = told.Standing.UNKNOWN
    same_series: bool = False
    peer_specialty: bool = False
    barred: bool = False
    kind: EndorsementKind = EndorsementKind.EXPERT


class Checks(Form):
    """What the three data checks would answer (说一); one that is not told is unknown."""

    education: Check | None = None
    insurance: Check | None = None
    title: Check | None = None


class Wish(Form):
    """What is asked for.

    `as_of` is the day on which the application would be submitted: today, if not said. `ruleset` names one that is
    published; without it, the one that is in force for series and level on that day answers.
    """

    series: Code
    level: Level
    route: Route = Route.ORDINARY
    specialty: Code
    employer: Code
    as_of: Day | None = None
    ruleset: Id | None = None


class Enquiry(Wish):
    """What is asked for, and the facts instead of a person. What is not told is unknown."""

    educations: tuple[EducationTold, ...] = Field(default=(), max_length=20)
    employments: tuple[EmploymentTold, ...] = Field(default=(), max_length=50)
    titles: tuple[TitleTold, ...] = Field(default=(), max_length=50)
    peers: tuple[PeerTold, ...] = Field(default=(), max_length=20)
    banned_until: Day | None = None
    in_service: bool | None = None
    exceptional: bool | None = None
    category: GreenCategory | None = None
    checks: Checks = Checks()

    def candidate(self, on: date) -> told.Candidate:
        """Give the facts as conditions compare them on a day."""
        return told.Candidate(
            on=on,
            today=on,
            applicant="",
            specialty=self.specialty,
            employer=self.employer,
            educations=tuple(told.Education(**dict(one)) for one in self.educations),
            employments=tuple(
                told.Employment(
                    employer=one.employer,
                    employer_kind=one.kind,
                    district="",
                    specialty=one.specialty,
                    since=one.since,
                    until=one.until,
                    seen=NOWHERE,
                    designations=tuple(told.Designation(kind, date.min) for kind in one.designations),
                )
                for one in self.employments
            ),
            titles=tuple(
                told.TitleHeld(
                    f"title {number}", one.series, one.level, one.obtained_on, one.standing, one.scope, NOWHERE
                )
                for number, one in enumerate(self.titles, 1)
            ),
            bans=(told.Ban("", "", date.min, self.banned_until, NOWHERE),) if self.banned_until else (),
            endorsements=tuple(
                told.Endorsement(
                    identity=one.name,
                    endorser=one.name,
                    employer=one.employer,
                    full_senior=one.full_senior,
                    same_series=one.same_series,
                    peer_specialty=one.peer_specialty,
                    barred=one.barred,
                    seen=(),
                    kind=one.kind,
                )
                for one in self.peers
            ),
            in_service=self.in_service,
            exceptional=self.exceptional,
            category=self.category,
            checks={name: told.CheckAnswer(answer) for name, answer in self.checks if answer is not None},
        )


@commands.ask(PATH, Enquiry, EVERYONE, Assessed)
async def ask(call: Call, body: Enquiry) -> Assessed:
    """Say by which route somebody may apply, and if not, why and from when.

    Every condition with its clause, its source and what would change it; every other route that is open for the
    level, the nearest first. Nothing is stored, and nothing is decided: who applies is assessed on proved facts.
    """
    today = _day_of(call, body)
    rules = await _rules_of(call, body, today)
    return answer(body.series, body.level, body.route, body.candidate(today), rules, "told")


@commands.ask("/v1/persons/{person}/assessments", Wish, (Role.APPLICANT,), AssessedOnRecord)
async def ask_for_oneself(call: Call, body: Wish) -> AssessedOnRecord:
    """Say the same of the caller, on what is recorded: work, degrees, titles, bans.

    What only an application brings, the data checks and the employer's word, is unknown here.
    """
    today, person = _day_of(call, body), own(call)
    state, cited = await facts.person(call.spine, person)
    candidate = told.Candidate(
        on=today,
        today=today,
        applicant=person,
        specialty=body.specialty,
        employer=body.employer,
        educations=facts.educations(state),
        employments=await facts.employments(call.spine, state, cited),
        titles=await facts.titles(call.spine, person),
        bans=await facts.bans(call.spine, person),
        endorsements=(),
    )
    cites = [cited, *(one.seen for one in (*candidate.titles, *candidate.bans))]
    rules = await _rules_of(call, body, today)
    said = answer(body.series, body.level, body.route, candidate, rules, "recorded")
    return AssessedOnRecord(**said, seen=[f"{one.stream}@{one.version}" for one in dict.fromkeys(cites)])


def _day_of(call: Call, wish: Wish) -> date:
    return wish.as_of or beijing_date(call.spine.clock.now())


async def _rules_of(call: Call, wish: Wish, on: date) -> told.Rules:
    return await facts.rules_for(call.spine, wish.series, wish.level, on, wish.ruleset or "")
