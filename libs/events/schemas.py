"""The schema registry: the JSON Schema of every payload version is committed and only grows.

``python -m libs.events.schemas check`` fails when a committed version changed, when a payload has no committed
schema, or when a contract could write what has no canonical form; ``write`` adds the new ones. ``release`` puts the
digest of each schema, and of the golden stream beside it, into a list that nothing else writes: what stands there was
given to somebody who may have events of it, and never changes again, whoever edits contract and schema together.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from libs.events.contracts import Payload, registry  # the package registers every payload

FOLDER = Path(__file__).parent / "schemas"
GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
RELEASED = "released.json"
"""By file: the SHA-256 of each schema and golden stream that was released."""


def schema_of(model: type[Payload]) -> dict[str, Any]:
    """Give the JSON Schema of a payload's data, with its address."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:zhicheng:{model.service}:{model.__name__}:{model.version}",
        "x-clauses": model.clauses,
        **model.model_json_schema(mode="serialization"),
    }


def path_of(model: type[Payload]) -> Path:
    """Give the file that holds the schema of a payload's current version."""
    return FOLDER / model.service / f"{model.__name__}.{model.version}.json"


def problems() -> list[str]:
    """List everything that is wrong between the contracts and the committed schemas."""
    found: list[str] = []
    for name, model in sorted(registry.current.items()):
        schema, path = schema_of(model), path_of(model)
        found += [f"{name}: {fault}" for fault in _not_canonical(schema, "")]
        if not path.exists():
            found.append(f"{name} version {model.version} has no committed schema: run `schemas write`")
        elif json.loads(path.read_text()) != schema:
            found.append(f"{name} version {model.version} changed: published versions never do; add a new version")
        found += [
            f"{name}: no upcaster from version {version}"
            for version in range(1, model.version)
            if (name, version) not in registry.upcasters
        ]
        found += [
            f"{name} version {version} has no committed schema any more: what was ever written must stay readable"
            for version in range(1, model.version)
            if not path.with_name(f"{name}.{version}.json").exists()
        ]
    known = {path_of(model).name.partition(".")[0] for model in registry.current.values()}
    found += [
        f"{path.name}: its payload type is gone; what was ever written must stay readable"
        for path in sorted(FOLDER.glob("*/*.json"))
        if path.name.partition(".")[0] not in known
    ]
    return found + _unreleased()


def key_of(path: Path, folder: Path) -> str:
    """Name a schema or a golden stream in the list of what was released."""
    return path.relative_to(folder).as_posix()


def released() -> dict[str, str]:
    """Give the digests of what was released."""
    file = FOLDER / RELEASED
    return json.loads(file.read_text()) if file.exists() else {}


def _standing() -> dict[str, str]:
    """Give the digests of what is in the working tree."""
    found = {key_of(path, FOLDER): path for path in FOLDER.glob("*/*.json")}
    found |= {key_of(path, GOLDEN): path for path in GOLDEN.glob("*/*.jsonl")}
    return {key: hashlib.sha256(found[key].read_bytes()).hexdigest() for key in sorted(found)}


def _unreleased() -> list[str]:
    standing = _standing()
    return [
        f"{key} was released, and {'changed' if key in standing else 'is gone'}: add a new version instead"
        for key, digest in released().items()
        if standing.get(key) != digest
    ]


def release() -> int:
    """Add to the list what is not in it yet, and give how many; nothing when something is wrong."""
    if problems():
        return 0
    known = released()
    standing = {**_standing(), **known}
    (FOLDER / RELEASED).write_text(json.dumps(standing, indent=2, sort_keys=True) + "\n")
    return len(standing) - len(known)


def write() -> list[Path]:
    """Commit the schemas that are missing; never touch one that exists."""
    added: list[Path] = []
    for model in registry.current.values():
        path = path_of(model)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(schema_of(model), ensure_ascii=False, indent=2, sort_keys=True) + "\n")
            added.append(path)
    return added


def _not_canonical(schema: Any, where: str) -> list[str]:
    if isinstance(schema, list):
        return [fault for member in schema for fault in _not_canonical(member, where)]
    if not isinstance(schema, dict):
        return []
    found: list[str] = []
    if schema.get("type") == "number":
        found.append(f"{where} is a float")
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), (dict, bool)):
        free = schema["additionalProperties"]
        if free is not False and "propertyNames" not in schema:
            found.append(f"{where} has free keys; write it as canonical JSON text")
    for key, member in schema.items():
        found += _not_canonical(member, f"{where}/{key}")
    return found


def main(arguments: list[str]) -> int:
    """Run `check`, `write` or `release`."""
    if arguments == ["release"] and not problems():
        sys.stdout.write(f"{release()} files were released; from now on they never change\n")
        return 0
    if arguments == ["write"]:
        for path in write():
            sys.stdout.write(f"added {path.relative_to(FOLDER)}\n")
        return 0
    found = problems()
    sys.stdout.writelines(f"{problem}\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
