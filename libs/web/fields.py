"""The bounded texts and times of which request bodies are made."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
"""A UUID in its canonical form."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=100)]
"""A word of a catalogue: a series, a specialty."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
"""What a person writes; blank text is the domain's to refuse."""
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2199, 12, 31))]
"""A date of Beijing that every period of the law can be counted from without leaving the calendar."""
Instant = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC))]
"""An instant with its offset, as near as a `Day`."""
