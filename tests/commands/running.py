"""The program as the shell runs it."""

import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = str(Path(sys.executable).parent / "virtcim")


@dataclass(frozen=True)
class Ended:
    """What a run said and how it ended."""

    code: int
    out: str
    err: str


def virtcim(
    *arguments: str | Path, said: str = "", variables: dict[str, str] | None = None
) -> Ended:
    """Run the program with this input; nothing of this machine's configuration takes part."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VIRTCIM_")}
    environment |= {"VIRTCIM_CONFIG": "/dev/null", "TERM": "dumb"} | (variables or {})
    ended = subprocess.run(
        [PROGRAM, *arguments],
        input=said,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def on_terminal(arguments: list[str], typed: list[str]) -> tuple[int, str]:
    """Run the program on a terminal and answer each of its prompts; give code and screen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update({"VIRTCIM_CONFIG": "/dev/null", "TERM": "dumb", "COLUMNS": "200"})
        os.execv(PROGRAM, [PROGRAM, *arguments])
    screen = b""
    answers = [answer.encode() + b"\n" for answer in typed]
    while chunk := _read(terminal):
        screen += chunk
        if chunk.endswith(b": ") and answers:
            os.write(terminal, answers.pop(0))
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other side closed
        return b""
