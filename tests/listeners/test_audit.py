"""The audit file: order, rotation, mode, a full disk, and what is lost in the end."""

import asyncio
import errno
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from virtcim.listeners import audit
from virtcim.listeners.audit import AuditError, AuditFile, AuditLog


def numbers(path: Path) -> list[Any]:
    """Read the entries' numbers."""
    return [json.loads(line).get("n") for line in path.read_text().splitlines()]


def with_log(path: Path, use: Callable[[AuditLog], Awaitable[None]]) -> None:
    """Run a use against an open log and close it."""

    async def run() -> None:
        one = AuditLog(path)
        one.open()
        try:
            await use(one)
        finally:
            one.close()

    asyncio.run(run())


async def until(fact: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(60):
        while not fact():  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(0.005)


def test_entries_are_lines_in_order(tmp_path: Path) -> None:
    """Whatever is in them, each is one line; nobody else may read the file."""
    path = tmp_path / "audit.log"

    async def use(log: AuditLog) -> None:
        for number in range(500):
            log.write({"n": number, "text": 'a\n"\u2028\udce9'})
            if number % 7 == 0:
                await asyncio.sleep(0)

    with_log(path, use)
    assert numbers(path) == list(range(500))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    """As logrotate does it: what was written stays in the old one."""
    path = tmp_path / "audit.log"

    async def use(log: AuditLog) -> None:
        log.write({"n": 1})
        await until(lambda: numbers(path) == [1])
        path.rename(tmp_path / "audit.log.1")
        log.write({"n": 2})
        await until(path.exists)

    with_log(path, use)
    assert numbers(path) == [2]
    assert numbers(tmp_path / "audit.log.1") == [1]


def test_a_log_that_cannot_be_opened_is_said_at_the_start(tmp_path: Path) -> None:
    """A server without its log does not start; a link that somebody laid there is not followed."""
    with pytest.raises(AuditError, match="cannot be written: No such file"):
        AuditLog(tmp_path / "none" / "audit.log").open()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError):
        AuditLog(tmp_path / "link").open()
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_stops_nobody_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines wait, are written later in their order, and what was too much is counted."""
    path = tmp_path / "audit.log"
    monkeypatch.setattr(audit, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(audit, "MOST_WAITING", 100)
    full = True
    append = AuditFile.append

    def failing(self: AuditFile, text: str) -> None:
        if full and text:
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, text)

    monkeypatch.setattr(AuditFile, "append", failing)

    async def use(log: AuditLog) -> None:
        nonlocal full
        for number in range(20):
            log.write({"n": number})
        await until(lambda: log._failing)
        log.write({"n": 99})
        full = False
        await until(lambda: not log._failing and not log._lines)

    with capture_logs() as logs:
        with_log(path, use)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    kept = [line["n"] for line in lines if "n" in line]
    assert kept == list(range(len(kept)))
    assert len(kept) < 20
    assert lines[-1] == {"event": "lost", "count": 21 - len(kept)}
    events = [line["event"] for line in logs]
    assert events == ["audit_not_written", "audit_written_again"]
    assert logs[1]["lost"] == 21 - len(kept)


def test_half_a_line_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that takes a part leaves the file as it was."""
    file = AuditFile(tmp_path / "audit.log")
    file.append("one\n")
    write = os.write
    calls = iter((3, None))

    def partly(descriptor: int, data: bytes) -> int:
        count = next(calls)
        if count is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data[:count])

    monkeypatch.setattr(os, "write", partly)
    with pytest.raises(OSError, match="No space left"):
        file.append("two two\n")
    monkeypatch.setattr(os, "write", write)
    file.append("three\n")
    assert file.path.read_text() == "one\nthree\n"
    file.close()
