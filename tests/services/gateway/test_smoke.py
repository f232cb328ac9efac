import pytest
from libs.kernel.terms import EmployerKind
from datetime import date
from libs.events.contracts.base import Unsealed
from libs.events.contracts import intake
pytestmark = pytest.mark.asyncio(loop_scope="module")

async def test_it(world):
    r = await world.get("/v1/employers"); print(r.status_code, r.text, dict(r.headers))
    p = world.stream("person")
    e = world.stream("employer")
    ev = p.say(intake.PersonRegistered(name=Unsealed(p.id,"张三"), id_kind="resident_id", id_number=Unsealed(p.id,"11010519491231002X"), birth_date=Unsealed(p.id,"1949-12-31"), phone=Unsealed(p.id,"13800000000")), intake.EmploymentStarted(employer=e.id, specialty="x", since=date(2020,1,1)))
    ev += e.say(intake.EmployerRegistered(name="某设计院", credit_code="91110000MA0000000X", kind=EmployerKind.STATE_ENTERPRISE, district="海淀区", superior=""))
    await world.publish(ev)
    r = await world.get(f"/v1/persons/{p.id}", "applicant", person=p.id); print(r.status_code, r.text, dict(r.headers))
    r = await world.get(f"/v1/persons/{p.id}", "employer_clerk", unit=e.id); print(r.status_code, r.text)
    r = await world.get(f"/v1/persons/{p.id}", "applicant", person=e.id); print(r.status_code, r.text)
    r = await world.get("/v1/employers?district=海淀区&limit=1"); print(r.status_code, r.text)
    r = await world.get(f"/v1/persons/{p.id}/events", "auditor"); print(r.status_code, r.text)
    r = await world.get("/v1/events"); print(r.status_code, r.text)
    r = await world.send("POST", "/v1/persons", "applicant", person=p.id, json={"a":1}, headers={"Idempotency-Key":"k","X-Foo":"1"}); print(r.status_code, r.text, dict(r.headers)); print(world.upstreams["intake"].asked)
    r = await world.get("/v1/openapi.json"); print(r.status_code, len(r.text))
    r = await world.get("/v1/docs"); print(r.status_code, len(r.text))
    r = await world.get("/"); print(r.status_code, r.text[:300])
    r = await world.get("/readyz"); print(r.status_code, r.text[:300])
    assert 0
