"""Intake's deadlines: instants that its events carry, and what is done when they are due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from libs.events.deadlines import Deadline, deadlines_view
from libs.events.envelope import Event
from services.intake.domain.application import APPLICATION
from services.intake.domain.application.acceptance import LapseCorrection
from services.intake.domain.application.employer import EndEmployerPublicity
from services.intake.domain.payment import PAYMENT, LapseBill

PUBLICITY, CORRECTION, BILL = "employer-publicity", "correction", "bill"


def _wanted(event: Event) -> Mapping[str, datetime | None]:
    match event.type:
        case "EmployerPublicityStarted" | "EmployerPublicityResumed":
            return {PUBLICITY: datetime.fromisoformat(event.data["ends_at"])}
        case "EmployerObjectionReceived" | "EmployerPublicityEnded" | "EmployerReturned":
            return {PUBLICITY: None}
        case "CorrectionRequested":
            return {CORRECTION: datetime.fromisoformat(event.data["due"])}
        case "CorrectionSubmitted":
            return {CORRECTION: None}
        case "BillOpened":
            return {BILL: datetime.fromisoformat(event.data["due"])}
        case "PaymentReceived" | "BillLapsed" | "BillCancelled":
            return {BILL: None}
        case "ApplicationEnded":
            return {PUBLICITY: None, CORRECTION: None}
        case _:
            return {}


VIEW = deadlines_view("intake", frozenset({"application", "payment"}), _wanted)
DEADLINES = (
    Deadline(PUBLICITY, APPLICATION, EndEmployerPublicity),
    Deadline(CORRECTION, APPLICATION, LapseCorrection),
    Deadline(BILL, PAYMENT, LapseBill),
)
