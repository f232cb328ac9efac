"""The provider's HTTP side."""

import secrets
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy.local.idp.authorize import log_in, s256, show_login
from deploy.local.idp.errors import OAuthError
from deploy.local.idp.state import Client, Principal, State
from deploy.local.idp.tokens import (
    ASSERTION_ALGORITHMS,
    LIFETIME_S,
    access_token,
    authenticate_client,
    id_token,
)
from deploy.local.profile import require_local_profile

_NO_STORE = {"Cache-Control": "no-store"}
_SCOPES = ("openid",)
_Model = TypeVar("_Model", bound=BaseModel)


class TokenRequest(BaseModel):
    """What `POST /dev/tokens` takes: whose token, through which client, for how long (0 and less: expired)."""

    model_config = ConfigDict(extra="forbid")

    sub: str
    client_id: str = "dev"
    scope: str = ""
    lifetime_s: int = Field(default=LIFETIME_S, le=LIFETIME_S)


class Nothing(BaseModel):
    """What `PUT /dev/revocations/{jti}` takes."""

    model_config = ConfigDict(extra="forbid")


def build(state_folder: Path, issuer: str) -> FastAPI:
    """Build the provider.

    Parameters
    ----------
    state_folder
        Where its keys, secrets and users are kept.
    issuer
        Its own base address, which tokens carry as `iss`.

    Raises
    ------
    StackError
        When the profile is not `local` or `test`.
    """
    require_local_profile()
    state = State.open(state_folder)
    app = FastAPI(title="zhicheng development identity provider", docs_url=None, redoc_url=None, openapi_url=None)
    # Any front end under development may fetch tokens; there are no cookies to abuse.
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    app.add_exception_handler(OAuthError, _answer_error)
    _add_public(app, state, issuer)
    _add_dev(app, state, issuer)
    return app


async def _answer_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OAuthError)
    body = {"error": error.error, "error_description": error.description}
    return JSONResponse(body, status_code=error.status, headers=_NO_STORE)


async def _form(request: Request) -> dict[str, str]:
    # A repeated parameter is refused (RFC 6749, section 3.1): which one counts would be anybody's guess.
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True)
    except UnicodeDecodeError:
        raise OAuthError("invalid_request", "The form is not UTF-8.") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "A parameter is repeated.")
    return form


def _add_public(app: FastAPI, state: State, issuer: str) -> None:
    @app.get("/.well-known/openid-configuration")
    async def configuration() -> dict[str, Any]:
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/jwks",
            "scopes_supported": list(_SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
            "authorization_response_iss_parameter_supported": True,
        }

    @app.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return {"keys": [state.key.as_dict(private=False)]}

    @app.get("/revocations")
    async def revocations() -> dict[str, Any]:
        return {"revoked": state.revoked()}

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        return show_login(state, issuer, dict(request.query_params))

    @app.post("/authorize")
    async def login(request: Request) -> Response:
        return log_in(state, issuer, await _form(request))

    @app.post("/token")
    async def token(request: Request) -> Response:
        form = await _form(request)
        match form.get("grant_type"):
            case "authorization_code":
                body = _exchange_code(state, issuer, form)
            case "client_credentials":
                client_id, client = authenticate_client(state, issuer, form)
                signed = access_token(
                    state.key,
                    issuer,
                    sub=client_id,
                    client_id=client_id,
                    principal=client,
                    scope=form.get("scope", ""),
                )
                body = _token_body(signed, form.get("scope", ""))
            case _:
                raise OAuthError("unsupported_grant_type", "Use authorization_code or client_credentials.")
        return JSONResponse(body, headers=_NO_STORE)


def _token_body(signed: str, scope: str, lifetime_s: int = LIFETIME_S) -> dict[str, Any]:
    return {"access_token": signed, "token_type": "Bearer", "expires_in": lifetime_s, "scope": scope}


def _exchange_code(state: State, issuer: str, form: dict[str, str]) -> dict[str, Any]:
    client_id = form.get("client_id", "")
    client = state.client(client_id)
    # A client that has a key proves itself here as well; one without is a front end, which PKCE protects.
    if client is None or client.jwk is not None:
        client_id, _ = authenticate_client(state, issuer, form)
    code = state.take_code(form.get("code", ""))
    if code is None or code.client_id != client_id or code.redirect_uri != form.get("redirect_uri"):
        raise OAuthError("invalid_grant", "The code is unknown, used, expired, or was given for another request.")
    if not secrets.compare_digest(s256(form.get("code_verifier", "")).encode(), code.challenge.encode()):
        raise OAuthError("invalid_grant", "The code_verifier does not fit the code_challenge.")
    user = state.user(code.sub)
    if user is None:
        raise OAuthError("invalid_grant", "The user is gone.")
    signed = access_token(state.key, issuer, sub=code.sub, client_id=client_id, principal=user, scope=code.scope)
    body = _token_body(signed, code.scope)
    if "openid" in code.scope.split():
        body["id_token"] = id_token(state.key, issuer, sub=code.sub, client_id=client_id, nonce=code.nonce)
    return body


async def _read(state: State, request: Request, model: type[_Model]) -> _Model:
    sent = request.headers.get("Authorization", "")
    if not secrets.compare_digest(sent.encode(), f"Bearer {state.admin_secret}".encode()):
        raise OAuthError("access_denied", "Send the admin secret of outside.json as a bearer token.", 401)
    try:
        return model.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        raise OAuthError("invalid_request", f"The body does not fit: {error.error_count()} error(s).") from None


def _require_public(jwk: dict[str, Any]) -> None:
    try:
        key = import_key(jwk)
    except (JoseError, ValueError):
        raise OAuthError("invalid_request", "`jwk` is not a key.") from None
    if key.is_private:
        raise OAuthError("invalid_request", "`jwk` is a private key: keep it, and send the public one.")


def _add_dev(app: FastAPI, state: State, issuer: str) -> None:
    @app.put("/dev/users/{sub}")
    async def put_user(sub: str, request: Request) -> dict[str, Any]:
        user = state.put_user(sub, await _read(state, request, Principal))
        return {"sub": sub, **user.model_dump()}

    @app.put("/dev/clients/{client_id}")
    async def put_client(client_id: str, request: Request) -> dict[str, Any]:
        client = await _read(state, request, Client)
        if client.jwk is not None:
            _require_public(client.jwk)
        state.put_client(client_id, client)
        return {"client_id": client_id, **client.model_dump()}

    @app.put("/dev/revocations/{jti}")
    async def revoke(jti: str, request: Request) -> dict[str, Any]:
        await _read(state, request, Nothing)
        state.revoke(jti, LIFETIME_S)
        return {"revoked": state.revoked()}

    @app.post("/dev/tokens")
    async def post_token(request: Request) -> Response:
        wanted = await _read(state, request, TokenRequest)
        user = state.user(wanted.sub)
        if user is None:
            raise OAuthError("invalid_request", "No such user: make it with PUT /dev/users/{sub}.", 404)
        signed = access_token(
            state.key,
            issuer,
            sub=wanted.sub,
            client_id=wanted.client_id,
            principal=user,
            scope=wanted.scope,
            lifetime_s=wanted.lifetime_s,
        )
        return JSONResponse(_token_body(signed, wanted.scope, wanted.lifetime_s), headers=_NO_STORE)
