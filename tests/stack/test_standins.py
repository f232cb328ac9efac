"""The stand-ins answer the truth unless told otherwise, and the payment channel calls until it is heard."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey

from deploy.local.outside_process import OutsideInfo, OutsideProcess

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CERTIFICATE = {"certificate_no": "100001201505000001", "name": "李娜", "id_number": "110101199003070000"}
_EMPLOYMENT = {"id_number": "110101199003070000", "unit_code": "911101080000000001", "since": "2019-07-01"}


@pytest.fixture
def told(outside: OutsideInfo) -> Iterator[OutsideInfo]:
    """Give the stand-ins; afterwards they behave again."""
    yield outside
    for base in (outside.education, outside.insurance, outside.payment):
        httpx2.put(f"{base}/control", json={"mode": "ok"})
        httpx2.delete(f"{base}/records")


def _tell(base: str, **control: object) -> None:
    assert httpx2.put(f"{base}/control", json=control).status_code == 200


def _verify(told: OutsideInfo, **changes: str) -> httpx2.Response:
    return httpx2.post(f"{told.education}/v1/verifications", json=_CERTIFICATE | changes, timeout=5)


def _employed(told: OutsideInfo, **changes: str) -> dict[str, Any]:
    body = {"id_number": _EMPLOYMENT["id_number"], "unit_code": _EMPLOYMENT["unit_code"], "on": "2024-01-01"}
    answer = httpx2.post(f"{told.insurance}/v1/employments", json=body | changes)
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_certificate_matches_only_with_its_name_and_id_number(told: OutsideInfo) -> None:
    httpx2.put(f"{told.education}/records", json=[_CERTIFICATE])
    assert _verify(told).json() == {"result": "match"}
    assert _verify(told, name="李讷").json() == {"result": "mismatch"}
    assert _verify(told, id_number="110101199003070001").json() == {"result": "mismatch"}
    assert _verify(told, certificate_no="0").json() == {"result": "not_found"}


def test_an_employment_counts_on_its_days_only(told: OutsideInfo) -> None:
    httpx2.put(f"{told.insurance}/records", json=[_EMPLOYMENT | {"until": "2024-06-30"}])
    assert _employed(told) == {"result": "match", "since": "2019-07-01"}
    assert _employed(told, on="2019-07-01")["result"] == "match"
    assert _employed(told, on="2024-06-30")["result"] == "match"
    assert _employed(told, on="2024-07-01")["result"] == "not_found"
    assert _employed(told, unit_code="911101080000000002") == {"result": "mismatch", "since": None}


def test_a_standin_told_to_be_slow_is_right_but_late(told: OutsideInfo) -> None:
    httpx2.put(f"{told.education}/records", json=[_CERTIFICATE])
    _tell(told.education, mode="slow", delay_ms=400)
    begin = time.monotonic()
    assert _verify(told).json() == {"result": "match"}
    assert time.monotonic() - begin >= 0.4


def test_a_standin_told_to_be_wrong_never_says_the_truth(told: OutsideInfo) -> None:
    httpx2.put(f"{told.education}/records", json=[_CERTIFICATE])
    httpx2.put(f"{told.insurance}/records", json=[_EMPLOYMENT])
    for base in (told.education, told.insurance):
        _tell(base, mode="wrong")
    assert _verify(told).json() == {"result": "mismatch"}
    assert _verify(told, certificate_no="0").json() == {"result": "match"}
    assert _employed(told)["result"] == "mismatch"


def test_a_standin_told_to_be_down_answers_503_until_told_otherwise(told: OutsideInfo) -> None:
    _tell(told.education, mode="down")
    assert _verify(told).status_code == 503
    _tell(told.education, mode="ok")
    assert _verify(told).status_code == 200


def test_a_body_that_does_not_fit_is_not_repeated_in_the_answer(told: OutsideInfo) -> None:
    answer = _verify(told, surplus="x")
    assert answer.status_code == 400
    assert _CERTIFICATE["id_number"] not in answer.text


class _Receiver(ThreadingHTTPServer):
    """A payee: refuses the first `refusals` callbacks with 503, then takes them."""

    def __init__(self, refusals: int = 0) -> None:
        self.got: list[tuple[bytes, dict[str, str]]] = []
        self.refusals = refusals
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/callbacks"

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + 15
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return [json.loads(body) for body, _ in self.got]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Receiver)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((body, dict(self.headers)))
        self.send_response(503 if len(self.server.got) <= self.server.refusals else 204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    """Give a payee that takes every callback."""
    with _Receiver() as one:
        yield one
        one.shutdown()


def _order(base: str, url: str, order_id: str = "A-1", amount_fen: int = 70_000) -> httpx2.Response:
    body = {"order_id": order_id, "amount_fen": amount_fen, "callback_url": url}
    return httpx2.post(f"{base}/v1/orders", json=body)


def _key(base: str) -> Ed25519PublicKey:
    public = OKPKey.import_key(httpx2.get(f"{base}/v1/keys").json()["keys"][0]).public_key
    assert isinstance(public, Ed25519PublicKey)
    return public


def test_a_payment_is_called_back_signed(told: OutsideInfo, receiver: _Receiver) -> None:
    ordered = _order(told.payment, receiver.url).json()
    assert httpx2.post(ordered["pay_url"]).status_code == 202
    (got,) = receiver.wait_for(1)
    assert {**got, "paid_at": ""} == {
        "channel_id": ordered["channel_id"],
        "order_id": "A-1",
        "amount_fen": 70_000,
        "paid_at": "",
    }
    body, headers = receiver.got[0]
    signature = urlsafe_b64decode(headers["Payment-Signature"] + "==")
    _key(told.payment).verify(signature, body)
    with pytest.raises(InvalidSignature):
        _key(told.payment).verify(signature, body.replace(b"70000", b"70001"))


def test_a_callback_is_retried_until_it_is_taken(told: OutsideInfo, receiver: _Receiver) -> None:
    receiver.refusals = 3
    pay_url = _order(told.payment, receiver.url).json()["pay_url"]
    httpx2.post(pay_url)
    assert len(receiver.wait_for(4)) == 4
    assert len({body for body, _ in receiver.got}) == 1
    time.sleep(0.5)
    assert len(receiver.got) == 4
    assert httpx2.get(pay_url.removesuffix("/pay")).json()["pending_callbacks"] == 0


def test_a_callback_survives_a_restart_of_the_channel(tmp_path: Path, receiver: _Receiver) -> None:
    receiver.refusals = 1
    process = OutsideProcess(tmp_path)
    process.start()
    try:
        httpx2.post(_order(process.info.payment, receiver.url).json()["pay_url"])
        receiver.wait_for(1)
        process.stop()
        process.start()
        assert len(receiver.wait_for(2)) >= 2
    finally:
        process.stop()


def test_a_payment_can_be_of_another_amount_and_sent_twice(told: OutsideInfo, receiver: _Receiver) -> None:
    pay_url = _order(told.payment, receiver.url).json()["pay_url"]
    httpx2.post(pay_url, json={"amount_fen": 1, "copies": 2})
    first, second = receiver.wait_for(2)
    assert first == second
    assert first["amount_fen"] == 1


def test_a_payer_who_pays_again_makes_another_payment(told: OutsideInfo, receiver: _Receiver) -> None:
    pay_url = _order(told.payment, receiver.url).json()["pay_url"]
    for _ in range(2):
        httpx2.post(pay_url)
    assert len({one["channel_id"] for one in receiver.wait_for(2)}) == 2


def test_an_order_is_made_once_and_never_changed(told: OutsideInfo, receiver: _Receiver) -> None:
    first, again = _order(told.payment, receiver.url), _order(told.payment, receiver.url)
    assert first.json() == again.json()
    assert _order(told.payment, receiver.url, amount_fen=1).status_code == 409


def test_a_channel_told_to_be_wrong_reports_another_amount(told: OutsideInfo, receiver: _Receiver) -> None:
    pay_url = _order(told.payment, receiver.url).json()["pay_url"]
    _tell(told.payment, mode="wrong")
    httpx2.post(pay_url)
    assert receiver.wait_for(1)[0]["amount_fen"] != 70_000


def test_records_and_behaviour_survive_a_restart_and_no_log_names_a_person(tmp_path: Path) -> None:
    process = OutsideProcess(tmp_path)
    process.start()
    httpx2.put(f"{process.info.education}/records", json=[_CERTIFICATE])
    _tell(process.info.insurance, mode="down")
    _verify(process.info)
    process.stop()
    process.start()
    try:
        assert _verify(process.info).json() == {"result": "match"}
        assert httpx2.get(f"{process.info.insurance}/control").json()["mode"] == "down"
    finally:
        process.stop()
    log = (tmp_path / "outside.log").read_text(encoding="utf-8")
    assert _CERTIFICATE["name"] not in log
    assert _CERTIFICATE["id_number"] not in log
    assert oct((tmp_path / "education" / "records.json").stat().st_mode & 0o777) == "0o600"
