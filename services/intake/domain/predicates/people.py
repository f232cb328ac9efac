"""What only people say: an officer's finding on exceptional conditions, and the peers who endorse (七.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from libs.kernel.rulesets import Leaf, RuleSet
from libs.kernel.verdicts import Finding, Predicate, Verdict
from services.intake.domain.endorsements import judge
from services.intake.domain.facts import Candidate
from services.intake.domain.predicates.reading import verdict


def exceptional_conditions(candidate: Candidate, _leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: an officer has found that the specialty's exceptional conditions are met (七.1)."""
    if candidate.exceptional is None:
        return Finding(Verdict.UNKNOWN, {"finding": "pending"}, code="HUMAN_DECISION_REQUIRED")
    return Finding(verdict(candidate.exceptional), {"finding": candidate.exceptional})


def peers_endorse(candidate: Candidate, _leaf: Leaf, rules: RuleSet) -> Finding:
    """Compare: enough peers with a live full senior title endorse the application (七.1, §11.12)."""
    return judge(candidate.endorsements, candidate.applicant, candidate.employer, rules).finding()


PREDICATES: Final[Mapping[str, Predicate[Candidate]]] = {
    "exceptional_conditions": exceptional_conditions,
    "peers_endorse": peers_endorse,
}
