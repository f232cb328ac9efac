"""What the provider remembers, in files of mode 0600 under its state folder."""

import json
import secrets
import time
from pathlib import Path
from typing import Any, Self

from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict, Field

from deploy.local.info import write_private

CODE_S = 60


class Principal(BaseModel):
    """What an access token says about whoever it was given to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: list[str] = Field(default_factory=list)
    unit: str | None = None
    district: str | None = None
    person: str | None = None


class User(Principal):
    """A person who signs in. The password is kept as it is: the developer has to be able to look it up."""

    password: str


class Client(Principal):
    """A system, a front end, or both.

    Parameters
    ----------
    jwk
        The public key of its assertions; without one it can only take part in the code flow.
    redirect_uris
        Where the code flow may send the browser back to, compared character by character.
    """

    jwk: dict[str, Any] | None = None
    redirect_uris: list[str] = Field(default_factory=list)


class Code(BaseModel):
    """An authorization code that was given out and not yet taken back."""

    model_config = ConfigDict(frozen=True)

    client_id: str
    redirect_uri: str
    sub: str
    challenge: str
    scope: str
    nonce: str | None
    expires_at: float


class _Memory(BaseModel):
    users: dict[str, User] = Field(default_factory=dict)
    clients: dict[str, Client] = Field(default_factory=dict)
    codes: dict[str, Code] = Field(default_factory=dict)
    # Assertions seen (client and jti), with the time at which each would expire anyway.
    assertions: dict[str, float] = Field(default_factory=dict)
    # Access tokens taken back (their jti), with the time at which the last of them has expired anyway.
    revoked: dict[str, float] = Field(default_factory=dict)


class State:
    """The provider's memory; every change is on disk before it is answered."""

    def __init__(self, folder: Path, key: ECKey, admin_secret: str, memory: _Memory) -> None:
        self._file = folder / "idp.json"
        self._memory = memory
        self.key = key
        self.admin_secret = admin_secret

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read the state, making the signing key and the admin secret at the first start."""
        folder.mkdir(parents=True, exist_ok=True)
        key_file, secret_file, file = folder / "signing-key.json", folder / "admin-secret", folder / "idp.json"
        if not key_file.exists():
            made = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
            write_private(key_file, json.dumps(made.as_dict(private=True)))
        if not secret_file.exists():
            write_private(secret_file, secrets.token_urlsafe(32) + "\n")
        memory = _Memory.model_validate_json(file.read_bytes()) if file.exists() else _Memory()
        key = ECKey.import_key(json.loads(key_file.read_text(encoding="utf-8")))
        return cls(folder, key, secret_file.read_text(encoding="utf-8").strip(), memory)

    def _save(self) -> None:
        now = time.time()
        self._memory.codes = {code: one for code, one in self._memory.codes.items() if one.expires_at > now}
        self._memory.assertions = {one: until for one, until in self._memory.assertions.items() if until > now}
        self._memory.revoked = {one: until for one, until in self._memory.revoked.items() if until > now}
        write_private(self._file, self._memory.model_dump_json())

    def user(self, sub: str) -> User | None:
        """Return the user, if there is one."""
        return self._memory.users.get(sub)

    def client(self, client_id: str) -> Client | None:
        """Return the client, if there is one."""
        return self._memory.clients.get(client_id)

    def put_user(self, sub: str, principal: Principal) -> User:
        """Add or change a user; a new one gets a password, a known one keeps it."""
        known = self._memory.users.get(sub)
        password = known.password if known else secrets.token_urlsafe(12)
        user = User(**principal.model_dump(), password=password)
        self._memory.users[sub] = user
        self._save()
        return user

    def put_client(self, client_id: str, client: Client) -> None:
        """Add or replace a client."""
        self._memory.clients[client_id] = client
        self._save()

    def give_code(self, code: Code) -> str:
        """Keep what a new authorization code stands for, and return the code."""
        value = secrets.token_urlsafe(32)
        self._memory.codes[value] = code
        self._save()
        return value

    def take_code(self, value: str) -> Code | None:
        """Return what a code stands for, once, if it has not expired."""
        code = self._memory.codes.pop(value, None)
        self._save()
        return code if code is not None and code.expires_at > time.time() else None

    def revoke(self, jti: str, lifetime_s: int) -> None:
        """Take an access token back; it is forgotten when it would have expired."""
        self._memory.revoked[jti] = time.time() + lifetime_s
        self._save()

    def revoked(self) -> list[str]:
        """List the access tokens that were taken back and may not have expired."""
        return sorted(jti for jti, until in self._memory.revoked.items() if until > time.time())

    def first_use(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Note an assertion; say whether it had not been seen before."""
        name = f"{client_id} {jti}"
        if name in self._memory.assertions:
            return False
        self._memory.assertions[name] = expires_at
        self._save()
        return True
