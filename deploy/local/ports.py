"""Ports for the servers of a stack."""

from __future__ import annotations

import os
import random
import socket
from typing import TYPE_CHECKING

from deploy.local.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

HOST = "127.0.0.1"
# Below the range from which systems take the ports of outgoing connections: one of those could otherwise
# sit on a server's port while the server is being restarted.
_RANGE = range(15_000, 32_000)
_TRIES = 200


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: connections of a former run in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError:
            return False
        return True


def choose(name: str, variable: str, remembered: Mapping[str, int], avoid: Collection[int] = ()) -> int:
    """Choose a port: the environment's word, or the last run's, or a free one.

    Parameters
    ----------
    name
        Under which the port is remembered.
    variable
        The environment variable that overrides the choice.
    remembered
        The ports of the last run.
    avoid
        Ports that are spoken for.

    Raises
    ------
    StackError
        When the environment names a port that is taken.
    """
    told = os.environ.get(variable)
    if told:
        if not told.isdecimal() or not is_free(int(told)):
            raise StackError(f"Port {told} of {variable} is not free: free it, set another, or unset {variable}.")
        return int(told)
    last = remembered.get(name)
    if last is not None and last not in avoid and is_free(last):
        return last
    for port in random.SystemRandom().choices(_RANGE, k=_TRIES):
        if port not in avoid and is_free(port):
            return port
    raise StackError(f"No free port was found between {_RANGE.start} and {_RANGE.stop}: set {variable}.")
