"""Materials: who may store and read one, and what becomes of files that no event names."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING
from uuid import uuid4

from cli.demo.files import pdf
from tests.services.intake.files import PDF, File, drafted, hand_in, stored, submitted

if TYPE_CHECKING:
    from tests.services.bureau import Bureau, Someone

DAY = 24 * 3600


async def attach(who: Someone, file: File, content: bytes, query: str = "", kind: str = "works") -> tuple[int, str]:
    answer = await who.send("PUT", "intake", f"{file.path}/materials/{kind}{query}", content, **PDF)
    return answer.status_code, answer.json().get("code", "")


async def test_a_file_is_stored_only_for_who_may_attach_it(bureau: Bureau) -> None:
    file, before = await submitted(bureau), set(stored(bureau))
    other = await bureau.citizen()
    assert await attach(other, file, pdf("theirs")) == (404, "UNKNOWN_APPLICATION")
    assert await attach(file.clerk, file, pdf("works of the clerk")) == (403, "FORBIDDEN_ACTOR")
    for who in (other, await bureau.someone("employer_head", unit=str(uuid4()))):
        answer = await who.post("intake", f"{file.path}/uploads", pdf("theirs"), **PDF)
        assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_APPLICATION")
    assert set(stored(bureau)) == before


async def test_classified_material_is_never_stored(bureau: Bureau) -> None:
    file, before = await drafted(bureau), set(stored(bureau))
    assert await attach(file.applicant, file, pdf("secret"), "?classified=true") == (422, "CLASSIFIED_MATERIAL")
    assert set(stored(bureau)) == before


async def test_a_file_that_no_event_names_is_gone_after_a_day_and_every_other_stays(bureau: Bureau) -> None:
    file = await drafted(bureau)
    assert await attach(file.applicant, file, pdf("works")) == (200, "")
    (named,) = [
        event.data["blob"]["hash"]
        for event in await bureau.events("intake", file.stream)
        if event.type == "MaterialAttached"
    ]
    forgotten, young = [
        (await file.applicant.post("intake", f"{file.path}/uploads", pdf(word), **PDF)).json()["hash"]
        for word in ("forgotten", "young")
    ]
    files, old = stored(bureau), time.time() - DAY - 60
    for name in (named, forgotten):
        os.utime(files[name], (old, old))
    async with asyncio.timeout(15):
        while forgotten in stored(bureau):
            await asyncio.sleep(0.05)
    assert {named, young} <= set(stored(bureau))
    answer = await file.applicant.get("intake", f"{file.path}/materials/works")
    assert answer.content == pdf("works")


async def test_a_material_is_read_by_its_applicant_its_employer_its_agency_and_who_watches_all(
    bureau: Bureau,
) -> None:
    file = await drafted(bureau)
    assert await attach(file.applicant, file, pdf("works")) == (200, "")
    path = f"{file.path}/materials/works"
    assert (await file.applicant.get("intake", path)).content == pdf("works")
    for role in ("city", "auditor"):
        assert (await (await bureau.someone(role)).get("intake", path)).status_code == 200
    strangers = [
        await bureau.citizen(),
        await bureau.someone("employer_clerk", unit=str(uuid4())),
        await bureau.someone("agency_officer", unit=str(uuid4())),
        # A draft is nobody's but its applicant's.
        file.clerk,
        file.officer,
    ]
    nothing = await file.applicant.get("intake", f"/v1/applications/{uuid4()}/materials/works")
    for one in strangers:
        answer = await one.get("intake", path)
        assert (answer.status_code, answer.json()["code"]) == (404, nothing.json()["code"])
    await hand_in(file)
    for one in (file.clerk, file.officer):
        assert (await one.get("intake", path)).content == pdf("works")
    for one in strangers[:3]:
        assert (await one.get("intake", path)).status_code == 404
