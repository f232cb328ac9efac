"""The outside systems as a process of the stack."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import StackError
from deploy.local.process import KeptProcess, Recipe

FILE = "outside.json"
_READY_S = 60.0
_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class OutsideInfo:
    """Where the outside systems answer, and the identity provider's admin secret.

    Parameters
    ----------
    issuer
        The identity provider's issuer, which is also its address.
    education, insurance, payment
        The base addresses of the stand-ins.
    admin_secret
        The bearer secret of the identity provider's `/dev` endpoints.
    """

    issuer: str
    education: str
    insurance: str
    payment: str
    admin_secret: str

    @classmethod
    def read(cls, state: Path) -> OutsideInfo:
        """Read `<state>/outside.json`.

        Raises
        ------
        StackError
            When it is missing: they do not run.
        """
        try:
            return cls(**json.loads((state / FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise StackError("The outside systems are not running: start them with `make up`.") from None


class OutsideProcess:
    """The identity provider and the stand-ins, in one process with its state under `state`."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._process: KeptProcess | None = None
        self.hold: tuple[int, ...] = ()

    @property
    def process(self) -> KeptProcess | None:
        """The running process."""
        return self._process

    @property
    def info(self) -> OutsideInfo:
        """Where they answer."""
        return OutsideInfo.read(self._state)

    def start(self) -> None:
        """Start them and wait until all answer.

        Raises
        ------
        StackError
            When they do not come up.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        (self._state / FILE).unlink(missing_ok=True)
        environment = dict(os.environ)
        environment.setdefault("ZHICHENG_PROFILE", "local")
        # The package may be run from a checkout that is not installed, out of any folder.
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = os.pathsep.join([str(_CHECKOUT), *([known] if known else [])])
        recipe = Recipe(
            argv=[sys.executable, "-m", "deploy.local.outside", "--state", str(self._state)],
            log=self._state / "outside.log",
            grace_s=5.0,
            hold=self.hold,
        )
        process = KeptProcess(recipe, environment)
        self._process = process
        process.wait_until((self._state / FILE).exists, "The outside systems", _READY_S)

    def stop(self) -> None:
        """Stop them."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
            process.wait()
