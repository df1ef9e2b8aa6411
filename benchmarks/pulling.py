"""Pulled enumerations and filters, on a big host."""

import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import messages
from benchmarks.measuring import Row, listed, milliseconds
from benchmarks.processes import Client, virtcim

DOMAINS = 10_000
AT_A_TIME = 1000
PAUSED = 9

_CONTEXT = re.compile(rb'NAME="EnumerationContext" PARAMTYPE="string"><VALUE>([^<]*)<')


def _open(query: str | None = None, most: int = AT_A_TIME) -> bytes:
    parameters = {
        "ClassName": '<CLASSNAME NAME="Test_ComputerSystem"/>',
        "MaxObjectCount": f"<VALUE>{most}</VALUE>",
    }
    if query is not None:
        parameters["FilterQueryLanguage"] = "<VALUE>DMTF:FQL</VALUE>"
        parameters["FilterQuery"] = f"<VALUE>{query}</VALUE>"
    return messages.http_request(*messages.intrinsic("OpenEnumerateInstances", **parameters))


def _pull(context: bytes) -> bytes:
    return messages.http_request(
        *messages.intrinsic(
            "PullInstancesWithPath",
            EnumerationContext=f"<VALUE>{context.decode()}</VALUE>",
            MaxObjectCount=f"<VALUE>{AT_A_TIME}</VALUE>",
        )
    )


def _pull_all(client: Client) -> float:
    """Return the milliseconds of one enumeration of all domains."""
    begun, found = time.perf_counter(), 0
    body = client.ask(_open())[2]
    while True:
        found += body.count(b"<VALUE.INSTANCEWITHPATH>")
        context = _CONTEXT.findall(body)[-1]
        if not context:
            break
        body = client.ask(_pull(context))[2]
    if found != DOMAINS:
        raise RuntimeError(f"{found} domains were pulled")
    return (time.perf_counter() - begun) * 1000


def pulling(directory: Path) -> Iterator[Row]:
    """All domains in portions, and few of them by a filter, beside the plain enumeration."""
    node = directory / "pulled.xml"
    node.write_text(messages.domains_xml(DOMAINS))
    with virtcim(f"test://{node}", directory) as server:
        client = Client(server.port)
        listed(client, DOMAINS)
        first = _pull_all(client)
        warm = statistics.median(_pull_all(client) for _ in range(5))
        everything = messages.http_request(*messages.enumerate_instances())
        client.ask(everything)
        plain = milliseconds(client, [everything] * 5)
        yield Row(
            f"pull of {DOMAINS} by {AT_A_TIME}, warm", f"{warm:.0f} ms (first {first:.0f} ms)",
            f"EnumerateInstances {plain:.0f} ms", f"{warm / plain:.1f} x",
            "<= 2 x EnumerateInstances", warm <= 2 * plain,
        )  # fmt: skip
        client.ask(messages.state_change_request(messages.domain_name(7), PAUSED))
        yield from _filtered(client)


def _filtered(client: Client) -> Iterator[Row]:
    name = messages.domain_name(5)
    scan = milliseconds(client, [_open(f"Description = '{name}'")] * 10)
    for what, query in (
        ("a key", f"Name = '{name}'"),
        ("a state", f"EnabledState = {PAUSED}"),
    ):
        found = client.ask(_open(query))[2].count(b"<VALUE.INSTANCEWITHPATH>")
        if found != 1:
            raise RuntimeError(f"{found} domains are selected by {query}")
        indexed = milliseconds(client, [_open(query)] * 200)
        yield Row(
            f"FQL equality of {what}, 10 000 domains", f"{indexed:.2f} ms",
            f"without an index {scan:.0f} ms", f"{indexed / scan:.1%}",
            "<= 2 ms", indexed <= 2,
        )  # fmt: skip
