"""What falls with a ban: the endorsements that its bearer gave, and the place among the experts (§11.23).

A ban works by its days, not by its event: one may be imposed before its first day. So what it takes away is looked
for day by day, each once, under an id that follows from the ban and what it hits.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import structlog

from libs.events.bus import Meta
from libs.events.contracts.intake import Seen
from libs.events.ids import derived_command_id, fingerprint
from libs.events.reactions import passing, service_actor
from libs.kernel.decisions import Aggregate
from libs.kernel.refusals import Refused
from libs.web.spine import Spine
from services.review import facts
from services.review.domain.endorsement import ENDORSEMENT, LapseByBan
from services.review.domain.expert import EXPERT, RemoveBannedExpert
from services.review.domain.facts import BanFact

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0

_HIT = """
select b.stream as ban, b.version, b.from_day, b.until, hit.stream as target
from bans b
cross join lateral (
    select e.stream from endorsements e where e.endorser = b.person and e.title is not null
    union all
    select x.stream from experts x where x.stream = 'expert-' || b.person and x.admitted
) hit
where b.from_day <= $1 and b.until >= $1
order by 1, 5
"""


async def sweep(spine: Spine) -> None:
    """Take from those under a ban what it bars them from."""
    for row in await spine.views.fetch(("bans", "endorsements", "experts"), _HIT, facts.today(spine)):
        await _take(spine, row)
    await asyncio.sleep(SWEEP_SECONDS)


async def _take(spine: Spine, row: asyncpg.Record) -> None:
    cause, target = row["ban"], row["target"]
    ban = BanFact(row["from_day"], row["until"], Seen(stream=cause, version=row["version"]))
    aggregate, command = _command(target, ban)
    meta = Meta(derived_command_id(cause, "ban", target), fingerprint(b"ban"), service_actor("review"))
    try:
        await spine.bus.execute(aggregate, target, command, meta)
    except Refused as refusal:
        # The view that named the target lags behind its stream: it has fallen already.
        if not passing(refusal) and refusal.reasons[0].code != "ILLEGAL_TRANSITION":
            log.error("a ban was not carried out", ban=cause, target=target, codes=str(refusal))  # noqa: TRY400


def _command(target: str, ban: BanFact) -> tuple[Aggregate, Any]:
    if target.startswith("expert-"):
        return EXPERT, RemoveBannedExpert(ban)
    return ENDORSEMENT, LapseByBan(ban)
