"""What the connections of the CIM-XML port share, from the first to the end of the server.

A connection knows its shell and nothing of other connections (http.py).
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate

from virtcim.listeners.http import Connection
from virtcim.listeners.http_rules import Limits
from virtcim.listeners.messages import Application


def _nobody_hears(_peer: str, _status: int) -> None:
    pass


class Shell:
    """What the connections of one server share: limits, the application, the clock, the end.

    `refused` is told the peer and the HTTP status of what never reaches the application.
    """

    def __init__(
        self,
        application: Application,
        limits: Limits,
        refused: Callable[[str, int], None] = _nobody_hears,
    ) -> None:
        self.application = application
        self.refused = refused
        self.limits = limits
        self.connections: set[Connection] = set()
        self.stopping = False
        self.body_bytes = 0
        self.date = b""
        self._loop = asyncio.get_running_loop()
        self._empty = asyncio.Event()
        self._sweep()

    def __call__(self) -> "Connection":
        """Make the protocol of a new connection."""
        return Connection(self, self._loop)

    def _sweep(self) -> None:
        now = self._loop.time()
        self.date = formatdate(usegmt=True).encode()
        for connection in [c for c in self.connections if c.deadline < now]:
            connection.expire()
        self._timer = self._loop.call_later(self.limits.sweep_seconds, self._sweep)

    async def stop(self, seconds: float) -> None:
        """Let calls finish, refuse new ones, and close what is still open after the time."""
        self.stopping = True
        self._empty.clear()
        for connection in list(self.connections):
            connection.close_if_idle()
        if self.connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), seconds)
        self._timer.cancel()
        for connection in list(self.connections):
            connection.abort()

    def forget(self, connection: "Connection") -> None:
        """Count a connection out."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()
