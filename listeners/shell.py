"""What the connections of the CIM-XML port share, from the first to the end of the server.

A connection knows its shell and nothing of other connections (http.py).
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from email.utils import formatdate

from virtcim.listeners.http import Connection
from virtcim.listeners.http_rules import Limits
from virtcim.listeners.messages import Application


def _nobody_hears(_peer: str, _status: int) -> None:
    pass


HURRY_SECONDS = 2.0
"""For the answers of calls that did not end before the server had to."""


def _wait_no_more() -> None:
    """Have nothing answered that is not: its client is cut off."""


class Shell:
    """What the connections of one server share: limits, the application, the clock, the end.

    `refused` is told the peer and the HTTP status of what never reaches the application. `calls`
    counts what is being answered and was not at hand, by client; `body_bytes` and `reply_bytes` are
    those of requests and replies that are held.
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
        self.calls: Counter[str] = Counter()
        self._of_client: Counter[str] = Counter()
        self.stopping = False
        self.body_bytes = 0
        self.reply_bytes = 0
        seconds = b"Keep-Alive: timeout=%d\r\n" % limits.idle_seconds
        self.stays = b"Connection: keep-alive\r\n" + seconds  # HTTP/1.0 wants to be told
        self.date = b""
        self._loop = asyncio.get_running_loop()
        self._empty = asyncio.Event()
        self._inflater = ThreadPoolExecutor(1, "inflater")  # one: the memory of one is not counted
        self._sweep()

    def __call__(self) -> "Connection":
        """Make the protocol of a new connection."""
        return Connection(self, self._loop)

    @property
    def has_many_replies(self) -> bool:
        """Whether so much waits to be read by clients that no reply is held for its length."""
        return self.reply_bytes > self.limits.replies_bytes

    async def aside(self, inflate: Callable[[], bytes]) -> bytes:
        """Do in a thread what takes milliseconds, so that other clients have their turn."""
        return await self._loop.run_in_executor(self._inflater, inflate)

    def _sweep(self) -> None:
        now = self._loop.time()
        self.date = formatdate(usegmt=True).encode()
        for connection in [c for c in self.connections if c.deadline < now]:
            connection.expire()
        self._timer = self._loop.call_later(self.limits.sweep_seconds, self._sweep)

    async def stop(self, seconds: float, hurry: Callable[[], None] = _wait_no_more) -> None:
        """Let calls finish, refuse new ones, and close what is still open after the time.

        `hurry` has all calls answered that are under way then.
        """
        self.stopping = True
        self._empty.clear()
        for connection in list(self.connections):
            connection.close_if_idle()
        if self.connections and not await self._emptied(seconds):
            hurry()
            await self._emptied(HURRY_SECONDS)
        self._timer.cancel()
        self._inflater.shutdown(wait=False)
        for connection in list(self.connections):
            connection.abort()

    async def _emptied(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), seconds)
        return not self.connections

    def admit(self, connection: "Connection", client: str) -> bool:
        """Count a connection in; tell whether all of them, and its client's, are not too many."""
        self.connections.add(connection)
        self._of_client[client] += 1
        return (
            len(self.connections) <= self.limits.connections
            and self._of_client[client] <= self.limits.client_connections
        )

    def forget(self, connection: "Connection", client: str) -> None:
        """Count a connection out."""
        self.connections.discard(connection)
        _count_down(self._of_client, client)
        if not self.connections:
            self._empty.set()

    def called(self, client: str) -> None:
        """Count a call out that was under way."""
        _count_down(self.calls, client)


def _count_down(counter: Counter[str], client: str) -> None:
    """Take one off; a client that has nothing any more is forgotten."""
    counter[client] -= 1
    if counter[client] <= 0:
        del counter[client]
