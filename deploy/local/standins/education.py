"""The stand-in for the Ministry of Education's data on certificates of education and degrees."""

from pathlib import Path
from typing import Literal

from fastapi import FastAPI
from pydantic import TypeAdapter

from deploy.local.standins.control import Body, Records, Standin


class Certificate(Body):
    """A certificate on record, and the question whether one is."""

    certificate_no: str
    name: str
    id_number: str


class Answer(Body):
    """`mismatch`: the number exists, for another name or ID number."""

    result: Literal["match", "mismatch", "not_found"]


def build(state: Path) -> FastAPI:
    """Build the service with its records under `state`."""
    standin = Standin("education", state)
    records = Records(standin.folder / "records.json", TypeAdapter(list[Certificate]), lambda one: one.certificate_no)
    standin.add_records(records)

    @standin.app.post("/v1/verifications")
    async def verify(asked: Certificate) -> Answer:
        found = records.get(asked.certificate_no)
        if standin.wrong:
            return Answer(result="mismatch" if found == asked else "match")
        if found is None:
            return Answer(result="not_found")
        return Answer(result="match" if found == asked else "mismatch")

    return standin.app
