"""`zhicheng rules`: for those who write rule sets. No stack is needed: a file is read, nothing is stored."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from cli.connect import Json, fail, say
from cli.rules_page import page
from cli.rules_told import told
from libs.kernel.refusals import Reason, Refused
from libs.kernel.rules_diff import Difference, differences
from libs.kernel.rules_faults import wrong
from libs.kernel.rules_lint import examine
from libs.kernel.rulesets import RuleSet, parse
from services.intake.domain.predicates import CHOICES, NEEDS

File = Annotated[Path, typer.Argument(help="A rule-set document, JSON.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands about rule sets."""
    rules = typer.Typer(no_args_is_help=True, help="Rule sets, before they are drafted: what is wrong, what changed.")
    rules.command("lint")(lint_file)
    rules.command("diff")(diff_files)
    rules.command("page")(page_of)
    app.add_typer(rules, name="rules")


def lint_file(file: File, *, as_json: Json = False) -> None:
    """Say what keeps a rule set from being published, all at once; exit code 1 when there is anything, 2 unread."""
    found = examine(_read(file), NEEDS, CHOICES)
    for one in found:
        say(orjson.dumps(_finding(one)).decode() if as_json else _told(one))
    if not as_json:
        count = f"发现 {len(found)} 处问题。Findings: {len(found)}." if found else "没有发现问题。Nothing to mend."
        say(f"{file.name}：{count}")
    if found:
        raise typer.Exit(1)


def diff_files(
    old: Annotated[Path, typer.Argument(help="The rule set that there is.", show_default=False)],
    new: Annotated[Path, typer.Argument(help="The rule set that is to follow.", show_default=False)],
    *,
    as_json: Json = False,
) -> None:
    """Say in words how two rule sets differ: scope and days, numbers, conditions, and their wording apart."""
    before, after = _parsed(old), _parsed(new)
    found = differences(before, after)
    for one in found:
        say(orjson.dumps(_difference(one)).decode() if as_json else f"{told(one)}\n  {told(one, 'en')}")
    if not as_json:
        say(f"{before.code} → {after.code}：{len(found)} 处不同。Differences: {len(found)}.")


def page_of(file: File) -> None:
    """Write a page in Chinese (Markdown) that an applicant can read; a document with findings has none."""
    text = _read(file)
    if examine(text, NEEDS, CHOICES):
        fail(f"{file} 还有问题，请先运行 zhicheng rules lint。{file} has findings: lint it first.")
    say(page(parse(text)).rstrip())


def _difference(one: Difference) -> dict[str, object]:
    return {**asdict(one), "zh": told(one), "en": told(one, "en")}


def _parsed(file: Path) -> RuleSet:
    """Read a rule set; one that does not fit the format ends with one sentence and exit code 2."""
    try:
        return parse(_read(file))
    except Refused:
        fail(f"{file} 不符合规则文件格式，请先运行 zhicheng rules lint。{file} is no rule set: lint it first.", 2)


def _finding(one: Reason) -> dict[str, object]:
    said = {language: {"wrong": wrong(one, language), "mend": one.change[language]} for language in ("zh", "en")}
    return {"code": one.code, "clause": one.clause, "place": one.pointer, **said}


def _told(one: Reason) -> str:
    head = " · ".join(part for part in (one.code, one.clause, one.pointer) if part)
    zh = f"  {wrong(one)}\n  改正：{one.change['zh']}\n"
    en = f"  {wrong(one, 'en')}\n  To mend it: {one.change['en']}\n"
    return f"{head}\n{zh}{en}"


def _read(file: Path) -> str:
    """Read a file's text; what cannot be read ends with one sentence and exit code 2."""
    try:
        return file.read_text("utf-8-sig")  # an editor may have put a byte-order mark in front
    except UnicodeDecodeError as error:
        fail(
            f"文件 {file} 不是 UTF-8 文字（第 {error.start} 个字节）。{file} is no UTF-8 text, at byte {error.start}.",
            2,
        )
    except OSError as error:
        fail(f"读不了文件 {file}。{file} cannot be read: {error.strerror}.", 2)
