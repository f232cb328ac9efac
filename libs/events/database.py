"""A service's database: its roles, its migrations, its pool."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import asyncpg
import orjson

SPINE_MIGRATIONS = Path(__file__).parent / "sql" / "migrations"
APPEND_ONLY = ("events",)
"""Tables that the login may read and extend, never change."""
THROUGH_FUNCTION = ("streams", "commands", "claims", "store", "side_tables")
"""Tables that the login only reads; `append_batch` alone writes them."""


LIMITS = {
    # A forgotten open transaction would stall every reader's gate (trap 4).
    "idle_in_transaction_session_timeout": "15s",
    "transaction_timeout": "60s",
    "statement_timeout": "60s",
    "lock_timeout": "15s",
}
"""How long whoever uses a service's login may take; the role carries them, whatever the client asks for or forgets."""


class StoreMovedError(RuntimeError):
    """The store was restored into another cluster; `zhicheng rebase` first (trap 5)."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where one service's database is, and the login that the service uses."""

    host: str
    port: int
    name: str
    user: str
    password: str

    @property
    def owner(self) -> str:
        """The role that owns everything and cannot log in."""
        return f"{self.name}_owner"

    @property
    def reader(self) -> str:
        """The role that owns nothing and cannot log in; the login becomes it for queries under row-level security."""
        return f"{self.name}_reader"

    def arguments(self, *, derived: bool = False) -> dict[str, Any]:
        """Give asyncpg its connection arguments.

        `derived` is for connections that write only what can be made again together with its offset or
        checkpoint: their commits need not wait for the disk, since a crash loses both or neither.
        """
        return {
            "host": self.host,
            "port": self.port,
            "database": self.name,
            "user": self.user,
            "password": self.password,
            "server_settings": {
                "application_name": f"zhicheng {self.name}",
                "timezone": "UTC",
                "synchronous_commit": "off" if derived else "on",
            },
        }


async def json_codecs(connection: asyncpg.Connection) -> None:
    """Let JSON columns be Python values on this connection."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=_dump, decoder=orjson.loads, format="text")


def _dump(value: Any) -> str:
    return orjson.dumps(value).decode()


async def open_pool(database: Database, size: int = 8, *, derived: bool = False) -> asyncpg.Pool:
    """Open a pool for a service's login; `derived` as in `Database.arguments`."""
    return await asyncpg.create_pool(**database.arguments(derived=derived), min_size=1, max_size=size, init=json_codecs)


@asynccontextmanager
async def transaction(pool: asyncpg.Pool) -> AsyncGenerator[asyncpg.Connection]:
    """Take a connection out of the pool and begin a transaction on it."""
    async with pool.acquire() as connection, connection.transaction():
        # The pool's proxy behaves as the connection that it stands for.
        yield cast("asyncpg.Connection", connection)


@asynccontextmanager
async def unhurried(pool: asyncpg.Pool) -> AsyncGenerator[asyncpg.Connection]:
    """Read in one snapshot for as long as it takes; a snapshot alone holds back no gate."""
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("set local transaction_timeout = 0; set local statement_timeout = 0")
        yield cast("asyncpg.Connection", connection)


async def connect(database: Database, *, derived: bool = False) -> asyncpg.Connection:
    """Open one connection of its own, as for listening or for an advisory lock."""
    connection = await asyncpg.connect(**database.arguments(derived=derived))
    await json_codecs(connection)
    return connection


async def prepare(admin_dsn: str, database: Database) -> None:
    """Create a service's owner role, login and database where they are missing.

    `admin_dsn` is a superuser's. The owner cannot log in; the login owns nothing, so that row-level security
    and the append-only grants bind it. The login may become the reader, and inherits nothing from it.
    """
    admin = await asyncpg.connect(admin_dsn)
    owner = database.owner
    try:
        await admin.execute("select pg_advisory_lock(hashtext('zhicheng prepare'))")
        await _ensure_role(admin, owner, "nologin")
        await _ensure_role(admin, database.user, "login")
        await _ensure_role(admin, database.reader, "nologin")
        # Whatever holds the gate back, in whichever database, must show in its age (trap 4).
        await admin.execute(await _format(admin, "grant pg_read_all_stats to %I", owner))
        grant = "grant %I to %I with inherit false, set true"
        await admin.execute(await _format(admin, grant, database.reader, database.user))
        await admin.execute(await _format(admin, "alter role %I password %L", database.user, database.password))
        for name, limit in LIMITS.items():
            await admin.execute(await _format(admin, "alter role %I set %I = %L", database.user, name, limit))
        if not await admin.fetchval("select 1 from pg_database where datname = $1", database.name):
            await admin.execute(await _format(admin, "create database %I owner %I", database.name, owner))
            await admin.execute(await _format(admin, "revoke all on database %I from public", database.name))
            await admin.execute(
                await _format(admin, "grant connect, temporary on database %I to %I", database.name, database.user)
            )
    finally:
        await admin.close()


async def migrate(admin_dsn: str, database: Database, folders: Iterable[Path]) -> list[str]:
    """Apply the migrations that are missing, the spine's first, each in one transaction, forward only.

    `{{owner}}`, `{{login}}` and `{{reader}}` in a file stand for the database's roles, quoted.

    Returns
    -------
    The names applied now.

    Raises
    ------
    RuntimeError
        When a file that was applied has changed since.
    """
    admin = await asyncpg.connect(_with_database(admin_dsn, database.name))
    applied: list[str] = []
    try:
        await admin.execute("select pg_advisory_lock(hashtext('zhicheng migrate'))")
        await admin.execute(await _format(admin, "set role %I", database.owner))
        await admin.execute(
            "create table if not exists migrations (name text primary key, hash text not null,"
            " at timestamptz not null default now())"
        )
        known = {row["name"]: row["hash"] for row in await admin.fetch("select name, hash from migrations")}
        for folder in (SPINE_MIGRATIONS, *folders):
            prefix = "spine" if folder == SPINE_MIGRATIONS else "service"
            for file in sorted(folder.glob("*.sql")):
                name, text = f"{prefix}/{file.name}", file.read_text()
                hashed = hashlib.sha256(text.encode()).hexdigest()
                if name in known:
                    if known[name] != hashed:
                        msg = f"migration {name} was applied and has changed since; migrations only go forward"
                        raise RuntimeError(msg)
                    continue
                async with admin.transaction():
                    await admin.execute(await _with_roles(admin, database, text))
                    await admin.execute("insert into migrations (name, hash) values ($1, $2)", name, hashed)
                applied.append(name)
        await _grant(admin, database)
    finally:
        await admin.close()
    return applied


async def _with_roles(admin: asyncpg.Connection, database: Database, text: str) -> str:
    # After the hash was taken: the same file stands for the same migration under every prefix.
    for name, role in (("owner", database.owner), ("login", database.user), ("reader", database.reader)):
        hole = "{{" + name + "}}"
        if hole in text:
            text = text.replace(hole, await _format(admin, "%I", role))
    return text


def _with_database(dsn: str, name: str) -> str:
    head, _, tail = dsn.rpartition("/")
    query = tail.partition("?")[2]
    return f"{head}/{name}" + (f"?{query}" if query else "")


async def _grant(admin: asyncpg.Connection, database: Database) -> None:
    """Give the login what it needs and no more; run after every migration, so that new tables are covered."""
    login = database.user
    tables = [row[0] for row in await admin.fetch("select tablename from pg_tables where schemaname = 'public'")]
    for table in tables:
        if table in APPEND_ONLY or table in THROUGH_FUNCTION or table == "migrations":
            rights = "select"
        else:
            rights = "select, insert, update, delete, truncate"
        await admin.execute(await _format(admin, f"grant {rights} on %I to %I", table, login))
    await admin.execute(await _format(admin, "grant usage on schema public to %I", login))
    # Replies are forgotten after seven days: the one column of `commands` that the login may change.
    await admin.execute(await _format(admin, "grant update (response) on commands to %I", login))


async def _ensure_role(admin: asyncpg.Connection, name: str, options: str) -> None:
    if not await admin.fetchval("select 1 from pg_roles where rolname = $1", name):
        await admin.execute(await _format(admin, f"create role %I {options}", name))


async def _format(admin: asyncpg.Connection, template: str, *names: str) -> str:
    holes = ", ".join(f"${number}::text" for number in range(2, len(names) + 2))
    return str(await admin.fetchval(f"select format($1::text, {holes})", template, *names))


async def check_cluster(pool: asyncpg.Pool) -> None:
    """Refuse to go on in a cluster that this store was not written in.

    A restored dump brings ticks that lie in the new cluster's future: its events would be invisible.
    """
    row = await pool.fetchrow(
        "select s.system_identifier as written, c.system_identifier as here from store s, pg_control_system() c"
    )
    if row["written"] != row["here"]:
        msg = "this store comes from another cluster; run `zhicheng rebase` before anything else"
        raise StoreMovedError(msg)
