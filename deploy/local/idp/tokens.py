"""Access tokens (RFC 9068), ID tokens, and the assertions with which clients authenticate (RFC 7523)."""

import base64
import json
import time
import uuid
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, import_key

from deploy.local.idp.errors import OAuthError
from deploy.local.idp.state import Client, Principal, State

AUDIENCE = "zhicheng"
LIFETIME_S = 300
ASSERTION_ALGORITHMS = ("ES256", "Ed25519")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFETIME_S = 300
_SKEW_S = 10


def access_token(
    key: ECKey,
    issuer: str,
    *,
    sub: str,
    client_id: str,
    principal: Principal,
    scope: str = "",
    lifetime_s: int = LIFETIME_S,
) -> str:
    """Sign an access token; optional claims that are not known are left out."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": sub,
        "client_id": client_id,
        "iat": now,
        "exp": now + lifetime_s,
        "jti": str(uuid.uuid4()),
        "scope": scope,
        **Principal.model_validate(principal, from_attributes=True).model_dump(
            include={"roles", "unit", "district", "person"}, exclude_none=True
        ),
    }
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": key.kid}, claims, key)


def id_token(key: ECKey, issuer: str, *, sub: str, client_id: str, nonce: str | None) -> str:
    """Sign an ID token for the client."""
    now = int(time.time())
    claims: dict[str, Any] = {"iss": issuer, "aud": client_id, "sub": sub, "iat": now, "exp": now + LIFETIME_S}
    if nonce is not None:
        claims["nonce"] = nonce
    return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)


def authenticate_client(state: State, issuer: str, form: dict[str, str]) -> tuple[str, Client]:
    """Return the client whose assertion the form holds, and its id.

    Raises
    ------
    OAuthError
        `invalid_client` when the assertion is missing, forged, expired, for somebody else, or was used before.
    """
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise OAuthError("invalid_client", "This client authenticates with private_key_jwt.", 401)
    assertion = form["client_assertion"]
    client_id = form.get("client_id") or _claimed_issuer(assertion)
    client = state.client(client_id)
    if client is None or client.jwk is None:
        raise OAuthError("invalid_client", "No such client, or it has no key.", 401)
    expires_at, jti = _check_assertion(assertion, client.jwk, client_id, {issuer, f"{issuer}/token"})
    if not state.first_use(client_id, jti, expires_at):
        raise OAuthError("invalid_client", "The assertion was used before: make a new one with a new jti.", 401)
    return client_id, client


def _claimed_issuer(assertion: str) -> str:
    """Read `iss` without a check: it only says whose key the check is to be made with."""
    try:
        payload = assertion.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["iss"])
    except (IndexError, ValueError, KeyError, TypeError):
        raise OAuthError("invalid_client", "The assertion is not a JWT with an `iss`.", 401) from None


def _check_assertion(assertion: str, jwk: dict[str, Any], client_id: str, audiences: set[str]) -> tuple[float, str]:
    try:
        claims = jwt.decode(assertion, import_key(jwk), algorithms=list(ASSERTION_ALGORITHMS)).claims
        jwt.JWTClaimsRegistry(
            leeway=_SKEW_S,
            iss={"essential": True, "value": client_id},
            sub={"essential": True, "value": client_id},
            aud={"essential": True},
            exp={"essential": True},
            jti={"essential": True},
        ).validate(claims)
    except (JoseError, ValueError) as error:
        raise OAuthError("invalid_client", f"The assertion is refused: {type(error).__name__}.", 401) from None
    expires_at, jti = claims["exp"], claims["jti"]
    # One audience only: an assertion that is good elsewhere too could be played here by whoever got it there.
    if not any(claims["aud"] in (one, [one]) for one in audiences):
        raise OAuthError("invalid_client", "The assertion is for another audience.", 401)
    if expires_at > time.time() + _ASSERTION_LIFETIME_S + _SKEW_S:
        raise OAuthError("invalid_client", "The assertion lives longer than five minutes.", 401)
    return float(expires_at) + _SKEW_S, str(jti)
