"""A page about a rule set that an applicant can read, in Chinese, with the notice's own words beside each condition."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from string import Formatter
from typing import Final

from cli.notice_text import NOTICE, quoted
from cli.rules_words import ASKED, PARAMETERS, SERIES, TAGS, TERMS, asked, listed, number, said, scope
from libs.kernel.codes import CODES
from libs.kernel.rulesets import Leaf, Node, Parameter, RuleSet, Standard
from libs.kernel.terms import Level, Route

DAYS: Final = ("working_day", "day", "month")
_GROUPS: Final = {"all": "以下各项须全部符合：", "any": "以下符合任一项即可："}


def page(rules: RuleSet) -> str:
    """Write the page, Markdown."""
    lines = [
        f"# {_plain(rules.title)}",
        "",
        "| | |",
        "|---|---|",
        f"| 规则简称 | {_plain(rules.code)} |",
        f"| 适用系列 | {_plain(said(SERIES, rules.series))} |",
        f"| 适用级别 | {listed(said(TERMS['levels'], level.value) for level in sorted(rules.levels, key=_high))} |",
        f"| 施行日 | {rules.effective_from}（含当日） |",
        f"| 规则文件摘要（SHA-256） | `{rules.hash}` |",
        "",
        f"本页由规则文件生成。“通知原文”引自《{NOTICE['title']}》（{NOTICE['number']}）。"
        "每个决定都写明所依据的规则、条款和所比较的事实；咨询电话：12333。",
        "",
        *_conditions(rules),
        *_numbers(rules),
        "## 依据的可信程度",
        "",
        *(f"- **{tag}** {zh}" for tag, (zh, _) in TAGS.items()),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _high(level: Level) -> int:
    return -level.rank


def _conditions(rules: RuleSet) -> Iterator[str]:
    """Write the conditions: first those of everybody, then level by level, each with its routes."""
    yield from ("## 申报条件", "")
    if not rules.standards:
        yield from ("本规则没有规定申报条件；各系列的申报条件见该系列的规则。", "")
        return
    yield from ("每项条件的结果是“符合”“不符合”或“尚不能确定”；尚不能确定的，不会因此被拒绝，也不会因此通过。", "")
    ways = [(level, route) for level in sorted(Level, key=_high) for route in Route if rules.covers(level, route)]
    common = [one for one in rules.standards if all(_applies(one, *way) for way in ways)]
    if common and len(ways) > 1:
        yield from ("### 各级别、各途径都须符合", "", *_trees(common))
    for level, route in ways:
        own = [one for one in rules.standards if _applies(one, level, route) and (one not in common or len(ways) == 1)]
        yield from (f"### {scope([level.value], [route.value])}", "")
        if common and len(ways) > 1:
            yield from ("除上述条件外，还须符合：" if own else "没有其他条件。", "")
        yield from _trees(own)


def _applies(standard: Standard, level: Level, route: Route) -> bool:
    return level in standard.levels and route in standard.routes


def _trees(standards: Iterable[Standard]) -> Iterator[str]:
    for standard in standards:
        top = standard.conditions
        # What must all hold needs no group around it: it is joined with the other standards.
        nodes = top.of if not isinstance(top, Leaf) and top.kind == "all" else (top,)
        for node in nodes:
            yield from _node(node, "")
    yield ""


def _node(node: Node, indent: str) -> Iterator[str]:
    if isinstance(node, Leaf):
        yield from _leaf(node, indent)
        return
    yield f"{indent}- {_GROUPS[node.kind]}"
    for child in node.of:
        yield from _node(child, indent + "  ")


def _leaf(leaf: Leaf, indent: str) -> Iterator[str]:
    inner = f"{indent}  - "
    yield f"{indent}- **{_sentence(leaf.zh.met)}**"
    if leaf.parameters:
        needs = (f"{said(ASKED, name)} {_plain(asked(name, value))}" for name, value in leaf.parameters.items())
        yield f"{inner}要求：{'；'.join(needs)}"
    yield f"{inner}不符合时：{_sentence(leaf.zh.unmet)}（`{leaf.code}` {_plain(CODES[leaf.code].zh.rstrip('。'))}）"
    yield f"{inner}尚不能确定时：{_sentence(leaf.zh.unknown)}"
    yield f"{inner}条款：{_plain(leaf.clause)}。依据：{_plain(leaf.source)}（{leaf.tag}，{said(TAGS, leaf.tag)}）"
    for clause, words in quoted(leaf.clause).items():
        yield f"{inner}通知原文（{clause}）：“{_plain(words)}”"


def _numbers(rules: RuleSet) -> Iterator[str]:
    """Write the numbers: days first, then fees, then the rest."""
    kinds = {
        "## 办理天数": lambda one: one.unit in DAYS,
        "## 收费": lambda one: one.unit == "fen",
        "## 其他数字和规定": lambda one: one.unit not in (*DAYS, "fen"),
    }
    for head, belongs in kinds.items():
        held = [(name, one) for name, one in rules.parameters.items() if belongs(one)]
        if held:
            yield from (head, "", "| 事项 | 规定 | 条款 | 依据 | 可信程度 | 通知原文 |", "|---|---|---|---|---|---|")
            yield from (_number(name, one) for name, one in held)
            yield ""


def _number(name: str, one: Parameter) -> str:
    value = _plain(number(name, one.value, one.unit))
    since = f"（自 {one.in_force_from} 起）" if one.in_force_from else ""
    words = "<br>".join(f"{clause}：“{_plain(text)}”" for clause, text in quoted(one.clause).items())
    return f"| {_plain(said(PARAMETERS, name))} | {value}{since} | {_plain(one.clause)} | {_plain(one.source)} | {one.tag} | {words or '—'} |"


def _sentence(text: str) -> str:
    """Show a wording; a fact of a person, which it has not yet, is left open."""
    return _plain("".join(words + ("……" if fact else "") for words, fact, _, _ in Formatter().parse(text)))


def _plain(text: str) -> str:
    """Keep a text from being read as Markdown or HTML."""
    return re.sub(r"([\\`*_|\[\]])", r"\\\1", html.escape(" ".join(text.split()), quote=False))
