"""The corpus of tests/data as a host: each text is a domain, a network, a pool or a filter of it.

`python -m tests.providers.corpus` writes what the domains look like in CIM to tests/data/expected;
whoever runs it reads the difference before it is committed.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.hypervisors.definition.corpus import DATA, texts
from tests.hypervisors.standing import StandingHypervisor, facts_of
from tests.inventory.scripted import survey
from tests.providers.stage import NAMESPACE, SERVER, Store
from virtcim.configuration.hypervisors import DRIVERS
from virtcim.hypervisors.definition import parse_domain, parse_network, parse_pool
from virtcim.hypervisors.model import DomainFacts, DomainUUID, SnapshotFacts
from virtcim.hypervisors.resources import (
    BlockStatistics,
    DomainStatistics,
    FilterFacts,
    InterfaceStatistics,
    MachineFacts,
    NetworkFacts,
    NodeMemoryFacts,
    PoolFacts,
    PoolState,
    PortFacts,
    ProcessorFacts,
    ResourceFacts,
    VCPUStatistics,
    VolumeFacts,
)
from virtcim.inventory import Host
from virtcim.inventory.snapshots import Domain
from virtcim.jobs import Engine
from virtcim.providers.families import DomainFamily
from virtcim.providers.model import HostModel, Server
from virtcim.providers.registry import FAMILIES
from virtcim.providers.serving import DomainPartsProvider
from virtcim.schema.families import build_repository
from virtcim.schema.layouts import Record
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath

EXPECTED = DATA / "expected"

UNTOLD = frozenset({
    "OperationalStatus", "StatusDescriptions", "HealthState", "CommunicationStatus",
    "DetailedStatus", "OperatingStatus", "PrimaryStatus", "EnabledState", "RequestedState",
    "EnabledDefault", "TransitioningToState", "SystemCreationClassName", "SystemName",
    "CreationClassName", "Caption", "Description", "Attributes",
})  # fmt: skip
"""Properties that are the same for all, or stand in the domain's text as they are."""

# Hosts of the hypervisors that the texts are of, by type of domain
_PREFIXES: Mapping[str | None, str] = {
    "lxc": DRIVERS["lxc"].prefix,
    "xen": DRIVERS["xen"].prefix,
    "vmware": DRIVERS["esx"].prefix,
    "test": DRIVERS["test"].prefix,
}
_QEMU = DRIVERS["qemu"].prefix


def facts() -> Mapping[str, DomainFacts]:
    """Return the domains by the names of their texts; what has a live text runs."""
    found = texts("domains")
    names = dict.fromkeys(name.partition(".")[0] for name in found)
    return {
        name: facts_of(
            found.get(f"{name}.live"), found.get(f"{name}.inactive", found.get(name)), number=number
        )
        for number, name in enumerate(names, 1)
    }


def prefix_of(one: DomainFacts) -> str:
    """Return the prefix of the classes that a domain's instances are of."""
    text = one.live_xml or one.persistent_xml or ""
    return _PREFIXES.get(parse_domain(text).domain_type, _QEMU)


def resources() -> ResourceFacts:
    """Return what the domains share."""
    return ResourceFacts(
        networks=tuple(_networks()),
        pools=tuple(_pools()),
        filters=tuple(
            FilterFacts(name=text.partition("name='")[2].partition("'")[0], uuid=name, xml=text)
            for name, text in texts("filters").items()
        ),
        machine=MACHINE,
    )


MACHINE = MachineFacts(
    architecture="x86_64",
    processor_model="EPYC",
    processor_vendor="AMD",
    clock=2_000_000_000,
    memory=16 * 2**30,
    sockets=1,
    cores=2,
    threads=1,
    most_vcpus=255,
    processors=(
        ProcessorFacts(number=0, node=0, socket=0, core=0),
        ProcessorFacts(number=1, node=0, socket=0, core=1),
    ),
    nodes=(NodeMemoryFacts(node=0, size=16 * 2**30),),
    ports=(
        PortFacts(name="eth0", mac="52:54:00:00:00:01", speed=10**9, up=True, bridge=False),
        PortFacts(name="br0", mac=None, speed=None, up=None, bridge=True),
    ),
    guest_types=("hvm",),
)


def _networks() -> Iterator[NetworkFacts]:
    for number, text in enumerate(texts("networks").values()):
        read = parse_network(text)
        yield NetworkFacts(
            name=read.name or "",
            uuid=read.uuid or "",
            active=number % 3 != 2,  # one in three is not
            persistent=True,
            autostart=bool(number % 2),
            bridge=read.bridge,
            xml=text,
        )


def _pools() -> Iterator[PoolFacts]:
    for number, text in enumerate(texts("pools").values()):
        read = parse_pool(text)
        name = read.name or ""
        yield PoolFacts(
            name=name,
            uuid=read.uuid or "",
            kind=read.kind or "dir",
            state=PoolState.RUNNING if number % 3 else PoolState.INACTIVE,
            persistent=True,
            autostart=False,
            capacity=100 * 2**30,
            allocation=10 * 2**30,
            available=90 * 2**30,
            xml=text,
            volumes=tuple(_volumes(name)) if number % 3 else (),
        )


def _volumes(pool: str) -> Iterator[VolumeFacts]:
    for name in ("one.qcow2", "two.raw"):
        yield VolumeFacts(
            name=name,
            key=f"/srv/{pool}/{name}",
            path=f"/srv/{pool}/{name}",
            kind="file",
            capacity=10 * 2**30,
            allocation=2**30,
            format=name.partition(".")[2],
            backing_path=None,
        )


def with_snapshots(one: DomainFacts) -> DomainFacts:
    """Return a domain with the snapshots of the corpus: a tree of two, and one without a text."""
    found = texts("snapshots")
    names = list(found)
    taken = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    snapshots = tuple(
        SnapshotFacts(
            name=name,
            parent=names[number - 1] if number else None,
            current=number == len(names) - 1,
            created=taken,
            state="running",
            description=f"{name} of the corpus",
            xml=text,
        )
        for number, (name, text) in enumerate(found.items())
    )
    return facts_of(one.live_xml, one.persistent_xml, *snapshots)


def statistics(domains: Mapping[str, DomainFacts]) -> Mapping[DomainUUID, DomainStatistics]:
    """Return counters of the active domains, with a disk and an interface that each has or not."""
    block = BlockStatistics(
        target="vda", read_requests=1, read_bytes=2, read_time=3, write_requests=4, write_bytes=5,
        write_time=6, flush_requests=7, flush_time=8, errors=None, allocation=9, capacity=10,
        physical=11,
    )  # fmt: skip
    interface = InterfaceStatistics(
        target="vnet0", receive_bytes=1, receive_packets=2, receive_errors=3, receive_drops=4,
        transmit_bytes=5, transmit_packets=6, transmit_errors=7, transmit_drops=8,
    )  # fmt: skip
    one = DomainStatistics(
        cpu_time=1, cpu_user=2, cpu_system=3, memory_actual=4, memory_rss=5,
        vcpus=(VCPUStatistics(number=0, time=1, wait=2),), blocks=(block,), interfaces=(interface,),
    )  # fmt: skip
    return {facts.uuid: one for facts in domains.values() if facts.active}


def everything() -> StandingHypervisor:
    """Return a hypervisor with the whole corpus; one of its domains has snapshots."""
    found = dict(facts())
    found["started"] = with_snapshots(found["started"])
    return StandingHypervisor(tuple(found.values()), resources(), statistics(found))


# What the domains look like


async def model_of(one: DomainFacts) -> HostModel:
    """Return the model of a host with one domain."""
    prefix = prefix_of(one)
    hypervisor = StandingHypervisor((one,), resources())
    host = Host("h", hypervisor, Store(), prefix=prefix, namespace=NAMESPACE)
    await host.start()
    await survey(host)
    await host.close()
    return HostModel(host, Server(SERVER, "1.2.3"), build_repository((prefix,)), Engine(Store()))


def described(one: DomainFacts) -> str:
    """Return all instances of a domain, a line for each property that has a value."""
    model = asyncio.run(model_of(one))
    (domain,) = model.host.listing.domains.values()
    for family in FAMILIES:
        if isinstance(family, DomainFamily):
            model.add(DomainPartsProvider(model, family))
    return "\n".join(_lines(model, domain))


def _lines(model: HostModel, domain: Domain) -> Iterator[str]:
    for family in FAMILIES:
        if isinstance(family, DomainFamily):
            for record in model.parts(family.name).records_of(domain):
                yield _title(record)
                yield from _properties(record)
                yield ""


def _title(record: Record) -> str:
    telling = [value for name, value in record.path.keys or () if "ClassName" not in name]
    return f"{record.layout.class_name} {telling[-1]}"


def _properties(record: Record) -> Iterator[str]:
    for declared, value in zip(record.layout.properties, record.values, strict=True):
        if value is not None and declared.name not in UNTOLD:
            yield f"    {declared.name} = {_text(value)}"


def _text(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, ObjectPath):
        return value.class_name
    return str(int(value)) if isinstance(value, int) and not isinstance(value, bool) else str(value)


def main() -> None:
    """Write what is expected of each domain, or of those whose names are given."""
    EXPECTED.mkdir(exist_ok=True)
    for name, one in facts().items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            Path(EXPECTED, f"{name}.txt").write_text(described(one))


if __name__ == "__main__":
    main()
