"""北京市职称证书: issued once for a title, revoked once and for ever (附九, 十四.5, 十七.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import assert_never
from uuid import UUID, uuid5

from libs.events.contracts.base import Unsealed
from libs.events.contracts.certificate import CertificateIssued, CertificateRevoked
from libs.events.contracts.intake import BlobRef, Seen
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Aggregate, Context, Decision
from libs.kernel.refusals import Reason, refuse_all
from libs.kernel.rulesets import RuleSet
from libs.kernel.terms import Level, Route
from services.certificate.domain import claims, scope
from services.certificate.domain.issuer import ISSUER
from services.certificate.domain.numbering import certificate_number
from services.certificate.domain.revocation import Revocation, already_revoked, lacking
from services.certificate.domain.verification_codes import code_of

FIRST_YEAR = "electronic_certificate_from_year"
"""The parameter of the rule set that says since when the city issues electronic certificates (说二)."""


@dataclass(frozen=True, slots=True)
class TitleFacts:
    """The title as the shell read it: the fields of TitleGranted, and whether it has been revoked since.

    `granted_on` is the date of TitleGranted in Beijing.
    """

    title: str
    person: str
    series: str
    specialty: str
    level: Level
    route: Route
    scope: str
    obtained_on: date
    granted_on: date
    revoked: bool
    seen: Seen


@dataclass(frozen=True, slots=True)
class RulesFact:
    """The one rule set that decides (invariant 21): its identity, its document, its version as read."""

    identity: str
    rules: RuleSet
    seen: Seen


@dataclass(frozen=True, slots=True)
class IssueCertificate:
    """Issue the certificate of a title: a reaction to TitleGranted.

    The document shows number and code, and is stored before the event that names it. So the shell asks
    `certificate_number` and `code_of` first, with the same `template`, `series_number`, `serial`, `token`
    and `issued_on` as are given here, and renders; `decide` computes both again.

    Parameters
    ----------
    title
        From this service's own title stream.
    title_name, series_number
        What the title is called, and the series' row in the national table: from the catalogue.
    name, id_number
        The holder's, opened under their key by the shell and sealed again into the event.
    issuer
        Whom the document names as its issuer.
    issued_on
        The date in Beijing that the document shows.
    template, serial, token
        The numbering's version, the next value of the counter, fresh random bytes.
    document
        The rendered certificate, already stored.
    rules
        The rule set in force for the title's series and level.
    """

    title: TitleFacts
    title_name: str
    series_number: int
    name: Unsealed
    id_number: Unsealed
    issuer: str
    issued_on: date
    template: str
    serial: int
    token: bytes
    document: BlobRef
    rules: RulesFact


@dataclass(frozen=True, slots=True)
class RevokeCertificate:
    """Revoke the certificate of a title: a reaction to TitleRevoked, also before it has been issued."""

    title: str
    person: str
    revocation: Revocation


Command = IssueCertificate | RevokeCertificate


@dataclass(frozen=True, slots=True)
class Certificate:
    """What became of a title's certificate; revoked before it was issued, it has no number and no document."""

    number: str
    person: str
    title_name: str = ""
    document: BlobRef | None = None
    revoked_by: str | None = None


State = Certificate | None

INITIAL: State = None


def certificate_identity(title: str) -> UUID:
    """Name the certificate of a title: a revocation finds it even before it is issued."""
    return uuid5(UUID(title), "certificate")


def decide(state: State, command: Command, context: Context) -> Decision:
    """Decide on one certificate; raises `Refused` with every failing reason."""
    match command:
        case IssueCertificate():
            return _issue(state, command, context)
        case RevokeCertificate():
            return _revoke(state, command)
        case _:
            assert_never(command)


def evolve(state: State, payload: object, _event: object) -> State:
    """Fold one event of a certificate's stream."""
    match payload:
        case CertificateIssued():
            return Certificate(payload.number, payload.person, payload.title_name, payload.document)
        case CertificateRevoked() if state:
            return replace(state, revoked_by=payload.decision_no)
        case CertificateRevoked():
            return Certificate("", payload.person, revoked_by=payload.decision_no)
        case _:
            return state


def _issue(state: State, command: IssueCertificate, context: Context) -> Decision:
    title = command.title
    refuse_all((*_not_issuable(state, title), *scope.misfits(title.route, title.scope), *_formal(command, context)))
    number = certificate_number(
        command.template,
        year=command.issued_on.year,
        series_number=command.series_number,
        level=title.level,
        serial=command.serial,
    )
    code = code_of(command.token)
    issued = CertificateIssued(
        title=title.title,
        person=title.person,
        number=number,
        template=command.template,
        code=code,
        name=command.name,
        id_number=command.id_number,
        series=title.series,
        specialty=title.specialty,
        level=title.level,
        title_name=command.title_name,
        scope=title.scope,
        obtained_on=title.obtained_on,
        issued_on=command.issued_on,
        issuer=command.issuer,
        document=command.document,
        seen=(title.seen, command.rules.seen),
    )
    return Decision(
        events=(issued,),
        claims=(
            claims.certificate_of_title(title.title),
            *claims.certificate_number(command.issuer, number),
            claims.verification_code(code),
        ),
        reply={"number": number},
        ruleset=command.rules.identity,
    )


def _not_issuable(state: State, title: TitleFacts) -> Iterator[Reason]:
    if state is not None and state.revoked_by is None:
        yield Reason("ALREADY_ISSUED", "附九", facts={"number": state.number})
    if title.revoked or (state is not None and state.revoked_by is not None):
        yield Reason("ALREADY_REVOKED", "十七.2", facts={"title": title.title})


def _formal(command: IssueCertificate, context: Context) -> Iterator[Reason]:
    if command.issuer != ISSUER:
        yield Reason(
            "ISSUER_INVALID",
            "附十一",
            facts={"issuer": command.issuer},
            change={"issuer": ISSUER},
            pointer="/issuer",
        )
    first_year = command.rules.rules.integer(FIRST_YEAR)
    if command.issued_on.year < first_year:
        yield Reason(
            "ISSUE_DATE_INVALID",
            "说二",
            facts={"issued_on": command.issued_on.isoformat()},
            change={"not_before_year": first_year},
            pointer="/issued_on",
            ruleset=command.rules.identity,
        )
    # Not "today exactly": rendering may cross midnight, and a reaction's refusal is final.
    earliest, today = command.title.granted_on, beijing_date(context.now)
    if not earliest <= command.issued_on <= today:
        yield Reason(
            "DATE_INVALID",
            "附九",
            facts={"issued_on": command.issued_on.isoformat()},
            change={"from": earliest.isoformat(), "to": today.isoformat()},
            pointer="/issued_on",
        )


def _revoke(state: State, command: RevokeCertificate) -> Decision:
    revocation = command.revocation
    if state is not None and state.revoked_by is not None:
        raise already_revoked(state.revoked_by, revocation.decision_no)
    refuse_all(lacking(revocation))
    revoked = CertificateRevoked(
        title=command.title,
        person=command.person,
        number=state.number if state else "",
        case=revocation.case,
        decision_no=revocation.decision_no,
        ground=revocation.ground,
        revoked_on=beijing_date(revocation.decided_at),
        decided_by_role=revocation.decided_by_role,
        seen=(revocation.seen,),
    )
    return Decision(events=(revoked,))


CERTIFICATE = Aggregate("certificate", INITIAL, decide, evolve)
