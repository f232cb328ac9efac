"""The envelope: CloudEvents 1.0 structured JSON, serialised once."""

from __future__ import annotations

from binascii import unhexlify
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from libs.events.canonical import MAX_RECORD, digest, encode_trusted
from libs.events.contracts.base import Payload, instant_text, registry
from libs.events.ids import new_id
from libs.events.sealing import sealed_payload

GENESIS = bytes(32)
"""The `prevhash` of a stream's first record."""


class RecordTooLargeError(ValueError):
    """A record over 512 KiB: what is that big belongs into a blob."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What an event says about where it comes from."""

    command_id: str
    actor_id: str
    actor_role: str
    actor_unit: str
    correlation_id: str
    causation_id: str
    traceparent: str


class Event:
    """One record as read: its bytes, and what they say. Attributes are decoded once; `payload` on demand."""

    # Slots and plain properties: a `cached_property` takes a lock, which is felt at a hundred thousand a second.
    __slots__ = ("_hash", "_payload", "attributes", "data", "record", "stream", "type", "version")

    def __init__(self, record: bytes, attributes: dict[str, Any] | None = None) -> None:
        self.record = record
        self.attributes: dict[str, Any] = orjson.loads(record) if attributes is None else attributes
        self.stream: str = self.attributes["subject"]
        self.version = int(self.attributes["sequence"])
        self.type: str = self.attributes["type"]
        self.data: dict[str, Any] = self.attributes["data"]
        self._hash: bytes | None = None
        self._payload: Payload | None = None

    @property
    def hash(self) -> bytes:
        """SHA-256 of the record: the next record's `prevhash`."""
        if self._hash is None:
            self._hash = digest(self.record)
        return self._hash

    @property
    def id(self) -> str:
        """The event's UUIDv7."""
        return self.attributes["id"]

    @property
    def prev_hash(self) -> bytes:
        """SHA-256 of the stream's previous record; zeros for the first."""
        return unhexlify(self.attributes["prevhash"])

    @property
    def kind(self) -> str:
        """The stream's kind: the part before the first hyphen."""
        return self.stream.partition("-")[0]

    @property
    def identity(self) -> str:
        """The stream's bare UUID."""
        return self.stream.partition("-")[2]

    @property
    def time(self) -> datetime:
        """When it happened, in domain time."""
        return datetime.fromisoformat(self.attributes["time"])

    @property
    def recorded(self) -> datetime:
        """When it was recorded, in domain time; never decreases within a stream."""
        return datetime.fromisoformat(self.attributes["recordedtime"])

    @property
    def actor_id(self) -> str:
        """Who caused it, pseudonymous."""
        return self.attributes["actorid"]

    @property
    def actor_role(self) -> str:
        """The role in which the actor acted."""
        return self.attributes["actorrole"]

    @property
    def actor_unit(self) -> str:
        """The unit for which the actor acted, or nothing."""
        return self.attributes.get("actorunit", "")

    @property
    def schema_version(self) -> int:
        """The version of the payload as written."""
        return int(self.attributes["dataschema"].rpartition(":")[2])

    @property
    def payload(self) -> Payload:
        """The payload in today's type, through the upcasters.

        Raises
        ------
        KeyError, pydantic.ValidationError
            When today's code cannot read it: poison.
        """
        if self._payload is None:
            data = registry.upcast(self.type, self.schema_version, self.data)
            self._payload = registry.current[self.type].model_validate(data, strict=False)
        return self._payload


def write(  # noqa: PLR0913 - an envelope has this many attributes
    payload: Payload,
    *,
    stream: str,
    version: int,
    time: datetime,
    recorded: datetime,
    prev_hash: bytes,
    cause: Cause,
    ruleset: str,
    sealer: Any,
) -> Event:
    """Serialise one event, once and for all.

    `sealer(event_id)` gives what seals the payload's `Unsealed` values for that event.
    """
    kind = type(payload)
    event_id = new_id()
    happened = instant_text(time)
    attributes: dict[str, Any] = {
        "specversion": "1.0",
        "datacontenttype": "application/json",
        "id": event_id,
        "source": f"/zhicheng/{kind.service}",
        "type": kind.__name__,
        "subject": stream,
        "sequence": f"{version:012d}",
        "time": happened,
        "recordedtime": happened if recorded == time else instant_text(recorded),
        "dataschema": f"urn:zhicheng:{kind.service}:{kind.__name__}:{kind.version}",
        "correlationid": cause.correlation_id,
        "causationid": cause.causation_id,
        "actorid": cause.actor_id,
        "actorrole": cause.actor_role,
        "commandid": cause.command_id,
        "prevhash": prev_hash.hex(),
        "data": (sealed_payload(payload, sealer(event_id)) if kind.personal else payload).model_dump(mode="json"),
    }
    if cause.actor_unit:
        attributes["actorunit"] = cause.actor_unit
    if cause.traceparent:
        attributes["traceparent"] = cause.traceparent
    if ruleset:
        attributes["ruleset"] = ruleset
    if kind.clauses:
        attributes["clauses"] = kind.clauses
    record = encode_trusted(attributes)
    if len(record) > MAX_RECORD:
        msg = f"{kind.__name__} takes {len(record)} bytes; a record holds {MAX_RECORD}"
        raise RecordTooLargeError(msg)
    return Event(record, attributes)
