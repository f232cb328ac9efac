"""The difference of two rule sets, in words: nothing that was changed goes unsaid, and order is no difference."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from cli.main import app
from cli.rules_told import told
from cli.rules_words import ASKED, PARAMETERS, SERIES, TERMS
from libs.kernel.refusals import Refused
from libs.kernel.rules_diff import Difference, differences
from libs.kernel.rulesets import RuleSet, parse
from libs.kernel.terms import Degree, EmployerKind, GreenCategory, Level, Route
from services.intake.domain.predicates import CHECKS, NEEDS

SHIPPED: Final = sorted((Path(__file__).parents[2] / "services/intake/data/rulesets").glob("*.json"))
FILE: Final = next(file for file in SHIPPED if file.stem == "engineering-2023")
Document = dict[str, Any]


def _of_two_routes(document: Document) -> Document:
    """Leave two routes in a document, so that what is said of it does not grow with every route that opens."""
    for standard in document["standards"]:
        standard["routes"] = [one for one in standard["routes"] if one in {"ordinary", "exceptional_peers"}]
    document["standards"] = [one for one in document["standards"] if one["routes"]]
    return document


WHOLE: Final = _of_two_routes(json.loads(FILE.read_text("utf-8")))
RULES: Final = parse(json.dumps(WHOLE))


def changed(change: Callable[[Document], object]) -> RuleSet:
    document = copy.deepcopy(WHOLE)
    change(document)
    return parse(json.dumps(document))


def leaf(document: Document) -> Document:
    """The years since the title of 正高级."""
    return document["standards"][-1]["conditions"]["of"][-1]


def _later(document: Document) -> None:
    document["effective_from"] = "2027-01-01"


def _longer(document: Document) -> None:
    document["parameters"]["correction_working_days"]["value"] = 10


def _resourced(document: Document) -> None:
    document["parameters"]["price_technician_fen"] |= {"value": 25000, "source": "某文件"}


def _dated(document: Document) -> None:
    document["parameters"]["ban_years"]["in_force_from"] = "2024-07-25"


def _new_number(document: Document) -> None:
    document["parameters"]["young_share"] = {
        "value": [1, 4],
        "unit": "share",
        "clause": "十三.3",
        "source": "某文件",
        "tag": "F",
    }


def _dropped(document: Document) -> None:
    del document["parameters"]["opinions_min"]


def _shorter(document: Document) -> None:
    leaf(document)["parameters"]["years"] = 4


def _reworded(document: Document) -> None:
    leaf(document)["zh"]["met"] = "副高级职称已满五年"


def _wider(document: Document) -> None:
    document["standards"][0]["conditions"]["of"][1]["parameters"]["kinds"] = ["public_institution", "central"]


def _gone(document: Document) -> None:
    del document["standards"][0]["conditions"]["of"][3]


def _come(document: Document) -> None:
    document["standards"][-1]["conditions"]["of"].append({**leaf(document), "id": "more"})


def _for_one_level(document: Document) -> None:
    document["standards"][0]["levels"] = ["intermediate", "full_senior"]


def _all_rows(document: Document) -> None:
    document["standards"][-2]["conditions"]["kind"] = "all"


@pytest.mark.parametrize(
    ("change", "zh", "en"),
    [
        (_later, "施行日由2023-06-14改为2027-01-01。", "The rule set's first day in force 2023-06-14 → 2027-01-01."),
        (
            _longer,
            "修改参数“补正期限”（correction_working_days，§1.18）：数值由5个工作日改为10个工作日。",
            "Parameter changed, “the time for a correction” (correction_working_days, §1.18):"
            " value 5 working days → 10 working days.",
        ),
        (
            _resourced,
            "修改参数“收费：员级”（price_technician_fen，附十）：数值由200元改为250元；"
            "依据由“京人社事业发〔2023〕10号附件3第十条（初级每人200元）”改为“某文件”。",
            "Parameter changed, “the fee, technician” (price_technician_fen, 附十): value 200 yuan → 250 yuan;"
            " source “京人社事业发〔2023〕10号附件3第十条（初级每人200元）” → “某文件”.",
        ),
        (
            _dated,
            "修改参数“情节严重的取消申报资格年限”（ban_years，十七.3）：适用起始日由（没有）改为2024-07-25。",
            "Parameter changed, “the length of a ban for grave fraud” (ban_years, 十七.3):"
            " applies from (none) → 2024-07-25.",
        ),
        (
            _new_number,
            "新增参数“young_share”（十三.3）：1/4；依据 某文件 [F]。",
            "Parameter added, “young_share” (十三.3): 1/4; source 某文件 [F].",
        ),
        (
            _dropped,
            "删去参数“每名申报人的最少专家评议意见数”（opinions_min，§1.21）：3人；"
            "依据 职称评审管理暂行规定（人力资源社会保障部令第40号）第21条，凭记忆，待核 [R]。",
            "Parameter removed, “the least number of expert opinions” (opinions_min, §1.21): 3 persons;"
            " source 职称评审管理暂行规定（人力资源社会保障部令第40号）第21条，凭记忆，待核 [R].",
        ),
        (
            _shorter,
            "修改条件“full_senior.bachelor.title_years”（§4.3）：年数由5改为4。",
            "Condition changed, “full_senior.bachelor.title_years” (§4.3): years 5 → 4.",
        ),
        (
            _reworded,
            "修改条件“full_senior.bachelor.title_years”（§4.3）的表述："
            "中文（符合）由“取得副高级职称满5年”改为“副高级职称已满五年”。",
            "Wording changed of condition “full_senior.bachelor.title_years” (§4.3):"
            " Chinese, met “取得副高级职称满5年” → “副高级职称已满五年”.",
        ),
        (
            _wider,
            "修改条件“employer_in_scope”（附六.1 QA四）：用人单位性质由事业单位、国有企业、非公有制经济组织、社会组织"
            "改为事业单位、中央在京单位。",
            "Condition changed, “employer_in_scope” (附六.1 QA四): kinds of employer public institution,"
            " state enterprise, non-public organisation, social organisation"
            " → public institution, central unit in Beijing.",
        ),
        (
            _gone,
            "删去条件“works_in_specialty”（七.2）：正在从事申报专业（{specialty}）的工作；"
            "适用于 正高级、副高级、中级、助理级、员级 · 正常申报、破格（同行专家推荐）；"
            "依据 京人社事业发〔2023〕10号第七条（干什么评什么） [S]。",
            "Condition removed, “works_in_specialty” (七.2): works in the specialty applied for ({specialty});"
            " applies to full senior, associate senior, intermediate, assistant, technician"
            " · ordinary, exceptional (two peers); source 京人社事业发〔2023〕10号第七条（干什么评什么） [S].",
        ),
        (
            _come,
            "新增条件“more”（§4.3）：取得副高级职称满5年；适用于 正高级 · 正常申报；"
            "级别 副高级；系列 工程技术人员；年数 5；依据 工程技术人才职称评价基本标准条件（国家），凭记忆，待核 [R]。",
            "Condition added, “more” (§4.3): 5 full years since the associate senior title;"
            " applies to full senior · ordinary; level associate senior; series engineering; years 5;"
            " source 工程技术人才职称评价基本标准条件（国家），凭记忆，待核 [R].",
        ),
        (
            _for_one_level,
            "移动条件“employed, employer_in_scope, in_service, works_in_specialty, not_banned, education_checked,"
            " insurance_checked”（附六.1 附六.1 QA四 附六.4 七.2 十七.3 说一）："
            "适用于由正高级、副高级、中级、助理级、员级 · 正常申报、破格（同行专家推荐）"
            "改为正高级、中级 · 正常申报、破格（同行专家推荐）。",
            "Condition moved, “employed, employer_in_scope, in_service, works_in_specialty, not_banned,"
            " education_checked, insurance_checked” (附六.1 附六.1 QA四 附六.4 七.2 十七.3 说一):"
            " applies to full senior, associate senior, intermediate, assistant, technician"
            " · ordinary, exceptional (two peers) → full senior, intermediate · ordinary, exceptional (two peers).",
        ),
        (
            _all_rows,
            "修改组“associate_senior.rows”：组内各项由符合任一即可改为须全部符合。",
            "Group changed, “associate_senior.rows”: its conditions any is enough → all must hold.",
        ),
    ],
)
def test_each_difference_is_a_sentence_in_both_languages(
    change: Callable[[Document], object], zh: str, en: str
) -> None:
    (one,) = differences(RULES, changed(change))
    assert (told(one), told(one, "en")) == (zh, en)


def test_the_wording_is_a_difference_apart_from_the_number() -> None:
    found = differences(RULES, changed(lambda document: (_shorter(document), _reworded(document))))
    assert [(one.part, one.name) for one in found] == [
        ("condition", "full_senior.bachelor.title_years"),
        ("wording", "full_senior.bachelor.title_years"),
    ]


def test_a_condition_that_comes_under_another_group_has_moved() -> None:
    (one,) = differences(RULES, changed(lambda document: document["standards"][-1]["conditions"].update(id="renamed")))
    assert (one.part, one.name) == (
        "place",
        "full_senior.bachelor.degree, full_senior.bachelor.title_years",
    )
    assert told(one).endswith("所在的组由full_senior.bachelor（须全部符合）改为renamed（须全部符合）。")


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _turned(value[name]) for name in reversed(value)}
    return value


def test_order_is_no_difference() -> None:
    document = _turned(copy.deepcopy(WHOLE))
    for standard in document["standards"]:
        standard["conditions"] = _turned(standard["conditions"])
        standard["conditions"]["of"].reverse()
        standard["levels"].reverse()
    document["standards"].reverse()
    document["levels"].reverse()
    assert differences(RULES, parse(json.dumps(document))) == ()
    assert differences(RULES, RULES) == ()


def _scalars(here: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
    found = [place for step, one in steps for place in _scalars(one, (*at, step))]
    return found if isinstance(here, dict | list) else [at]


def _other(value: Any, more: str) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else value + more


@given(place=st.sampled_from(_scalars(WHOLE)), more=st.sampled_from(["x", "年", " "]))
def test_nothing_that_was_changed_goes_unsaid(place: tuple[Any, ...], more: str) -> None:
    def change(document: Document) -> None:
        here = document
        for step in place[:-1]:
            here = here[step]
        here[place[-1]] = _other(here[place[-1]], more)

    try:
        other = changed(change)
    except Refused:
        assume(False)
        return
    there, back = differences(RULES, other), differences(other, RULES)
    assert there
    assert {one.part for one in there} == {one.part for one in back}
    assert all(told(one).endswith("。") and told(one, "en").endswith(".") for one in (*there, *back))


def call(*words: object) -> Result:
    return CliRunner().invoke(app, ["rules", "diff", *map(str, words)])


def test_diff_says_each_difference_and_how_many(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(changed(_longer).canonical, "utf-8")
    file = tmp_path / "file.json"
    file.write_text(RULES.canonical, "utf-8")
    said = call(file, other)
    assert said.exit_code == 0
    assert said.output.splitlines() == [
        "修改参数“补正期限”（correction_working_days，§1.18）：数值由5个工作日改为10个工作日。",
        "  Parameter changed, “the time for a correction” (correction_working_days, §1.18):"
        " value 5 working days → 10 working days.",
        "engineering-2023 → engineering-2023：1 处不同。Differences: 1.",
    ]
    (line,) = call(file, other, "--json").output.splitlines()
    one = json.loads(line)
    assert (one["part"], one["before"]["value"], one["after"]["value"]) == ("parameter", 5, 10)
    assert call(FILE, FILE, "--json").output == ""


def test_what_is_no_rule_set_is_one_sentence_and_ends_with_two(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}", "utf-8")
    for words in ((FILE, other), (other, FILE), (FILE, tmp_path / "missing.json"), (FILE,)):
        assert call(*words).exit_code == 2


def test_every_shipped_number_and_every_term_has_its_word() -> None:
    for file in SHIPPED:
        rules = parse(file.read_text("utf-8"))
        assert rules.parameters.keys() <= PARAMETERS.keys()
        assert rules.series in SERIES
    assert {name for needs in NEEDS.values() for name in needs} <= ASKED.keys()
    terms = {
        "levels": Level,
        "routes": Route,
        "degrees": Degree,
        "employer_kinds": EmployerKind,
        "green_categories": GreenCategory,
    }
    assert {name: list(words) for name, words in TERMS.items()} == {
        **{name: [one.value for one in kind] for name, kind in terms.items()},
        "checks": list(CHECKS),
    }


def test_a_difference_holds_plain_values() -> None:
    found = differences(RULES, parse(SHIPPED[-1].read_text("utf-8")))
    assert all(isinstance(one, Difference) and json.dumps([one.before, one.after]) for one in found)
