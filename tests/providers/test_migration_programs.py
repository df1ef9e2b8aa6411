"""The operator's programs: how they are called, and that none of them can hold up the server."""

import asyncio
from pathlib import Path

from tests.lab import eventually
from virtcim.providers.migration_programs import Question, objections

QUESTION = Question("guest $(reboot)", "qemu:///system", ())
PATIENT = 60.0


def program(directory: Path, name: str, body: str, mode: int = 0o755) -> None:
    """Write a program."""
    path = directory / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(mode)


def ask(directory: Path, question: Question = QUESTION, seconds: float = PATIENT) -> list[str]:
    """Ask all of them."""
    return asyncio.run(objections(directory, seconds, question))


def test_nobody_to_be_asked(tmp_path: Path) -> None:
    """No directory, an empty one, and what is no program."""
    assert ask(tmp_path / "none") == []
    program(tmp_path, ".hidden", "exit 1")
    program(tmp_path, "readme", "exit 1", mode=0o644)
    (tmp_path / "directory").mkdir()
    assert ask(tmp_path) == []


def test_a_directory_that_is_none(tmp_path: Path) -> None:
    """It objects: the operator wanted something to be checked."""
    (tmp_path / "file").touch()
    assert ask(tmp_path / "file") == ["the checks of the operator cannot be read: Not a directory"]


def test_a_check_that_is_a_link_to_nothing(tmp_path: Path) -> None:
    """It objects, and does not make the others be passed over."""
    program(tmp_path, "b", "exit 1")
    (tmp_path / "a").symlink_to(tmp_path / "gone")
    text = "the checks of the operator cannot be read: No such file or directory"
    assert ask(tmp_path) == [text]


def test_who_objects(tmp_path: Path) -> None:
    """Each with its name, in the order of their names; who cannot be run objects."""
    program(tmp_path, "b", "exit 3")
    program(tmp_path, "a", "exit 0")
    program(tmp_path, "c", "exit 1")
    (tmp_path / "d").write_text("#!/nonexistent\n")
    (tmp_path / "d").chmod(0o755)
    found = ask(tmp_path)
    assert found[:2] == [
        "the check b objects (exit status 3)", "the check c objects (exit status 1)",
    ]  # fmt: skip
    assert found[2].startswith("the check d cannot be run: ")


def test_what_they_are_told(tmp_path: Path) -> None:
    """Name and URI as they are, and a private file with the parameters, one a line."""
    said = tmp_path / "said"
    program(tmp_path, "a", f'printf "%s|%s|%s|" "$#" "$1" "$2" >> {said}\n'
                           f'[ $# = 2 ] || {{ stat -c %a "$3"; cat "$3"; }} >> {said}')  # fmt: skip
    assert ask(tmp_path) == []
    assert said.read_text() == "2|guest $(reboot)|qemu:///system|"
    said.unlink()
    assert ask(tmp_path, Question("g", "u", ("one", "two\nthree"))) == []
    assert said.read_text() == "3|g|u|600\none\ntwo three\n"


def test_nobody_is_waited_for(tmp_path: Path) -> None:
    """One that hangs objects, and ends with all that it has started."""
    child = tmp_path / "child"
    program(tmp_path, "a", f"sleep 600 & echo $! > {child}; wait")
    assert ask(tmp_path, seconds=1) == ["the check a did not end within 1 s"]
    eventually(lambda: not Path("/proc", child.read_text().strip()).exists())


def test_the_loop_goes_on(tmp_path: Path) -> None:
    """Others are served meanwhile."""
    gate = tmp_path / "gate"
    checks = tmp_path / "checks"
    checks.mkdir()
    program(checks, "a", f"while [ ! -e {gate} ]; do sleep 0.01; done")

    async def scene() -> None:
        asking = asyncio.create_task(objections(checks, PATIENT, QUESTION))
        await asyncio.sleep(0)
        gate.touch()
        assert await asking == []

    asyncio.run(scene())
