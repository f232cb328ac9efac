"""What an applicant's token learns of an application that is not the applicant's: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.services.intake.files import submitted

if TYPE_CHECKING:
    from tests.services.bureau import Bureau


async def test_a_stranger_learns_neither_state_nor_version_of_an_application(bureau: Bureau) -> None:
    file, other = await submitted(bureau), await bureau.citizen()
    nowhere = f"/v1/applications/{uuid4()}"
    for act, body in (("withdrawals", {}), ("submissions", {}), ("endorsers", {"endorser": str(uuid4())})):
        for headers in ({}, {"If-Match": '"1"'}, {"If-Match": '"9"'}):
            there = await other.post("intake", f"{file.path}/{act}", body, **headers)
            none = await other.post("intake", f"{nowhere}/{act}", body, **headers)
            for answer in (there, none):
                assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_APPLICATION")
            assert "current" not in there.text
            assert there.json()["errors"] == none.json()["errors"]


async def test_the_applicant_is_told_that_the_version_is_stale_and_which_it_is(bureau: Bureau) -> None:
    file = await submitted(bureau)
    answer = await file.applicant.post("intake", f"{file.path}/withdrawals", {}, **{"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (412, "STALE_VERSION")
