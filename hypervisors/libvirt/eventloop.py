"""libvirt's own event loop: one daemon thread for the process.

The rule: it is registered before the first connection is opened, and it never stops: it carries
keep-alive answers and events of every connection, however long the server's own loop is busy.
"""

from threading import Lock, Thread
from typing import Never

import libvirt
import structlog

log = structlog.get_logger("virtcim.hypervisors")

_lock = Lock()
_thread: Thread | None = None


def ensure_event_loop() -> None:
    """Start the loop unless it runs; also keep the library from writing to stderr."""
    global _thread  # noqa: PLW0603 - the library has one event loop per process, too
    with _lock:
        if _thread is None:
            libvirt.registerErrorHandler(_say_nothing, None)
            libvirt.virEventRegisterDefaultImpl()
            _thread = Thread(target=_run, name="libvirt-events", daemon=True)
            _thread.start()


def _say_nothing(_context: object, _error: object) -> None:
    """Errors are raised; the library need not print them as well."""


def _run() -> Never:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError as error:
            log.warning("libvirt_event_loop_failed", error=str(error))
