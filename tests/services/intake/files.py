"""Applications as intake's tests of files find them: told into the store, with people who may meet them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from libs.events.contracts.intake import ApplicationSubmitted, DraftStarted
from libs.kernel.decisions import Claim
from libs.kernel.terms import Level, MaterialKind, Route

if TYPE_CHECKING:
    from tests.services.bureau import Bureau, Someone

PDF = {"Content-Type": "application/pdf"}


@dataclass
class File:
    """An application and everybody around it."""

    bureau: Bureau
    application: str
    applicant: Someone
    clerk: Someone
    officer: Someone

    @property
    def path(self) -> str:
        return f"/v1/applications/{self.application}"

    @property
    def stream(self) -> str:
        return f"application-{self.application}"


async def drafted(bureau: Bureau, applicant: Someone | None = None, year: int = 2026) -> File:
    """A draft of a registered person."""
    applicant = applicant or await bureau.citizen()
    employer, agency = str(uuid4()), str(uuid4())
    file = File(
        bureau,
        str(uuid4()),
        applicant,
        await bureau.someone("employer_clerk", unit=employer, person=str(uuid4())),
        await bureau.someone("agency_officer", unit=agency, person=str(uuid4())),
    )
    draft = DraftStarted(
        applicant=applicant.person,
        employer=employer,
        campaign=str(uuid4()),
        agency=agency,
        series="engineering",
        specialty="software",
        level=Level.ASSOCIATE_SENIOR,
        route=Route.ORDINARY,
        year=year,
        ruleset=str(uuid4()),
        district="110108",
        freeing=(),
        seen=(),
    )
    claim = Claim("application", f"{applicant.person}/{draft.series}/{year}")
    await bureau.tell("intake", file.stream, draft, claims=(claim,))
    return file


async def submitted(bureau: Bureau) -> File:
    """An application that its employer and its agency may know of."""
    file = await drafted(bureau)
    await hand_in(file)
    return file


async def hand_in(file: File) -> None:
    """Tell that a draft was submitted."""
    bureau = file.bureau
    draft = (await bureau.events("intake", file.stream))[0].data
    common = {name: draft[name] for name in ApplicationSubmitted.model_fields if name in draft and name != "seen"}
    told = ApplicationSubmitted(
        **{**common, "level": Level(draft["level"]), "route": Route(draft["route"])},
        materials=(MaterialKind.FORM, MaterialKind.WORKS),
        endorsements=(),
        warnings=(),
        seen=(),
    )
    await bureau.tell("intake", file.stream, told)


def stored(bureau: Bureau) -> dict[str, Path]:
    """Every file that intake keeps, by its name."""
    return {one.name: one for one in (bureau.house.root / "intake").rglob("blobs/*/*") if one.is_file()}
