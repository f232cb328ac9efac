"""Agencies, committees, experts: who may review."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from libs.events.bus import Reply
from libs.events.contracts.base import Unsealed
from libs.kernel.identity import credit_code, name_reasons
from libs.kernel.refusals import refuse_all
from libs.kernel.terms import Level, Role
from libs.web.calls import Call, Commands, Form, Nothing
from libs.web.fields import Code, Day, Id, Text
from services.review import facts
from services.review.api.relations import own_unit, present
from services.review.domain.agency import (
    AGENCY,
    DelistAgency,
    FileAgency,
    ListAgency,
    ReinstateAgency,
    SuspendAgency,
)
from services.review.domain.committee import COMMITTEE, ApproveCommittee, CancelCommittee, FileCommittee
from services.review.domain.expert import EXPERT, AdmitExpert, AppointExpert, RemoveExpert

agencies = Commands("agencies")
committees = Commands("committees")
experts = Commands("experts")
CITY = (Role.CITY,)
OFFICER = (Role.AGENCY_OFFICER,)
Name = Annotated[str, StringConstraints(max_length=400)]


class AgencyFiling(Form):
    """What an agency is filed for."""

    name: Name
    credit_code: Annotated[str, StringConstraints(max_length=50)]
    district: Name
    series: tuple[Code, ...] = Field(max_length=50)
    filed_from: Day
    filed_until: Day

    def command(self) -> FileAgency:
        """Check the texts and give the command.

        Raises
        ------
        Refused
            ID_INVALID for a wrong credit code; SCHEMA_INVALID, FIELD_TOO_LONG, ENCODING_INVALID for a name.
        """
        refuse_all([*name_reasons(self.name), *name_reasons(self.district, "/district")])
        asked: dict[str, Any] = {**self.model_dump(), "credit_code": credit_code(self.credit_code)}
        return FileAgency(**asked)


class Listing(Form):
    """The year's list, and its last day."""

    year: int = Field(ge=2000, le=2999)
    listed_until: Day


class Grounds(Form):
    """Why."""

    reason: Text


class CommitteeFiling(Form):
    """What a committee is filed for."""

    name: Name
    committee_kind: Literal["series", "specialty"]
    series: Code
    specialty: Annotated[str, StringConstraints(max_length=100)] = ""
    level: Level
    size: int = Field(ge=1, le=999)
    filed_from: Day
    filed_until: Day


class Admission(Form):
    """Whom the agency admits, for which series, specialty and level."""

    person: Id
    series: Code
    specialty: Code
    level: Level


class Appointment(Form):
    """One term on a committee."""

    committee: Id
    from_day: Day
    until: Day


@agencies.post("/v1/agencies", AgencyFiling, CITY)
async def file_agency(call: Call, body: AgencyFiling) -> Reply:
    """File an agency (十二.2); one credit code stands for one agency."""
    return await call.execute(AGENCY, call.new_identity(), body.command())


@agencies.post("/v1/agencies/{agency}/filings", AgencyFiling, CITY, status=200)
async def refile_agency(call: Call, body: AgencyFiling) -> Reply:
    """File an agency anew."""
    await present(call, AGENCY, "agency")
    return await call.execute(AGENCY, call.id("agency"), body.command())


@agencies.post("/v1/agencies/{agency}/listings", Listing, CITY, status=200)
async def list_agency(call: Call, body: Listing) -> Reply:
    """Put an agency on the year's list (十二.1)."""
    return await call.execute(AGENCY, call.id("agency"), ListAgency(body.year, body.listed_until))


@agencies.post("/v1/agencies/{agency}/suspensions", Grounds, CITY, status=200)
async def suspend_agency(call: Call, body: Grounds) -> Reply:
    """Suspend an agency."""
    return await call.execute(AGENCY, call.id("agency"), SuspendAgency(body.reason))


@agencies.post("/v1/agencies/{agency}/reinstatements", Grounds, CITY, status=200)
async def reinstate_agency(call: Call, body: Grounds) -> Reply:
    """Let a suspended agency act again."""
    return await call.execute(AGENCY, call.id("agency"), ReinstateAgency(body.reason))


@agencies.post("/v1/agencies/{agency}/delistings", Grounds, CITY, status=200)
async def delist_agency(call: Call, body: Grounds) -> Reply:
    """Take an agency off the list."""
    return await call.execute(AGENCY, call.id("agency"), DelistAgency(body.reason))


@committees.post("/v1/committees", CommitteeFiling, OFFICER)
async def file_committee(call: Call, body: CommitteeFiling) -> Reply:
    """File a committee of the officer's own agency."""
    return await _file_committee(call, call.new_identity(), body)


@committees.post("/v1/committees/{committee}/filings", CommitteeFiling, OFFICER, status=200)
async def refile_committee(call: Call, body: CommitteeFiling) -> Reply:
    """File a committee of the officer's own agency anew after a cancellation."""
    state = (await present(call, COMMITTEE, "committee")).state
    refuse_all(own_unit(call, state.agency))
    return await _file_committee(call, call.id("committee"), body)


async def _file_committee(call: Call, identity: str, body: CommitteeFiling) -> Reply:
    refuse_all(name_reasons(body.name))
    command = FileCommittee(
        **body.model_dump(),
        agency=await facts.agency(call.spine, call.actor.unit),
        rules=await facts.rules_of_series(call.spine, body.series),
    )
    return await call.execute(COMMITTEE, identity, command)


@committees.post("/v1/committees/{committee}/approvals", Nothing, CITY, status=200)
async def approve_committee(call: Call, _: Nothing) -> Reply:
    """Approve a filing (§1.8)."""
    state = (await present(call, COMMITTEE, "committee")).state
    command = ApproveCommittee(await facts.agency(call.spine, state.agency))
    return await call.execute(COMMITTEE, call.id("committee"), command)


@committees.post("/v1/committees/{committee}/cancellations", Grounds, CITY, status=200)
async def cancel_committee(call: Call, body: Grounds) -> Reply:
    """Cancel a filing."""
    return await call.execute(COMMITTEE, call.id("committee"), CancelCommittee(body.reason))


@experts.post("/v1/experts", Admission, OFFICER)
async def admit(call: Call, body: Admission) -> Reply:
    """Admit a person as an expert, on the titles that review itself knows (十三.1)."""
    spine = call.spine
    command = AdmitExpert(
        series=body.series,
        specialty=body.specialty,
        level=body.level,
        agency=await facts.agency(spine, call.actor.unit),
        titles=await facts.titles(spine, body.person),
        age=await facts.age(spine, body.person),
        bans=await facts.bans(spine, body.person),
        on_record=await facts.on_record(spine, body.person),
        rules=await facts.rules_of_series(spine, body.series),
    )
    return await call.execute(EXPERT, body.person, command)


@experts.post("/v1/experts/{expert}/appointments", Appointment, OFFICER, status=200)
async def appoint(call: Call, body: Appointment) -> Reply:
    """Appoint an expert to a committee for a term (十三.4)."""
    spine = call.spine
    committee = await facts.committee(spine, body.committee)
    command = AppointExpert(
        from_day=body.from_day,
        until=body.until,
        agency=await facts.agency(spine, call.actor.unit),
        committee=committee,
        bans=await facts.bans(spine, call.id("expert")),
        rules=await facts.rules_of_series(spine, committee.series),
    )
    return await call.execute(EXPERT, call.id("expert"), command)


@experts.post("/v1/experts/{expert}/removals", Grounds, OFFICER, status=200)
async def remove(call: Call, body: Grounds) -> Reply:
    """Remove an expert."""
    return await call.execute(EXPERT, call.id("expert"), RemoveExpert(Unsealed(call.id("expert"), body.reason)))
