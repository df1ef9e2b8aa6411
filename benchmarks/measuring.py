"""What the measurements share: rows of the table, load, and figures of a server."""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import messages
from benchmarks.processes import Client, Running, wrk

SECONDS = 4.0
ROUNDS = 3


@dataclass(frozen=True)
class Row:
    """One line of the table; `holds` is None where the bar has no number."""

    what: str
    ours: str
    baseline: str
    ratio: str
    bar: str
    holds: bool | None


def file_request(name: str) -> bytes:
    """Return the request of a file that nginx serves."""
    return f"GET /{name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def load(
    server: Running, requests: list[bytes], directory: Path, connections: int
) -> tuple[float, float]:
    """Return (requests per second, CPU microseconds per request)."""
    before = server.cpu_seconds()
    rate = wrk(server.url, requests, directory, connections=connections, seconds=SECONDS)
    spent = server.cpu_seconds() - before
    return rate, spent / (rate * SECONDS) * 1e6


def rates(measured: list[tuple[float, float]]) -> str:
    """Say what several loads gave, by their medians."""
    rate = statistics.median(rate for rate, _ in measured)
    cpu = statistics.median(cpu for _, cpu in measured)
    return f"{rate:.0f}/s, {cpu:.0f} us CPU"


def milliseconds(client: Client, requests: list[bytes]) -> float:
    """Return the median time of the requests."""
    return statistics.median([client.ask(request)[1] for request in requests]) * 1000


def listed(client: Client, count: int) -> float:
    """Wait until so many domains are shown, and return the seconds that it took.

    A server begins to serve before a hypervisor that is slow to open has been listed.
    """
    names = messages.http_request(*messages.enumerate_names())
    begun = time.perf_counter()
    while client.ask(names)[2].count(b"<INSTANCENAME ") < count:
        time.sleep(0.05)
    return time.perf_counter() - begun


def test_driver_megabytes(uri: str) -> float:
    """Return what libvirt's test driver takes for itself inside a process."""
    program = (
        "import libvirt, psutil; me = psutil.Process(); before = me.memory_info().rss;"
        f"connection = libvirt.open({uri!r}); print((me.memory_info().rss - before) / 1e6)"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return float(said.stdout)
