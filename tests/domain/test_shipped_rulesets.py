"""The rule sets that ship state every number that the code compares with."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

import pytest

from libs.kernel.money import price_parameter
from libs.kernel.rulesets import RuleSet, parse
from libs.kernel.terms import Level
from services.certificate.domain.certificate import FIRST_YEAR
from services.intake.domain.endorsements import ENDORSED
from services.integrity.domain import consequences, record
from services.review.domain.committee import BANDS

SERVICES: Final = Path(__file__).parents[2] / "services"
SHIPPED: Final = [parse(file.read_text("utf-8")) for file in sorted(SERVICES.glob("intake/data/rulesets/*.json"))]
READERS: Final = frozenset({"integer", "share", "text", "texts", "reaches"})

COMPUTED: Final = {
    "FIRST_YEAR": {FIRST_YEAR},
    "YEARS": {record.YEARS},
    "YEARS[basis]": set(consequences.YEARS.values()),
    "name": {name for one in ENDORSED.values() for name in one.numbers.values()}
    | {"recognition_fee", "recognition_publicity"},
    "price_parameter(state.level)": {price_parameter(level) for level in Level},
    "f'committee_min_{BANDS[command.level]}_{command.committee_kind}'": {
        f"committee_min_{BANDS[Level.FULL_SENIOR]}_{kind}" for kind in ("specialty", "series")
    },
}
"""What the code computes a parameter's name from, and every name that can come of it.

No source states how large an intermediate or junior committee has to be here: one is refused, SOURCE_MISSING.
"""


def _asked() -> set[str]:
    found: set[str] = set()
    for file in SERVICES.rglob("domain/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            if node.func.attr not in READERS or not ast.unparse(node.func.value).endswith("rules"):
                continue
            name = node.args[0]
            if isinstance(name, ast.Constant):
                found.add(str(name.value))
            else:
                found |= COMPUTED[ast.unparse(name)]
    return found


@pytest.mark.parametrize("rules", SHIPPED, ids=lambda rules: rules.code)
def test_every_parameter_that_a_decision_reads_is_in_the_shipped_rule_sets(rules: RuleSet) -> None:
    asked = _asked()
    assert {"ban_years", "false_commitment_ban_years", "quorum_share", "pass_base"} <= asked
    assert asked - rules.parameters.keys() == set()
