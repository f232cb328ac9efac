"""What integrity's shell reads before a decision: the rule set in force, titles, decided cases, stored evidence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from libs.events.blobs import BlobMissingError
from libs.events.contracts.intake import BlobRef, Seen
from libs.events.reading import NotYetError
from libs.events.sealing import KeyDestroyedError, SealBrokenError
from libs.kernel.calendars import beijing_date
from libs.kernel.refusals import Reason, Refused, refuse_all
from libs.kernel.rulesets import EVERY_SERIES, parse
from libs.web.spine import Spine
from services.integrity.domain.case import CASE, Case
from services.integrity.domain.case_commands import TitleFacts
from services.integrity.domain.consequences import CaseFacts, RulesFact


async def rules(spine: Spine, on: date) -> RulesFact:
    """Read the rule set for every series that is in force on a day.

    Raises
    ------
    NotYetError
        When none has arrived here.
    """
    row = await spine.views.fetchrow(
        "rulesets",
        "select stream, version, document from rulesets where series = $1 and effective_from <= $2"
        " and (until is null or until >= $2) order by effective_from desc limit 1",
        EVERY_SERIES,
        on,
    )
    if row is None:
        msg = f"no rule set for every series is in force on {on}"
        raise NotYetError(msg)
    identity = row["stream"].partition("-")[2]
    return RulesFact(identity, parse(row["document"]), Seen(stream=row["stream"], version=row["version"]))


async def rules_today(spine: Spine) -> RulesFact:
    """Read the rule set for every series that is in force today.

    Raises
    ------
    Refused
        RULESET_NOT_IN_FORCE when none has arrived here.
    """
    try:
        return await rules(spine, beijing_date(spine.clock.now()))
    except NotYetError as error:
        raise Refused.one("RULESET_NOT_IN_FORCE", "H", facts={"series": EVERY_SERIES}) from error


async def title(spine: Spine, identity: str) -> TitleFacts | None:
    """Read a title and whose it is; None when it is unknown."""
    row = await spine.views.fetchrow("titles", "select * from titles where stream = $1", f"title-{identity}")
    if row is None or row["person"] is None:
        return None
    return TitleFacts(identity, row["person"], row["revoked_by"], Seen(stream=row["stream"], version=row["version"]))


async def case(spine: Spine, identity: str) -> Case:
    """Read a case.

    Raises
    ------
    Refused
        NOT_FOUND when there is none.
    """
    state = (await spine.bus.load(CASE, CASE.stream(identity))).state
    if state is None:
        raise Refused.one("NOT_FOUND")
    return state


async def decided(spine: Spine, identity: str) -> CaseFacts:
    """Read a decided case, as the ground of what follows from it.

    Raises
    ------
    Refused
        CASE_REQUIRED when there is none, or it is not decided.
    """
    state: Case | None = (await spine.bus.load(CASE, CASE.stream(identity))).state
    if state is None or state.decided is None:
        raise Refused.one("CASE_REQUIRED", "十七", facts={"case": identity}, change={"needs": "a decided case"})
    return state.decided


async def findings(spine: Spine, case: CaseFacts) -> str:
    """Open what a decision found.

    Raises
    ------
    Refused
        FORBIDDEN_ACTOR when its subject was erased; UPSTREAM_UNAVAILABLE when nobody gives the key.
    """
    opened = (await spine.keys.open_all([case.findings]))[case.findings]
    if opened is None:
        raise Refused.one("FORBIDDEN_ACTOR", facts={"erased": True})
    return opened


async def stored(spine: Spine, of: Case, documents: Iterable[tuple[str, BlobRef]]) -> None:
    """Read named documents back, each given with its place in the request.

    Raises
    ------
    Refused
        MATERIAL_MISSING for what was not stored for this case's subject, MATERIAL_TAMPERED for another size.
    """
    refuse_all([reason for pointer, ref in documents if (reason := await _unstored(spine, of, pointer, ref))])


async def _unstored(spine: Spine, of: Case, pointer: str, ref: BlobRef) -> Reason | None:
    try:
        content = await spine.adapters.vault.of(of.subject_kind).get(of.subject, ref, about_to_name=True)
    except (BlobMissingError, SealBrokenError, KeyDestroyedError):
        return Reason("MATERIAL_MISSING", "十七.2", facts={"hash": ref.hash}, pointer=pointer)
    if len(content) != ref.size:
        return Reason("MATERIAL_TAMPERED", "十七.2", facts={"size": len(content)}, pointer=pointer)
    return None
