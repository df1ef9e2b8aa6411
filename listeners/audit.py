"""The audit log: JSON lines in a file, in order, written by a thread: no disk holds up others.

A line that cannot be written is kept and tried again, within bounds; the log says that it is so,
and how many were lost in the end. The file may be moved away at any time, as logrotate does it.
"""

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import structlog

log = structlog.get_logger("virtcim.listeners")

MOST_WAITING = 8 << 20
"""Characters of lines that wait for a disk; what comes then is counted and lost."""
RETRY_SECONDS = 1.0

Entry = Mapping[str, object]


class AuditError(Exception):
    """The audit log cannot be opened."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(path, detail)
        self.path = path
        self.detail = detail

    def __str__(self) -> str:
        return f"the audit log {self.path} cannot be written: {self.detail}"


class AuditFile:
    """A file that lines are added to; opened anew when another one, or none, has its name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def append(self, text: str) -> None:
        """Add lines, all of them or none; raises OSError."""
        descriptor = self._current()
        before = os.fstat(descriptor).st_size
        data = text.encode()
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        except OSError:
            with suppress(OSError):  # half a line must not spoil the next one
                os.ftruncate(descriptor, before)
            raise

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _current(self) -> int:
        if self._descriptor >= 0 and not self._is_same():
            self.close()
        if self._descriptor < 0:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(self.path, flags, 0o600)
        return self._descriptor

    def _is_same(self) -> bool:
        try:
            named = self.path.stat(follow_symlinks=False)
        except FileNotFoundError:
            return False
        ours = os.fstat(self._descriptor)
        return (named.st_dev, named.st_ino) == (ours.st_dev, ours.st_ino)


class AuditLog:
    """Takes entries in the event loop's thread; `open` and `close` go around its use."""

    def __init__(self, path: Path) -> None:
        self._file = AuditFile(path)
        self._lines: deque[str] = deque()
        self._waiting = 0
        self._lost = 0
        self._busy = self._failing = False
        self._writing: Future[None] | None = None
        self._count = 0  # lines that are being written
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit")

    def open(self) -> None:
        """Make the file; raises AuditError, so that a server does not start without its log."""
        try:
            self._file.append("")
        except OSError as error:
            raise AuditError(self._file.path, error.strerror or str(error)) from None

    def write(self, entry: Entry) -> None:
        """Take an entry; raises nothing, since a full disk must not stop a service."""
        line = json.dumps(entry, separators=(",", ":"), default=str) + "\n"
        if self._waiting + len(line) > MOST_WAITING:
            self._lost += 1
            return
        self._lines.append(line)
        self._waiting += len(line)
        if not self._busy:
            self._busy = True
            # With the other entries of this turn of the loop.
            asyncio.get_running_loop().call_soon(self._put)

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._pool.shutdown(wait=True)
        if self._writing is not None and self._writing.exception() is None:
            self._written()  # the loop has no turn left to say so
        with suppress(OSError):
            self._file.append("".join(self._lines))
        self._file.close()

    def _put(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(RuntimeError):  # closed meanwhile: that writes the rest
            self._writing = self._pool.submit(self._file.append, "".join(self._lines))
            self._count = len(self._lines)
            self._writing.add_done_callback(lambda _: _tell(loop, self._done))

    def _written(self) -> None:
        for _ in range(self._count):
            self._waiting -= len(self._lines.popleft())
        self._writing = None

    def _done(self) -> None:
        """Go on after a write, in the loop's thread."""
        if self._writing is None:
            return  # closed meanwhile
        loop, error = asyncio.get_running_loop(), self._writing.exception()
        if error is not None:
            if not self._failing:
                self._failing = True
                log.warning("audit_not_written", error=str(error), waiting=len(self._lines))
            self._writing = None
            loop.call_later(RETRY_SECONDS, self._put)
            return
        self._written()
        if self._failing:
            log.warning("audit_written_again", lost=self._lost)
        self._failing, self._busy, lost, self._lost = False, False, self._lost, 0
        if lost:
            self.write({"event": "lost", "count": lost})
        if self._lines and not self._busy:
            self._busy = True
            loop.call_soon(self._put)


def _tell(loop: asyncio.AbstractEventLoop, done: Callable[[], None]) -> None:
    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(done)
