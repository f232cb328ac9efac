"""What the operator's commands say where nothing runs: no test here starts a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from deploy.local.stack import LocalStack

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
