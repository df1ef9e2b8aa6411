"""The command line as a whole: version, help, usage errors, and what comes of any error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.running import PROGRAM, virtcim
from virtcim import __version__, commands
from virtcim.commands import application


def test_the_version_is_told() -> None:
    """One line, on standard output."""
    ended = virtcim("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"virtcim {__version__}\n", "")


def test_the_version_needs_no_room_of_the_house() -> None:
    """Version, help and completion must not pay for the server."""
    program = (
        "import sys; from virtcim.commands import main\n"
        "sys.argv = ['virtcim', '--version']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "rooms = [m for m in sys.modules if m.startswith('virtcim.')]\n"
        "print(sorted(rooms), any(m in sys.modules for m in ('pydantic', 'sqlalchemy', 'lxml')))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    rooms = ["", ".application", ".failures", ".options"]
    expected = [f"virtcim.commands{room}" for room in rooms]
    assert ended.stdout.splitlines()[-1] == f"{expected} False"


@pytest.mark.parametrize(
    "command",
    [[], ["serve"], ["check"], ["classes"], ["user"], ["user", "add"], ["infostore", "import"]],
)
def test_every_command_has_help(command: list[str]) -> None:
    """--help ends well and shows usage."""
    ended = virtcim(*command, "--help")
    assert ended.code == 0
    assert f"Usage: {' '.join(['virtcim', *command])} " in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frob"], "No such command"),
        (["serve", "--frob"], "No such option"),
        (["user", "add"], "Missing argument"),
        (["serve"], "virtcim: hosts: no hypervisor is named"),
        (["check"], "virtcim: no hypervisor is named"),
        (["serve", "qemu://system"], "argument URI: `qemu://system` must have the path"),
        (["serve", "test:///default", "--listen", "5988"], "option --listen: `5988` must be"),
        (["serve", "test:///default", "--web", "5990"], "option --web: `5990` must be"),
        (["serve", "--config", "/nowhere.toml"], "/nowhere.toml: cannot be read"),
        (["serve", "test:///default", "--listen", "0.0.0.0:0"], "plain HTTP is served on loopback"),
        (["serve", "qemu:///system"], "virtcim user add NAME"),
    ],
)
def test_misuse_is_told_in_one_message(arguments: list[str], said: str, tmp_path: Path) -> None:
    """Exit code 2, the message on standard error, no traceback."""
    ended = virtcim(*arguments, variables={"VIRTCIM_STATE_DIR": str(tmp_path)})
    assert ended.code == 2, ended
    assert said in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_a_bad_variable_is_misuse() -> None:
    """The environment is configuration too."""
    ended = virtcim("user", "list", variables={"VIRTCIM_LOG_LEVEL": "loud"})
    assert ended.code == 2
    assert ended.err == (
        "virtcim: environment variable VIRTCIM_LOG_LEVEL: "
        "must be 'debug', 'info', 'warning' or 'error'\n"
    )


def test_a_defect_is_told_with_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody foresaw is one message too, with the place for the report."""

    def fail(**_: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(application, "app", fail)
    with pytest.raises(SystemExit) as caught:
        commands.main()
    assert caught.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("virtcim: internal error, please report it: KeyError: 'surprise' at ")
    assert "test_application.py:" in said


def test_a_reader_that_goes_is_no_error() -> None:
    """A pipe into head must not end in a complaint."""
    with subprocess.Popen(
        [PROGRAM, "classes", "--config", "/dev/null"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        said = running.stderr.read()
    assert said == b""


def test_the_shell_can_complete() -> None:
    """Typer's completion answers with the commands."""
    ended = virtcim(
        variables={
            "_VIRTCIM_COMPLETE": "complete_bash",
            "COMP_WORDS": "virtcim ser",
            "COMP_CWORD": "1",
        }
    )
    assert ended.out.split() == ["serve"]
