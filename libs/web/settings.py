"""A process's settings, all from the environment (`ZHICHENG_...`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.events.clock import Clock, FileClock, SystemClock
from libs.events.database import Database

SERVICES = ("intake", "review", "certificate", "integrity", "gateway")


class Settings(BaseSettings):
    """Where everything is, and which profile this is. `local` and `test` may move the clock; others refuse."""

    model_config = SettingsConfigDict(env_prefix="ZHICHENG_", extra="ignore")

    profile: Literal["local", "test", "production"] = "production"
    service: Literal["intake", "review", "certificate", "integrity", "gateway"] = "intake"
    roles: str = "web,relay,worker"
    host: str = "127.0.0.1"
    port: int = 8000

    postgres_host: str = "127.0.0.1"
    postgres_port: int = 5432
    database_prefix: str = "zhicheng"
    database_password: str = ""
    kafka: str = "127.0.0.1:9092"
    topic_prefix: str = "zhicheng"

    issuer: str = ""
    audience: str = "zhicheng"
    revocations: str = ""
    """Where the issuer lists the tokens that it took back; none: a token is good until it expires."""
    client_id: str = ""
    client_key: Path | None = None
    """The private key (JWK file) with which this service authenticates itself at the issuer."""
    service_clients: str = ""
    """The client ids of all our services, separated by commas: who may call what is under /internal."""

    state: Path = Path(".local")
    clock_file: Path | None = None
    sweep_seconds: float = Field(default=3600.0, gt=0)
    """How often stored files are swept that no event names."""
    master_key: Path | None = None
    """intake only: the 32-byte master key that wraps the persons' keys."""
    trace_ratio: float = 0.0
    traces: Path | None = None
    """A file that gets one JSON line a finished span."""
    otlp: str = ""
    """Where finished spans go by OTLP over HTTP, such as http://collector:4318/v1/traces."""

    intake_url: str = "http://127.0.0.1:8001"
    review_url: str = "http://127.0.0.1:8002"
    certificate_url: str = "http://127.0.0.1:8003"
    integrity_url: str = "http://127.0.0.1:8004"
    gateway_url: str = "http://127.0.0.1:8000"
    education_url: str = ""
    insurance_url: str = ""
    payment_url: str = ""
    outside_seconds: float = Field(default=3.0, gt=0)
    """How long an outside system may take to answer."""

    verifications: int = Field(default=600, gt=0)
    """certificate only: how many verifications a client or address may ask for in a minute."""

    origins: str = ""
    """gateway only: the origins of browsers that may call, separated by commas; none by default."""
    quota: int = Field(default=60_000, gt=0)
    """gateway only: how many requests a client or address may send in a window; what is unused is kept."""
    window_seconds: int = Field(default=60, gt=0)
    upstream_seconds: float = Field(default=15.0, gt=0)
    """gateway only: how long a service may be silent before the gateway answers for it."""

    def database(self) -> Database:
        """Give this service's own database and login."""
        name = f"{self.database_prefix}_{self.service}"
        return Database(self.postgres_host, self.postgres_port, name, name, self.database_password)

    def clock(self) -> Clock:
        """Give the domain's clock.

        Raises
        ------
        RuntimeError
            When a profile other than `local` and `test` was given a movable one.
        """
        if self.clock_file is None:
            return SystemClock()
        if self.profile == "production":
            msg = "a movable clock has no place in production: unset ZHICHENG_CLOCK_FILE"
            raise RuntimeError(msg)
        return FileClock(self.clock_file)

    def url_of(self, service: str) -> str:
        """Give a service's address."""
        return getattr(self, f"{service}_url")

    def is_ours(self, client: str, subject: str) -> bool:
        """Tell whether a token was given to one of our services, for itself and not for a person."""
        return client != "" and client == subject and client in self.service_clients.split(",")
