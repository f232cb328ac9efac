"""Whoever asks, as the policy compares them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.kernel.terms import Role
from libs.web.auth import Principal

_ROLES = frozenset(role.value for role in Role) - {Role.SYSTEM.value}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Roles and relations of one caller, at one moment of domain time."""

    roles: frozenset[str]
    person: str
    unit: str
    district: str
    now: datetime

    def parameters(self) -> dict[str, Any]:
        """Give what the policy's conditions compare; what the caller has not is NULL, and equals nothing."""
        return {
            "viewer_person": self.person or None,
            "viewer_unit": self.unit or None,
            "viewer_district": self.district or None,
            "viewer_now": self.now,
        }


def viewer_of(principal: Principal, now: datetime) -> Viewer:
    """See a caller as a viewer; a token that names no role of ours reads what the public reads."""
    roles = principal.roles & _ROLES
    return Viewer(roles or frozenset({Role.PUBLIC.value}), principal.person, principal.unit, principal.district, now)
