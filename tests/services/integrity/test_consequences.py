from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from libs.kernel.calendars import end_of_day
from services.integrity.domain.consequences import ban_identity, record_identity
from tests.services.bureau import Bureau


async def in_force(bureau: Bureau) -> None:
    """Publish the rule set for every series, and wait until integrity has heard of it."""
    rules = await bureau.rules("notice-2023-10")
    await bureau.seen_in("integrity", "rulesets", f"ruleset-{rules}", 2)


async def test_a_ban_of_another_length_than_the_laws_is_refused(bureau: Bureau) -> None:
    await in_force(bureau)
    city = await bureau.city()
    none = await city.post("integrity", "/v1/bans", {"case": str(uuid4())})
    assert none.json()["code"] == "CASE_REQUIRED"
    ordinary, _ = await bureau.case_on(city, (await bureau.citizen()).person)
    body = {"case": ordinary, "until": "2031-01-01"}
    assert (await city.post("integrity", "/v1/bans", body)).json()["code"] == "CASE_REQUIRED"
    grave, _ = await bureau.case_on(city, (await bureau.citizen()).person, "grave")
    await bureau.until("integrity", f"ban-{ban_identity(grave)}", "BanImposed")
    again = await city.post("integrity", "/v1/bans", {"case": grave})
    assert again.json()["code"] == "ILLEGAL_TRANSITION"


async def test_a_false_commitment_under_the_measures_of_2024_bars_and_an_older_one_does_not(bureau: Bureau) -> None:
    await in_force(bureau)
    city, person = await bureau.city(), (await bureau.citizen()).person
    case, _ = await bureau.case_on(city, person, false_commitment_on="2024-07-25")
    (imposed,) = await bureau.until("integrity", f"ban-{ban_identity(case)}", "BanImposed")
    assert (imposed.data["basis"], imposed.data["kinds"]) == ("FALSE_COMMITMENT_2024", ["TITLE"])
    older, _ = await bureau.case_on(city, person, false_commitment_on="2024-07-24")
    await bureau.until("integrity", f"record-{record_identity(older)}", "IntegrityRecorded")
    (*_, decided) = await bureau.events("integrity", f"case-{older}")
    assert decided.data["ban_basis"] is None


async def test_a_record_that_should_not_stand_is_withdrawn_once(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city = await bureau.city()
    case, _ = await bureau.case_on(city, (await bureau.citizen()).person)
    record = str(record_identity(case))
    await bureau.until("integrity", f"record-{record}", "IntegrityRecorded")
    path = f"/v1/records/{record}/withdrawals"
    officer = await bureau.someone("agency_officer")
    assert (await officer.post("integrity", path, {"reasons": "误录"})).status_code == 403
    assert (await city.post("integrity", path, {"reasons": "误录"})).status_code == 200
    assert (await city.post("integrity", path, {"reasons": "误录"})).json()["code"] == "ILLEGAL_TRANSITION"


async def test_ban_and_record_end_with_their_last_day_and_not_before(bureau: Bureau) -> None:
    await bureau.rules("notice-2023-10")
    city = await bureau.city()
    case, _ = await bureau.case_on(city, (await bureau.citizen()).person, "grave")
    ban, record = f"ban-{ban_identity(case)}", f"record-{record_identity(case)}"
    (imposed,) = await bureau.until("integrity", ban, "BanImposed")
    await bureau.until("integrity", record, "IntegrityRecorded")
    today = bureau.today()
    last = today.replace(year=today.year + 3)
    assert imposed.data["until"] == last.isoformat()
    await bureau.seen_in("integrity", "deadlines", ban, 1)
    await bureau.seen_in("integrity", "deadlines", record, 1)

    bureau.clock.move_to(end_of_day(last) - timedelta(seconds=60))
    other, _ = await bureau.case_on(city, (await bureau.citizen()).person)
    await bureau.until("integrity", f"record-{record_identity(other)}", "IntegrityRecorded")
    assert len(await bureau.events("integrity", ban)) == 1

    bureau.clock.move_to(end_of_day(last))
    (_, ended) = await bureau.until("integrity", ban, "BanEnded")
    assert ended.data["free_from"] == (last + timedelta(days=1)).isoformat()
    (_, expired) = await bureau.until("integrity", record, "IntegrityRecordExpired")
    assert expired.data["expired_on"] == (last + timedelta(days=1)).isoformat()
    hidden = await city.post("integrity", f"/v1/{record.replace('-', 's/', 1)}/withdrawals", {"reasons": "误录"})
    assert (hidden.status_code, hidden.json()["code"]) == (410, "RECORD_EXPIRED")
