"""Log lines: `time level event key=value ...`, or JSON, one line for each event.

Lines are gathered and written once in each turn of the event loop: under load a write for each
operation would cost as much as the operation. The logfmt renderer is our own for the same reason.
"""

import asyncio
import os
import re
import select
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Literal

import stamina.instrumentation
import structlog

LogFormat = Literal["logfmt", "json"]

_PLAIN = re.compile(r'[^\s"=\x00-\x1f\x7f-\x9f\\]+')
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class LineBuffer:
    """A text stream that writes to a descriptor once in each turn of the running event loop.

    Without a loop, and in other threads, it writes at once.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[str] = []
        self._dropped = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def gather(self) -> None:
        """Gather the lines of this thread's running loop from now on."""
        self._loop = asyncio.get_running_loop()

    def write(self, text: str) -> None:
        """Take text; raises nothing, since a log that cannot be written must not stop a service."""
        if self._loop is None or asyncio._get_running_loop() is not self._loop:  # noqa: SLF001
            self._put(text)
            return
        if not self._lines:
            self._loop.call_soon(self.flush)
        self._lines.append(text)

    def flush(self) -> None:
        """Write what was gathered."""
        if self._lines:
            text = "".join(self._lines)
            self._lines.clear()
            self._put(text)

    def _put(self, text: str) -> None:
        dropped, self._dropped = self._dropped, 0
        if dropped and not self._taken(f"{clock()} warning log_lines_dropped count={dropped}\n"):
            self._dropped = dropped
        if self._dropped or not self._taken(text):
            self._dropped += text.count("\n")

    def _taken(self, text: str) -> bool:
        """Write what the descriptor takes at once; tell whether that was all.

        A pipe that nobody empties must not stop the service. Up to PIPE_BUF bytes are taken whole
        or not at all. A closed pipe or a full disk leaves nowhere to say so.
        """
        data = text.encode("utf-8", "replace")
        with suppress(OSError):
            while data:
                if not select.select((), (self._descriptor,), (), 0)[1]:
                    return False
                data = data[os.write(self._descriptor, data[: select.PIPE_BUF]) :]
        return True


class _Clock:
    """The present time as text; the part down to the second is kept."""

    def __init__(self) -> None:
        self._second = 0
        self._text = ""

    def __call__(self) -> str:
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self._text}.{int((now - second) * 1000):03d}Z"


clock = _Clock()


@lru_cache(maxsize=1024)
def quoted(text: str) -> str:
    """Return a value as it stands after `key=`; line breaks cannot be smuggled into the log."""
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{_CONTROL.sub("?", escaped)}"'


def logfmt(_logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """Render an event as one line, with the traceback of a failure indented after it."""
    name, failure = event.pop("event"), event.pop("exception", None)
    fields = "".join([f" {key}={quoted(str(value))}" for key, value in event.items()])
    line = f"{clock()} {method} {quoted(str(name))}{fields}"
    if failure is None:
        return line
    # Indented, since texts of exceptions may hold what clients sent, line breaks included.
    return "\n    ".join([line, *(_CONTROL.sub("?", text) for text in failure.splitlines())])


OperationLog = Callable[[str, str, str, str, str, float, int], None]
"""Writes the line of an operation: user, peer, operation, class, status, milliseconds, bytes."""


def operation_log(form: LogFormat, stream: LineBuffer) -> OperationLog:
    """Return the writer of operation lines; the one line that is written thousands of times."""
    if form == "json":
        log = structlog.get_logger("virtcim.listeners")

        def write_event(  # noqa: PLR0917 (OperationLog)
            user: str, peer: str, name: str, cim_class: str, status: str, ms: float, size: int
        ) -> None:
            fields = {"user": user, "peer": peer, "operation": name, "cim_class": cim_class}
            log.info("operation", **fields, status=status, ms=ms, bytes=size)

        return write_event

    def write_line(  # noqa: PLR0917 (OperationLog)
        user: str, peer: str, name: str, cim_class: str, status: str, ms: float, size: int
    ) -> None:
        stream.write(
            f"{clock()} info operation user={quoted(user)} peer={peer} operation={quoted(name)}"
            f" cim_class={quoted(cim_class)} status={status} ms={ms} bytes={size}\n"
        )

    return write_line


def configure_logging(level: int, form: LogFormat, stream: LineBuffer) -> None:
    """Send the events of all rooms to the stream."""
    # The rooms log their own retries, with names that an operator knows.
    stamina.instrumentation.set_on_retry_hooks([])
    renderers: dict[LogFormat, list[Any]] = {
        "logfmt": [structlog.processors.format_exc_info, logfmt],
        "json": [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ],
    }
    structlog.configure(
        processors=renderers[form],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(stream),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
