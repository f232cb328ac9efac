"""Who asks: tokens of every role, tied to persons and units that the story left behind."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2

from cli.demo.world import OFFICIALS
from deploy.local.house import House
from libs.kernel.terms import Role

RENEW_SECONDS = 200
COLLECTIONS = (
    "persons",
    "employers",
    "rulesets",
    "campaigns",
    "applications",
    "payments",
    "agencies",
    "committees",
    "experts",
    "endorsements",
    "sessions",
    "ballots",
    "notices",
    "titles",
    "certificates",
    "cases",
    "bans",
    "records",
)
ROLES = tuple(role.value for role in Role if role not in {Role.PUBLIC, Role.SYSTEM})


@dataclass
class Callers:
    """Tokens by role, and ids by collection."""

    house: House
    http: httpx2.Client
    ids: dict[str, list[str]] = field(default_factory=dict)
    _concerned: dict[str, str] = field(default_factory=dict)
    _subjects: dict[str, str] = field(default_factory=dict)
    _tokens: dict[str, tuple[float, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for collection in COLLECTIONS:
            for role in ("auditor", "city", "applicant"):
                answer = self.get(f"/v1/{collection}?limit=10", role)
                found = [one["id"] for one in answer.json().get("items", ())]
                if found:
                    self.ids[collection] = found
                    break
        file = self.get(f"/v1/applications/{self.ids['applications'][0]}", "city").json()
        self._concerned = {name: file[name] for name in ("applicant", "employer", "agency")}
        # Those who act are now somebody in a case that there is.
        self._subjects.clear()
        self._tokens.clear()

    def get(self, path: str, role: str = "") -> httpx2.Response:
        """Read."""
        return self.http.get(f"{self.house.info.gateway}{path}", headers=self.headers(role))

    def headers(self, role: str) -> dict[str, str]:
        """Give the headers of a role's caller; none for the public."""
        return {"Authorization": f"Bearer {self.token(role)}"} if role and role != "public" else {}

    def token(self, role: str) -> str:
        """Give a token that is still good for a while."""
        minted, token = self._tokens.get(role, (0.0, ""))
        if not token or time.monotonic() - minted > RENEW_SECONDS:
            token = self.mint(role)
            self._tokens[role] = (time.monotonic(), token)
        return token

    def mint(self, role: str, **more: Any) -> str:
        """Get a new token of a role's caller."""
        if role not in self._subjects:
            self._subjects[role] = OFFICIALS[0] if role == "city" else str(uuid4())
            self._admin("PUT", f"/dev/users/{self._subjects[role]}", {"roles": [role], **self._relations(role)})
        return self._admin("POST", "/dev/tokens", {"sub": self._subjects[role], **more})["access_token"]

    def _relations(self, role: str) -> dict[str, str]:
        match role:
            case "district":
                return {"district": "海淀区"}
            case "employer_clerk" | "employer_head":
                return {"unit": self._concerned.get("employer", "")}
            case "agency_officer":
                return {"unit": self._concerned.get("agency", "")}
            case "applicant":
                return {"person": self._concerned.get("applicant", "")}
            case "expert" | "chair" | "supervisor":
                return {"person": self.ids.get("experts", [""])[0]}
            case _:
                return {}

    def _admin(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        info = self.house.info
        answer = self.http.request(
            method, f"{info.issuer}{path}", json=body, headers={"Authorization": f"Bearer {info.admin_secret}"}
        )
        return answer.raise_for_status().json()
