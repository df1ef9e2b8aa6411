"""Making and closing connections, each worker's own or one for all, as the scheme says.

The rule: called in workers' threads only; a connection is closed by the thread that used it, never
under another thread's call, which would use freed memory.
"""

from dataclasses import dataclass
from threading import Lock

import structlog

from virtcim.hypervisors.libvirt.native import (
    NativeConnection,
    close_native,
    is_alive,
    open_native,
    translated,
    unless_unsupported,
)
from virtcim.hypervisors.libvirt.schemes import Sharing

log = structlog.get_logger("virtcim.hypervisors")


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """When to give up a silent peer: after `count` unanswered pings, `interval` seconds apart."""

    interval: int = 2
    count: int = 3


class Opener:
    """Opens the connections of one hypervisor."""

    def __init__(self, uri: str, sharing: Sharing, keep_alive: KeepAlive) -> None:
        self._uri = uri
        self._sharing = sharing
        self._keep_alive = keep_alive
        self._lock = Lock()
        self._shared: NativeConnection | None = None
        self._users: dict[int, int] = {}

    def open(self) -> NativeConnection:
        """A live connection; raises ConnectionFailed or AccessDenied, and may block for ever."""
        if self._sharing is Sharing.PER_WORKER:
            return self._open()
        with self._lock:
            if self._shared is None or not is_alive(self._shared):
                self._shared = self._open()
            self._users[id(self._shared)] = self._users.get(id(self._shared), 0) + 1
            return self._shared

    def close(self, connection: NativeConnection) -> None:
        """Close it; a shared one when its last user closes it."""
        if self._sharing is Sharing.PER_WORKER:
            close_native(connection)
            return
        with self._lock:
            self._users[id(connection)] -= 1
            if not self._users[id(connection)]:
                del self._users[id(connection)]
                close_native(connection)
                if connection is self._shared:
                    self._shared = None

    def _open(self) -> NativeConnection:
        connection = open_native(self._uri)
        with translated(connection):
            unless_unsupported(
                lambda: connection.setKeepAlive(self._keep_alive.interval, self._keep_alive.count),
                default=1,
            )
        return connection
