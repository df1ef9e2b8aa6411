"""The operator's own checks: programs that must agree before a domain migrates.

The rule: no shell, no input, an end under a deadline, whole process groups, never on the event
loop. A program that cannot be run objects. Called as libvirt-cim does: name of the domain, URI of
its host, and a file with the client's parameters, one a line, when there are some.
"""

import asyncio
import os
import signal
import stat
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Question:
    """What the programs are asked."""

    domain: str
    uri: str
    parameters: tuple[str, ...]


async def objections(directory: Path, seconds: float, question: Question) -> list[str]:
    """Run every program of a directory, in the order of their names; a sentence for each objection.

    No directory means no checks.
    """
    try:
        programs = await asyncio.to_thread(_programs, directory)
    except OSError as error:
        return [f"the checks of the operator cannot be read: {error.strerror}"]
    file = await asyncio.to_thread(_written, question.parameters)
    try:
        arguments = (question.domain, question.uri, *((str(file),) if file else ()))
        found = [await _objection(program, arguments, seconds) for program in programs]
    finally:
        if file is not None:
            await asyncio.to_thread(file.unlink)
    return [objection for objection in found if objection is not None]


def _programs(directory: Path) -> list[Path]:
    try:
        found = sorted(directory.iterdir())
    except FileNotFoundError:
        return []
    return [
        path
        for path in found  # a link that leads nowhere is an error, not a check that is not there
        if not path.name.startswith(".") and _is_program(path.stat().st_mode)
    ]


def _is_program(mode: int) -> bool:
    return stat.S_ISREG(mode) and bool(mode & 0o111)


def _written(parameters: Sequence[str]) -> Path | None:
    """Write the parameters into a file that only we may read."""
    if not parameters:
        return None
    descriptor, path = tempfile.mkstemp(prefix="virtcim-check-")
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{' '.join(one.splitlines())}\n" for one in parameters)
    return Path(path)


async def _objection(program: Path, arguments: Sequence[str], seconds: float) -> str | None:
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"the check {program.name} cannot be run: {error.strerror}"
    try:
        async with asyncio.timeout(seconds):
            code = await process.wait()
    except TimeoutError:
        return f"the check {program.name} did not end within {seconds:g} s"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it has left, too
        await process.wait()
    return f"the check {program.name} objects (exit status {code})" if code else None
