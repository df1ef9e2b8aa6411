"""The measurements, one function a row or two; each gives figures and the baseline's.

Throughput is compared in requests per second of one core each; the CPU time per request stands
beside it, because on a machine that others use it stays what it is.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import libvirt

from benchmarks import messages
from benchmarks.measuring import (
    ROUNDS,
    Row,
    file_request,
    listed,
    load,
    milliseconds,
    rates,
    test_driver_megabytes,
)
from benchmarks.processes import Client, Running, nginx, virtcim

DOMAINS = 1000


def versus(
    what: str,
    bar: float,
    pair: tuple[Running, Running],
    asked: tuple[list[bytes], list[bytes]],
    directory: Path,
) -> Row:
    """Compare with nginx in turn, and take the median of the ratios of requests per second."""
    ratios, ours, theirs = [], [], []
    for _ in range(ROUNDS):
        mine = load(pair[0], asked[0], directory, 8)
        other = load(pair[1], asked[1], directory, 8)
        ratios.append(mine[0] / other[0])
        ours.append(mine)
        theirs.append(other)
    ratio = statistics.median(ratios)
    return Row(
        what,
        rates(ours),
        f"nginx {rates(theirs)}",
        f"{ratio:.0%} (from {min(ratios):.0%} to {max(ratios):.0%})",
        f">= {bar:.0%} of nginx",
        ratio >= bar,
    )


def throughput(directory: Path) -> Iterator[Row]:
    """GetInstance and EnumerateInstances against nginx serving the same bytes."""
    (directory / "node.xml").write_text(messages.domains_xml(DOMAINS))
    instances = [
        messages.http_request(*messages.get_instance(messages.domain_name(number)))
        for number in range(DOMAINS)
    ]
    everything = messages.http_request(*messages.enumerate_instances())
    with virtcim(f"test://{directory}/node.xml", directory) as ours:
        client = Client(ours.port)
        client.ask(everything)  # so that every instance has been written once
        files = {f"{n}.xml": client.ask(request)[2] for n, request in enumerate(instances)}
        files["all.xml"] = client.ask(everything)[2]
        with nginx(files, directory) as theirs:
            pair = (ours, theirs)
            gets = [file_request(f"{number}.xml") for number in range(DOMAINS)]
            yield versus("GetInstance, 8 connections", 0.25, pair, (instances, gets), directory)
            new = [messages.http_request(*one) for one in messages.new_requests(DOMAINS)]
            yield replace(
                versus("GetInstance, every message new", 0.25, pair, (new, gets), directory),
                bar="-",
                holds=None,
            )
            yield versus(
                "EnumerateInstances of 1 000, warm", 1.0, pair,
                ([everything], [file_request("all.xml")]), directory,
            )  # fmt: skip
            pair_of_clients = (Client(ours.port), Client(theirs.port))
            yield from _latencies(*pair_of_clients, instances, everything)
        # libvirt's test driver keeps its domains in our process; a real one does not.
        hypervisor = test_driver_megabytes(f"test://{directory}/node.xml")
        own = ours.rss_megabytes() - hypervisor
        yield Row(
            "memory, 1 000 domains, after the load", f"{own:.0f} MB RSS",
            f"and {hypervisor:.0f} MB of libvirt's test driver", "-", "<= 120 MB", own <= 120,
        )  # fmt: skip


def _latencies(
    client: Client, baseline: Client, instances: list[bytes], everything: bytes
) -> Iterator[Row]:
    one = milliseconds(client, instances)
    nginx_one = milliseconds(baseline, [file_request(f"{n}.xml") for n in range(DOMAINS)])
    yield Row(
        "GetInstance, one connection", f"{one:.3f} ms", f"nginx {nginx_one:.3f} ms",
        f"{one / nginx_one:.1f} x", "<= 0.3 ms", one <= 0.3,
    )  # fmt: skip
    first = statistics.median([client.ask(everything)[0] for _ in range(30)]) * 1000
    yield Row(
        "EnumerateInstances of 1 000, first byte", f"{first:.2f} ms", "-", "-",
        "<= 20 ms", first <= 20,
    )  # fmt: skip
    names = messages.http_request(*messages.enumerate_names())
    named = milliseconds(client, [names] * 30)
    yield Row("EnumerateInstanceNames of 1 000", f"{named:.2f} ms", "-", "-", "<= 2 ms", named <= 2)


def cold(directory: Path) -> Iterator[Row]:
    """CPU time of the first enumeration after a start, for each instance."""
    (directory / "node.xml").write_text(messages.domains_xml(DOMAINS))
    request = messages.http_request(*messages.enumerate_instances())
    spent = []
    for _ in range(5):
        with virtcim(f"test://{directory}/node.xml", directory) as server:
            client = Client(server.port)
            client.ask(messages.http_request(*messages.intrinsic("EnumerateQualifiers")))
            before = server.cpu_seconds()
            client.ask(request)
            spent.append((server.cpu_seconds() - before) / DOMAINS * 1e6)
    median = statistics.median(spent)
    yield Row(
        "EnumerateInstances, cold, per instance",
        f"{median:.0f} us CPU (from {min(spent):.0f} to {max(spent):.0f})",
        "-", "-", "<= 60 us", median <= 60,
    )  # fmt: skip


def state_change(directory: Path) -> Iterator[Row]:
    """RequestStateChange over the same calls of libvirt made directly."""
    node = directory / "node.xml"
    node.write_text(messages.domains_xml(12))
    name, rounds = messages.domain_name(3), 200
    connection = libvirt.open(f"test://{node}")
    domain = connection.lookupByName(name)
    begun = time.perf_counter()
    for _ in range(rounds):
        domain.suspend()
        domain.resume()
    direct = (time.perf_counter() - begun) / rounds / 2 * 1000
    with virtcim(f"test://{node}", directory) as server:
        client = Client(server.port)
        asked = [messages.state_change_request(name, state) for state in (9, 2)] * rounds
        ours = milliseconds(client, asked)
        yield Row(
            "RequestStateChange, over libvirt's call", f"{ours:.2f} ms",
            f"libvirt {direct:.3f} ms", f"+ {ours - direct:.2f} ms", "+ 5 ms", ours - direct <= 5,
        )  # fmt: skip
        yield Row(
            "start, a dozen domains", f"{server.started_seconds:.2f} s", "-", "-",
            "<= 1.5 s", server.started_seconds <= 1.5,
        )  # fmt: skip


def ten_thousand(directory: Path) -> Iterator[Row]:
    """Start, memory and growth with 10 000 domains."""
    node = directory / "big.xml"
    node.write_text(messages.domains_xml(10_000))
    connection = libvirt.open(f"test://{node}")
    begun = time.perf_counter()
    connection.close()
    connection = libvirt.open(f"test://{node}")
    opening = time.perf_counter() - begun
    connection.close()
    with virtcim(f"test://{node}", directory) as server:
        client = Client(server.port)
        started = server.started_seconds + listed(client, 10_000)
        yield Row(
            "start, 10 000 domains", f"{started:.1f} s",
            f"libvirt's opening of the file {opening:.1f} s",
            f"+ {started - opening:.1f} s", "<= 8 s", started <= 8,
        )  # fmt: skip
        everything = messages.http_request(*messages.enumerate_instances())
        client.ask(everything)
        warm = milliseconds(client, [everything] * 5)
        one = milliseconds(
            client,
            [messages.http_request(*messages.get_instance(messages.domain_name(7)))] * 200,
        )
        yield Row("EnumerateInstances of 10 000, warm", f"{warm:.0f} ms", "-", "-", "linear", None)
        yield Row("GetInstance of 10 000", f"{one:.3f} ms", "-", "-", "constant", None)
        memory = server.rss_megabytes()
        hypervisor = test_driver_megabytes(f"test://{node}")
        yield Row(
            "memory, 10 000 domains", f"{memory:.0f} MB RSS",
            f"{hypervisor:.0f} MB of them libvirt's test driver", "-", "<= 400 MB", memory <= 400,
        )  # fmt: skip
