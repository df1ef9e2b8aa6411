"""The model behind a domain: its devices and their settings, its relations, its metrics."""

import re
import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

import libvirt
from lxml import etree

from benchmarks import messages
from benchmarks.definitions import typical_domain, typical_node
from benchmarks.measuring import (
    ROUNDS,
    Row,
    file_request,
    listed,
    load,
    milliseconds,
    rates,
)
from benchmarks.processes import Client, Running, nginx, virtcim
from tests.hypervisors.standing import facts_of
from tests.lab import Lab
from tests.providers.handmade import model_of, provider
from virtcim.hypervisors.definition import parse_domain
from virtcim.hypervisors.resources import (
    BlockStatistics,
    DomainStatistics,
    InterfaceStatistics,
    VCPUStatistics,
)
from virtcim.schema.layouts import EVERYTHING
from virtcim.schema.records import WrittenRecords

T = TypeVar("T")

FEW, DOMAINS, MANY = 100, 1000, 10_000

_RELATED = re.compile(
    r"<VALUE.OBJECTWITHPATH><INSTANCEPATH>.*?(<INSTANCENAME.*?</INSTANCENAME>)</INSTANCEPATH>"
)


def _enumerate(class_name: str) -> bytes:
    return messages.http_request(
        *messages.intrinsic("EnumerateInstances", ClassName=f'<CLASSNAME NAME="{class_name}"/>')
    )


# Relations


def relations(directory: Path) -> Iterator[Row]:
    """Associators from a domain, and from all that it is related to."""
    node = directory / "typical.xml"
    node.write_text(typical_node(FEW))
    with virtcim(f"test://{node}", directory) as ours:
        client = Client(ours.port)
        listed(client, FEW)
        cold = time.perf_counter()
        walked = _walk(client, messages.domain_name(7))
        cold = (time.perf_counter() - cold) * 1000
        devices = [_devices(messages.domain_name(number)) for number in range(FEW)]
        files = {f"walk-{n}.xml": reply for n, (_, reply) in enumerate(walked)}
        files |= {f"devices-{n}.xml": client.ask(one)[2] for n, one in enumerate(devices)}
        with nginx(files, directory) as theirs:
            yield _walk_row(client, Client(theirs.port), walked, cold)
            yield _devices_row((ours, theirs), devices, directory)


def _devices(name: str) -> bytes:
    by = '<CLASSNAME NAME="Test_SystemDevice"/>'
    return messages.http_request(*messages.associators(messages.instance_name(name), AssocClass=by))


def _walk(client: Client, name: str) -> list[tuple[bytes, bytes]]:
    """Ask for what a domain is related to, and for what each of that is; return all messages."""
    first = messages.http_request(*messages.associators(messages.instance_name(name)))
    walked = [(first, client.ask(first)[2])]
    for instance in _RELATED.findall(walked[0][1].decode()):
        request = messages.http_request(*messages.associators(instance))
        walked.append((request, client.ask(request)[2]))
    return walked


def _walk_row(
    client: Client, baseline: Client, walked: list[tuple[bytes, bytes]], cold: float
) -> Row:
    ours = min(_asked(client, [request for request, _ in walked]) for _ in range(ROUNDS))
    files = [file_request(f"walk-{number}.xml") for number in range(len(walked))]
    theirs = min(_asked(baseline, files) for _ in range(ROUNDS))
    size = sum(len(reply) for _, reply in walked) / 1e6
    return Row(
        f"walk of a domain among {FEW}, two levels: {len(walked)} Associators, {size:.1f} MB",
        f"{ours:.0f} ms, the first time {cold:.0f} ms", f"nginx {theirs:.0f} ms",
        f"{ours / theirs:.1f} x", "-", None,
    )  # fmt: skip


def _asked(client: Client, requests: list[bytes]) -> float:
    """Return the milliseconds of all of them, one after the other."""
    return sum(client.ask(request)[1] for request in requests) * 1000


def _devices_row(pair: tuple[Running, Running], devices: list[bytes], directory: Path) -> Row:
    files = [file_request(f"devices-{number}.xml") for number in range(len(devices))]
    ours = [load(pair[0], devices, directory, 8) for _ in range(ROUNDS)]
    theirs = [load(pair[1], files, directory, 8) for _ in range(ROUNDS)]
    best = max(rate for rate, _ in ours)
    return Row(
        "Associators by SystemDevice, 31 devices, 8 connections", rates(ours),
        f"nginx {rates(theirs)}", f"{best / max(rate for rate, _ in theirs):.0%}, by the best",
        ">= 3 000/s", best >= 3000,
    )  # fmt: skip


# Settings


def settings(directory: Path) -> Iterator[Row]:
    """The first enumeration of settings, which reads every definition, and the next ones."""
    node = directory / "typical.xml"
    node.write_text(typical_node(DOMAINS))
    direct = _direct(f"test://{node}")
    disks = _enumerate("Test_DiskResourceAllocationSettingData")
    every = _enumerate("Test_ResourceAllocationSettingData")
    cold, cold_every = [], []
    for number in range(ROUNDS):
        with virtcim(f"test://{node}", directory) as server:
            client = Client(server.port)
            listed(client, DOMAINS)
            cold.append(client.ask(disks)[1] * 1000)
            cold_every.append(client.ask(every)[1] * 1000)
            if number == ROUNDS - 1:
                warm = _warm(client, {"disks.xml": disks, "every.xml": every}, directory)
    best = min(cold)
    yield Row(
        f"settings of the disks of {DOMAINS} domains, cold",
        f"{best:.0f} ms (to {max(cold):.0f})", f"libvirt's XML and lxml {direct:.0f} ms",
        f"{best / direct:.1f} x", "<= 400 ms", best <= 400,
    )  # fmt: skip
    yield Row(
        "all other settings of theirs, cold",
        f"{min(cold_every):.0f} ms (to {max(cold_every):.0f})",
        f"libvirt's XML and lxml {direct:.0f} ms", f"{min(cold_every) / direct:.1f} x", "-", None,
    )  # fmt: skip
    for what, (ours, theirs, size) in zip(("of the disks", "all"), warm, strict=True):
        yield Row(
            f"settings of {DOMAINS} domains, {what}, warm, {size:.0f} MB", f"{ours:.0f} ms",
            f"nginx {theirs:.0f} ms", f"{theirs / ours:.0%}", ">= 100% of nginx", ours <= theirs,
        )  # fmt: skip


def _direct(uri: str) -> float:
    """Return the milliseconds of reading both definitions of every domain without a server."""
    connection = libvirt.open(uri)
    domains = connection.listAllDomains()
    found = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for domain in domains:
            for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
                etree.fromstring(domain.XMLDesc(flags))
        found.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return min(found)


def _warm(
    client: Client, asked: dict[str, bytes], directory: Path
) -> list[tuple[float, float, float]]:
    """Return milliseconds of ours, of nginx, and megabytes, of each."""
    files = {name: client.ask(request)[2] for name, request in asked.items()}
    with nginx(files, directory) as theirs:
        other = Client(theirs.port)
        return [
            (
                milliseconds(client, [request] * 20),
                milliseconds(other, [file_request(name)] * 20),
                len(files[name]) / 1e6,
            )
            for name, request in asked.items()
        ]


# In process


def parsing() -> Iterator[Row]:
    """Reading one definition."""
    text = typical_domain(1)
    ours = _microseconds(lambda: parse_domain(text))
    theirs = _microseconds(lambda: etree.fromstring(text))
    yield Row(
        f"parse_domain, {len(text) / 1000:.1f} kB", f"{ours:.0f} us", f"lxml alone {theirs:.0f} us",
        f"{ours / theirs:.1f} x", "<= 250 us", ours <= 250,
    )  # fmt: skip


def _microseconds(work: Callable[[], object]) -> float:
    return min(timeit.repeat(work, number=200, repeat=10)) / 200 * 1e6


def metrics() -> Iterator[Row]:
    """Values of a new sample, by hand-made numbers: libvirt's test driver has hardly any."""
    texts = [typical_domain(number) for number in range(DOMAINS)]
    facts = [facts_of(text, text, number=number + 1) for number, text in enumerate(texts)]
    counters = {one.uuid: _counters(number) for number, one in enumerate(facts)}
    model = model_of(*facts, statistics=counters)
    values = provider(model, "Virt_BaseMetricValue")
    begun = time.process_time()
    records = values.records()
    written = WrittenRecords(records, values.layout.variant(EVERYTHING))
    size = sum(map(len, written.named_instances()))
    ours = (time.process_time() - begun) / len(records) * 1e6
    begun = time.process_time()
    assert sum(map(len, written.named_instances())) == size
    again = (time.process_time() - begun) * 1000
    yield Row(
        f"{len(records)} metric values of {DOMAINS} domains after a sample, each",
        f"{ours:.1f} us CPU", f"all of them once more {again:.1f} ms", "-", "-", None,
    )  # fmt: skip


def _counters(number: int) -> DomainStatistics:
    vcpus = tuple(_filled(VCPUStatistics, number, number=vcpu) for vcpu in range(4))
    blocks = tuple(_filled(BlockStatistics, number, target=disk) for disk in ("vda", "vdb"))
    interfaces = (_filled(InterfaceStatistics, number, target=f"vnet{number}"),)
    return _filled(DomainStatistics, number, vcpus=vcpus, blocks=blocks, interfaces=interfaces)


def _filled(cls: type[T], count: int, /, **known: object) -> T:
    """Return counters that are all the same but for what is known."""
    names = (one.name for one in fields(cls))  # type: ignore[arg-type]
    return cls(**(dict.fromkeys(names, count) | known))


# Memory


def ten_thousand(directory: Path) -> Iterator[Row]:
    """Memory with definitions of typical size, before and after somebody has read them all.

    The hypervisor is a daemon, so that its own memory is not in ours.
    """
    node = directory / "typical.xml"
    node.write_text(typical_node(MANY))
    lab = Lab("virtcim-bench")
    try:
        lab.connect().close()
        uri = lab.uri("test").replace("/system", str(node))
        with virtcim(uri, directory) as server:
            client = Client(server.port)
            listed(client, MANY)
            yield _memory_row("listed", server.rss_megabytes())
            client.ask(_enumerate("Test_LogicalDisk"))
            yield _memory_row("and their disks enumerated", server.rss_megabytes())
    finally:
        lab.stop()


def _memory_row(what: str, megabytes: float) -> Row:
    return Row(
        f"memory, {MANY} domains of 6 kB in a libvirtd, {what}", f"{megabytes:.0f} MB RSS",
        "-", "-", "<= 400 MB", megabytes <= 400,
    )  # fmt: skip
