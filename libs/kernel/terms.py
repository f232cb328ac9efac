"""The words of the trade, as `docs/` and the glossary use them."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """层级, from high to low."""

    FULL_SENIOR = "full_senior"
    ASSOCIATE_SENIOR = "associate_senior"
    INTERMEDIATE = "intermediate"
    ASSISTANT = "assistant"
    TECHNICIAN = "technician"

    @property
    def senior(self) -> bool:
        """Whether the level is 高级: 正高级 or 副高级 (§4.1)."""
        return self in (Level.FULL_SENIOR, Level.ASSOCIATE_SENIOR)

    @property
    def rank(self) -> int:
        """Rank from 1 (员级) to 5 (正高级)."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(reversed(Level), 1)}


class Route(StrEnum):
    """The ways to a title (rules §8.1)."""

    ORDINARY = "ordinary"
    EXCEPTIONAL_PEERS = "exceptional_peers"
    EXCEPTIONAL_HEAD = "exceptional_head"
    GREEN_CHANNEL = "green_channel"
    DIRECTED = "directed"
    SKILL = "skill"
    CORRESPONDENCE = "correspondence"
    ENTRUSTED = "entrusted"
    SPECIAL_CAMPAIGN = "special_campaign"
    AUTONOMOUS = "autonomous"


class Degree(StrEnum):
    """学历/学位, from high to low; `double_bachelor` ranks with `master` where a standard says so."""

    DOCTOR = "doctor"
    MASTER = "master"
    DOUBLE_BACHELOR = "double_bachelor"
    BACHELOR = "bachelor"
    COLLEGE = "college"
    SECONDARY = "secondary"


class Role(StrEnum):
    """Who may act (rules §7); a token carries these, and the policy tables name them."""

    APPLICANT = "applicant"
    EMPLOYER_CLERK = "employer_clerk"
    EMPLOYER_HEAD = "employer_head"
    AGENCY_OFFICER = "agency_officer"
    EXPERT = "expert"
    CHAIR = "chair"
    SUPERVISOR = "supervisor"
    CITY = "city"
    DISTRICT = "district"
    FINANCE = "finance"
    AUDITOR = "auditor"
    PUBLIC = "public"
    SYSTEM = "system"


class Check(StrEnum):
    """The answer of an outside check; `unavailable` is never read as a match or a mismatch."""

    MATCH = "match"
    MISMATCH = "mismatch"
    NOT_FOUND = "not_found"
    UNAVAILABLE = "unavailable"


class EndorsementKind(StrEnum):
    """举荐: by a peer with 正高, by the unit's head, by an institution."""

    EXPERT = "expert"
    HEAD = "head"
    INSTITUTION = "institution"


class GreenCategory(StrEnum):
    """The six categories of the green channel (十.1)."""

    BREAKTHROUGH = "breakthrough"
    ENGINEERING_PROBLEM = "engineering_problem"
    MAJOR_CONTRIBUTION = "major_contribution"
    INTRODUCED_HIGH_LEVEL = "introduced_high_level"
    INTRODUCED_URGENT = "introduced_urgent"
    INTRODUCED_SPECIAL = "introduced_special"


class EmployerKind(StrEnum):
    """用人单位 by ownership (附六.1, QA四)."""

    PUBLIC_INSTITUTION = "public_institution"
    STATE_ENTERPRISE = "state_enterprise"
    NON_PUBLIC = "non_public"
    SOCIAL_ORGANISATION = "social_organisation"
    GOVERNMENT = "government"
    CENTRAL = "central"


class MaterialKind(StrEnum):
    """The three materials of 附七, all electronic."""

    FORM = "form"
    PUBLICITY = "publicity"
    WORKS = "works"
