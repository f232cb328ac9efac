"""Keys for the services that do not hold them: asked of intake under the service's own authority."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

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
        answer = await _ask(self._spine, "keys", {"persons": sorted(persons)})
        return {person: base64.b64decode(key) for person, key in answer["keys"].items()}


async def ensure_key(spine: Spine, subject: str) -> None:
    """Have a key made before the first text about somebody is sealed: a unit, or a person not registered yet.

    Who was erased gets none again.

    Raises
    ------
    Refused
        UPSTREAM_UNAVAILABLE when intake does not answer.
    """
    await _ask(spine, "subjects", {"subject": subject})


async def _ask(spine: Spine, what: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = await spine.http.post(
            f"{spine.settings.intake_url}/internal/{what}", json=body, headers=await spine.service_headers()
        )
        answer.raise_for_status()
    except httpx2.HTTPError as error:
        raise Refused.one("UPSTREAM_UNAVAILABLE", facts={"system": "keys"}) from error
    return answer.json()
