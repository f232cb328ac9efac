"""Where a stack's servers are."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from deploy.local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "stack.json"


@dataclass(frozen=True)
class StackInfo:
    """The addresses of a stack, and the password of the PostgreSQL superuser.

    Parameters
    ----------
    postgres_host, postgres_port
        Where PostgreSQL listens.
    postgres_superuser, postgres_password
        A login that may create databases and roles.
    kafka_bootstrap
        `host:port` of a broker, comma-separated when there are several.
    """

    postgres_host: str
    postgres_port: int
    postgres_superuser: str
    postgres_password: str
    kafka_bootstrap: str

    def dsn(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """Return a libpq URL for `database`, as the superuser unless another login is given."""
        if user is None:
            user, password = self.postgres_superuser, self.postgres_password
        login = quote(user, safe="") if not password else f"{quote(user, safe='')}:{quote(password, safe='')}"
        return f"postgresql://{login}@{self.postgres_host}:{self.postgres_port}/{quote(database, safe='')}"

    def write(self, root: Path) -> Path:
        """Write `<root>/stack.json`, readable by its owner only, in one step."""
        target = root / FILE
        write_private(target, json.dumps(asdict(self), indent=2) + "\n")
        return target

    @classmethod
    def read(cls, path: Path) -> StackInfo:
        """Read what `write` wrote.

        Raises
        ------
        StackError
            When the file is missing or is not one.
        """
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise StackError(f"There is no running stack ({path} is missing): start one with `make up`.") from None
        except (ValueError, TypeError):
            raise StackError(f"{path} cannot be read: run `make down`, then `make up`.") from None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> StackInfo:
        """Take the addresses of an external stack from ZHICHENG_POSTGRES_DSN and ZHICHENG_KAFKA.

        Raises
        ------
        StackError
            When one is missing or the first is no libpq URL with a host and a user.
        """
        dsn, kafka = environment.get("ZHICHENG_POSTGRES_DSN"), environment.get("ZHICHENG_KAFKA")
        if not dsn or not kafka:
            raise StackError("ZHICHENG_STACK=external needs ZHICHENG_POSTGRES_DSN (a superuser's) and ZHICHENG_KAFKA.")
        url = urlsplit(dsn)
        if url.scheme not in {"postgres", "postgresql"} or not url.hostname or not url.username:
            raise StackError("ZHICHENG_POSTGRES_DSN must look like postgresql://user:password@host:port/postgres.")
        return cls(
            postgres_host=url.hostname,
            postgres_port=url.port or 5432,
            postgres_superuser=unquote(url.username),
            postgres_password=unquote(url.password or ""),
            kafka_bootstrap=kafka,
        )


def write_private(target: Path, text: str) -> None:
    """Write a file of mode 0600 in one step: readers see the old text or the new."""
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(target)
