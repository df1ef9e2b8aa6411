"""What clients that mean harm cost another one: the time of its requests, before and meanwhile.

Each attack is sent again and again by one client, in a process of its own on the core of the load.
"""

import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from benchmarks import messages
from benchmarks.attacks import ATTACKS, SMUGGLED, cim
from benchmarks.measuring import Row
from benchmarks.processes import LOAD_CORE, Client, virtcim

SECONDS = 2.0
MOST = 2.0
"""How many times as long another client's request may take, at the median."""
PAUSE = 0.01
"""Between two attacks of the client; one that has only its own connection does not do more."""

CROWD = 400
"""As many connections as one client may have, with some for the other."""

Send = Callable[[int, bytes], None]


def _complete(port: int, request: bytes) -> None:
    """Send a request, and wait for the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), 30) as connection, suppress(OSError):
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
    time.sleep(PAUSE)


def _crowd(port: int, request: bytes) -> None:
    """Open many connections, send a piece on each, and hold them."""
    with ExitStack() as stack:
        for _ in range(CROWD):
            with suppress(OSError):
                one = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
                one.sendall(request)
        time.sleep(SECONDS)


def _crowds() -> Mapping[str, tuple[Send, bytes]]:
    good = cim(messages.get_instance(messages.domain_name(0))[1])
    return {
        "slow heads": (_crowd, good[:40]),
        "slow bodies": (_crowd, cim(messages.get_instance("x")[1])[:-40]),
        "idle connections": (_crowd, b""),
    }


def _attack(send: Send, port: int, request: bytes, until: float) -> None:
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    while time.monotonic() < until:
        send(port, request)


def _times(port: int, request: bytes, seconds: float) -> list[float]:
    """Return the times of one request after the other, each with a moment between."""
    client, found = Client(port), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found.append(client.ask(request)[1] * 1000)
        time.sleep(0.002)
    client.close()
    return found


def attacks(directory: Path) -> Iterator[Row]:
    """Every attack, one after the other, beside a client that reads domains."""
    node = directory / "hostile.xml"
    node.write_text(messages.domains_xml(100))
    asked = messages.http_request(*messages.get_instance(messages.domain_name(5)))
    given: Mapping[str, tuple[Send, bytes]] = {
        **{name: (_complete, one.request) for name, one in ATTACKS.items()},
        "smuggling": (_complete, SMUGGLED["length and chunks"].request),
        **_crowds(),
    }
    with virtcim(f"test://{node}", directory) as server:
        _times(server.port, asked, SECONDS)
        for name, (send, request) in given.items():
            alone = statistics.median(_times(server.port, asked, SECONDS / 2))
            until = time.monotonic() + SECONDS + 0.5
            arguments = (send, server.port, request, until)
            attacker = multiprocessing.Process(target=_attack, args=arguments)
            attacker.start()
            time.sleep(0.4)
            found = sorted(_times(server.port, asked, SECONDS))
            attacker.join()
            median, late = statistics.median(found), found[int(len(found) * 0.99)]
            yield Row(
                f"GetInstance beside: {name}", f"{median:.2f} ms, p99 {late:.1f} ms",
                f"alone {alone:.2f} ms", f"{median / alone:.1f} x", f"<= {MOST:.0f} x alone",
                median <= MOST * alone,
            )  # fmt: skip
