"""The bounded texts of which request bodies are made."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
"""A UUID in its canonical form."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=100)]
"""A word of a catalogue: a series, a specialty."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
"""What a person writes; blank text is the domain's to refuse."""
