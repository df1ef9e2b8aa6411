"""The facts every driver reports of what domains share: networks, storage, filters, the machine.

The rule: as in model.py, nothing is specific to one hypervisor and nothing is CIM. All sizes are
bytes. Texts in libvirt's XML forms are kept whole; `definition/` reads them when somebody asks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from types import MappingProxyType

from virtcim.hypervisors.model import DomainUUID


class PoolState(IntEnum):
    """What a storage pool is doing (virStoragePoolState)."""

    INACTIVE = 0
    BUILDING = 1
    RUNNING = 2
    DEGRADED = 3
    INACCESSIBLE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """One virtual network (virNetwork).

    bridge: its device on the host; None means that it has none.
    xml: the live definition when active, else the persistent one.
    """

    name: str
    uuid: str
    active: bool
    persistent: bool
    autostart: bool
    bridge: str | None
    xml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeFacts:
    """One storage volume (virStorageVol).

    kind: "file", "block", "dir", "network", "netdir" or "ploop".
    format: "raw", "qcow2", ...; None means that the pool has no formats.
    backing_path: None means that it has no backing file.
    """

    name: str
    key: str
    path: str
    kind: str
    capacity: int
    allocation: int
    format: str | None
    backing_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """One storage pool (virStoragePool); an inactive one has no sizes and no volumes.

    kind: "dir", "fs", "netfs", "disk", "iscsi", "logical", "scsi", "rbd", ...
    """

    name: str
    uuid: str
    kind: str
    state: PoolState
    persistent: bool
    autostart: bool
    capacity: int
    allocation: int
    available: int
    xml: str
    volumes: tuple[VolumeFacts, ...]

    @property
    def active(self) -> bool:
        """The pool can be used."""
        return self.state is not PoolState.INACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterFacts:
    """One network filter (virNWFilter)."""

    name: str
    uuid: str
    xml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorFacts:
    """One logical processor of the host; None means that the hypervisor does not tell."""

    number: int
    node: int
    socket: int | None
    core: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeMemoryFacts:
    """The memory of one NUMA node of the host."""

    node: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PortFacts:
    """One network interface of the host.

    speed: bits per second; None means that it is not known.
    up: None means that the hypervisor does not tell.
    bridge: it is a bridge of the host.
    """

    name: str
    mac: str | None
    speed: int | None
    up: bool | None
    bridge: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestFacts:
    """One kind of guests that a host can run.

    os_type: "hvm", "xen", "exe", ... domain_types: "kvm", "qemu", "lxc", ..., as it names them.
    """

    os_type: str
    architecture: str
    domain_types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """The machine on which the hypervisor runs (virNodeGetInfo, host capabilities).

    clock: hertz of a processor; None means unknown.
    sockets, cores, threads: of one NUMA node, of one socket, of one core.
    most_vcpus: of one domain; None means that the hypervisor does not tell.
    """

    architecture: str
    processor_model: str | None
    processor_vendor: str | None
    clock: int | None
    memory: int
    sockets: int
    cores: int
    threads: int
    most_vcpus: int | None
    processors: tuple[ProcessorFacts, ...]
    nodes: tuple[NodeMemoryFacts, ...]
    ports: tuple[PortFacts, ...]
    guest_types: tuple[str, ...]  # "hvm", "xen", "exe", ...
    guests: tuple[GuestFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFacts:
    """All that domains share on a host; what a hypervisor has not is empty.

    machine: None means that the hypervisor does not tell.
    """

    networks: tuple[NetworkFacts, ...]
    pools: tuple[PoolFacts, ...]
    filters: tuple[FilterFacts, ...]
    machine: MachineFacts | None


NO_RESOURCES = ResourceFacts(networks=(), pools=(), filters=(), machine=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class VCPUStatistics:
    """Counters of one virtual processor; time and wait in nanoseconds, None means not told."""

    number: int
    time: int | None
    wait: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStatistics:
    """Counters of one disk; `target` is its device name in the guest; None means not told.

    Times are nanoseconds.
    """

    target: str
    read_requests: int | None
    read_bytes: int | None
    read_time: int | None
    write_requests: int | None
    write_bytes: int | None
    write_time: int | None
    flush_requests: int | None
    flush_time: int | None
    errors: int | None
    allocation: int | None
    capacity: int | None
    physical: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceStatistics:
    """Counters of one network interface; `target` is its device on the host."""

    target: str
    receive_bytes: int | None
    receive_packets: int | None
    receive_errors: int | None
    receive_drops: int | None
    transmit_bytes: int | None
    transmit_packets: int | None
    transmit_errors: int | None
    transmit_drops: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainStatistics:
    """Counters of one active domain since its start; None means that they are not told.

    cpu_time, cpu_user, cpu_system: nanoseconds.
    memory_actual: the balloon's size. memory_rss: what the domain takes of the host's memory.
    """

    cpu_time: int | None = None
    cpu_user: int | None = None
    cpu_system: int | None = None
    memory_actual: int | None = None
    memory_rss: int | None = None
    memory_available: int | None = None
    memory_unused: int | None = None
    vcpus: tuple[VCPUStatistics, ...] = ()
    blocks: tuple[BlockStatistics, ...] = ()
    interfaces: tuple[InterfaceStatistics, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """The counters of all active domains at one moment (UTC); `at` is None before the first."""

    at: datetime | None
    domains: Mapping[DomainUUID, DomainStatistics]


NO_SAMPLE = Sample(at=None, domains=MappingProxyType({}))
