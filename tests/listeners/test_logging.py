"""Log lines: one for each event, whatever clients put into it."""

import asyncio
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from virtcim.listeners.logging import (
    LineBuffer,
    configure_logging,
    logfmt,
    operation_log,
    quoted,
)

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[tuple[LineBuffer, Path]]:
    """A log file, and the stream that writes it; the configuration is put back afterwards."""
    before = structlog.get_config()
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield LineBuffer(descriptor), path
    os.close(descriptor)
    structlog.configure(**before)


def words(line: str) -> dict[str, str]:
    """Read the key=value pairs of a line as a log reader does."""
    pairs = re.findall(r'(\S+?)=("(?:[^"\\]|\\.)*"|\S+)', line)
    return {key: value for key, value in pairs}  # noqa: C416 (pairs of Any)


QUOTED = (
    ("plain", "plain"),
    ("a/b:c.d-e", "a/b:c.d-e"),
    ("", '""'),
    ("two words", '"two words"'),
    ('say "x"', r'"say \"x\""'),
    ("a=b", '"a=b"'),
    ("back\\slash", r'"back\\slash"'),
    ("line\nbreak", r'"line\nbreak"'),
    ("cr\rlf", '"cr?lf"'),
    ("\x1b[31m", '"?[31m"'),
    ("\x9b31m", '"?31m"'),
    ("next\x85line", '"next?line"'),
    ("separator\u2028", '"separator?"'),
    ("\u00e4\u4e2d", "\u00e4\u4e2d"),
)


@pytest.mark.parametrize(("text", "written"), QUOTED)
def test_quoting(text: str, written: str) -> None:
    """Values stay readable; what could end a line or drive a terminal does not."""
    assert quoted(text) == written


@given(st.text(), st.text())
@example("a\nb", "x=1 y=2")
@example("\x0b\x0c\x1c\x1d\x1e", '"')
def test_no_value_makes_another_line_or_field(value: str, other: str) -> None:
    """Whatever is logged, there is one line with the fields that it should have."""
    line = logfmt(None, "info", {"event": "happened", "other": other, "key": value})
    assert len(line.splitlines()) == 1
    assert re.match(rf"{TIME} info ", line)
    assert line.endswith(f" key={quoted(value)}")
    assert words(line) == {"other": quoted(other), "key": quoted(value)}


def test_tracebacks_are_indented() -> None:
    """A traceback follows its line; a text in it cannot look like another event."""
    failure = "Traceback:\nValueError: a\n2026-01-01T00:00:00.000Z info forged\rx\x1b[2J"
    line = logfmt(None, "error", {"event": "unexpected", "exception": failure})
    first, *rest = line.splitlines()
    assert first.endswith(" error unexpected")
    assert len(rest) == 4
    assert all(text.startswith("    ") for text in rest)
    assert "\x1b" not in line


def test_lines_of_events(log: tuple[LineBuffer, Path]) -> None:
    """Events have a time, a level, a name and their fields, failures a traceback."""
    stream, path = log
    configure_logging(logging.INFO, "logfmt", stream)
    logger = structlog.get_logger("virtcim.test")
    logger.info("happened", who="anna b", number=5)
    logger.debug("not_this")
    try:
        raise ValueError("x\ny")
    except ValueError:
        logger.exception("unexpected", peer="h")
    lines = path.read_text().splitlines()
    assert re.fullmatch(rf'{TIME} info happened who="anna b" number=5', lines[0])
    assert re.fullmatch(rf"{TIME} (error|exception) unexpected peer=h", lines[1])
    assert all(line.startswith("    ") for line in lines[2:])
    assert lines[-2:] == ["    ValueError: x", "    y"]


def test_lines_as_json(log: tuple[LineBuffer, Path]) -> None:
    """The other format has the same fields, one object a line."""
    stream, path = log
    configure_logging(logging.INFO, "json", stream)
    structlog.get_logger("virtcim.test").info("happened", who="a\nb", path=path)
    write = operation_log("json", stream)
    write("anna", "h", "Get\nInstance", "X", "OK", 1.5, 10)
    one, two = map(json.loads, path.read_text().splitlines())
    assert (one["event"], one["level"], one["who"]) == ("happened", "info", "a\nb")
    assert one["path"] == str(path)
    assert {key: two[key] for key in ("event", "user", "peer", "operation", "status")} == {
        "event": "operation",
        "user": "anna",
        "peer": "h",
        "operation": "Get\nInstance",
        "status": "OK",
    }
    assert (two["cim_class"], two["ms"], two["bytes"]) == ("X", 1.5, 10)


def test_operation_lines(log: tuple[LineBuffer, Path]) -> None:
    """The line of an operation is like that of any event."""
    stream, path = log
    write = operation_log("logfmt", stream)
    write("anna", "192.0.2.1", "GetInstance", "X", "OK", 0.07, 123)
    write("a b", "192.0.2.1", "x\nforged", "X\ny", "FAILED", 1.0, 0)
    one, two = path.read_text().splitlines()
    assert re.fullmatch(
        rf"{TIME} info operation user=anna peer=192.0.2.1 operation=GetInstance cim_class=X "
        r"status=OK ms=0.07 bytes=123",
        one,
    )
    assert words(two)["operation"] == r'"x\nforged"'
    assert words(two)["cim_class"] == r'"X\ny"'


def test_operation_lines_are_gathered_in_a_loop(log: tuple[LineBuffer, Path]) -> None:
    """In its loop the stream writes once a turn; an event, another thread, the end: at once."""
    stream, path = log
    configure_logging(logging.INFO, "logfmt", stream)
    write = operation_log("logfmt", stream)

    def operation(number: int) -> None:
        write("anna", "h", "GetInstance", "X", "OK", 0.1, number)

    def numbers() -> list[str]:
        return re.findall(r"(?:bytes|event)=(\w+)", path.read_text())

    async def run() -> None:
        stream.gather()
        operation(1)
        operation(2)
        assert numbers() == []
        await asyncio.sleep(0)
        assert numbers() == ["1", "2"]
        operation(3)
        await asyncio.to_thread(operation, 4)
        assert sorted(numbers()) == ["1", "2", "3", "4"]
        operation(5)
        structlog.get_logger("virtcim.test").info("x", bytes=6)
        assert numbers()[4:] == ["5", "6"]
        operation(7)

    asyncio.run(run())
    stream.flush()
    operation(8)
    assert numbers()[6:] == ["7", "8"]


def test_a_log_that_cannot_be_written() -> None:
    """A service does not stop because nobody reads its log."""
    reader, writer = os.pipe()
    os.close(reader)
    stream = LineBuffer(writer)
    stream.write("x\n")
    os.close(writer)
    stream.write("\ud800\n")


def test_a_log_that_nobody_reads_stops_nothing() -> None:
    """Lines that a full pipe does not take are dropped, and counted once it takes lines again."""
    reader, writer = os.pipe()
    stream = LineBuffer(writer)
    for _ in range(2000):
        stream.write("x" * 99 + "\n")  # more than a pipe holds; a blocking write would hang here
    held = os.read(reader, 1 << 20).count(b"\n")
    assert held < 2000
    stream.write("again\n")
    rest = os.read(reader, 1 << 20).decode()
    os.close(reader)
    os.close(writer)
    assert re.search(rf"warning log_lines_dropped count={2000 - held}\nagain\n$", rest)
