"""The processes of a benchmark: our server, nginx, and wrk as the load; each on its own core."""

import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

SERVER_CORE, LOAD_CORE = "0", "1"


@dataclass(frozen=True)
class Running:
    """A server under load."""

    port: int
    process: subprocess.Popen[bytes]
    started_seconds: float = 0.0
    scheme: str = "http"

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"{self.scheme}://127.0.0.1:{self.port}/"

    def cpu_seconds(self) -> float:
        """CPU time that it and its workers have used so far."""
        main = psutil.Process(self.process.pid)
        times = [one.cpu_times() for one in (main, *main.children())]
        return float(sum(one.user + one.system for one in times))

    def rss_megabytes(self) -> float:
        """Memory that it occupies."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6


VIRTCIM = str(Path(sys.executable).parent / "virtcim")


@contextmanager
def virtcim(
    uri: str,
    directory: Path,
    *,
    listen: str = "127.0.0.1:0",
    state: Path | None = None,
    configuration: Path | None = None,
) -> Iterator[Running]:
    """Run our server; `started_seconds` is the time to the first answer.

    state: its directory; by default an empty one.
    """
    state = state or directory / f"state-{time.monotonic_ns()}"
    command = [
        "taskset", "-c", SERVER_CORE, VIRTCIM,
        "serve", uri, "--listen", listen, "--state-dir", str(state),
    ]  # fmt: skip
    if configuration is not None:
        command += ["--config", str(configuration)]
    begun = time.perf_counter()
    with (directory / "virtcim.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env=environment(directory)
        )
    try:
        port = _announced_port(process)
        scheme = "https" if listen.startswith("https:") else "http"
        yield Running(port, process, time.perf_counter() - begun, scheme)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def environment(directory: Path) -> dict[str, str]:
    """Bytecode is kept, as where a server is installed, but not in the sources.

    libvirt's test driver takes long to open a big file.
    """
    ours = {
        "PYTHONPYCACHEPREFIX": str(directory / "bytecode"),
        "VIRTCIM_DRIVER_OPEN_SECONDS": "600",
    }
    inherited = {key: v for key, v in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return inherited | ours


def _announced_port(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not (found := re.search(rb"https?://[\w.]+:(\d+)", said)):
            if not selector.select(600):  # a big host, or much that is kept
                raise TimeoutError(said)
            said += os.read(process.stdout.fileno(), 4096)
    return int(found[1])


@contextmanager
def nginx(files: dict[str, bytes], directory: Path) -> Iterator[Running]:
    """Run nginx with one worker over these files, with a log line for each request, as ours."""
    root = directory / "www"
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (root / name).write_bytes(content)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    configuration = directory / "nginx.conf"
    configuration.write_text(
        f"daemon off; worker_processes 1; pid {directory}/nginx.pid; user root;\n"
        f"error_log {directory}/nginx-error.log;\n"
        "events { worker_connections 512; }\n"
        f"http {{ access_log {directory}/nginx-access.log; sendfile on; tcp_nopush on;\n"
        "default_type application/xml; keepalive_requests 100000000; \n"
        f"server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
    )
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None:
        raise FileNotFoundError("nginx is missing: apt-get install nginx-light wrk")
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, program, "-c", str(configuration)])
    try:
        _wait_for(port)
        yield Running(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


_RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")


def wrk(
    url: str, requests: Iterable[bytes], directory: Path, *, connections: int, seconds: float
) -> float:
    """Send the requests round and round over kept-alive connections; return requests per second."""
    script = directory / "load.lua"
    listed = ",\n".join(_lua(request) for request in requests)
    script.write_text(
        f"local r = {{\n{listed}\n}}\nlocal i = 0\n"
        "request = function() i = i % #r + 1; return r[i] end\n"
    )
    command = [
        "taskset", "-c", LOAD_CORE, "wrk", "-t", "1", "-c", str(connections),
        "-d", f"{seconds:g}s", "-s", str(script), url,
    ]  # fmt: skip
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    rate = _RATE.search(said)
    if rate is None:
        raise RuntimeError(said)
    return float(rate[1])


_LUA = {ord(character): f"\\{ord(character):03d}" for character in '"\\\r\n'}


def _lua(data: bytes) -> str:
    return '"' + data.decode("latin-1").translate(_LUA) + '"'


class Client:
    """One kept-alive connection that times what it asks."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[float, float, bytes]:
        """Return (seconds to the first byte, seconds to the last, body)."""
        begun = time.perf_counter()
        self._socket.sendall(request)
        data = self._receive()
        first = time.perf_counter() - begun
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)content-length: *(\d+)", head)
        body = self._chunks(body) if found is None else self._whole(body, int(found[1]))
        last = time.perf_counter() - begun
        if not head.startswith(b"HTTP/1.1 200") or b"<ERROR " in body[:1000]:
            raise RuntimeError(head, body[:1000])
        return first, last, body

    def _whole(self, begun: bytes, length: int) -> bytes:
        pieces, size = [begun], len(begun)
        while size < length:
            piece = self._receive()
            pieces.append(piece)
            size += len(piece)
        return b"".join(pieces)

    def _chunks(self, data: bytes) -> bytes:
        pieces: list[bytes] = []
        while True:
            while b"\r\n" not in data:
                data += self._receive()
            line, _, data = data.partition(b"\r\n")
            size = int(line, 16)
            chunk = self._whole(data, size + 2)
            if not size:
                return b"".join(pieces)
            pieces.append(chunk[:size])
            data = chunk[size + 2 :]

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 20)
        if not data:
            raise ConnectionError("the server hung up")
        return data

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
