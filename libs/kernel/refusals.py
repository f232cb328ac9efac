"""Refusals: stable codes, every failing condition at once, each with its clause and what would change it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from libs.kernel.codes import CODES


@dataclass(frozen=True, slots=True)
class Reason:
    """One failing condition.

    Parameters
    ----------
    code
        A code of `libs.kernel.codes`.
    clause
        The clause as `domain/rules.md` cites it (`七.1`, `附十`), or the statute's name; empty for form errors.
    facts
        The facts compared: plain JSON values, no personal data.
    change
        What would change the answer, for example ``{"eligible_on": "2026-09-01"}``.
    pointer
        JSON Pointer into the request body, where the failure lies in the form.
    """

    code: str
    clause: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    change: Mapping[str, Any] = field(default_factory=dict[str, Any])
    pointer: str = ""
    ruleset: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            msg = f"{self.code} is not a registered refusal code"
            raise ValueError(msg)

    def title(self, language: str = "zh") -> str:
        """Say the refusal in Chinese (`zh`) or English (`en`)."""
        code = CODES[self.code]
        return code.en if language == "en" else code.zh


def own_matter(actor: Any, *subjects: str) -> Iterator[Reason]:
    """Refuse who would decide a matter of their own, as the person or for the unit that it is about (§7)."""
    if {actor.person, actor.unit} & (set(subjects) - {""}):
        yield Reason("SEPARATION_OF_DUTIES", "§7", change={"needed": "an official whom the matter does not concern"})


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error of ours
    """A command that changes nothing, with all its reasons."""

    def __init__(self, reasons: Iterable[Reason]) -> None:
        self.reasons = tuple(reasons)
        if not self.reasons:
            msg = "a refusal gives its reasons"
            raise ValueError(msg)
        super().__init__(", ".join(reason.code for reason in self.reasons))

    @classmethod
    def one(cls, code: str, clause: str = "", **rest: Any) -> Self:
        """Refuse for one reason."""
        return cls([Reason(code, clause, **rest)])

    @property
    def status(self) -> int:
        """The HTTP status: that of the first reason."""
        return CODES[self.reasons[0].code].status


def refuse_all(reasons: Iterable[Reason]) -> None:
    """Raise `Refused` when there is any reason; return otherwise."""
    found = tuple(reasons)
    if found:
        raise Refused(found)


def illegal_transition(state: str, command: str, allowed: Iterable[str]) -> Refused:
    """Refuse a command that the state does not allow, naming the states that would (十四.3)."""
    return Refused.one(
        "ILLEGAL_TRANSITION",
        "十四.3",
        facts={"state": state, "command": command},
        change={"allowed_in": sorted(allowed)},
    )
