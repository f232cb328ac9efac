"""Where evidence lies: under the key of the person whom it is about; under one of ours when it is about a unit."""

from __future__ import annotations

import asyncpg
from obstore.store import ObjectStore

from libs.events.blobs import Blobs
from libs.events.contracts.integrity import SubjectKind
from libs.events.sealing import KeyRing
from libs.web.unit_keys import UnitKeys

PERSONS = frozenset({SubjectKind.APPLICANT, SubjectKind.EXPERT})


class Vault:
    """Evidence, by whom it is about."""

    def __init__(self, of_persons: Blobs, store: ObjectStore, pool: asyncpg.Pool) -> None:
        self._of_persons = of_persons
        self._of_units = Blobs(store, KeyRing(UnitKeys(pool)))

    def of(self, subject: SubjectKind) -> Blobs:
        """Give the store for a kind of subject."""
        return self._of_persons if subject in PERSONS else self._of_units
