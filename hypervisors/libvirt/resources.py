"""Reading what domains share: networks, storage, filters, the machine.

The rules: a kind that the driver does not have is empty, what vanishes while it is read or cannot
be understood is left out, and the order does not depend on the daemon, so that equal things are
equal. Functions block, in a worker's thread.
"""

from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import TypeVar

import structlog

from virtcim.hypervisors.definition.parsing import parse_filter, parse_network, parse_pool
from virtcim.hypervisors.errors import HypervisorFailure
from virtcim.hypervisors.libvirt import resource_xml
from virtcim.hypervisors.libvirt.failures import NO_RESOURCE
from virtcim.hypervisors.libvirt.native import (
    LIST_NET_DEVICES,
    XML_LIVE,
    NativeConnection,
    NativeFilter,
    NativeInterface,
    NativeNetwork,
    NativePool,
    NativeResource,
    NativeVolume,
    translated,
    unless_gone,
    unless_unreadable,
    unless_unsupported,
)
from virtcim.hypervisors.libvirt.resource_xml import Capabilities, Interface
from virtcim.hypervisors.resources import (
    FilterFacts,
    MachineFacts,
    NetworkFacts,
    NodeMemoryFacts,
    PoolFacts,
    PoolState,
    PortFacts,
    ProcessorFacts,
    ResourceFacts,
    VolumeFacts,
)

log = structlog.get_logger("virtcim.hypervisors")

N = TypeVar("N")
F = TypeVar("F")

_MEBIBYTE = 1024**2
_MEGAHERTZ = 10**6
# What libvirt calls the host's ends of guests' interfaces; they are no interfaces of the host.
GUEST_PREFIXES = ("vnet", "macvtap", "macvlan")
_LOOPBACK = "lo"


def read_resources(connection: NativeConnection) -> ResourceFacts:
    """Everything that domains share."""
    with translated(connection):
        networks = _each(lambda: connection.listAllNetworks(0), _network)
        bridges = frozenset(network.bridge for network in networks if network.bridge)
        return ResourceFacts(
            networks=networks,
            pools=_each(lambda: connection.listAllStoragePools(0), partial(_pool, connection)),
            filters=_each(lambda: connection.listAllNWFilters(0), _filter),
            machine=_machine(connection, bridges),
        )


def _each(listing: Callable[[], list[N]], read: Callable[[N], F]) -> tuple[F, ...]:
    """What each of a kind tells, by name."""
    nothing: list[N] = []
    listed = unless_unsupported(listing, nothing)
    reads = (_unless_odd(partial(read, one)) for one in listed)
    return _by_name(facts for facts in reads if facts is not None)


def _unless_odd(read: Callable[[], F]) -> F | None:
    """What it tells; None when it is gone, or when it tells what nobody understands."""
    try:
        return unless_gone(read, NO_RESOURCE)
    except (HypervisorFailure, ValueError) as error:  # no XML, no UTF-8, no state that we know
        log.warning("resource_unreadable", error=str(error))
        return None


def _by_name(facts: Iterable[F]) -> tuple[F, ...]:
    return tuple(sorted(facts, key=attrgetter("name")))


def _network(network: NativeNetwork) -> NetworkFacts:
    text = network.XMLDesc(XML_LIVE)
    return NetworkFacts(
        name=network.name(),
        uuid=network.UUIDString(),
        active=bool(network.isActive()),
        persistent=bool(network.isPersistent()),
        autostart=bool(network.autostart()),
        bridge=parse_network(text).bridge,
        xml=text,
    )


def _pool(connection: NativeConnection, pool: NativePool) -> PoolFacts:
    text = pool.XMLDesc(XML_LIVE)
    state, capacity, allocation, available = pool.info()
    active = state != PoolState.INACTIVE
    return PoolFacts(
        name=pool.name(),
        uuid=pool.UUIDString(),
        kind=parse_pool(text).kind or "",
        state=PoolState(state),
        persistent=bool(pool.isPersistent()),
        autostart=bool(pool.autostart()),
        capacity=capacity if active else 0,
        allocation=allocation if active else 0,
        available=available if active else 0,
        xml=text,
        volumes=_volumes(connection, pool) if active else (),
    )


def _volumes(connection: NativeConnection, pool: NativePool) -> tuple[VolumeFacts, ...]:
    nothing: list[NativeVolume] = []
    # A pool that has stopped meanwhile lists no volumes; its event has it read again.
    listed = unless_unreadable(connection, lambda: pool.listAllVolumes(0), nothing)
    # The file of a volume may be gone or damaged until somebody refreshes the pool.
    reads = (unless_unreadable(connection, partial(_volume, volume), None) for volume in listed)
    return _by_name(facts for facts in reads if facts is not None)


def _volume(volume: NativeVolume) -> VolumeFacts | None:
    return resource_xml.volume(volume.name(), volume.key(), volume.XMLDesc(XML_LIVE))


def _filter(one: NativeFilter) -> FilterFacts:
    text = one.XMLDesc(XML_LIVE)
    parse_filter(text)  # what cannot be read is left out here, and not found by a reader
    return FilterFacts(name=one.name(), uuid=one.UUIDString(), xml=text)


def _machine(connection: NativeConnection, bridges: frozenset[str]) -> MachineFacts | None:
    info = unless_unsupported(connection.getInfo, None)
    if info is None:
        return None
    model, mebibytes, count, megahertz, _, sockets, cores, threads = info
    told = resource_xml.capabilities(connection.getCapabilities())
    # The library rounds down to MiB; the nodes have it exactly, where they are the same memory.
    exact = sum(node.size for node in told.nodes)
    memory = exact if exact // _MEBIBYTE == mebibytes else mebibytes * _MEBIBYTE
    return MachineFacts(
        architecture=told.architecture or model,
        processor_model=told.model,
        processor_vendor=told.vendor,
        clock=megahertz * _MEGAHERTZ or None,
        memory=memory,
        sockets=sockets,
        cores=cores,
        threads=threads,
        most_vcpus=_most_vcpus(connection, told),
        processors=told.processors or _processors(count),
        nodes=told.nodes or (NodeMemoryFacts(node=0, size=memory),),
        ports=_ports(connection, bridges),
        guest_types=told.guest_types,
        guests=told.guests,
    )


def _processors(count: int) -> tuple[ProcessorFacts, ...]:
    return tuple(
        ProcessorFacts(number=number, node=0, socket=None, core=None) for number in range(count)
    )


def _most_vcpus(connection: NativeConnection, told: Capabilities) -> int | None:
    # Unasked, the qemu driver speaks of emulation even where guests are accelerated.
    kind = "kvm" if "kvm" in told.domain_types else None
    most = unless_unsupported(lambda: connection.getMaxVcpus(kind), 0)
    return most if most > 0 else None


def _ports(connection: NativeConnection, bridges: frozenset[str]) -> tuple[PortFacts, ...]:
    """The host's interfaces: of the device driver, which knows links, or else the other one."""
    defined = _each(lambda: connection.listAllInterfaces(0), _interface)
    devices = _each(lambda: connection.listAllDevices(LIST_NET_DEVICES), _net_device)
    bridges |= {one.name for one in defined if one.bridge}
    return tuple(one.port(bridges) for one in devices or defined if _is_the_hosts(one))


def _is_the_hosts(interface: Interface) -> bool:
    return interface.name != _LOOPBACK and not interface.name.startswith(GUEST_PREFIXES)


def _net_device(device: NativeResource) -> Interface:
    return resource_xml.net_device(device.XMLDesc(XML_LIVE))


def _interface(interface: NativeInterface) -> Interface:
    return resource_xml.interface(interface.XMLDesc(XML_LIVE), active=bool(interface.isActive()))
