"""What an operator can mend is one sentence and an exit code, never a traceback."""

from __future__ import annotations

import asyncpg
import pytest
import typer

from cli.connect import run


def test_what_the_database_refuses_is_one_sentence_and_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    said = "canceling statement due to statement timeout"

    async def refuse() -> None:
        raise asyncpg.QueryCanceledError(said)

    with pytest.raises(typer.Exit) as ended:
        run(refuse())
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err.splitlines() == [f"The database answered: {said}"]
