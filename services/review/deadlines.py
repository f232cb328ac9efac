"""Review's deadlines: the end of a result's publicity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from libs.events.deadlines import Deadline, deadlines_view
from libs.events.envelope import Event
from services.review.domain.notice import NOTICE, EndPublicity

PUBLICITY = "result-publicity"


def _wanted(event: Event) -> Mapping[str, datetime | None]:
    match event.type:
        case "ResultPublicityStarted" | "ResultPublicityResumed":
            return {PUBLICITY: datetime.fromisoformat(event.data["ends_at"])}
        case "ResultPublicityPaused" | "ResultPublicityEnded" | "ResultCancelled" | "ResultConfirmed":
            return {PUBLICITY: None}
        case _:
            return {}


VIEW = deadlines_view("review", frozenset({"notice"}), _wanted)
DEADLINES = (Deadline(PUBLICITY, NOTICE, EndPublicity),)
