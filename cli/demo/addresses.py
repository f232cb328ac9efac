"""Where to look once the demonstration stays up: addresses, and curl lines with tokens for each role."""

from __future__ import annotations

from typing import Any

from cli.demo.world import World
from deploy.local.house import HouseInfo


async def addresses(info: HouseInfo, report: dict[str, Any]) -> list[str]:
    """Write what to open and what to paste; tokens are good for five minutes."""
    world = World(info)
    try:
        application, certificate = report["applications"][0], report["certificates"][0]
        readers = {
            "city": (["city"], f"/v1/applications/{application}"),
            "auditor": (["auditor"], f"/v1/applications/{application}/events"),
            "finance": (["finance"], "/v1/payments"),
            "public": ([], "/v1/campaigns"),
        }
        lines = [
            "",
            f"gateway     {info.gateway}/",
            f"API         {info.gateway}/v1/docs   {info.gateway}/v1/openapi.json",
            f"certificate {info.gateway}/verify/{certificate['code']}",
            f"issuer      {info.issuer}/.well-known/openid-configuration",
            "",
        ]
        for role, (roles, path) in readers.items():
            token = await (await world.actor(role, roles)).token() if roles else ""
            header = f" -H 'Authorization: Bearer {token}'" if token else ""
            lines.append(f"# {role}\ncurl -s '{info.gateway}{path}'{header}")
        return lines
    finally:
        await world.close()
