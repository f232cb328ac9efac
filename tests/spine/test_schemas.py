"""The schema registry only grows, and whatever was ever written can be read by today's code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from libs.events import schemas
from libs.events.contracts.base import Payload, contract, registry, upcaster
from libs.events.envelope import Event
from tests.spine import toys

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))


@pytest.fixture(autouse=True)
def _restored_registry(_toys: None) -> Iterator[None]:
    toys.unregister()
    current, upcasters = dict(registry.current), dict(registry.upcasters)
    yield
    registry.current, registry.upcasters = current, upcasters


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the committed schemas, to be tampered with."""
    copy = tmp_path / "schemas"
    shutil.copytree(schemas.FOLDER, copy)
    monkeypatch.setattr(schemas, "FOLDER", copy)
    return copy


def declare(version: int = 1, **fields: Any) -> type[Payload]:
    """Publish `ToyRenamed` with these fields, in this version; the one before goes."""
    registry.current.pop("ToyRenamed", None)
    model = type("ToyRenamed", (Payload,), {"__annotations__": fields, "__module__": __name__})
    return contract("toy", version=version)(model)


def test_every_contract_has_its_committed_schema_and_every_step_its_upcaster() -> None:
    assert schemas.problems() == []


def test_changing_a_committed_version_fails(folder: Path) -> None:
    committed = folder / "intake" / "ApplicationSubmitted.1.json"
    schema = json.loads(committed.read_text("utf-8"))
    schema["properties"].popitem()
    committed.write_text(json.dumps(schema), "utf-8")
    assert [problem for problem in schemas.problems() if "ApplicationSubmitted version 1 changed" in problem]


def test_a_changed_field_of_a_published_payload_fails(folder: Path) -> None:
    declare(name=str)
    schemas.write()
    assert schemas.problems() == []
    for fields in ({"name": int}, {"name": str, "more": str}, {}, {"name": str | None}):
        declare(**fields)
        assert [problem for problem in schemas.problems() if "ToyRenamed version 1 changed" in problem]


def test_a_new_payload_fails_until_its_schema_is_committed_and_writing_touches_no_old_one(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    declare(name=str)
    assert [problem for problem in schemas.problems() if "no committed schema" in problem]
    assert [path.name for path in schemas.write()] == ["ToyRenamed.1.json"]
    assert schemas.problems() == []
    assert {path: path.read_bytes() for path in before} == before
    assert schemas.write() == []


def test_a_new_version_fails_without_an_upcaster_and_without_the_old_schema(folder: Path) -> None:
    declare(name=str)
    schemas.write()
    declare(2, title=str)
    schemas.write()
    assert schemas.problems() == ["ToyRenamed: no upcaster from version 1"]
    upcaster("ToyRenamed", 1)(lambda data: {"title": data["name"]})
    assert schemas.problems() == []
    (folder / "toy" / "ToyRenamed.1.json").unlink()
    assert [problem for problem in schemas.problems() if "must stay readable" in problem]


def test_a_payload_type_that_goes_fails(folder: Path) -> None:
    declare(name=str)
    schemas.write()
    del registry.current["ToyRenamed"]
    assert [problem for problem in schemas.problems() if "its payload type is gone" in problem]


@pytest.mark.parametrize("kind", [float, list[float], dict[str, str], dict[str, float] | None])
def test_a_payload_that_could_not_be_written_canonically_fails(folder: Path, kind: Any) -> None:
    declare(value=kind)
    schemas.write()
    assert [problem for problem in schemas.problems() if problem.startswith("ToyRenamed: ")]


def test_two_payload_types_of_one_name_are_an_error() -> None:
    declare(name=str)
    with pytest.raises(ValueError, match="two payload types"):
        contract("toy")(type("ToyRenamed", (Payload,), {"__module__": __name__}))


def _grow() -> None:
    """Bring `ToyRenamed` to its third version, as years would."""
    declare(3, family=str, given=str, remark=str)
    upcaster("ToyRenamed", 1)(lambda data: {"full_name": data["name"]})
    upcaster("ToyRenamed", 2)(
        lambda data: {"family": data["full_name"][:1], "given": data["full_name"][1:], "remark": ""}
    )


EXPECTED = {"family": "张", "given": "三𠅤", "remark": ""}


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_any_event_ever_written_is_read_by_todays_code(file: Path) -> None:
    _grow()
    record = file.read_bytes().removesuffix(b"\n")
    event = Event(record)
    assert event.payload.model_dump() == EXPECTED
    assert event.schema_version == int(file.stem.rpartition("-")[2])
    assert rfc8785.dumps(json.loads(record)) == record


def test_there_is_a_golden_event_of_every_version() -> None:
    assert [file.stem for file in GOLDEN] == ["renamed-1", "renamed-2", "renamed-3"]


def test_reading_an_old_event_leaves_its_bytes_and_its_data_alone() -> None:
    _grow()
    event = Event(GOLDEN[0].read_bytes().removesuffix(b"\n"))
    assert event.payload
    assert event.data == {"name": "张三𠅤"}
    assert event.hash == Event(event.record).hash


def test_an_event_newer_than_the_code_and_one_without_a_step_are_not_read_by_guess() -> None:
    _grow()
    newest = Event(GOLDEN[2].read_bytes().removesuffix(b"\n"))
    declare(2, full_name=str)
    with pytest.raises(KeyError, match="newer"):
        assert newest.payload
    _grow()
    del registry.upcasters["ToyRenamed", 2]
    with pytest.raises(KeyError):
        assert Event(GOLDEN[0].read_bytes().removesuffix(b"\n")).payload


@pytest.fixture
def golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the golden streams, to be tampered with."""
    copy = tmp_path / "golden"
    shutil.copytree(schemas.GOLDEN, copy)
    monkeypatch.setattr(schemas, "GOLDEN", copy)
    return copy


def test_what_was_released_never_changes_even_where_contract_and_schema_are_edited_together(
    folder: Path, golden: Path
) -> None:
    declare(name=str)
    schemas.write()
    assert schemas.release() > 0
    assert schemas.problems() == []
    declare(name=str, more=str)
    (folder / "toy" / "ToyRenamed.1.json").unlink()
    schemas.write()
    assert schemas.problems() == ["toy/ToyRenamed.1.json was released, and changed: add a new version instead"]
    before = schemas.released()
    assert schemas.release() == 0
    assert schemas.released() == before


def test_a_golden_stream_that_was_released_never_changes(folder: Path, golden: Path) -> None:
    schemas.release()
    stream = golden / "intake" / "ApplicationSubmitted.1.jsonl"
    stream.write_bytes(stream.read_bytes() + b"{}\n")
    (golden / "intake" / "PersonRegistered.1.jsonl").unlink()
    assert schemas.problems() == [
        "intake/ApplicationSubmitted.1.jsonl was released, and changed: add a new version instead",
        "intake/PersonRegistered.1.jsonl was released, and is gone: add a new version instead",
    ]


def test_what_was_not_released_yet_may_still_change(folder: Path, golden: Path) -> None:
    schemas.release()
    declare(name=str)
    schemas.write()
    (folder / "toy" / "ToyRenamed.1.json").unlink()
    declare(name=str, more=str)
    schemas.write()
    assert schemas.problems() == []
