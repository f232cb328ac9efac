"""Persons' keys for the services that do not hold them: asked of intake under the service's own authority."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING

import httpx2

from libs.kernel.refusals import Refused

if TYPE_CHECKING:
    from libs.web.spine import Spine


class HttpKeys:
    """Asks intake for keys."""

    def __init__(self, spine: Spine) -> None:
        self._spine = spine

    async def keys(self, persons: Iterable[str]) -> dict[str, bytes]:
        """Give the keys of those persons who have one.

        Raises
        ------
        Refused
            UPSTREAM_UNAVAILABLE when intake does not answer: never read as "erased".
        """
        try:
            answer = await self._spine.http.post(
                f"{self._spine.settings.intake_url}/internal/keys",
                json={"persons": sorted(persons)},
                headers=await self._spine.service_headers(),
            )
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise Refused.one("UPSTREAM_UNAVAILABLE", facts={"system": "keys"}) from error
        return {person: base64.b64decode(key) for person, key in answer.json()["keys"].items()}
