"""The peer: `eventsourcing` from PyPI, as its own documentation uses it."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier

from deploy.local.stack import StackInfo

AGGREGATES = 50


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


class Totals(PostgresTrackingRecorder):
    """The peer's view: a row a counter, written together with the position."""

    def __init__(self, datastore: Any, **options: Any) -> None:
        super().__init__(datastore, **options)
        table = Identifier(self.datastore.schema), Identifier("totals")
        self.sql_create_statements.append(
            SQL("create table if not exists {}.{} (counter uuid primary key, total bigint, label text)").format(*table)
        )
        self._upsert = SQL(
            "insert into {}.{} as t values (%s, %s, %s) on conflict (counter) do update"
            " set total = t.total + excluded.total, label = excluded.label"
        ).format(*table)

    def add(self, counter: Any, amount: int, tracking: Tracking) -> None:
        """Add up, and note the position in the same transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._upsert, (counter, amount, "benchmark"), prepare=True)


class Adding(Projection[Totals]):
    """The peer's projection."""

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Fold one event."""
        self.view.add(domain_event.originator_id, getattr(domain_event, "amount", 0), tracking)


class Peer:
    """The peer with a fresh database of its own on the same PostgreSQL."""

    def __init__(self, stack: StackInfo, use: str) -> None:
        name = f"bench_peer_{use}_{uuid4().hex[:6]}"
        with psycopg.connect(stack.dsn("postgres"), autocommit=True) as admin:
            admin.execute(SQL("create database {}").format(Identifier(name)))
        self._environment = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": name,
            "POSTGRES_HOST": stack.postgres_host,
            "POSTGRES_PORT": str(stack.postgres_port),
            "POSTGRES_USER": stack.postgres_superuser,
            "POSTGRES_PASSWORD": stack.postgres_password,
        }
        self._application = Counters(env=self._environment)
        self._counters = [Counter() for _ in range(AGGREGATES)]
        self._application.save(*self._counters)

    def saves(self, seconds: float) -> float:
        """Save aggregates one after the other, as its users do; give saves a second."""
        done, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds:
            for counter in self._counters:
                counter.count(1)
                self._application.save(counter)
                done += 1
        return done / (time.perf_counter() - begun)

    def fill(self, events: int) -> None:
        """Save events to project, many at a time."""
        for counter in self._counters:
            for _ in range(events // AGGREGATES):
                counter.count(1)
        self._application.save(*self._counters)

    def projects(self, seconds: float) -> float:
        """Run its ProjectionRunner on what has been saved; give events a second."""
        with ProjectionRunner(
            application_class=Counters,
            projection_class=Adding,
            view_class=Totals,
            env=self._environment,
        ) as runner:
            place = runner.view.max_tracking_id
            name = runner.app.name
            while not place(name):
                time.sleep(0.01)
            first, begun = place(name) or 0, time.perf_counter()
            time.sleep(seconds)
            last, took = place(name) or 0, time.perf_counter() - begun
        return (last - first) / took

    def close(self) -> None:
        """Close the connections."""
        self._application.close()
