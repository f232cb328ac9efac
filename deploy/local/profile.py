"""The guard of everything that must never run outside a developer's machine or a test."""

from __future__ import annotations

import os

from deploy.local.errors import StackError

_ALLOWED = frozenset({"local", "test"})


def require_local_stack() -> None:
    """Raise StackError when ZHICHENG_STACK names other servers than those that are about to be started."""
    named = os.environ.get("ZHICHENG_STACK") or "local"
    if named != "local":
        raise StackError(f"ZHICHENG_STACK is {named!r}, but this starts servers of its own: unset ZHICHENG_STACK.")


def require_local_profile() -> None:
    """Raise StackError unless ZHICHENG_PROFILE is `local` or `test`."""
    profile = os.environ.get("ZHICHENG_PROFILE", "")
    if profile not in _ALLOWED:
        raise StackError(
            f"ZHICHENG_PROFILE is {profile or 'not set'}: the development identity provider and the stand-ins "
            "run only where it is `local` or `test`.",
        )
