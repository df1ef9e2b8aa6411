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

from virtcim.listeners.principals import Role
from virtcim.listeners.users import UsersFile

DATA = Path(__file__).parent / "data"
EIGHT_STATES = DATA / "eight-states.xml"

COMMAND = (str(Path(sys.executable).parent / "virtcim"),)
"""The program as an installation has it."""

USER, PASSWORD = "anna", "correct horse"
"""Who may log in where somebody must."""

_START_SECONDS = 60
_STOP_SECONDS = 30
_URL = re.compile(r"(https?)://(?:\[([\w:]+)\]|([\w.]+)):(\d+)\s")


@dataclass(frozen=True)
class RunningServer:
    """A server that listens; `log` is where its standard error goes."""

    host: str
    port: int
    log: Path
    process: subprocess.Popen[bytes]
    scheme: str = "http"

    @property
    def url(self) -> str:
        """The server's URL as WBEM clients take it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def kill(self) -> None:
        """End it without a warning."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and see that it does so without a complaint."""
        self.process.send_signal(signal.SIGTERM)
        self.ended()

    def ended(self) -> None:
        """Wait for its end, which was asked for."""
        assert self.process.wait(_STOP_SECONDS) == 0, self.log.read_text()


@contextmanager
def serving(
    target: Path | str, directory: Path, *others: str, **settings: str
) -> Iterator[RunningServer]:
    """Run a server as `started`, and stop it at the end."""
    with started(target, directory, *others, **settings) as server:
        yield server
        server.stop()


@contextmanager
def started(
    target: Path | str,
    directory: Path,
    *others: str,
    listen: str = "127.0.0.1:0",
    **settings: str,
) -> Iterator[RunningServer]:
    """Run a server of a hypervisor, with its state in a directory; kill it if it still runs then.

    target: a hypervisor's URI, or a node file of libvirt's test driver; others: URIs of more.
    settings: as in the server's environment, without the prefix and in lower case.
    What is in `site` below the directory (tests/plugging.py) it finds as if it were installed.
    """
    uri = target if isinstance(target, str) else f"test://{target}"
    environment = {f"VIRTCIM_{name.upper()}": value for name, value in settings.items()}
    search = [str(directory / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(search)
    log = directory / "server.log"
    state = str(directory / "state")
    command = [*COMMAND, "serve", uri, *others, "--listen", listen, "--state-dir", state]
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, env={**os.environ, **environment}
        )
    try:
        scheme, host, port = _address(process, log)
        yield RunningServer(host, port, log, process, scheme)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
    assert not defects(log), log.read_text()


def defects(log: Path) -> list[str]:
    """Return the events of a log that have tracebacks; those of plug-ins are not ours."""
    found, event = [], ""
    for line in log.read_text().splitlines():
        event = event if line.startswith(" ") else line
        if "Traceback" in line and " plugin_failed " not in event:
            found.append(event)
    return found


def let_in(
    directory: Path, name: str = USER, password: str = PASSWORD, role: Role = Role.ADMIN
) -> None:
    """Add a user to those of the server whose state is in the directory.

    As the program does it, and without it: it takes longer to start than its work does.
    """
    UsersFile(directory / "state/users").add(name, password, role=role)


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, str, int]:
    """Read the line that says where the server listens."""
    assert process.stdout is not None
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not (found := _URL.search(said.decode())):
            assert selector.select(_START_SECONDS), f"silent: {said!r} {log.read_text()}"
            more = os.read(process.stdout.fileno(), 4096)
            assert more, f"ended: {said!r} {log.read_text()}"
            said += more
    return found[1], found[2] or found[3], int(found[4])
