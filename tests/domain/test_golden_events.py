"""Whatever was ever written is read and folded by today's code: one golden stream for each type and version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rfc8785

from libs.events import schemas
from tests.golden.read import FOLDER, events_in, fault, files


def test_every_version_of_every_contract_has_its_golden_stream_and_no_other_is_there() -> None:
    contracts = {path.relative_to(schemas.FOLDER).with_suffix("") for path in schemas.FOLDER.glob("*/*.json")}
    # `python -m tests.golden.write` adds what is missing.
    assert {path.relative_to(FOLDER).with_suffix("") for path in files()} == contracts


@pytest.mark.parametrize("file", files(), ids=lambda file: file.stem)
def test_a_golden_stream_is_canonical_read_and_folded_by_todays_code(file: Path) -> None:
    assert fault(file) == ""
    for event in events_in(file):
        assert rfc8785.dumps(json.loads(event.record)) == event.record
