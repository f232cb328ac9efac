"""An enquiry: the verdicts of one assessment, and the whole explained answer as bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import orjson

from bench.rows import Row
from libs.events.contracts.intake import Seen
from libs.kernel.rulesets import parse
from libs.kernel.terms import Route
from libs.kernel.verdicts import evaluate
from libs.web.calls import decode
from services.intake.api.assessed import Assessed, answer
from services.intake.api.enquiries import Enquiry
from services.intake.domain.facts import Rules
from services.intake.domain.predicates import PREDICATES

RULES = Path(__file__).parents[1] / "services" / "intake" / "data" / "rulesets" / "engineering-2023.json"
DAY = date(2024, 11, 30)
ASKED = {
    "series": "engineering",
    "level": "associate_senior",
    "specialty": "software",
    "employer": "us",
    "educations": [
        {"degree": "bachelor", "specialty": "software", "enrolled_on": "2006-09-01", "graduated_on": "2010-07-01"},
        {"degree": "master", "specialty": "software", "enrolled_on": "2012-09-01", "graduated_on": "2014-07-01"},
    ],
    "employments": [
        {"employer": "them", "kind": "non_public", "specialty": "civil", "since": "2010-07-01", "until": "2012-08-31"},
        {"employer": "us", "kind": "non_public", "specialty": "software", "since": "2014-07-01"},
    ],
    "titles": [{"series": "engineering", "level": "intermediate", "obtained_on": "2019-12-01"}],
}
ROUNDS, WARM, TIMES = 7, 3, 300


async def enquiry() -> list[Row]:
    """Measure on one core; the floor is decoding the same body, without which there is no answer."""
    rules = Rules("", parse(RULES.read_text("utf-8")), Seen(stream="", version=0))
    body = orjson.dumps(ASKED)
    asked: Enquiry = decode(Enquiry, body)
    candidate = asked.candidate(DAY)
    tree = rules.rules.conditions(asked.level, Route.ORDINARY)
    decoding = _microseconds(lambda: decode(Enquiry, body))
    verdicts = _microseconds(lambda: evaluate(tree, candidate, PREDICATES, rules.rules))
    explained = _microseconds(lambda: orjson.dumps(_answered(body, rules)))
    reference = "decoding the same enquiry"
    return [
        Row("verdicts of one assessment", verdicts, "us", reference, decoding, ceiling=100),
        Row("the whole explained answer, from bytes to bytes", explained, "us", reference, decoding, ceiling=1000),
    ]


def _answered(body: bytes, rules: Rules) -> Assessed:
    asked: Enquiry = decode(Enquiry, body)
    return answer(asked.series, asked.level, asked.route, asked.candidate(DAY), rules, "told")


def _microseconds(work: Callable[[], object]) -> float:
    taken: list[float] = []
    for _ in range(ROUNDS + WARM):
        begun = time.perf_counter()
        for _ in range(TIMES):
            work()
        taken.append((time.perf_counter() - begun) / TIMES * 1e6)
    return median(taken[WARM:])
