"""The fixtures that every tier shares."""

from tests.stack_fixture import breakable_stack, outside, stack

__all__ = ["breakable_stack", "outside", "stack"]
