"""What falls with a ban: the endorsements that its bearer gave, and the place among the experts (§11.23).

A ban works by its days, not by its event: one may be imposed before its first day. So what it takes away is looked
for day by day, each once, under an id that follows from the ban and what it hits. So is an endorsement that rests on
a revoked title (§11.7): one may be given after the revocation was decided and before the title says it here.
"""

from __future__ import annotations

import asyncio
from typing import Any

import structlog

from libs.events.bus import Meta
from libs.events.contracts.intake import Seen
from libs.events.ids import derived_command_id, fingerprint
from libs.events.reactions import passing, service_actor
from libs.kernel.decisions import Aggregate
from libs.kernel.refusals import Refused
from libs.web.spine import Spine
from services.review import facts
from services.review.domain.endorsement import ENDORSEMENT, LapseByBan, LapseByTitle
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

_BASELESS = """
select t.stream as title, e.stream as target
from titles t join endorsements e on e.title = t.stream
where not t.live
order by 1, 2
"""


async def sweep(spine: Spine) -> None:
    """Take from those under a ban what it bars them from, and end what rests on a revoked title."""
    for row in await spine.views.fetch(("bans", "endorsements", "experts"), _HIT, facts.today(spine)):
        ban = BanFact(row["from_day"], row["until"], Seen(stream=row["ban"], version=row["version"]))
        await _take(spine, "ban", row["ban"], row["target"], *_command(row["target"], ban))
    for row in await spine.views.fetch(("titles", "endorsements"), _BASELESS):
        lapse = LapseByTitle(row["title"].partition("-")[2])
        await _take(spine, "title", row["title"], row["target"], ENDORSEMENT, lapse)
    await asyncio.sleep(SWEEP_SECONDS)


async def _take(spine: Spine, kind: str, cause: str, target: str, aggregate: Aggregate, command: Any) -> None:
    meta = Meta(derived_command_id(cause, kind, target), fingerprint(kind.encode()), service_actor("review"))
    try:
        await spine.bus.execute(aggregate, target, command, meta)
    except Refused as refusal:
        # The view that named the target lags behind its stream: it has fallen already.
        if not passing(refusal) and refusal.reasons[0].code != "ILLEGAL_TRANSITION":
            log.error("what has lost its basis stands", cause=cause, target=target, codes=str(refusal))  # noqa: TRY400


def _command(target: str, ban: BanFact) -> tuple[Aggregate, Any]:
    if target.startswith("expert-"):
        return EXPERT, RemoveBannedExpert(ban)
    return ENDORSEMENT, LapseByBan(ban)
