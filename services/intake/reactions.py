"""What intake does when others, or its own streams, have spoken."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import cast

from libs.events.contracts.certificate import Basis, RelianceDecided
from libs.events.contracts.intake import Fallen, Seen
from libs.events.envelope import Event
from libs.events.reactions import Reaction, to_all, to_one
from libs.events.reading import NotYetError
from libs.kernel.calendars import beijing_date
from libs.kernel.terms import Check
from libs.web.spine import Spine
from services.intake import facts
from services.intake.domain.application import APPLICATION
from services.intake.domain.application.fees import AssessFee, LapsePayment, RecordPayment
from services.intake.domain.application.followup import (
    EndByBan,
    Hold,
    RecordCancelled,
    RecordCertified,
    RecordConfirmed,
    RecordPublished,
    RecordResult,
    RecordScheduled,
    RecordVoteOpened,
    RecordVoteVoided,
)
from services.intake.domain.application.qualification import RecordCheck
from services.intake.domain.application.state import LIVE, State
from services.intake.domain.employer import EMPLOYER
from services.intake.domain.facts import Standing
from services.intake.domain.payment import PAYMENT, CancelBill, OpenBill

ERASE_SECONDS = 1.0
KINDS = frozenset({"application", "payment", "person", "session", "ballot", "notice", "title", "ban", "case"})
"""The kinds of stream that intake reacts to."""


def _seen(event: Event) -> Seen:
    return Seen(stream=event.stream, version=event.version)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def reactions(spine: Spine) -> tuple[Reaction, ...]:
    """List intake's reactions, with what they need to read."""
    return (*_of_review(), *_of_fees(spine), *_checks(spine), *_of_titles(spine), *_of_bans(spine))


def _of_review() -> tuple[Reaction, ...]:
    async def scheduled(event: Event, _: str) -> RecordScheduled:
        return RecordScheduled(event.identity, _instant(event.data["held_at"]), _seen(event))

    async def opened(event: Event, _: str) -> RecordVoteOpened:
        return RecordVoteOpened(event.data["session"], _seen(event))

    async def voided(event: Event, _: str) -> RecordVoteVoided:
        return RecordVoteVoided(event.data["session"], _seen(event))

    async def result(event: Event, _: str) -> RecordResult:
        return RecordResult(event.data["session"], event.data["passed"], _seen(event))

    async def published(event: Event, _: str) -> RecordPublished:
        return RecordPublished(_instant(event.data["ends_at"]), _seen(event))

    async def confirmed(event: Event, _: str) -> RecordConfirmed:
        return RecordConfirmed(_seen(event))

    async def cancelled(event: Event, _: str) -> RecordCancelled:
        return RecordCancelled(event.data["cause"], _seen(event))

    async def certified(event: Event, _: str) -> RecordCertified:
        return RecordCertified(event.identity, _seen(event))

    one = to_one("application", "application")
    return (
        Reaction("schedule", "SessionPlanned", APPLICATION, to_all("application", "candidates"), scheduled),
        Reaction("vote-opened", "BallotOpened", APPLICATION, one, opened),
        Reaction("vote-voided", "VoteVoided", APPLICATION, one, voided),
        Reaction("result", "ResultAnnounced", APPLICATION, one, result),
        Reaction("published", "ResultPublicityStarted", APPLICATION, one, published),
        Reaction("confirmed", "ResultConfirmed", APPLICATION, one, confirmed),
        Reaction("cancelled", "ResultCancelled", APPLICATION, one, cancelled),
        Reaction("certified", "TitleGranted", APPLICATION, one, certified),
    )


def _of_fees(spine: Spine) -> tuple[Reaction, ...]:
    async def bill(_: Event, target: str) -> AssessFee:
        state = (await spine.bus.load(APPLICATION, target)).state
        return AssessFee(await facts.rules(spine, state.ruleset), spine.adapters.calendar)

    async def open_bill(event: Event, _: str) -> OpenBill:
        data = event.data
        return OpenBill(event.identity, data["applicant"], data["amount_fen"], _instant(data["due"]))

    async def paid(event: Event, _: str) -> RecordPayment:
        return RecordPayment(event.identity, event.data["amount_fen"], event.time)

    async def lapsed(event: Event, _: str) -> LapsePayment:
        return LapsePayment(event.identity)

    async def cancel(event: Event, _: str) -> CancelBill:
        return CancelBill(event.data["reason"])

    def bill_of(event: Event) -> list[str]:
        return [f"payment-{event.data['payment']}"]

    async def bill_of_ended(event: Event) -> list[str]:
        # Once ended, an application is never accepted as paid: what its stream says now is final.
        state = (await spine.bus.load(APPLICATION, event.stream)).state
        if state.bill is None or state.bill.paid or event.data["reason"] == "payment_lapsed":
            return []
        return [f"payment-{state.bill.payment}"]

    return (
        Reaction("bill", "ApplicationQualified", APPLICATION, lambda event: (event.stream,), bill),
        Reaction("open-bill", "FeeAssessed", PAYMENT, bill_of, open_bill),
        Reaction("paid", "PaymentReceived", APPLICATION, to_one("application", "application"), paid),
        Reaction("lapsed", "BillLapsed", APPLICATION, to_one("application", "application"), lapsed),
        Reaction("cancel-bill", "ApplicationEnded", PAYMENT, bill_of_ended, cancel),
    )


def _checks(spine: Spine) -> tuple[Reaction, ...]:
    """Ask for the three data checks of 说一; while a register does not answer, its check waits and is asked again."""

    async def education(event: Event, _: str) -> RecordCheck:
        person, cited = await facts.person(spine, event.data["applicant"])
        opened = await spine.keys.open_all(
            [person.name, person.id_number, *(degree.certificate_no for degree in person.degrees)]
        )
        name, number = opened[person.name], opened[person.id_number]
        answers = [
            await spine.adapters.education.verify(opened[degree.certificate_no] or "", name or "", number or "")
            for degree in person.degrees
        ]
        return RecordCheck("education", _worst(answers), "education", (cited,))

    async def insurance(event: Event, _: str) -> RecordCheck:
        person, cited = await facts.person(spine, event.data["applicant"])
        number = await spine.keys.open(person.id_number)
        employer = await spine.bus.load(EMPLOYER, EMPLOYER.stream(event.data["employer"]))
        on = beijing_date(event.time)
        answer = await spine.adapters.insurance.employed(number, employer.state.credit_code, on)
        return RecordCheck("insurance", _worst([answer]), "insurance", (cited,))

    async def title(event: Event, _: str) -> RecordCheck:
        held = await facts.titles(spine, event.data["applicant"])
        same = [one for one in held if one.series == event.data["series"]]
        live = [one for one in same if one.standing == "live"]
        answer = Check.MATCH if live else (Check.MISMATCH if same else Check.NOT_FOUND)
        return RecordCheck("title", answer, "titles", tuple(one.seen for one in same))

    own = "ApplicationAccepted"
    return (
        Reaction("check-education", own, APPLICATION, lambda event: (event.stream,), education, alone=True),
        Reaction("check-insurance", own, APPLICATION, lambda event: (event.stream,), insurance, alone=True),
        Reaction("check-title", own, APPLICATION, lambda event: (event.stream,), title),
    )


def _worst(answers: list[Check]) -> Check:
    """Give the answer that leaves most open; a register that did not answer is asked again."""
    if Check.UNAVAILABLE in answers:
        msg = "the register did not answer"
        raise NotYetError(msg)
    for answer in (Check.MISMATCH, Check.NOT_FOUND):
        if answer in answers:
            return answer
    return Check.MATCH if answers else Check.NOT_FOUND


async def _live_of(spine: Spine, event: Event) -> list[tuple[str, State]]:
    # The claims, not a view: they are written with the draft itself, so no draft is overlooked.
    rows = await spine.pool.fetch(
        "select stream from claims where name = 'application' and starts_with(value, $1)",
        f"{event.data['person']}/",
    )
    loaded = [(row["stream"], await spine.bus.load(APPLICATION, row["stream"])) for row in rows]
    return [(stream, one.state) for stream, one in loaded if one.state.stage in LIVE]


def _of_titles(spine: Spine) -> tuple[Reaction, ...]:
    """Hold what rests on a title that was revoked, is in question, or was found to be no basis (§11.39)."""

    async def hold(event: Event, _: str) -> Hold:
        # Topics are not ordered: the title's own stream, and an assessment that cites it, may have come first.
        # Nothing follows a revocation there, so its last version is the one that says it.
        now = await facts.titles_now(spine, [f"title-{event.data['title']}"])
        fell_at = next((one.seen.version for one in now if one.standing is Standing.REVOKED), None)
        return Hold(event.data["title"], event.identity, _seen(event), fell_at)

    async def hold_voided(event: Event, _: str) -> Hold:
        return Hold(event.identity, event.data["case"], _seen(event), event.version)

    async def hold_questioned(event: Event, _: str) -> Hold:
        return Hold(event.identity, None, _seen(event), event.version, Fallen.UNKNOWN)

    async def hold_fallen(event: Event, _: str) -> Hold:
        return Hold(event.identity, None, _seen(event), event.version, Fallen.NO_BASIS)

    async def resting_on(event: Event) -> list[str]:
        # The view knows an application by every title that it cites; the holder's own, which it may not have
        # folded yet, are asked themselves.
        title = f"title-{event.data.get('title', event.identity)}"
        rows = await spine.views.fetch(
            ("applications",),
            "select stream from applications where live and titles ? $1",
            title,
        )
        own = [stream for stream, state in await _live_of(spine, event) if title in state.relied_on]
        return sorted({*own, *(row["stream"] for row in rows)})

    async def resting_on_fallen(event: Event) -> list[str]:
        stands = cast("RelianceDecided", event.payload).standing is Basis.LIVE
        return [] if stands else await resting_on(event)

    return (
        Reaction("hold", "TitleRevoked", APPLICATION, resting_on, hold),
        # Once more when the title's own stream says it, from which assessments are fed: one may have been made
        # in between.
        Reaction("hold-voided", "TitleVoided", APPLICATION, resting_on, hold_voided),
        Reaction("hold-questioned", "RelianceListed", APPLICATION, resting_on, hold_questioned),
        Reaction("hold-fallen", "RelianceDecided", APPLICATION, resting_on_fallen, hold_fallen),
    )


def _of_bans(spine: Spine) -> tuple[Reaction, ...]:
    async def bar(event: Event, _: str) -> EndByBan:
        first, last = (date.fromisoformat(event.data[day]) for day in ("from_day", "until"))
        return EndByBan(event.identity, first, last, event.data["basis"], _seen(event))

    async def of_person(event: Event) -> list[str]:
        return [stream for stream, _ in await _live_of(spine, event)]

    async def of_person_today(event: Event) -> list[str]:
        # A ban for a later day ends nothing yet: what is live then ends with BanBegan.
        later = date.fromisoformat(event.data["from_day"]) > beijing_date(event.time)
        return [] if later else await of_person(event)

    return (
        Reaction("bar", "BanImposed", APPLICATION, of_person_today, bar),
        Reaction("bar-later", "BanBegan", APPLICATION, of_person, bar),
    )


async def destroy_keys(spine: Spine) -> None:
    """Destroy the keys of persons whose erasure was decided, once the decision is in the store."""
    rows = await spine.pool.fetch(
        "select stream from events e where type = 'SubjectErased' and not exists"
        " (select from erasures where 'person-' || person::text = e.stream)"
    )
    for row in rows:
        person = row["stream"].partition("-")[2]
        await spine.adapters.keys.destroy(person)
        spine.keys.forget(person)
    await asyncio.sleep(ERASE_SECONDS)
