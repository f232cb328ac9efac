"""What only people say: an officer's finding on exceptional conditions, and who endorses (七.1, 八.3, 十)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from libs.kernel.rulesets import Leaf, Needs, RuleSet, names
from libs.kernel.terms import GreenCategory, Route
from libs.kernel.verdicts import Finding, Predicate, Verdict
from services.intake.domain.endorsements import judge
from services.intake.domain.facts import Candidate
from services.intake.domain.predicates.reading import some_of, verdict


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


def green_category(candidate: Candidate, leaf: Leaf, _rules: RuleSet) -> Finding:
    """Compare: the green channel is claimed in one of `categories` (十.1); whether it is earned, the city finds."""
    need = list(names(leaf.parameters["categories"]))
    if candidate.category is None:
        return Finding(Verdict.UNKNOWN, {"need": need}, code="CATEGORY_REQUIRED")
    return Finding(verdict(candidate.category in need), {"need": need, "have": candidate.category.value})


def nominated(candidate: Candidate, _leaf: Leaf, rules: RuleSet) -> Finding:
    """Compare: enough experts and, on that basis, enough institutions nominate by real name (十.2, §11.41)."""
    return _endorsed(Route.GREEN_CHANNEL, candidate, rules)


def _endorsed(route: Route, candidate: Candidate, rules: RuleSet) -> Finding:
    backing = judge(route, candidate.endorsements, candidate.applicant, candidate.employer, rules)
    return backing.finding() if backing else Finding(Verdict.UNKNOWN)


PREDICATES: Final[Mapping[str, Predicate[Candidate]]] = {
    "exceptional_conditions": exceptional_conditions,
    "peers_endorse": peers_endorse,
    "head_endorses": head_endorses,
    "green_category": green_category,
    "nominated": nominated,
}
NEEDS: Final[Needs] = {"green_category": {"categories": some_of(GreenCategory)}}
