"""What a published payload is: a frozen, strict model, registered under its name and version."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

SEALED_FORM = re.compile(r"^s1\.[a-z0-9_]+(/[a-z0-9_]+)*\.[A-Za-z0-9_-]+$")


@dataclass(frozen=True, slots=True)
class Unsealed:
    """A personal value on its way into an event; the spine seals it under the person's key at append.

    `person` is the bare UUID of the person whose key seals it, as a string.
    """

    person: str
    value: str


def _sealed(value: object) -> str | Unsealed:
    if isinstance(value, Unsealed):
        return value
    if isinstance(value, str) and SEALED_FORM.match(value):
        return value
    msg = "a personal field is either Unsealed on its way in or sealed"
    raise ValueError(msg)


def _only_sealed(value: str | Unsealed) -> str:
    if isinstance(value, Unsealed):
        msg = "an unsealed personal field must never be serialised"
        raise TypeError(msg)
    return value


Sealed = Annotated[
    Any,
    PlainValidator(_sealed),
    PlainSerializer(_only_sealed, return_type=str),
    WithJsonSchema({"type": "string", "pattern": SEALED_FORM.pattern, "x-sealed": True}),
]
"""A personal field: AES-256-GCM under the person's own key; associated data: event id and field path.

It may stand in a part or in a list of a payload; its path is then `items/0/reason`.
"""


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime) or value.tzinfo is None:
        msg = "an instant is a date and time with its offset"
        raise ValueError(msg)
    return value.astimezone(UTC)


def instant_text(value: datetime) -> str:
    """Write an instant as RFC 3339 in UTC with six digits of fraction."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    PlainSerializer(instant_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Payload(BaseModel):
    """The base of every published payload. Names are past tense; fields are never floats."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    service: ClassVar[str] = ""
    version: ClassVar[int] = 1
    personal: ClassVar[tuple[str, ...]] = ()
    """The names of the fields that are sealed, or in whose parts or lists something is."""
    clauses: ClassVar[str] = ""
    """The clauses that the event rests on, separated by spaces; they go into the envelope."""


class Part(BaseModel):
    """The base of what a payload is made of."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


def _seals(metadata: Iterable[Any]) -> bool:
    return any(isinstance(mark, PlainSerializer) and mark.func is _only_sealed for mark in metadata)


def _sealed_inside(annotation: Any) -> bool:
    """Say whether something is sealed in a part, a list or a union."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        fields = annotation.model_fields.values()
        return any(_seals(info.metadata) or _sealed_inside(info.annotation) for info in fields)
    if get_origin(annotation) is Annotated:
        return _seals(annotation.__metadata__) or _sealed_inside(annotation.__origin__)
    return any(_sealed_inside(one) for one in get_args(annotation))


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(slots=True)
class Registry:
    """Every payload type by name (current version), and the upcasters from its older versions."""

    current: dict[str, type[Payload]] = field(default_factory=dict[str, type[Payload]])
    upcasters: dict[tuple[str, int], Upcaster] = field(default_factory=dict[tuple[str, int], Upcaster])

    def add(self, model: type[Payload]) -> None:
        """Register a payload type; two with one name are an error."""
        if model.__name__ in self.current:
            msg = f"two payload types are named {model.__name__}"
            raise ValueError(msg)
        model.personal = tuple(
            name
            for name, info in model.model_fields.items()
            if _seals(info.metadata) or _sealed_inside(info.annotation)
        )
        self.current[model.__name__] = model

    def upcast(self, name: str, version: int, data: dict[str, Any]) -> dict[str, Any]:
        """Bring the data of an older version up to the current one; `KeyError` for what is unknown."""
        now = self.current[name].version
        if version > now:
            msg = f"{name} version {version} is newer than this code"
            raise KeyError(msg)
        for step in range(version, now):
            data = self.upcasters[name, step](data)
        return data


registry = Registry()


_Model = TypeVar("_Model", bound=type[Payload])


def contract(service: str, clauses: str = "", version: int = 1) -> Callable[[_Model], _Model]:
    """Publish a payload type of `service`; `clauses` name the law that it rests on."""

    def register(model: _Model) -> _Model:
        model.service, model.version, model.clauses = service, version, clauses
        registry.add(model)
        return model

    return register


def upcaster(name: str, version: int) -> Callable[[Upcaster], Upcaster]:
    """Register the step from `version` to `version + 1` of the payload type `name`."""

    def register(step: Upcaster) -> Upcaster:
        registry.upcasters[name, version] = step
        return step

    return register
