"""From a hypervisor's event to a reader that sees it, through a real libvirtd."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import libvirt

from benchmarks import messages
from benchmarks.measuring import Row
from benchmarks.processes import Client, virtcim
from tests.lab import Lab

CHANGES = 300
DEADLINE_SECONDS = 5.0


def visibility(directory: Path) -> Iterator[Row]:
    """Suspend and resume a domain behind the server's back, and ask until it is seen."""
    lab = Lab("virtcim-bench")
    try:
        lab.connect().close()
        uri = lab.uri("test").replace("/system", "/default")
        connection = libvirt.open(uri)
        domain = connection.lookupByName("test")
        with virtcim(uri, directory) as server:
            times = sorted(_changes(domain, Client(server.port)))
        p99 = times[int(len(times) * 0.99)] * 1000
        yield Row(
            "event to a reader, p99", f"{p99:.1f} ms",
            f"median {statistics.median(times) * 1000:.1f} ms", "-", "<= 50 ms", p99 <= 50,
        )  # fmt: skip
    finally:
        lab.stop()


def _changes(domain: libvirt.virDomain, client: Client) -> Iterator[float]:
    request = messages.http_request(*messages.get_instance("test"))
    states = {
        "suspend": b'NAME="EnabledState" TYPE="uint16"><VALUE>9<',
        "resume": b'NAME="EnabledState" TYPE="uint16"><VALUE>2<',
    }
    for number in range(CHANGES):
        verb = ("suspend", "resume")[number % 2]
        begun = time.perf_counter()
        getattr(domain, verb)()
        while states[verb] not in client.ask(request)[2]:
            if time.perf_counter() - begun > DEADLINE_SECONDS:
                raise TimeoutError(f"{verb} was never seen")
        yield time.perf_counter() - begun
