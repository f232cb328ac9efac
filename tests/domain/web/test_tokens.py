"""A token that was verified is believed for a minute at most: whoever was taken out of a group is out then."""

from __future__ import annotations

import time
from typing import Any

import httpx2
import pytest

from libs.web.auth import Tokens

NOW = 1_700_000_000.0


async def test_a_verified_token_is_looked_at_again_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looked = NOW, 0

    async def verify(_token: str) -> dict[str, Any]:
        nonlocal looked
        looked += 1
        return {"sub": "official-1", "client_id": "dev", "roles": ["city"], "exp": NOW + 3600, "jti": "1"}

    async with httpx2.AsyncClient() as http:
        tokens = Tokens("http://issuer", "zhicheng", http)
        monkeypatch.setattr(tokens, "_verify", verify)
        monkeypatch.setattr(time, "time", lambda: now)
        for seconds, times in ((0, 1), (59, 1), (61, 2), (100, 2), (122, 3)):
            now = NOW + seconds
            await tokens.check("Bearer x")
            assert looked == times
