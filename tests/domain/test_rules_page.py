"""The page of a rule set for applicants: nothing is left out, and the notice's own words stand beside it."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from cli.notice_text import NOTICE, quoted, words_of
from cli.rules_page import page
from cli.rules_words import PARAMETERS, TAGS
from libs.kernel.rulesets import Leaf, Node, RuleSet, parse

ROOT: Final = Path(__file__).parents[2]
CASES: Final = ROOT / "tests/domain/cases/rules-lint"
FILES: Final = sorted((ROOT / "services/intake/data/rulesets").glob("*.json"))
SHIPPED: Final = [parse(file.read_text("utf-8")) for file in FILES]
ENGINEERING: Final = next(rules for rules in SHIPPED if rules.code == "engineering-2023")


def leaves(node: Node) -> list[Leaf]:
    return [node] if isinstance(node, Leaf) else [leaf for child in node.of for leaf in leaves(child)]


def read(text: str) -> str:
    """Give a page as it is read, without the marks of Markdown."""
    return html.unescape(re.sub(r"\\(.)", r"\1", text))


def sentence(text: str) -> str:
    return re.sub(r"\{\w+\}", "……", text)


def sections(rules: RuleSet) -> dict[str, str]:
    parts = re.split(r"^#{2,3} (.+)$", read(page(rules)), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def call(*words: object) -> Result:
    return CliRunner().invoke(app, ["rules", "page", *map(str, words)])


@pytest.mark.parametrize("rules", SHIPPED, ids=lambda rules: rules.code)
def test_every_condition_stands_there_with_its_clause_source_tag_and_wording(rules: RuleSet) -> None:
    text = read(page(rules))
    for leaf in (leaf for standard in rules.standards for leaf in leaves(standard.conditions)):
        for words in (
            f"**{sentence(leaf.zh.met)}**",
            f"不符合时：{sentence(leaf.zh.unmet)}（`{leaf.code}`",
            f"尚不能确定时：{sentence(leaf.zh.unknown)}",
            f"条款：{leaf.clause}。依据：{leaf.source}（{leaf.tag}，{TAGS[leaf.tag][0]}）",
        ):
            assert words in text


@pytest.mark.parametrize("rules", SHIPPED, ids=lambda rules: rules.code)
def test_every_number_stands_there_in_words(rules: RuleSet) -> None:
    text = read(page(rules))
    for name, one in rules.parameters.items():
        assert f"| {PARAMETERS[name][0]} | " in text
        assert f" | {one.clause} | {one.source} | {one.tag} | " in text
    assert "| 承诺办结时限 | 20个工作日 | 附五 |" in text
    assert "| 收费：正高级 | 700元 | 附十 |" in text
    assert "| 评审专家的年龄界限（须不满） | 70周岁 |" in text
    assert "3年（自 2024-07-25 起）" in text


def test_a_level_and_route_lists_exactly_what_holds_for_it_beside_what_holds_for_all() -> None:
    found = sections(ENGINEERING)
    ways = {
        ("full_senior", "ordinary"): "正高级 · 正常申报",
        ("intermediate", "exceptional_peers"): "中级 · 破格（同行专家推荐）",
        ("technician", "ordinary"): "员级 · 正常申报",
    }
    for (level, route), head in ways.items():
        said = found["各级别、各途径都须符合"] + found[head]
        for standard in ENGINEERING.standards:
            holds = level in standard.levels and route in standard.routes
            for leaf in leaves(standard.conditions):
                words = f"**{sentence(leaf.zh.met)}**"
                assert not holds or words in said
                also = {
                    one.zh.met
                    for other in ENGINEERING.standards
                    if level in other.levels and route in other.routes
                    for one in leaves(other.conditions)
                }
                assert leaf.zh.met in also or words not in said


def test_alternatives_are_told_from_what_must_all_hold() -> None:
    said = sections(ENGINEERING)["中级 · 正常申报"]
    assert "- 以下符合任一项即可：\n  - **学历达到博士**" in said
    assert "  - 以下各项须全部符合：\n    - **学历达到硕士**" in said
    assert "      - 要求：学历 硕士；年数 2" in said


def test_the_notices_own_words_stand_beside_what_rests_on_them() -> None:
    text = read(page(ENGINEERING))
    assert (
        "通知原文（七.1）：“申报人不具备规定学历、资历，但业绩显著、贡献突出的，在符合本市各职称专业破格条件的基础上，"
        "由2名以上具备正高级职称的同行专家推荐申报，法律法规另有规定的除外。”"
    ) in text
    cited = {
        clause
        for rules in SHIPPED
        for one in (*rules.parameters.values(), *(leaf for s in rules.standards for leaf in leaves(s.conditions)))
        for clause in one.clause.split()
    }
    assert {clause for clause in cited if not words_of(clause)} == {clause for clause in cited if clause[0] == "§"}


def test_the_notice_is_whole_and_each_clause_has_its_sentence() -> None:
    numbers = [
        "一",
        "二",
        "三",
        "四",
        "五",
        "六",
        "七",
        "八",
        "九",
        "十",
        "十一",
        "十二",
        "十三",
        "十四",
        "十五",
        "十六",
        "十七",
    ]
    annex = [f"附{number}" for number in numbers[:11] if number != "八"]
    known = [*numbers, *(f"QA{number}" for number in numbers[:6]), *annex, "说一", "说二", "说三"]
    assert sorted(NOTICE["clauses"]) == sorted(known)
    for clause in NOTICE["sentences"]:
        article = NOTICE["clauses"][clause.partition(".")[0]]["text"]
        assert words_of(clause) in article
        assert 0 < len(words_of(clause)) < len(article)
    assert words_of("七.4") == (
        "不得将科研项目、经费数量、获奖情况、论文期刊层次、头衔、称号等作为职称评审的限制性要求。"
    )
    assert quoted("§11.12 十七.3 第9条").keys() == {"十七.3"}
    assert words_of("七.9") == NOTICE["clauses"]["七"]["text"]


def test_a_text_of_a_document_is_never_read_as_markdown_or_html() -> None:
    document: dict[str, Any] = json.loads((CASES / "clean.json").read_text("utf-8"))
    document["title"] = "<b>A</b> | [x](y)\n# *B*"
    document["standards"][0]["conditions"]["zh"]["met"] = "满{have}年 {{原样}} `c`"
    text = page(parse(json.dumps(document)))
    assert text.startswith("# &lt;b&gt;A&lt;/b&gt; \\| \\[x\\](y) # \\*B\\*\n")
    assert "**满……年 {原样} \\`c\\`**" in text


def test_a_rule_set_without_conditions_says_so() -> None:
    (notice,) = [rules for rules in SHIPPED if not rules.standards]
    assert "本规则没有规定申报条件" in page(notice)
    assert "所有没有单独规则的系列" in page(notice)


def test_page_prints_the_page_and_a_document_with_findings_has_none(tmp_path: Path) -> None:
    for file, rules in zip(FILES, SHIPPED, strict=True):
        assert call(file).output == page(rules)
    assert call(CASES / "papers-required.json").exit_code == 1
    assert call(CASES / "written-twice.json").exit_code == 1
    assert call(tmp_path / "missing.json").exit_code == 2
