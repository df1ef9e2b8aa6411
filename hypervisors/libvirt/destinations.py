"""Connections to the hypervisors that domains migrate to: short ones, opened under a deadline.

The rule: who asks for a destination gets it, or an error, in bounded time. An open cannot be
interrupted and no keep-alive guards it, so a thread of its own does it, which is left alone when it
takes too long. How many threads may hang so is bounded.
"""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import BoundedSemaphore, Thread

from virtcim.hypervisors.errors import Busy, ConnectionFailed
from virtcim.hypervisors.libvirt.connections import KeepAlive, Opener
from virtcim.hypervisors.libvirt.native import NativeConnection
from virtcim.hypervisors.libvirt.schemes import Sharing, public_uri

OPEN_SECONDS = 20.0
MOST_OPENING = 16

_opening = BoundedSemaphore(MOST_OPENING)


@contextmanager
def destination(uri: str) -> Iterator[NativeConnection]:
    """Give a connection to a destination, and close it.

    Raises ConnectionFailed, AccessDenied, Busy.
    """
    opener = Opener(uri, Sharing.PER_WORKER, KeepAlive())
    connection = _open(opener, uri, OPEN_SECONDS)
    try:
        yield connection
    finally:
        opener.close(connection)


def _open(opener: Opener, uri: str, seconds: float) -> NativeConnection:
    bound = _opening
    if not bound.acquire(blocking=False):
        raise Busy(f"{MOST_OPENING} destinations do not answer")
    opened: Future[NativeConnection] = Future()
    opened.set_running_or_notify_cancel()
    Thread(
        target=_open_now, args=(opener, opened, bound), name="libvirt-destination", daemon=True
    ).start()
    try:
        return opened.result(seconds)
    except TimeoutError:
        opened.add_done_callback(lambda late: _drop(opener, late))
        where = public_uri(uri)
        raise ConnectionFailed(f"no answer of {where} within {seconds:g} s") from None


def _open_now(opener: Opener, opened: "Future[NativeConnection]", bound: BoundedSemaphore) -> None:
    try:
        connection = opener.open()
    except BaseException as error:  # noqa: BLE001 - the caller's, whatever it is
        bound.release()
        opened.set_exception(error)
    else:
        bound.release()
        opened.set_result(connection)


def _drop(opener: Opener, late: "Future[NativeConnection]") -> None:
    if late.exception() is None:
        opener.close(late.result())
