"""Who and what the tests of review are about: a rule set, an agency, a committee, people, a planned session."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import Seen
from libs.kernel.decisions import Actor
from libs.kernel.rulesets import Parameter, RuleSet, parse
from libs.kernel.terms import EndorsementKind, Level, Route
from services.review.domain import session_commands as ask
from services.review.domain.draw import commitment_of
from services.review.domain.facts import AgencyFact, BanFact, CommitteeFact, RulesFact, TitleFact
from services.review.domain.session import SESSION
from tests.domain.harness import Story, given, uid

DATA = Path(__file__).parents[3] / "services/intake/data/rulesets/engineering-2023.json"
NOW = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)
TODAY = date(2025, 3, 3)
HELD = datetime(2025, 3, 10, 1, 0, tzinfo=UTC)
SEED = "5e" * 32
NONCE = "a7" * 32

AGENCY = uid("agency")
COMMITTEE = uid("committee")
RULES = uid("rules")
EMPLOYER = uid("employer")
APPLICANT = uid("applicant")
APPLICATION = uid("application")
OTHER = uid("another application")
SUPERVISOR = uid("supervisor")

CITY = Actor("city-1", "city", unit=uid("city bureau"), person=uid("official"))
OFFICER = Actor("officer-1", "agency_officer", unit=AGENCY, person=uid("officer"))
WATCHING = Actor("supervisor-1", "supervisor", person=SUPERVISOR)


def seen(stream: str, version: int = 1) -> Seen:
    """Cite a stream."""
    return Seen(stream=stream, version=version)


def stated(**changes: int | str | tuple[int, int] | tuple[str, ...]) -> RulesFact:
    """Give the engineering rule set, with some parameters stated otherwise."""
    rules = parse(DATA.read_text())
    parameters = {
        **{
            name: Parameter(value=value, unit="", clause="-", source="the test", tag="I")
            for name, value in {
                "pass_base": "present",
                "pass_comparison": "at_least",
                "expert_age_below": 70,
            }.items()
        },
        **rules.parameters,
        **{
            name: Parameter(value=value, unit="", clause="-", source="the test", tag="I")
            for name, value in changes.items()
        },
    }
    changed = RuleSet.model_construct(**{**dict(rules), "parameters": parameters})
    return RulesFact(RULES, changed, seen(f"ruleset-{RULES}"))


IN_FORCE = stated()


def agency(**changes: Any) -> AgencyFact:
    """Give the listed agency."""
    base: dict[str, Any] = {
        "identity": AGENCY,
        "series": ("engineering",),
        "listed": True,
        "listed_until": date(2025, 12, 31),
        "filed_until": date(2026, 12, 31),
        "seen": seen(f"agency-{AGENCY}", 2),
    }
    return AgencyFact(**{**base, **changes})


def committee(**changes: Any) -> CommitteeFact:
    """Give the approved committee."""
    base: dict[str, Any] = {
        "identity": COMMITTEE,
        "agency": AGENCY,
        "series": "engineering",
        "specialty": "",
        "level": Level.ASSOCIATE_SENIOR,
        "size": 7,
        "approved": True,
        "filed_from": date(2024, 1, 1),
        "filed_until": date(2026, 12, 31),
        "seen": seen(f"committee-{COMMITTEE}", 2),
    }
    return CommitteeFact(**{**base, **changes})


def title(name: str = "title", **changes: Any) -> TitleFact:
    """Give a live 正高 title in engineering, software."""
    base: dict[str, Any] = {
        "identity": uid(name),
        "series": "engineering",
        "specialty": "software",
        "level": Level.FULL_SENIOR,
        "obtained_on": date(2018, 6, 1),
        "live": True,
        "confirmed": True,
        "scope": "",
        "seen": seen(f"title-{uid(name)}", 1),
    }
    return TitleFact(**{**base, **changes})


def ban(first: date = date(2024, 1, 1), last: date = date(2027, 1, 1)) -> BanFact:
    """Give a ban in force."""
    return BanFact(first, last, seen(f"ban-{uid('ban')}"))


def file(application: str = APPLICATION, **changes: Any) -> ask.PaidFile:
    """Give a paid application on the ordinary route."""
    base: dict[str, Any] = {
        "application": application,
        "applicant": APPLICANT if application == APPLICATION else uid(f"applicant of {application}"),
        "employer": EMPLOYER,
        "agency": AGENCY,
        "campaign": uid("campaign"),
        "series": "engineering",
        "specialty": "software",
        "level": Level.ASSOCIATE_SENIOR,
        "route": Route.ORDINARY,
        "scope": "",
        "ruleset": RULES,
        "endorsers": (),
        "standing": "paid",
        "seen": seen(f"application-{application}", 20),
    }
    return ask.PaidFile(**{**base, **changes})


def expert(number: int) -> str:
    """Name an expert of the pool."""
    return uid(f"expert {number}")


def as_expert(person: str, role: str = "expert") -> Actor:
    """Act as an expert."""
    return Actor(f"actor of {person}", role, person=person)


def member(person: str, **changes: Any) -> ask.PoolMember:
    """Give a member of the pool, appointed for the day."""
    base: dict[str, Any] = {
        "expert": person,
        "admitted": True,
        "appointed_from": date(2024, 1, 1),
        "appointed_until": date(2026, 12, 31),
        "bans": (),
        "seen": seen(f"expert-{person}", 2),
    }
    return ask.PoolMember(**{**base, **changes})


def pool(size: int) -> tuple[ask.PoolMember, ...]:
    """Give a pool of experts."""
    return tuple(member(expert(number)) for number in range(size))


def works_at(employer: str = uid("elsewhere")) -> ask.EmploymentFact:
    """Say where a person works."""
    return ask.EmploymentFact((employer,), seen("person-" + uid("someone"), 3))


def endorsement(
    name: str, cause: str = "", unit: str = uid("elsewhere"), kind: EndorsementKind = EndorsementKind.EXPERT
) -> ask.EndorsementFact:
    """Give an endorsement as it stands."""
    return ask.EndorsementFact(
        uid(name),
        uid(f"endorser {name}"),
        unit,
        kind,
        cause,
        seen(f"endorsement-{uid(name)}", 2),
    )


def planned(*files: ask.PaidFile, size: int = 7) -> Story:
    """Let a session be planned."""
    asked = files or (file(),)
    plan = ask.PlanSession(HELD, Level.ASSOCIATE_SENIOR, asked, agency(), committee(size=size), IN_FORCE)
    return given(SESSION, identity=uid("session")).go(plan, OFFICER)


def drawn(*files: ask.PaidFile, size: int = 7, extra: int = 2) -> Story:
    """Let its experts be drawn, and a supervisor assigned."""
    story = planned(*files, size=size)
    story.go(ask.SeedDraw(commitment_of(SEED), NONCE, pool(size + extra)), OFFICER)
    story.go(ask.DrawExperts(SEED), OFFICER)
    return story.go(ask.AssignSupervisor(SUPERVISOR, works_at()), OFFICER)


def declared(story: Story, listed: frozenset[tuple[str, str]] = frozenset()) -> Story:
    """Let every seated expert answer for every candidate, those listed with a relation."""
    for one in story.state.seats:
        answers = tuple(
            ask.Answer(application, (ask.Relation.MENTOR,) if (one, application) in listed else ())
            for application in story.state.live()
        )
        story.go(ask.DeclareRelations(answers, works_at()), as_expert(one))
    return story


def attended(story: Story, *, present: bool = True) -> Story:
    """Let the supervisor come, or leave."""
    return story.go(ask.ChangePresence(SUPERVISOR, present), WATCHING, HELD)


def opened(story: Story, present: int | None = None) -> Story:
    """Let the chair open with so many of the seated experts, the chair first."""
    room = story.state.seats[:present]
    attended(story)
    return story.go(ask.OpenSession(room[0], room[1:2], room, rules=IN_FORCE), OFFICER, HELD)


def judged(story: Story, application: str = APPLICATION, opinions: int = 3) -> Story:
    """Let so many of those who may vote file an opinion."""
    for one in story.state.voters(application)[:opinions]:
        story.go(ask.FileOpinion(application, Unsealed(APPLICANT, "成果突出")), as_expert(one), HELD)
    return story


def chair_of(story: Story) -> Actor:
    """Act as the chair."""
    return as_expert(story.state.presiding[0], "chair")


def call(application: str = APPLICATION, **changes: Any) -> ask.CallVote:
    """Call the vote."""
    base: dict[str, Any] = {
        "application": application,
        "file": file(application),
        "endorsements": (),
        "previous": None,
        "rules": IN_FORCE,
        "employed": {},
    }
    return ask.CallVote(**{**base, **changes})


def ready(*files: ask.PaidFile, size: int = 7, present: int | None = None) -> Story:
    """Let everything have happened that a vote needs."""
    story = opened(declared(drawn(*files, size=size)), present)
    for application in story.state.live():
        judged(story, application)
    return story


def closed(story: Story, agree: int, application: str = APPLICATION) -> ask.BallotFact:
    """Give the closed ballot of a candidate."""
    ballot = story.state.candidates[application].ballot
    return ask.BallotFact(ballot, "closed", agree, seen(f"ballot-{ballot}", 9))
