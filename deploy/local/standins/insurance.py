"""The stand-in for Beijing's social-insurance data: who was insured by which unit on a day."""

from datetime import date
from pathlib import Path
from typing import Literal

from fastapi import FastAPI
from pydantic import TypeAdapter, model_validator

from deploy.local.standins.control import Body, Records, Standin


class Employment(Body):
    """A stretch of insurance on record: from `since` to `until`, both included; no `until`, still running."""

    id_number: str
    unit_code: str
    since: date
    until: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Employment":
        if self.until is not None and self.until < self.since:
            raise ValueError("until is before since")
        return self

    def covers(self, day: date) -> bool:
        """Whether the person was insured on the day."""
        return self.since <= day and (self.until is None or day <= self.until)


class Question(Body):
    """The question whether a person was insured by a unit on a day."""

    id_number: str
    unit_code: str
    on: date


class Answer(Body):
    """`mismatch`: insured that day, by another unit; `since` comes with a match."""

    result: Literal["match", "mismatch", "not_found"]
    since: date | None = None


def build(state: Path) -> FastAPI:
    """Build the service with its records under `state`."""
    standin = Standin("insurance", state)
    records = Records(
        standin.folder / "records.json",
        TypeAdapter(list[Employment]),
        lambda one: (one.id_number, one.unit_code, one.since),
    )
    standin.add_records(records)

    @standin.app.post("/v1/employments")
    async def check(asked: Question) -> Answer:
        that_day = [one for one in records.all() if one.id_number == asked.id_number and one.covers(asked.on)]
        match = next((one for one in that_day if one.unit_code == asked.unit_code), None)
        if standin.wrong:
            return Answer(result="mismatch") if match else Answer(result="match", since=asked.on)
        if match:
            return Answer(result="match", since=match.since)
        return Answer(result="mismatch" if that_day else "not_found")

    return standin.app
