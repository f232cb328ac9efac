"""What the operator's commands say where nothing runs: no test here starts a server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from cli.demo import run
from cli.main import app
from deploy.local.__main__ import app as local
from deploy.local.stack import LocalStack

CHECKOUT = Path(__file__).parents[2]
RULE_SET = next((CHECKOUT / "services/intake/data/rulesets").glob("*.json"))
COMMANDS = [
    ("verify",),
    ("events",),
    ("migrate",),
    ("bootstrap", "one", "two"),
    ("replay", "no-such-case"),
    ("rebuild", "intake.titles"),
    ("republish", "intake"),
    ("rebase", "intake"),
    ("dead-letters", "list"),
    ("dead-letters", "retry"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_for_a_house_that_does_not_run_starts_nothing_and_says_what_does(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZHICHENG_STACK", raising=False)
    monkeypatch.setattr(LocalStack, "start", lambda _: pytest.fail("a stack was started"))
    done = CliRunner().invoke(app, [*words, "--root", str(tmp_path)])
    assert done.exit_code == 1
    assert "`make run`" in done.stderr
    assert "ZHICHENG_STACK=external" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", ["external", "foo"])
@pytest.mark.parametrize(("program", "word"), [(app, "demo"), (local, "up")], ids=["demo", "up"])
def test_what_starts_servers_starts_none_when_others_are_named(
    program: Typer, word: str, named: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZHICHENG_STACK", named)
    monkeypatch.setattr(run, "STATE", tmp_path)
    monkeypatch.setattr(LocalStack, "start", lambda _: pytest.fail("a stack was started"))
    done = CliRunner().invoke(program, [word, *(["--root", str(tmp_path)] if program is local else [])])
    assert done.exit_code == 1
    assert done.stderr == f"ZHICHENG_STACK is '{named}', but this starts servers of its own: unset ZHICHENG_STACK.\n"


def test_a_service_without_its_database_says_so_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: whoever calls is refused.
        monkeypatch.setenv("ZHICHENG_POSTGRES_PORT", str(taken.getsockname()[1]))
        done = CliRunner().invoke(app, ["serve", "intake"])
    assert done.exit_code == 1
    assert "The database zhicheng_intake at 127.0.0.1:" in done.stderr
    assert "`make run`" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


TALKING = """
import sys
from cli.connect import run, say
from cli.main import app

async def talk():
    for _ in range(1000):
        say("x" * 1000)

app.command("much")(lambda: run(talk()))
app.command("little")(lambda: say("x"))
app()
"""


@pytest.mark.parametrize("words", [("much",), ("little",), ("rules", "diff", RULE_SET, RULE_SET)], ids=lambda it: it[0])
def test_a_command_ends_without_a_word_when_the_reader_of_its_output_has_gone(words: tuple[str | Path, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", TALKING, *words], cwd=CHECKOUT, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == 141
