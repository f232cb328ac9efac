"""Persons and the units they work for."""

from __future__ import annotations

from typing import Any

from libs.events.contracts.base import Payload
from libs.events.contracts.intake import (
    EducationRecorded,
    EmployerDesignated,
    EmployerDesignationEnded,
    EmployerRegistered,
    EmploymentEnded,
    EmploymentStarted,
    PersonRegistered,
    SubjectErased,
)
from libs.events.envelope import Event
from libs.events.views import Row
from services.gateway.views.rows import change, more, said


def person(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of a person; `employer` is where the person works now, the latest where there are two."""
    match payload:
        case PersonRegistered():
            return change(row, said(payload), status="registered", person=event.identity)
        case EmploymentStarted(employer=employer):
            spell = {**said(payload), "until": None}
            return change(row, more(row, "employments", spell), employer=employer)
        case EmploymentEnded(employer=employer, until=until):
            spells: list[dict[str, Any]] = [
                {**one, "until": until.isoformat()} if one["employer"] == employer and one["until"] is None else one
                for one in row["doc"].get("employments", [])
            ]
            current = [one["employer"] for one in spells if one["until"] is None]
            return change(row, {"employments": spells}, employer=current[-1] if current else None)
        case EducationRecorded():
            return change(row, more(row, "educations", said(payload)))
        case SubjectErased():
            return change(row, status="erased")
        case _:
            return row


def employer(row: Row, payload: Payload, event: Event) -> Row:
    """Fold one event of an employer."""
    match payload:
        case EmployerRegistered():
            return change(
                row,
                said(payload),
                status="registered",
                employer=event.identity,
                district=payload.district,
                label=payload.name,
            )
        case EmployerDesignated():
            return change(row, more(row, "designations", {**said(payload), "until": None}))
        case EmployerDesignationEnded(kind=kind, until=until):
            listed: list[dict[str, Any]] = [
                {**one, "until": until.isoformat()} if one["kind"] == kind and one["until"] is None else one
                for one in row["doc"].get("designations", [])
            ]
            return change(row, {"designations": listed})
        case _:
            return row
