"""Apache Kafka's jars: fetched by Maven coordinate, checked against the lock, kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local.errors import StackError

LOCK = Path(__file__).with_name("kafka.lock")
_PARALLEL = 8
_TRIES = 3
_TIMEOUT_S = 60


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The jar's name in the cache; the hash in it keeps versions of a lock apart."""
        return f"{self.artifact}-{self.version}-{self.sha256[:12]}.jar"


def cache_folder() -> Path:
    """Return the user's cache folder for this project."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "zhicheng"


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """Read the lock: `group:artifact:version sha256:hex` a line, `#` for comments."""
    jars: list[Jar] = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            coordinate, digest = line.split()
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(group, artifact, version, digest.removeprefix("sha256:")))
    return jars


def fetch(jars: list[Jar], cache: Path | None = None) -> list[Path]:
    """Return the paths of `jars`, fetching what the cache lacks or holds in another form.

    Every jar is checked every time (40 ms for all): a cache is a place where other programs write too.

    Raises
    ------
    StackError
        When one cannot be fetched, or is not what the lock says.
    """
    folder = (cache or cache_folder()) / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in jars if _digest(folder / jar.filename) != jar.sha256]
    if missing:
        _fetch_missing(missing, folder)
    return [folder / jar.filename for jar in jars]


def _fetch_missing(missing: list[Jar], folder: Path) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # On standard error: what prints JSON on standard output stays parseable.
    with Progress(*columns, console=_console()) as progress, ThreadPoolExecutor(_PARALLEL) as pool:
        task = progress.add_task("Apache Kafka 4.4", total=len(missing))
        futures = [pool.submit(_fetch_one, jar, folder) for jar in missing]
        try:
            for future in as_completed(futures):
                future.result()
                progress.advance(task)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _console() -> Console:
    return Console(stderr=True)


def _fetch_one(jar: Jar, folder: Path) -> None:
    own = folder / f".part-{os.getpid()}-{jar.sha256[:12]}"
    try:
        fetched = _download(jar, own)
        verify(jar, fetched)
        fetched.replace(folder / jar.filename)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _download(jar: Jar, into: Path) -> Path:
    # Imported here: a warm start needs neither it nor `requests`.
    from jgo.maven import MavenContext  # noqa: PLC0415

    context = MavenContext(repo_cache=into, timeout=_TIMEOUT_S)
    component = context.project(jar.group, jar.artifact).at_version(jar.version)
    reason = ""
    for _ in range(_TRIES):
        try:
            return Path(component.artifact().resolve())
        except Exception as error:  # noqa: BLE001 - whatever its HTTP client raises, the answer is to try again
            reason = type(error).__name__
    raise StackError(
        f"{jar.group}:{jar.artifact}:{jar.version} could not be fetched ({reason}): "
        "check that Maven Central is reachable.",
    )


def verify(jar: Jar, path: Path) -> None:
    """Raise StackError unless the file has the hash that the lock names."""
    if _digest(path) != jar.sha256:
        raise StackError(
            f"{jar.artifact}-{jar.version}.jar is not the one in kafka.lock: do not use it, "
            "and find out where it is from.",
        )


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
