"""Who a person is: registration, and erasure of what is personal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from libs.events.contracts.base import Unsealed
from libs.events.contracts.intake import PersonRegistered, SubjectErased
from libs.kernel.calendars import beijing_date
from libs.kernel.decisions import Claim, Context, Decision
from libs.kernel.identity import birth_date, name_reasons, resident_number
from libs.kernel.refusals import Reason, Refused, illegal_transition, refuse_all
from services.intake.domain.person.state import Handler, State

RESIDENT_ID: Final = "resident_id"
ORGANISATION_ID: Final = "unified_social_credit_code"
PHONE: Final = re.compile(r"\+?[0-9]{6,15}")


@dataclass(frozen=True, slots=True)
class RegisterPerson:
    """Make a person known; `blind_index` is the keyed hash of the ID number, in hexadecimal, by the shell."""

    person: str
    name: str
    id_kind: str
    id_number: str
    phone: str
    blind_index: str


@dataclass(frozen=True, slots=True)
class Erase:
    """Destroy the person's key; facts: what must be kept, the blind index to free, and who holds it.

    `retained` names what stands: `application`, `title`, `ban`, `record`, `case`. `holder` is the person whose
    ID number the blind index stands for; empty when it is nobody's.
    """

    reason: str
    retained: frozenset[str]
    blind_index: str
    holder: str


def _register(state: State, command: RegisterPerson, context: Context) -> Decision:
    if state.identity:
        raise illegal_transition("REGISTERED", "register_person", ["NONE"])
    found = list(name_reasons(command.name))
    if not PHONE.fullmatch(command.phone):
        found.append(Reason("SCHEMA_INVALID", "附四", {"failing": "phone"}, pointer="/phone"))
    born, number = date.min, ""
    if command.id_kind == ORGANISATION_ID:
        found.append(Reason("NOT_NATURAL_PERSON", "附四", {"id_kind": command.id_kind}, pointer="/id_kind"))
    elif command.id_kind != RESIDENT_ID:
        facts = {"id_kind": command.id_kind}
        found.append(Reason("SCHEMA_INVALID", "附四", facts, {"id_kinds": [RESIDENT_ID]}, "/id_kind"))
    else:
        try:
            number = resident_number(command.id_number)
            born = birth_date(number)
        except Refused as refused:
            found.extend(refused.reasons)
        if born > beijing_date(context.now):
            found.append(Reason("ID_INVALID", "附四", {"failing": "birth_date"}, pointer="/id_number"))
    refuse_all(found)
    event = PersonRegistered(
        name=Unsealed(command.person, command.name.strip()),
        id_kind=command.id_kind,
        id_number=Unsealed(command.person, number),
        birth_date=Unsealed(command.person, born.isoformat()),
        phone=Unsealed(command.person, command.phone),
    )
    return Decision((event,), claims=(Claim("person", command.blind_index),))


def _erase(state: State, command: Erase, _context: Context) -> Decision:
    found: list[Reason] = []
    if command.retained:
        facts = {"standing": sorted(command.retained)}
        found.append(Reason("RETENTION_REQUIRED", "个人信息保护法 第19、47条", facts, {"instead": "freeze access"}))
    if not command.reason.strip():
        found.append(Reason("GROUND_REQUIRED", "个人信息保护法 第47条", pointer="/reason"))
    if command.holder != state.identity:
        # Freed is what was typed: a slip would keep this person's number taken for ever, and free another's.
        found.append(Reason("ID_INVALID", "附四", {"of": "another or nobody"}, pointer="/id_number"))
    refuse_all(found)
    return Decision(
        (SubjectErased(reason=Unsealed(state.identity, command.reason)),),
        releases=(Claim("person", command.blind_index),),
    )


HANDLERS: Final[Mapping[type, Handler]] = {RegisterPerson: _register, Erase: _erase}
