"""Resource pools (DSP1041): what a host has that domains are made from.

One primordial pool of each kind; beside it one for each storage pool and each network, for each
bridge of the host that no network owns, and for each device that guests have macvtap ports on.
CIM_ResourcePool has no EnabledState, so that a pool that is switched off is one whose
OperationalStatus says so; clients of libvirt-cim see none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from virtcim.hypervisors.definition import PoolDefinition, parse_pool
from virtcim.hypervisors.resources import (
    MachineFacts,
    NetworkFacts,
    PoolFacts,
    PoolState,
    ResourceFacts,
)
from virtcim.providers.compatibility import DEVICES, PROCESSORS, STORAGE, Behaviour
from virtcim.providers.conditions import ELEMENT_PROPERTIES, Condition
from virtcim.providers.families import HostFamily
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import (
    CONTROLLER_POOL,
    DISK_POOL,
    GRAPHICS_POOL,
    INPUT_POOL,
    MEMORY_POOL,
    NETWORK_POOL,
    PROCESSOR_POOL,
    bridge_pool_id,
    direct_pool_id,
    disk_pool_id,
    network_pool_id,
    pool_index,
)
from virtcim.providers.pool_usage import Usage, Wire, WireKind, usage, wires
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import AllocationSharingMode, RequestTypesSupported, ResourceType

_KIBIBYTE, _MEBIBYTE = 1 << 10, 1 << 20
_CONTROLLER = "controller"


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much there is, in AllocationUnits; None means that it is not known or has no bound.

    reserved: what the host gives for it. consumed: what domains see of it.
    """

    capacity: int | None
    reserved: int | None
    consumed: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of pools, which is a family.

    title: ElementName of the primordial one.
    unit: AllocationUnits; None means that libvirt-cim gives none.
    """

    family: str
    title: str
    primordial_id: str
    type: ResourceType
    unit: Callable[[Behaviour], str | None]
    amounts: Callable[["PoolView"], Amounts]
    requests: RequestTypesSupported
    sharing: AllocationSharingMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool, without what is taken from it.

    sub_type: how a storage pool is made, how a network is reached.
    storage: None means that it is none of libvirt's storage pools.
    """

    kind: Kind
    id: str
    title: str
    caption: str
    description: str
    condition: Condition = Condition.WORKING
    primordial: bool = False
    sub_type: str | None = None
    storage: PoolFacts | None = None


@dataclass(frozen=True, slots=True)
class PoolView:
    """A pool with what is taken from it, as the table below reads it."""

    model: HostModel
    pool: Pool
    usage: Usage

    @property
    def condition(self) -> Condition:
        """The pool's condition."""
        return self.pool.condition

    @property
    def machine(self) -> MachineFacts | None:
        """The machine, where the hypervisor tells of it."""
        return self.model.host.resources.machine

    @property
    def definition(self) -> PoolDefinition | None:
        """What the storage pool's text says; None for all others."""
        storage = self.pool.storage
        return None if storage is None else storage_definition(self.model, storage)


def storage_definition(model: HostModel, pool: PoolFacts) -> PoolDefinition:
    """Return what the text of one of the host's storage pools says."""
    known = model.host.resources.pools
    return model.derive(
        storage_definition, known, lambda: {one.uuid: parse_pool(one.xml) for one in known}
    )[pool.uuid]


# How much there is


def _processors(v: PoolView) -> Amounts:
    machine = v.machine
    count = None if machine is None else len(machine.processors) or None
    return Amounts(count, v.usage.vcpus, v.usage.vcpus)


def _memory(v: PoolView) -> Amounts:
    size = None if v.machine is None else v.machine.memory // _KIBIBYTE
    taken = v.usage.memory // _KIBIBYTE
    return Amounts(size, taken, taken)


def _disks(v: PoolView) -> Amounts:
    """A volume can hold more than it takes yet: domains see the former, the pool gives the latter.

    The primordial pool has all that the active ones have.
    """
    storage = v.pool.storage
    pools = v.model.host.resources.pools if storage is None else (storage,)
    known = [pool for pool in pools if pool.active]
    if storage is not None and not known:
        return Amounts(None, None, None)
    return Amounts(
        sum(pool.capacity for pool in known) // _MEBIBYTE,
        sum(pool.allocation for pool in known) // _MEBIBYTE,
        sum(volume.capacity for pool in known for volume in pool.volumes) // _MEBIBYTE,
    )


def _devices(v: PoolView) -> Amounts:
    """How many devices of active domains there are; a primordial pool has those of all pools."""
    word, _, name = v.pool.id.partition("/")
    count = v.usage.of_kind(word) if name == "0" else v.usage.devices.get(v.pool.id, 0)
    return Amounts(None, count, count)


# Kinds


def _count(behaviour: Behaviour) -> str | None:
    return behaviour.units.get(DEVICES)


_GENERAL, _SPECIFIC = RequestTypesSupported.GENERAL, RequestTypesSupported.SPECIFIC
_SHARED, _DEDICATED = AllocationSharingMode.SHARED, AllocationSharingMode.DEDICATED

PROCESSOR_KIND = Kind(
    family="Virt_ProcessorPool", title="Processors", primordial_id=PROCESSOR_POOL,
    type=ResourceType.PROCESSOR, unit=lambda b: b.units[PROCESSORS], amounts=_processors,
    requests=_GENERAL, sharing=_SHARED,
)  # fmt: skip
MEMORY_KIND = Kind(
    family="Virt_MemoryPool", title="Memory", primordial_id=MEMORY_POOL,
    type=ResourceType.MEMORY, unit=lambda _: "byte*2^10", amounts=_memory,
    requests=_GENERAL, sharing=_DEDICATED,
)  # fmt: skip
NETWORK_KIND = Kind(
    family="Virt_NetworkPool", title="Networks", primordial_id=NETWORK_POOL,
    type=ResourceType.ETHERNET_ADAPTER, unit=_count, amounts=_devices,
    requests=_GENERAL, sharing=_SHARED,
)  # fmt: skip
DISK_KIND = Kind(
    family="Virt_DiskPool", title="Storage", primordial_id=DISK_POOL,
    type=ResourceType.DISK_DRIVE, unit=lambda b: b.units[STORAGE], amounts=_disks,
    requests=_SPECIFIC, sharing=_DEDICATED,  # a setting names its volume
)  # fmt: skip
GRAPHICS_KIND = Kind(
    family="Virt_GraphicsPool", title="Graphics", primordial_id=GRAPHICS_POOL,
    type=ResourceType.GRAPHICS_CONTROLLER, unit=_count, amounts=_devices,
    requests=_GENERAL, sharing=_DEDICATED,
)  # fmt: skip
INPUT_KIND = Kind(
    family="Virt_InputPool", title="Input devices", primordial_id=INPUT_POOL,
    type=ResourceType.I_O_DEVICE, unit=_count, amounts=_devices,
    requests=_GENERAL, sharing=_DEDICATED,
)  # fmt: skip
CONTROLLER_KIND = Kind(
    family="Virt_ControllerPool", title="Controllers", primordial_id=CONTROLLER_POOL,
    type=ResourceType.OTHER, unit=_count, amounts=_devices,
    requests=_GENERAL, sharing=_DEDICATED,
)  # fmt: skip

KINDS = (
    PROCESSOR_KIND, MEMORY_KIND, NETWORK_KIND, DISK_KIND, GRAPHICS_KIND, INPUT_KIND,
    CONTROLLER_KIND,
)  # fmt: skip
"""In libvirt-cim's order of pools."""

STORAGE_CONDITIONS: Mapping[PoolState, Condition] = {
    PoolState.INACTIVE:     Condition.OFF,
    PoolState.BUILDING:     Condition.STARTING,
    PoolState.RUNNING:      Condition.WORKING,
    PoolState.DEGRADED:     Condition.DEGRADED,
    PoolState.INACCESSIBLE: Condition.FAILED,
}  # fmt: skip


# Which pools there are


def pools(model: HostModel) -> tuple[Pool, ...]:
    """Return the pools of a host, kind by kind, primordial ones last."""
    given = (model.host.resources, wires(model))
    return model.derive(pools, given, lambda: tuple(_pools(model)))


def _pools(model: HostModel) -> Iterator[Pool]:
    resources = model.host.resources
    for kind in KINDS:
        if kind is NETWORK_KIND:
            yield from _networks(model, resources)
        elif kind is DISK_KIND:
            index = pool_index(model)
            yield from (_storage(pool) for pool in resources.pools if pool.name in index.pools)
        yield Pool(
            kind=kind,
            id=kind.primordial_id,
            title=kind.title,
            caption="0" if kind is DISK_KIND and model.behaviour.legacy_pools else kind.title,
            description=f"{kind.title} of the host",
            primordial=True,
        )


def _storage(pool: PoolFacts) -> Pool:
    return Pool(
        kind=DISK_KIND,
        id=disk_pool_id(pool.name),
        title=pool.name,
        caption=pool.name,
        description=f"Storage pool {pool.name}",
        condition=STORAGE_CONDITIONS[pool.state],
        sub_type=pool.kind,
        storage=pool,
    )


def _networks(model: HostModel, resources: ResourceFacts) -> Iterator[Pool]:
    index = pool_index(model)
    for network in resources.networks:
        if network.name in index.networks:
            yield _network(network)
    if not model.behaviour.legacy_pools:
        for wire in sorted(wires(model) | _bridges(resources.machine)):
            if wire[1] not in index.bridges or wire[0] is WireKind.DIRECT:
                yield _wire(wire, resources.machine)


def _network(network: NetworkFacts) -> Pool:
    return Pool(
        kind=NETWORK_KIND,
        id=network_pool_id(network.name),
        title=network.name,
        caption=f"Bridge: {network.bridge}" if network.bridge else "No bridge",
        description=f"Virtual network {network.name}",
        condition=Condition.WORKING if network.active else Condition.OFF,
        sub_type="network",
    )


def _bridges(machine: MachineFacts | None) -> frozenset[Wire]:
    ports = () if machine is None else machine.ports
    return frozenset((WireKind.BRIDGE, port.name) for port in ports if port.bridge)


_WIRES: Mapping[WireKind, tuple[Callable[[str], str], str]] = {
    #               PoolID          in words
    WireKind.BRIDGE: (bridge_pool_id, "Bridge"),
    WireKind.DIRECT: (direct_pool_id, "Macvtap ports on"),
}

_UP: Mapping[bool | None, Condition] = {
    True:  Condition.WORKING,
    False: Condition.OFF,
    None:  Condition.UNTOLD,
}  # fmt: skip


def _wire(wire: Wire, machine: MachineFacts | None) -> Pool:
    kind, device = wire
    pool_id, words = _WIRES[kind]
    ports = () if machine is None else machine.ports
    return Pool(
        kind=NETWORK_KIND,
        id=pool_id(device),
        title=device,
        caption=f"Bridge: {device}" if kind is WireKind.BRIDGE else f"Device: {device}",
        description=f"{words} {device} of the host",
        condition=_UP[next((port.up for port in ports if port.name == device), None)],
        sub_type=kind.value,
    )


# Properties


def resource_type(behaviour: Behaviour, kind: Kind) -> ResourceType:
    """Return the ResourceType: controllers have one of their own in libvirt-cim alone."""
    own = kind is CONTROLLER_KIND and behaviour.legacy_pools
    return ResourceType.CONTROLLER if own else kind.type


def other_resource_type(behaviour: Behaviour, pool: Pool) -> str | None:
    """Return what ResourceType "Other" means; libvirt-cim puts the kind of a storage pool there."""
    if behaviour.legacy_pools:
        return pool.sub_type if pool.kind is DISK_KIND else None
    return _CONTROLLER if pool.kind is CONTROLLER_KIND else None


def _unit(v: PoolView) -> str | None:
    return v.pool.kind.unit(v.model.behaviour)


_COMMON: Mapping[str, Getter] = {
    # v is a PoolView
    **ELEMENT_PROPERTIES,
    "InstanceID":                lambda v: v.pool.id,
    "PoolID":                    lambda v: v.pool.id,
    "ElementName":               lambda v: v.pool.title,
    "Name":                      lambda v: v.pool.title,
    "Caption":                   lambda v: v.pool.caption,
    "Description":               lambda v: v.pool.description,
    "Primordial":                lambda v: v.pool.primordial,
    "ResourceType":              lambda v: resource_type(v.model.behaviour, v.pool.kind),
    "OtherResourceType":         lambda v: other_resource_type(v.model.behaviour, v.pool),
    "ResourceSubType":           lambda v: v.pool.sub_type,
    "AllocationUnits":           _unit,
    "ConsumedResourceUnits":     _unit,
    "Capacity":                  lambda v: v.pool.kind.amounts(v).capacity,
    "Reserved":                  lambda v: v.pool.kind.amounts(v).reserved,
    "CurrentlyConsumedResource": lambda v: v.pool.kind.amounts(v).consumed,
}  # fmt: skip


def _host(v: PoolView) -> str | None:
    definition = v.definition
    return next((host.name for host in definition.hosts), None) if definition else None


_OF_STORAGE: Mapping[str, Getter] = {
    "Path":            lambda v: v.definition and v.definition.target,
    "Autostart":       lambda v: v.pool.storage and int(v.pool.storage.autostart),
    "Host":            _host,
    "SourceDirectory": lambda v: v.definition and v.definition.source_directory,
}  # fmt: skip


def _parts(kind: Kind) -> Callable[[HostModel], Iterator[PoolView]]:
    def parts(model: HostModel) -> Iterator[PoolView]:
        taken = usage(model)
        return (PoolView(model, pool, taken) for pool in pools(model) if pool.kind is kind)

    return parts


def _given(model: HostModel) -> object:
    return (model.view_key, pools(model), model.host.resources, usage(model))


FAMILIES = tuple(
    HostFamily(
        name=kind.family,
        getters={**_COMMON, **_OF_STORAGE} if kind is DISK_KIND else _COMMON,
        parts=_parts(kind),
        given=_given,
    )
    for kind in KINDS
)
