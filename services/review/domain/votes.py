"""The arithmetic of quorum and vote: whole numbers only, shares and their reading from the rule set (§10.1)."""

from __future__ import annotations

from libs.kernel.rulesets import RuleSet


def quorum_met(rules: RuleSet, present: int, size: int) -> bool:
    """Say whether `present` experts are a quorum of a committee of `size` (§1.19): ``3*present >= 2*size``."""
    part, whole = rules.share("quorum_share")
    return whole * present >= part * size


def quorum_of(rules: RuleSet, size: int) -> int:
    """Give the least number of experts that is a quorum of a committee of `size`."""
    part, whole = rules.share("quorum_share")
    return -(-part * size // whole)


def passed(rules: RuleSet, agree: int, present: int, size: int) -> bool:
    """Say whether a vote is carried (§1.20): ``3*agree >= 2*present`` under today's rule set.

    Parameters
    ----------
    rules
        `pass_share` is the share; `pass_base` says of whom (`present`, or `size`: the whole committee);
        `pass_comparison` is `at_least`, or `more_than` where the share itself does not suffice, as in the
        rules of before 2020 (§2.1).
    agree, present
        Abstentions, blank and invalid ballots do not agree and stay among those present.
    size
        The members of the full committee.
    """
    part, whole = rules.share("pass_share")
    base = size if rules.text("pass_base") == "size" else present
    votes, needed = whole * agree, part * base
    return votes > needed if rules.text("pass_comparison") == "more_than" else votes >= needed
