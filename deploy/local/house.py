"""The five services on a local stack: databases, credentials, processes, and their end together."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
from joserfc.jwk import ECKey

from deploy.local import ports
from deploy.local.errors import StackError
from deploy.local.info import write_private
from deploy.local.process import KeptProcess, Recipe
from libs.events.database import Database, migrate, prepare
from libs.web.settings import SERVICES

if TYPE_CHECKING:
    from deploy.local.outside_process import OutsideInfo
    from deploy.local.stack import StackInfo

_CHECKOUT = Path(__file__).resolve().parents[2]
_READY_S = 60.0
FILE = "house.json"
_SECRETS, _PORTS, _PREFIX = "secrets.json", "house-ports.json", "prefix.json"


@dataclass(frozen=True, slots=True)
class HouseInfo:
    """Where the services are; what a client, a test or the demonstration needs."""

    urls: dict[str, str]
    issuer: str
    admin_secret: str
    education: str
    insurance: str
    payment: str
    clock_file: str

    @property
    def gateway(self) -> str:
        """The one address that front ends know."""
        return self.urls["gateway"]

    @classmethod
    def read(cls, root: Path) -> HouseInfo:
        """Read what a running house wrote into its root.

        Raises
        ------
        StackError
            When no house runs there.
        """
        try:
            return cls(**json.loads((root / FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise StackError("No services run here: start them with `make run`.") from None


class House:
    """Five service processes with their state under `root`; none outlives this object's process.

    Parameters
    ----------
    prefix
        Names databases and topics, so that several houses share one stack.
    environment
        Variables for all services, or for one: ``{"intake": {...}, "": {...}}``.
    """

    def __init__(
        self,
        root: Path,
        stack: StackInfo,
        outside: OutsideInfo,
        *,
        prefix: str = "zhicheng",
        profile: str = "local",
        environment: dict[str, dict[str, str]] | None = None,
    ) -> None:
        self.root = root
        self._stack = stack
        self._outside = outside
        self._prefix = prefix
        self._profile = profile
        self.environment = environment or {}
        self._processes: dict[str, KeptProcess] = {}
        self._secrets: dict[str, str] = {}
        self._ports: dict[str, int] = {}

    @property
    def info(self) -> HouseInfo:
        """The addresses."""
        return HouseInfo(
            urls={name: f"http://{ports.HOST}:{self._ports[name]}" for name in SERVICES},
            issuer=self._outside.issuer,
            admin_secret=self._outside.admin_secret,
            education=self._outside.education,
            insurance=self._outside.insurance,
            payment=self._outside.payment,
            clock_file=str(self.root / "clock"),
        )

    @property
    def prefix(self) -> str:
        """What names its databases and topics."""
        return self._prefix

    def reopen(self) -> None:
        """Take up what an earlier `prepare` left, and change nothing: the house may be running.

        Raises
        ------
        StackError
            When none was made here.
        """
        if not (self.root / _SECRETS).exists():
            raise StackError("No house was made here yet: start one with `make run`.")
        self._secrets = _remembered(self.root / _SECRETS, self._new_secrets)
        self._ports = _remembered(self.root / _PORTS, dict)
        self._prefix = _remembered(self.root / _PREFIX, lambda: self._prefix)

    async def prepare(self) -> None:
        """Make databases, logins, keys and credentials where they are missing, and apply the migrations."""
        self.root.mkdir(parents=True, exist_ok=True)
        self._prefix = _remembered(self.root / _PREFIX, lambda: self._prefix)
        self._secrets = _remembered(self.root / _SECRETS, self._new_secrets)
        self._ports = _remembered(self.root / _PORTS, dict)
        chosen: dict[str, int] = {}
        for name in SERVICES:
            chosen[name] = ports.choose(name, f"ZHICHENG_{name.upper()}_PORT", self._ports, chosen.values())
        self._ports = chosen
        write_private(self.root / _PORTS, json.dumps(chosen))
        if not (self.root / "master-key").exists():
            write_private(self.root / "master-key", secrets.token_hex(32))
        for name in SERVICES:
            await prepare(self._stack.dsn("postgres"), self.database(name))
            await migrate(self._stack.dsn("postgres"), self.database(name), [_migrations(name)])
            await self._provision(name)

    def database(self, service: str) -> Database:
        """Give a service's database and login."""
        name = f"{self._prefix}_{service}"
        password = self._secrets[service]
        return Database(self._stack.postgres_host, self._stack.postgres_port, name, name, password)

    def start(self) -> HouseInfo:
        """Start the five services and wait until all are ready.

        Raises
        ------
        StackError
            When one ends or is not ready in time; its log says why.
        """
        for name in SERVICES:
            self.start_service(name, wait=False)
        for name in SERVICES:
            self._wait(name)
        write_private(self.root / FILE, json.dumps(_as_dict(self.info)))
        return self.info

    def start_service(self, name: str, *, wait: bool = True) -> None:
        """Start one service, as after a kill."""
        recipe = Recipe(
            argv=[sys.executable, "-m", "cli.main", "serve", name],
            log=self.root / f"{name}.log",
            grace_s=10.0,
        )
        self._processes[name] = KeptProcess(recipe, env=self._environment_of(name))
        if wait:
            self._wait(name)

    def kill_service(self, name: str) -> None:
        """Kill one service with SIGKILL."""
        import signal  # noqa: PLC0415 - only tests come here

        process = self._processes.pop(name)
        process.signal(signal.SIGKILL)
        process.wait()

    def running(self, name: str) -> bool:
        """Whether a service's process runs."""
        return name in self._processes and self._processes[name].running()

    def pid(self, name: str) -> int:
        """Give the process id of a running service."""
        return self._processes[name].pid

    def stop(self) -> None:
        """Stop all services in good order."""
        for process in self._processes.values():
            process.stop()
        for process in self._processes.values():
            process.wait()
        self._processes.clear()
        (self.root / FILE).unlink(missing_ok=True)

    def settings(self, name: str) -> dict[str, str]:
        """Give a service's settings as the environment carries them."""
        info = self.info
        values = {
            "PROFILE": self._profile,
            "SERVICE": name,
            "PORT": str(self._ports[name]),
            "POSTGRES_HOST": self._stack.postgres_host,
            "POSTGRES_PORT": str(self._stack.postgres_port),
            "DATABASE_PREFIX": self._prefix,
            "DATABASE_PASSWORD": self._secrets[name],
            "KAFKA": self._stack.kafka_bootstrap,
            "TOPIC_PREFIX": self._prefix,
            "ISSUER": info.issuer,
            "REVOCATIONS": f"{info.issuer}/revocations",
            "CLIENT_ID": self._client(name),
            "SERVICE_CLIENTS": ",".join(map(self._client, SERVICES)),
            "CLIENT_KEY": str(self.root / "keys" / f"{name}.json"),
            "STATE": str(self.root / name),
            "CLOCK_FILE": info.clock_file,
            "TRACES": str(self.root / "traces.jsonl"),
            "TRACE_RATIO": "0.01",
            "EDUCATION_URL": info.education,
            "INSURANCE_URL": info.insurance,
            "PAYMENT_URL": info.payment,
            **{f"{service.upper()}_URL": url for service, url in info.urls.items()},
        }
        if name == "intake":
            values["MASTER_KEY"] = str(self.root / "master-key")
        return {f"ZHICHENG_{key}": value for key, value in values.items()}

    def _environment_of(self, name: str) -> dict[str, str]:
        (self.root / name).mkdir(parents=True, exist_ok=True)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("ZHICHENG_")}
        return {
            **inherited,
            "PYTHONPATH": str(_CHECKOUT),
            **self.settings(name),
            **self.environment.get("", {}),
            **self.environment.get(name, {}),
        }

    def _wait(self, name: str) -> None:
        def ready() -> bool:
            try:
                return httpx2.get(f"{self.info.urls[name]}/readyz", timeout=2).status_code == 200  # noqa: PLR2004
            except httpx2.HTTPError:
                time.sleep(0.05)
                return False

        self._processes[name].wait_until(ready, f"The {name} service", _READY_S)

    def _client(self, name: str) -> str:
        """Name a service's client; with the prefix, for several houses share one identity provider."""
        return f"service-{name}-{self._prefix}"

    def _new_secrets(self) -> dict[str, str]:
        return {name: secrets.token_urlsafe(24) for name in SERVICES}

    async def _provision(self, name: str) -> None:
        """Register a service as a client of the development identity provider, with a key of its own."""
        file = self.root / "keys" / f"{name}.json"
        if file.exists():
            key = ECKey.import_key(json.loads(file.read_text(encoding="utf-8")))
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            key = ECKey.generate_key("P-256", auto_kid=True)
            write_private(file, json.dumps(key.as_dict(private=True)))
        async with httpx2.AsyncClient() as http:
            answer = await http.put(
                f"{self._outside.issuer}/dev/clients/{self._client(name)}",
                json={"jwk": key.as_dict(private=False), "roles": ["system"]},
                headers={"Authorization": f"Bearer {self._outside.admin_secret}"},
            )
            answer.raise_for_status()


def _migrations(service: str) -> Path:
    return _CHECKOUT / "services" / service / "sql" / "migrations"


def _remembered(file: Path, make: Any) -> Any:
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    made = make()
    write_private(file, json.dumps(made))
    return made


def _as_dict(info: HouseInfo) -> dict[str, Any]:
    return {name: getattr(info, name) for name in HouseInfo.__slots__}
