"""`zhicheng bootstrap`: a fresh system has no official; this names the first two of the city, once."""

from __future__ import annotations

from typing import Annotated

import httpx2
import orjson
import typer

from cli.connect import STATE, Json, Root, fail, open_site, run, say
from deploy.local.house import House
from libs.web.credentials import ServiceCredentials


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bootstrap)


def bootstrap(
    first: Annotated[str, typer.Argument(help="The `sub` by which the identity provider knows the first official.")],
    second: Annotated[str, typer.Argument(help="The second official: what one drafts, the other publishes.")],
    *,
    root: Root = STATE,
    as_json: Json = False,
) -> None:
    """Name the first two officials of the city; after that, people are appointed by people."""
    codes = run(_bootstrap([first, second], root))
    if codes:
        fail(f"Not done: {', '.join(codes)}.")
    say(orjson.dumps({"officials": [first, second]}).decode() if as_json else f"{first} and {second} are named.")


async def _bootstrap(subjects: list[str], root: object) -> list[str]:
    site = await open_site(root)  # pyright: ignore[reportArgumentType] - typer gives a Path
    return await name_officials(site.house, subjects)


async def name_officials(house: House, subjects: list[str]) -> list[str]:
    """Name the first officials; give the refusal codes, none when it was done."""
    settings = house.settings("integrity")
    async with httpx2.AsyncClient(timeout=30) as http:
        credentials = ServiceCredentials(
            settings["ZHICHENG_ISSUER"], settings["ZHICHENG_CLIENT_ID"], house.root / "keys" / "integrity.json", http
        )
        answer = await http.post(
            f"{house.info.urls['integrity']}/internal/bootstrap",
            json={"officials": subjects},
            headers={**await credentials.headers(), "Idempotency-Key": "bootstrap " + " ".join(sorted(subjects))},
        )
    return (
        [error["code"] for error in answer.json().get("errors", [{"code": str(answer.status_code)}])]
        if (answer.is_error)
        else []
    )
