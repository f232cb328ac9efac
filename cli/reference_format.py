"""The reference of the rule-set format: its JSON Schema, and a page about it that an official can read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from cli.rules_words import MEMBERS, PARTS, PREDICATES, TAGS, TERMS, Words
from libs.kernel.codes import CODES
from libs.kernel.rules_faults import FAULTS
from libs.kernel.rulesets import Group, Leaf, Parameter, RuleSet, Standard, Wording, parse
from services.intake.domain.predicates import NEEDS

MODELS: Final[tuple[type[BaseModel], ...]] = (RuleSet, Parameter, Standard, Group, Leaf, Wording)
EXAMPLE: Final = (
    Path(__file__).resolve().parents[1] / "services" / "intake" / "data" / "rulesets" / "engineering-2023.json"
)
"""The document from which the page quotes."""

HEADS: Final[Words] = {
    "levels": ["级别", "levels"],
    "routes": ["途径", "routes"],
    "degrees": ["学历", "degrees"],
    "employer_kinds": ["用人单位性质", "kinds of employer"],
    "green_categories": ["绿色通道类别", "categories of the green channel"],
    "checks": ["数据核查", "data checks"],
}

_HEAD = """# 规则文件格式

由 `python -m cli.reference write` 从代码生成，不会与系统不一致。The format of rule-set documents, generated from the code; each table says in both languages what a member is.

一份规则文件是一份 JSON 文件（UTF-8），写明一个职称系列从某一天起适用的数字和条件。同样的内容有一份机器可读的 [JSON Schema](rule-set.schema.json)，多数编辑器可以用它边写边提示。已随系统提供的规则见[规则目录](rulesets.md)。

1. **写**：复制 `services/intake/data/rulesets` 里的一份，换新的 `code` 和 `effective_from`，再修改。已发布的规则不得修改。
2. **查**：`zhicheng rules lint 文件` 一次指出全部问题：代码、条款、位置、错在哪里、怎样改正。`zhicheng rules diff 原文件 新文件` 用文字说明改了什么；`zhicheng rules page 文件` 生成申报人看的说明页。
3. **起草、发布**：市级一名工作人员起草，另一名发布（[接口](api.md)）；起草和发布时系统都会再检查一遍，有问题的不予接收。
4. **依据**：每个决定引用且只引用一份当日施行的规则。

条件有三种结果：符合、不符合、尚不能确定。尚不能确定的，既不通过也不拒绝。

The way of a document: write it from a copy, lint it, one official of the city drafts it, another publishes it; it is never edited after that, and every decision cites exactly one. A condition is met, unmet or unknown; unknown neither passes nor refuses.
"""


def schema() -> str:
    """Write the JSON Schema: the model's own, with what each member is, and the names that the code knows."""
    made = RuleSet.model_json_schema()
    definitions: dict[str, Any] = made.pop("$defs")
    for model in MODELS:
        part = made if model is RuleSet else definitions[model.__name__]
        part["description"] = " ".join(PARTS[model.__name__])
        for name, member in part["properties"].items():
            member.pop("title", None)
            member["description"] = " ".join(MEMBERS[model.__name__][name])
        part.pop("title")
    for name in ("Level", "Route"):
        definitions[name].pop("title")
        del definitions[name]["description"]
    leaf = definitions["Leaf"]["properties"]
    leaf["predicate"]["enum"] = sorted(NEEDS)
    leaf["code"]["enum"] = sorted(CODES)
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:zhicheng:rule-set",
        **made,
        "$defs": definitions,
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def page() -> str:
    """Write the page."""
    lines = [_HEAD, *_example(), "## 项目", ""]
    for model in MODELS:
        lines += [
            f"### {' · '.join(PARTS[model.__name__])}",
            "",
            "| 项目 | 必填 | 写什么 | what it is |",
            "|---|---|---|---|",
        ]
        for name, member in model.model_fields.items():
            zh, en = MEMBERS[model.__name__][name]
            lines.append(f"| `{name}` | {'是' if member.is_required() else '否'} | {zh} | {en} |")
        lines.append("")
    lines += ["## 判断", "", "条件能用的判断；系统里没有的判断不能写。The predicates that a condition may name.", ""]
    lines += ["| 判断 | 参数 | 比较什么 | what it compares |", "|---|---|---|---|"]
    for name, needs in NEEDS.items():
        zh, en = PREDICATES[name]
        asked = "；".join(f"`{one}`：{_expected(reader)}" for one, reader in needs.items())
        lines.append(f"| `{name}` | {asked or '无'} | {zh} | {en} |")
    lines += ["", "## 可信程度", "", "| tag | 中文 | English |", "|---|---|---|"]
    lines += [f"| **{name}** | {zh} | {en} |" for name, (zh, en) in TAGS.items()]
    lines += ["", "## 名称", ""]
    for kind, words in TERMS.items():
        lines += [f"### {' · '.join(HEADS[kind])}", "", "| 写作 | 中文 | English |", "|---|---|---|"]
        lines += [f"| `{name}` | {zh} | {en} |" for name, (zh, en) in words.items()]
        lines.append("")
    return "\n".join([*lines, *_faults()])


def _example() -> list[str]:
    """Quote one number and one condition of a shipped document."""
    document: dict[str, Any] = json.loads(EXAMPLE.read_text("utf-8"))
    rules = parse(EXAMPLE.read_text("utf-8"))
    number = {"ban_years": document["parameters"]["ban_years"]}
    condition = document["standards"][-1]["conditions"]["of"][-1]
    return [
        "## 例子",
        "",
        f"节选自《{rules.title}》。A number and a condition of a shipped document.",
        "",
        *(line for one in (number, condition) for line in ("```json", _json(one), "```", "")),
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _expected(reader: Callable[[Any], object]) -> str:
    """Ask a reader what it takes: it says so when it refuses."""
    try:
        reader(None)
    except ValueError as error:
        return str(error).partition("|")[0]
    return "文字"


def _faults() -> list[str]:
    """List what the lint finds."""
    lines = [
        "## 检查发现的问题",
        "",
        "`zhicheng rules lint` 能指出的全部问题；例子在 `tests/domain/cases/rules-lint`。What the lint finds.",
        "",
        "| 代码 | 条款 | 错在哪里 | what is wrong |",
        "|---|---|---|---|",
    ]
    rows = [(one.code, one.clause, _blank(one.wrong_zh), _blank(one.wrong_en)) for one in FAULTS.values()]
    return [*lines, *(f"| `{code}` | {clause} | {zh} | {en} |" for code, clause, zh, en in rows), ""]


def _blank(text: str) -> str:
    return re.sub(r"\{\w+\}", "…", text)
