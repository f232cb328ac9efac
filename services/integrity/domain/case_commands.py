"""What can be asked of a case, with the facts that the shell reads elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from libs.events.contracts.intake import BlobRef, Seen
from libs.events.contracts.integrity import Evidence, Severity, SubjectKind
from services.integrity.domain.consequences import RulesFact


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """The title to be revoked, as the shell read it in its own projection of titles.

    `revoked_by` is the number of the decision that revoked it already, or None.
    """

    title: str
    person: str
    revoked_by: str | None
    seen: Seen


@dataclass(frozen=True, slots=True)
class OpenCase:
    """Open a case on one subject: what is alleged, and where the matter comes from."""

    subject_kind: SubjectKind
    subject: str
    allegation: str
    lead: str


@dataclass(frozen=True, slots=True)
class ServeFacts:
    """Put the facts and their evidence to the subject."""

    facts: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class HearSubject:
    """Hear the subject: the minutes; or record that the subject declined to be heard."""

    declined: bool
    note: str
    minutes: BlobRef | None


@dataclass(frozen=True, slots=True)
class DecideCase:
    """Decide the case.

    Parameters
    ----------
    severity, severity_reasons
        A human finding with its reasons when it is grave (§11.4); None when the case is unfounded.
    false_commitment_on
        The day in Beijing on which the applicant committed to a truth that was none, which bars by a law of its
        own (§1.1); None when that was not found.
    effective_on
        The date in Beijing from which the decision has effect, and a ban runs (§11.5).
    """

    founded: bool
    severity: Severity | None
    severity_reasons: str
    false_commitment_on: date | None
    findings: str
    evidence: tuple[Evidence, ...]
    decision_no: str
    effective_on: date
    rules: RulesFact | None = None
    """The rule set in force, which says since when a false commitment bars; needed where there was one."""


@dataclass(frozen=True, slots=True)
class RevokeTitle:
    """Revoke a title that the case's subject got by improper means; `title` is None when it is unknown.

    `ground` is as the client wrote it: one of `Ground`, or refused.
    """

    title: TitleFacts | None
    ground: str
    evidence: tuple[Evidence, ...]
    reasons: str
    decision_no: str


Command = OpenCase | ServeFacts | HearSubject | DecideCase | RevokeTitle
