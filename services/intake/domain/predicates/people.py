"""What only people say: an officer's finding on exceptional conditions, and who endorses (七.1, 八.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from libs.kernel.rulesets import Leaf, RuleSet
from libs.kernel.terms import Route
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
    return _endorsed(Route.EXCEPTIONAL_PEERS, candidate, rules)


def head_endorses(candidate: Candidate, _leaf: Leaf, rules: RuleSet) -> Finding:
    """Compare: the head of the applicant's own unit endorses the application (八.3)."""
    return _endorsed(Route.EXCEPTIONAL_HEAD, candidate, rules)


def _endorsed(route: Route, candidate: Candidate, rules: RuleSet) -> Finding:
    backing = judge(route, candidate.endorsements, candidate.applicant, candidate.employer, rules)
    return backing.finding() if backing else Finding(Verdict.UNKNOWN)


PREDICATES: Final[Mapping[str, Predicate[Candidate]]] = {
    "exceptional_conditions": exceptional_conditions,
    "peers_endorse": peers_endorse,
    "head_endorses": head_endorses,
}
