"""What certificate does when review and integrity, or its own streams, have spoken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import cast

import structlog

from libs.events.contracts.base import Unsealed
from libs.events.contracts.certificate import TitleGranted
from libs.events.contracts.intake import BlobRef, Seen
from libs.events.envelope import Event
from libs.events.reactions import Reaction, to_one
from libs.events.reading import NotYetError
from libs.kernel.calendars import beijing_date
from libs.kernel.refusals import illegal_transition
from libs.kernel.terms import Role
from libs.web.spine import Spine
from services.certificate import facts
from services.certificate.adapters.issuing import Plan
from services.certificate.catalogue import catalogue
from services.certificate.document.render import CertificateFields
from services.certificate.domain.certificate import (
    CERTIFICATE,
    IssueCertificate,
    RevokeCertificate,
    TitleFacts,
    certificate_identity,
)
from services.certificate.domain.issuer import ISSUER
from services.certificate.domain.numbering import certificate_number
from services.certificate.domain.revocation import Revocation, already_revoked
from services.certificate.domain.title import TITLE, title_identity
from services.certificate.domain.title_commands import GrantTitle, ListReliance, VoidTitle
from services.certificate.domain.verification_codes import code_of
from services.certificate.views.others import recognition

log = structlog.get_logger(__name__)

KINDS = frozenset({"notice", "case", "title", "application"})
"""The kinds of stream that certificate reacts to."""
TEMPLATE = "2021-1"
"""The numbering of new certificates."""


def reactions(spine: Spine) -> tuple[Reaction, ...]:
    """List certificate's reactions, with what they need to read."""
    return (*_of_results(spine), *_of_revocations(spine), *_of_reliance(spine))


def _of_results(spine: Spine) -> tuple[Reaction, ...]:
    async def grant(event: Event, _: str) -> GrantTitle:
        return await facts.grant(spine, event.data)

    async def recognise(event: Event, _: str) -> GrantTitle:
        return await facts.grant(spine, recognition(event))

    async def issue(event: Event, _: str) -> IssueCertificate:
        return await _issue(spine, event)

    def title_of(event: Event) -> Sequence[str]:
        return (TITLE.stream(title_identity(event.data["application"])),)

    def title_of_application(event: Event) -> Sequence[str]:
        return (TITLE.stream(title_identity(event.identity)),)

    def certificate_of(event: Event) -> Sequence[str]:
        return (_certificate(event.identity),)

    return (
        Reaction("grant", "ResultConfirmed", TITLE, title_of, grant),
        Reaction("grant-recognised", "RecognitionGranted", TITLE, title_of_application, recognise),
        Reaction("issue", "TitleGranted", CERTIFICATE, certificate_of, issue),
    )


def _of_revocations(spine: Spine) -> tuple[Reaction, ...]:
    async def void(event: Event, _: str) -> VoidTitle:
        return VoidTitle(_revocation(event))

    async def revoke(event: Event, _: str) -> RevokeCertificate:
        return RevokeCertificate(event.data["title"], event.data["person"], _revocation(event))

    async def certificate_of(event: Event) -> Sequence[str]:
        # An imported title has its certificate elsewhere; one granted here has one, issued or not.
        title = (await spine.bus.load(TITLE, TITLE.stream(event.data["title"]))).state
        return (_certificate(event.data["title"]),) if title is not None and title.granted else ()

    return (
        Reaction("void", "TitleRevoked", TITLE, to_one("title", "title"), void),
        Reaction("revoke", "TitleRevoked", CERTIFICATE, certificate_of, revoke),
    )


def _of_reliance(spine: Spine) -> tuple[Reaction, ...]:
    """Titles that rested on a revoked one are put before a person (§11.7).

    A grant that is under way when its basis is revoked stands in no list yet: it looks for itself as soon as it
    stands, and again after each basis that it found.
    """

    async def relying(event: Event) -> Sequence[str]:
        return await facts.relying_on(spine, event.stream)

    async def listed(event: Event, _: str) -> ListReliance:
        return ListReliance(Seen(stream=event.stream, version=event.version))

    async def itself(event: Event) -> Sequence[str]:
        return (event.stream,) if await facts.voided_since(spine, event.stream) else ()

    async def found(event: Event, _: str) -> ListReliance:
        voided = await facts.voided_since(spine, event.stream)
        if voided is None:
            raise illegal_transition("listed", "ListReliance", [])
        return ListReliance(voided)

    return (
        Reaction("list-reliance", "TitleVoided", TITLE, relying, listed),
        Reaction("list-own-reliance", "TitleGranted", TITLE, itself, found),
        Reaction("list-more-reliance", "RelianceListed", TITLE, itself, found),
    )


def _certificate(title: str) -> str:
    return CERTIFICATE.stream(certificate_identity(title))


def _revocation(event: Event) -> Revocation:
    return Revocation(
        case=event.identity,
        decision_no=event.data["decision_no"],
        ground=event.data["ground"],
        decided_at=datetime.fromisoformat(event.data["decided_at"]),
        decided_by_role=Role(event.actor_role),
        seen=Seen(stream=event.stream, version=event.version),
    )


async def _issue(spine: Spine, event: Event) -> IssueCertificate:
    """Render and store the document, and put together the certificate that names it."""
    granted = cast("TitleGranted", event.payload)
    title = await spine.bus.load(TITLE, event.stream)
    if title.state.revoked_by is not None:
        raise already_revoked(title.state.revoked_by, "")
    series = catalogue().series.get(granted.series)
    if series is None or granted.level not in series.titles:
        msg = f"the catalogue does not name the titles of {granted.series} at this level"
        raise NotYetError(msg)
    rules = await facts.rules(spine, granted.ruleset)
    holder = await facts.holder(spine, granted.person)
    plan = await spine.adapters.issuing.plan(event.identity, TEMPLATE, beijing_date(spine.clock.now()))
    return IssueCertificate(
        title=TitleFacts(
            title=event.identity,
            person=granted.person,
            series=granted.series,
            specialty=granted.specialty,
            level=granted.level,
            route=granted.route,
            scope=granted.scope,
            obtained_on=granted.obtained_on,
            granted_on=beijing_date(event.time),
            revoked=False,
            seen=Seen(stream=event.stream, version=title.version),
        ),
        title_name=series.titles[granted.level],
        series_number=series.number,
        name=Unsealed(granted.person, holder.name),
        id_number=Unsealed(granted.person, holder.id_number),
        issuer=ISSUER,
        issued_on=plan.issued_on,
        template=plan.template,
        serial=plan.serial,
        token=plan.token,
        document=plan.document or await _print(spine, event.identity, granted, holder, plan),
        rules=rules,
    )


async def _print(spine: Spine, title: str, granted: TitleGranted, holder: facts.Holder, plan: Plan) -> BlobRef:
    series = catalogue().series[granted.series]
    code = code_of(plan.token)
    site = f"{spine.settings.gateway_url}/verify"
    fields = CertificateFields(
        number=certificate_number(
            plan.template,
            year=plan.issued_on.year,
            series_number=series.number,
            level=granted.level,
            serial=plan.serial,
        ),
        code=code,
        name=holder.name,
        id_kind=holder.id_kind,
        id_number=holder.id_number,
        series=series.name,
        specialty=catalogue().specialty_name(granted.specialty),
        level=granted.level,
        title_name=series.titles[granted.level],
        obtained_on=granted.obtained_on,
        issued_on=plan.issued_on,
        issuer=ISSUER,
        address=f"{site}/{code}",
        site=site,
        committee=await facts.committee_name(spine, granted.committee),
        scope=granted.scope,
    )
    printed = await spine.adapters.printer.print(fields)
    if printed.missing_glyphs:
        # The fields only: a rare character of a name may be all that it takes to know whose it is.
        shown = sorted({missing.field for missing in printed.missing_glyphs})
        log.warning("certificate prints code points", title=title, fields=shown)
    document = await spine.blobs.put(granted.person, printed.content, printed.media_type)
    await spine.adapters.issuing.keep(title, document)
    return document
