"""The peer: `eventsourcing` from PyPI, as its own documentation uses it."""

from __future__ import annotations

from typing import Any

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from deploy.local.stack import StackInfo


class Counter(Aggregate):
    """The same small aggregate as ours."""

    def __init__(self) -> None:
        self.total = 0

    @event("Counted")
    def count(self, amount: int) -> None:
        """Count."""
        self.total += amount


class Counters(Application[Any]):
    """The peer's application."""

    def begin(self) -> Counter:
        """Make a counter and save it."""
        counter = Counter()
        self.save(counter)
        return counter


def make(stack: StackInfo, database: str) -> Counters:
    """Make the peer's application in a fresh database."""
    with psycopg.connect(stack.dsn("postgres"), autocommit=True) as admin:
        admin.execute(f'create database "{database}"')  # pyright: ignore[reportArgumentType, reportCallIssue]
    return Counters(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": database,
            "POSTGRES_HOST": stack.postgres_host,
            "POSTGRES_PORT": str(stack.postgres_port),
            "POSTGRES_USER": stack.postgres_superuser,
            "POSTGRES_PASSWORD": stack.postgres_password,
        }
    )
