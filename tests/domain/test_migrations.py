"""Migrations are applied in the order of their numbers; the order must be said, not guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from libs.events.database import SPINE_MIGRATIONS
from libs.web.settings import SERVICES

ROOT = Path(__file__).parents[2]
FOLDERS = [SPINE_MIGRATIONS, *(ROOT / "services" / name / "sql" / "migrations" for name in SERVICES)]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_the_numbers_of_migrations_are_unique_and_without_gaps(folder: Path) -> None:
    names = sorted(path.name for path in folder.glob("*.sql"))
    assert [name.partition("_")[0] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
