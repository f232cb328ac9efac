"""What stands at the gateway's edge: where a path goes, how much a caller may ask."""

from __future__ import annotations

import pytest

from libs.kernel.refusals import Refused
from services.gateway.access.kinds import BY_COLLECTION
from services.gateway.limits import Limits
from services.gateway.routing import OURS, OWNERS, is_api, route

ID = "3f0c6f0a-3a0e-4b0e-8c8f-1f2f3f4f5f6f"


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("GET", "/v1/applications", ""),
        ("GET", f"/v1/applications/{ID}", ""),
        ("GET", f"/v1/applications/{ID}/events", ""),
        ("GET", f"/v1/applications/{ID}/materials/form", "intake"),
        ("GET", f"/v1/certificates/{ID}/document", "certificate"),
        ("GET", "/v1/verifications/ABCD", "certificate"),
        ("POST", "/v1/verifications", "certificate"),
        ("POST", "/v1/applications", "intake"),
        ("PUT", f"/v1/applications/{ID}", "intake"),
        ("POST", f"/v1/ballots/{ID}/votes", "review"),
        ("POST", f"/v1/cases/{ID}/revocations", "integrity"),
        ("POST", "/v1/clients", ""),
        ("GET", "/v1/events", ""),
        ("GET", "/v1/openapi.json", ""),
        ("HEAD", "/v1/applications", ""),
        ("POST", f"/v1/offices/{ID}/appointments", "integrity"),
        ("GET", "/verify", "certificate"),
        ("GET", "/verify/0123-4567-89AB-CDEF", "certificate"),
        ("GET", "/verify/%E4%BD%A0", "certificate"),
        ("GET", "/verify/assets/verify.css", "certificate"),
    ],
)
def test_a_path_goes_to_whoever_owns_its_first_segment(method, path, service):
    assert route(method, path.encode()).service == service


@pytest.mark.parametrize(
    "path",
    [
        "/v1/",
        "/v1",
        "/v1/unknown",
        "/v1/internal/keys",
        "/v1/persons/../../internal/keys",
        "/v1/persons/./x",
        "/v1/persons/%2e%2e/internal",
        "/v1/persons//x",
        "/v1/persons/x/",
        "/v1/Persons",
        "/v1/persons/张",
        "/internal/keys",
        "/verify/../internal/keys",
        "/verify/..",
        "/verify/a/b",
    ],
)
def test_a_path_that_is_not_plain_leads_nowhere(path):
    for method in ("GET", "POST"):
        with pytest.raises(Refused) as refusal:
            route(method, path.encode())
        assert refusal.value.reasons[0].code == "NOT_FOUND"


def test_every_collection_is_owned_by_a_service_or_by_the_gateway():
    assert set(BY_COLLECTION) <= set(OWNERS) | OURS


@pytest.mark.parametrize("path", ["/", "/livez", "/readyz", "/metrics", "/verifyx", "/v1"])
def test_what_is_no_api_is_left_to_the_app(path):
    assert not is_api(path)


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_caller_may_ask_as_much_as_its_bucket_holds_and_again_as_it_fills():
    clock = Ticking()
    limits = Limits(3, 30, clock)
    assert [limits.take("a").allowed for _ in range(4)] == [True, True, True, False]
    clock.now += 10
    assert [limits.take("a").allowed for _ in range(2)] == [True, False]


def test_one_caller_takes_nothing_from_another():
    limits = Limits(1, 60, Ticking())
    assert limits.take("a").allowed
    assert limits.take("b").allowed
    assert not limits.take("a").allowed


def test_the_headers_say_what_is_left_and_when_it_is_full_again():
    limits = Limits(2, 60, Ticking())
    assert limits.take("a").headers == [
        (b"ratelimit-policy", b'"default";q=2;w=60'),
        (b"ratelimit", b'"default";r=1;t=30'),
    ]
    limits.take("a")
    assert limits.take("a").headers[1:] == [(b"ratelimit", b'"default";r=0;t=60'), (b"retry-after", b"30")]
