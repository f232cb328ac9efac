"""What the shell has read elsewhere and hands to a decision: typed, and cited where it was a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from libs.events.contracts.intake import BlobRef, Seen
from libs.kernel.rulesets import RuleSet
from libs.kernel.terms import Check, Degree, EmployerKind, EndorsementKind, GreenCategory, Level, Route


class Standing(StrEnum):
    """How a title stands; an unknown one is neither live nor revoked (§11.39).

    One that is no basis rested on a revoked title, and a person has decided that it may not be relied on.
    """

    LIVE = "live"
    REVOKED = "revoked"
    NO_BASIS = "no_basis"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rules:
    """The one rule set under which a decision is made; `until` is its last day, if it has one."""

    identity: str
    rules: RuleSet
    seen: Seen
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Ban:
    """A ban on a person, in force from `from_day` to `until`, both included (十七.3)."""

    identity: str
    basis: str
    from_day: date
    until: date
    seen: Seen

    def covers(self, on: date) -> bool:
        """Whether the ban is in force on a day."""
        return self.from_day <= on <= self.until


@dataclass(frozen=True, slots=True)
class CampaignFact:
    """A campaign as its notice announced it."""

    identity: str
    agency: str
    series: str
    specialties: tuple[str, ...]
    levels: tuple[Level, ...]
    routes: tuple[Route, ...]
    year: int
    opens_at: datetime
    closes_at: datetime
    ruleset: str
    seen: Seen


@dataclass(frozen=True, slots=True)
class Designation:
    """A unit is of a kind that the notice lists for a power of its own (八.3); `until` None means: still."""

    kind: str
    from_day: date
    until: date | None = None

    def covers(self, on: date) -> bool:
        """Whether it stands on a day; the last day counts in."""
        return self.from_day <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Employment:
    """The person works, or worked, for an employer in a specialty; `until` None means: still."""

    employer: str
    employer_kind: EmployerKind
    district: str
    specialty: str
    since: date
    until: date | None
    seen: Seen
    designations: tuple[Designation, ...] = ()

    def covers(self, on: date) -> bool:
        """Whether the employment stands on a day; the last day counts in."""
        return self.since <= on and (self.until is None or on <= self.until)


@dataclass(frozen=True, slots=True)
class Education:
    """A degree, and the days of full-time study, which count for no clock of work (§4.10)."""

    degree: Degree
    specialty: str
    enrolled_on: date
    graduated_on: date
    full_time: bool


@dataclass(frozen=True, slots=True)
class TitleHeld:
    """A title of the person and how it stands now."""

    identity: str
    series: str
    level: Level
    obtained_on: date
    standing: Standing
    scope: str
    """Empty, or the district to which a directed title is limited."""
    seen: Seen


@dataclass(frozen=True, slots=True)
class TitleNow:
    """How a title that was cited stands now."""

    identity: str
    standing: Standing
    seen: Seen


@dataclass(frozen=True, slots=True)
class Endorsement:
    """An endorsement that stands, and what is known of the person who gave it.

    `same_series` and `peer_specialty` compare the endorser's title with the application (§11.12);
    `barred` means that a ban is in force (§11.23). Whether the endorser is kin or has an interest is asked and decided
    when the endorsement is given (review refuses it with RECOMMENDER_CONFLICT): none that stands has that against it.
    """

    identity: str
    endorser: str
    employer: str
    full_senior: Standing
    same_series: bool
    peer_specialty: bool
    barred: bool
    seen: tuple[Seen, ...]
    kind: EndorsementKind = EndorsementKind.EXPERT


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What a data check said, and what a person decided where it left something open."""

    answer: Check
    stands: bool | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A stored file as the shell has measured it.

    `plain_hash` is the SHA-256 of what arrived; `readable` says that the content is what its media type says.
    """

    blob: BlobRef
    plain_hash: str
    readable: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Everything that is compared when an application's eligibility is assessed on a day.

    Parameters
    ----------
    on
        The day to which years are counted, a date of Beijing (§11.28).
    today
        The day of the assessment, for what must hold now: employment, bans.
    in_service
        What the employer says (附六.4); None while it has not said anything.
    exceptional
        An officer's finding on the specialty's exceptional conditions (七.1); None while there is none.
    category
        What the applicant claims of the green channel (十.1).
    """

    on: date
    today: date
    applicant: str
    specialty: str
    employer: str
    educations: tuple[Education, ...]
    employments: tuple[Employment, ...]
    titles: tuple[TitleHeld, ...]
    bans: tuple[Ban, ...]
    endorsements: tuple[Endorsement, ...]
    in_service: bool | None = None
    exceptional: bool | None = None
    category: GreenCategory | None = None
    checks: Mapping[str, CheckAnswer] = field(default_factory=dict[str, CheckAnswer])
