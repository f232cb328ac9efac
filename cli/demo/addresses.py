"""Where to look once the demonstration stays up: addresses, and curl lines with tokens for each role."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from cli.demo.world import World
from deploy.local.house import HouseInfo


async def addresses(info: HouseInfo, report: dict[str, Any], secret: Path) -> list[str]:
    """Write what to open and what to paste; `secret` is the file of the identity provider's admin secret."""
    world = World(info)
    try:
        city, certificate = await world.official(), report["certificates"][0]
        path = f"/v1/applications/{report['applications'][0]}"
        file = (await city.get(path)).body
        seats = (await city.get("/v1/sessions")).body["items"][0]
        readers = {
            "city": (city, path),
            "district": (await world.actor("", ["district"], district=file["district"]), path),
            "auditor": (await world.actor("", ["auditor"]), f"{path}/events"),
            "applicant": (await world.actor("", ["applicant"], person=file["applicant"]), path),
            "employer_clerk": (await world.actor("", ["employer_clerk"], unit=file["employer"]), path),
            "employer_head": (await world.actor("", ["employer_head"], unit=file["employer"]), path),
            "agency_officer": (await world.actor("", ["agency_officer"], unit=file["agency"]), path),
            "expert": (await world.actor("", ["expert"], person=seats["seats"][0]), "/v1/sessions"),
            "chair": (await world.actor("", ["chair", "expert"], person=seats["chair"]), "/v1/sessions"),
            "supervisor": (await world.actor("", ["supervisor"], person=seats["supervisor"]), "/v1/sessions"),
            "finance": (await world.actor("", ["finance"]), "/v1/payments"),
            "public": (None, "/v1/campaigns"),
        }
        lines = [
            "",
            f"gateway     {info.gateway}/",
            f"API         {info.gateway}/v1/docs   {info.gateway}/v1/openapi.json",
            f"certificate {info.gateway}/verify/{certificate['code']}",
            f"issuer      {info.issuer}/.well-known/openid-configuration",
            "",
        ]
        for role, (reader, path) in readers.items():
            header = f" -H 'Authorization: Bearer {await reader.token()}'" if reader else ""
            known = f" ({reader.subject})" if reader else ""
            lines.append(f"# {role}{known}\ncurl -s '{info.gateway}{path}'{header}")
        return [
            *lines,
            "# Tokens are good for five minutes; a new one for the city, or for whoever stands in brackets above:",
            f"curl -s '{info.issuer}/dev/tokens' -H \"Authorization: Bearer $(cat {shlex.quote(str(secret))})\""
            f" -H 'Content-Type: application/json' -d '{{\"sub\":\"{city.subject}\"}}'",
            "",
        ]
    finally:
        await world.close()
