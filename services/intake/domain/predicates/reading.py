"""How a predicate's words and numbers are read from its condition, and what many predicates say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from libs.kernel.rulesets import names
from libs.kernel.terms import Degree, Level
from libs.kernel.verdicts import Verdict


def verdict(met: bool) -> Verdict:  # noqa: FBT001 - the verdict of a comparison
    """Say met or unmet."""
    return Verdict.MET if met else Verdict.UNMET


def one_of(words: Iterable[str]) -> Callable[[object], str]:
    """Make the reader of a word that is one of some."""
    known = tuple(words)

    def read(value: object) -> str:
        if value not in known:
            msg = f"{', '.join(known)} 之一|one of {', '.join(known)}"
            raise ValueError(msg)
        return str(value)

    return read


def some_of(words: Iterable[str]) -> Callable[[object], tuple[str, ...]]:
    """Make the reader of a list of words, each one of some."""
    known = tuple(words)

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, tuple) or not set(names(value)) <= set(known):
            msg = f"{', '.join(known)} 之中的若干项|a list of some of {', '.join(known)}"
            raise ValueError(msg)
        return names(value)

    return read


def years(value: object) -> int:
    """Read a number of years."""
    if not isinstance(value, int) or value < 0:
        msg = "零或正整数|zero or a positive whole number"
        raise ValueError(msg)
    return value


DEGREE: Final = one_of(Degree)
LEVEL: Final = one_of(Level)
