"""Check characters by ISO 7064, hybrid systems: MOD 11,10 for digits, and the same for any even radix."""

from __future__ import annotations

from collections.abc import Iterable


def check_value(values: Iterable[int], radix: int) -> int:
    """Compute the value of the check character that follows `values`.

    Every wrong character is found, and nearly every swap of two neighbours.

    Parameters
    ----------
    values
        The characters' values, each from 0 to ``radix - 1``.
    radix
        How many characters the alphabet has; even, so that doubling loses nothing modulo ``radix + 1``.
    """
    product = radix
    for value in values:
        product = ((product + value) % radix or radix) * 2 % (radix + 1)
    return (1 - product) % radix
