"""The fixtures that every tier shares."""

from tests.house_fixture import house
from tests.stack_fixture import breakable_stack, outside, stack

__all__ = ["breakable_stack", "house", "outside", "stack"]
