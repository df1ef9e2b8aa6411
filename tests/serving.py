"""The real server as a process of its own: started from the command line, stopped by a signal."""

import os
import re
import selectors
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data"
EIGHT_STATES = DATA / "eight-states.xml"

COMMAND = (str(Path(sys.executable).parent / "virtcim"),)
"""The program as an installation has it."""

_START_SECONDS = 60
_STOP_SECONDS = 30


@dataclass(frozen=True)
class RunningServer:
    """A server that listens; `log` is where its standard error goes."""

    host: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The server's URL as WBEM clients take it."""
        return f"http://{self.host}:{self.port}"


@contextmanager
def serving(node: Path, directory: Path, **settings: str) -> Iterator[RunningServer]:
    """Run a server of libvirt's test driver over a node file, with its state in a directory.

    settings: as in the server's environment, without the prefix and in lower case.
    """
    environment = {f"VIRTCIM_{name.upper()}": value for name, value in settings.items()}
    log = directory / "server.log"
    command = [
        *COMMAND,
        "serve",
        f"test://{node}",
        "--listen",
        "127.0.0.1:0",
        "--state-dir",
        str(directory / "state"),
    ]
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, env={**os.environ, **environment}
        )
    try:
        host, port = _address(process, log)
        yield RunningServer(host, port, log, process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(_STOP_SECONDS) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert "Traceback" not in log.read_text(), log.read_text()


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    """Read the line that says where the server listens."""
    assert process.stdout is not None
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not (found := re.search(rb"https?://([\w.]+):(\d+)", said)):
            assert selector.select(_START_SECONDS), f"silent: {said!r} {log.read_text()}"
            more = os.read(process.stdout.fileno(), 4096)
            assert more, f"ended: {said!r} {log.read_text()}"
            said += more
    return found[1].decode(), int(found[2])
