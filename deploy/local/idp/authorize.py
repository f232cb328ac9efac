"""The code flow's front: what a browser sees."""

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader

from deploy.local.idp.errors import OAuthError
from deploy.local.idp.state import CODE_S, Code, State

_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
_PARAMETERS = (
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
)
_CHALLENGE_LENGTH = 43


def s256(verifier: str) -> str:
    """Return the PKCE challenge of a verifier (RFC 7636, section 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def show_login(state: State, issuer: str, query: Mapping[str, str]) -> Response:
    """Answer GET /authorize: the login page, or the way back with an error."""
    refusal = _refuse(state, issuer, query)
    return refusal if refusal is not None else _page(query, failed=False)


def log_in(state: State, issuer: str, form: Mapping[str, str]) -> Response:
    """Answer POST /authorize: the way back with a code, or the page again."""
    refusal = _refuse(state, issuer, form)
    if refusal is not None:
        return refusal
    sub = form.get("username", "")
    user = state.user(sub)
    # Compared in any case, so that the time taken does not tell who exists.
    expected = user.password if user is not None else secrets.token_urlsafe(12)
    right = secrets.compare_digest(expected.encode(), form.get("password", "").encode())
    if user is None or not right:
        return _page(form, failed=True)
    code = state.give_code(
        Code(
            client_id=form["client_id"],
            redirect_uri=form["redirect_uri"],
            sub=sub,
            challenge=form["code_challenge"],
            scope=form.get("scope", ""),
            nonce=form.get("nonce"),
            expires_at=time.time() + CODE_S,
        )
    )
    return _back(issuer, form, {"code": code})


def _refuse(state: State, issuer: str, query: Mapping[str, str]) -> Response | None:
    client = state.client(query.get("client_id", ""))
    # Never redirect to an address that nobody registered: that would make this an open redirector.
    if client is None or query.get("redirect_uri", "") not in client.redirect_uris:
        raise OAuthError("invalid_request", "Unknown client_id, or a redirect_uri that it did not register.")
    if query.get("response_type") != "code":
        return _back(issuer, query, {"error": "unsupported_response_type"})
    if query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != _CHALLENGE_LENGTH:
        description = "PKCE with S256 is required."
        return _back(issuer, query, {"error": "invalid_request", "error_description": description})
    return None


def _back(issuer: str, query: Mapping[str, str], answer: dict[str, str]) -> Response:
    if "state" in query:
        answer["state"] = query["state"]
    answer["iss"] = issuer
    uri = query["redirect_uri"]
    joined = f"{uri}{'&' if '?' in uri else '?'}{urlencode(answer)}"
    # 303: the browser must not post the password on to the client.
    return RedirectResponse(joined, status_code=303, headers={"Cache-Control": "no-store"})


def _page(query: Mapping[str, str], *, failed: bool) -> Response:
    nonce = secrets.token_urlsafe(16)
    hidden = {name: query[name] for name in _PARAMETERS if name in query}
    html = _PAGES.get_template("login.html").render(
        nonce=nonce, client_id=query["client_id"], hidden=hidden, failed=failed
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(html, status_code=401 if failed else 200, headers=headers)
