"""The policy table: every line has a reader, nothing blind can be found or named, every member is documented."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from libs.kernel.refusals import Refused
from libs.kernel.terms import Role
from services.gateway.access.kinds import KINDS
from services.gateway.access.viewer import Viewer
from services.gateway.api.models import MODELS
from services.gateway.query import FILTERS, feed, grants_of, item, listing

IDENTIFYING = {"applicant", "applicant_name", "employer", "employer_name", "district", "asked", "review", "publicity"}


def viewer(*roles: str) -> Viewer:
    return Viewer(frozenset(roles), "p", "u", "d", datetime(2025, 3, 3, tzinfo=UTC))


def test_every_member_that_a_grant_names_is_documented():
    for kind in KINDS.values():
        for grant in kind.grants:
            assert (grant.members or set()) <= set(MODELS[kind.name].model_fields), (kind.name, grant.name)


def test_every_filter_of_a_collection_exists():
    assert {name for kind in KINDS.values() for name in kind.filters} <= set(FILTERS)


def test_whoever_reviews_blind_can_neither_see_nor_search_who_the_applicant_is():
    blind = next(grant for grant in KINDS["application"].grants if grant.name == "blind")
    assert blind.members is not None
    assert blind.filters is not None
    assert not blind.members & IDENTIFYING
    assert not blind.filters & {"person", "employer", "district"}
    assert not blind.events


def test_no_applicant_or_employer_reads_an_expert_a_session_or_a_ballot():
    for kind in ("expert", "session", "ballot"):
        for grant in KINDS[kind].grants:
            if grant.name != "own":
                assert not grant.roles & {Role.APPLICANT, Role.EMPLOYER_CLERK, Role.EMPLOYER_HEAD, Role.PUBLIC}


@pytest.mark.parametrize("kind", ["ballot", "session", "expert", "committee", "client", "person", "record", "payment"])
def test_the_public_is_asked_to_sign_in_where_it_reads_nothing(kind):
    with pytest.raises(Refused) as refusal:
        grants_of(KINDS[kind], viewer("public"))
    assert refusal.value.reasons[0].code == "UNAUTHENTICATED"


@pytest.mark.parametrize(("kind", "role"), [("ballot", "applicant"), ("committee", "expert"), ("client", "district")])
def test_a_role_that_reads_nothing_of_a_kind_is_told_so(kind, role):
    with pytest.raises(Refused) as refusal:
        grants_of(KINDS[kind], viewer(role))
    assert refusal.value.reasons[0].code == "FORBIDDEN_ACTOR"


@pytest.mark.parametrize("role", sorted(role.value for role in Role if role != Role.SYSTEM))
def test_every_statement_compiles_for_every_role(role):
    roles = frozenset({role})
    for kind in KINDS.values():
        grants = tuple(grant for grant in kind.grants if grant.roles & roles)
        if not grants:
            continue
        assert item(kind, grants).text
        for forward in (None, True, False):
            assert listing(kind, grants, frozenset(kind.filters), forward).text
    for filters in (frozenset[str](), frozenset({"application", "kind", "type"}), frozenset({"stream"})):
        assert feed(roles, filters).text


def test_a_value_never_becomes_part_of_a_statement():
    kind = KINDS["employer"]
    statement = listing(kind, kind.grants, frozenset({"name"}), forward=None)
    arguments = statement.arguments({"by_name": "'; drop table resources; --", "size": 1})
    assert "drop" not in statement.text
    assert "'; drop table resources; --" in arguments
