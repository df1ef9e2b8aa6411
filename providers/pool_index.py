"""Which resource pool what a device is made from belongs to, and how pools are named.

The rule: a PoolID is `<Type>/<name>`, and `0` is the primordial pool of its type. A name that would
be read as something else, "0" or one with a prefix of ours, gets the prefix of its kind, so that a
network called 0 is `NetworkPool/network:0`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from virtcim.hypervisors.definition.devices import Device
from virtcim.hypervisors.definition.interfaces import Interface
from virtcim.hypervisors.definition.storage import Disk, Filesystem
from virtcim.hypervisors.resources import PoolFacts, ResourceFacts
from virtcim.providers.model import HostModel

PROCESSOR_POOL = "ProcessorPool/0"
MEMORY_POOL = "MemoryPool/0"
NETWORK_POOL = "NetworkPool/0"
DISK_POOL = "DiskPool/0"
GRAPHICS_POOL = "GraphicsPool/0"
INPUT_POOL = "InputPool/0"
CONTROLLER_POOL = "ControllerPool/0"

_PRIMORDIAL = "0"
_NETWORK, _BRIDGE, _DIRECT, _STORAGE = "network:", "bridge:", "direct:", "pool:"
_NETWORK_PREFIXES = (_NETWORK, _BRIDGE, _DIRECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolIndex:
    """Where to find the pool of a device: names alone, no sizes.

    paths: from the path of a volume to the name of its storage pool.
    volumes: from the names of a storage pool and a volume to the volume's path.
    pools, networks: names of those that are shown.
    bridges: from a device of the host to the network that made it.
    """

    paths: Mapping[str, str]
    volumes: Mapping[tuple[str, str], str]
    pools: frozenset[str]
    networks: frozenset[str]
    bridges: Mapping[str, str]


def pool_index(model: HostModel) -> PoolIndex:
    """Return the index of a host; the same object as long as no name has changed."""
    resources = model.host.resources
    return model.derive(pool_index, resources, lambda: _steady(model, resources))


def _steady(model: HostModel, resources: ResourceFacts) -> PoolIndex:
    """Return the index kept before where the new one equals it: what compares it is then fast."""
    made = index_of(resources, only_active=model.behaviour.legacy_pools)
    return model.derive(_steady, made, lambda: made)


def index_of(resources: ResourceFacts, *, only_active: bool) -> PoolIndex:
    """Return the index of what a host has."""
    pools = [pool for pool in resources.pools if pool.active or not only_active]
    networks = [network for network in resources.networks if network.active or not only_active]
    return PoolIndex(
        paths=MappingProxyType(_paths(pools)),
        volumes=MappingProxyType(
            {(pool.name, volume.name): volume.path for pool in pools for volume in pool.volumes}
        ),
        pools=frozenset(pool.name for pool in pools),
        networks=frozenset(network.name for network in networks),
        bridges=MappingProxyType(
            {network.bridge: network.name for network in networks if network.bridge}
        ),
    )


def _paths(pools: Iterable[PoolFacts]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pool in pools:
        for volume in pool.volumes:
            found.setdefault(volume.path, pool.name)  # the first of two pools over one directory
    return found


# Names of pools


def network_pool_id(name: str) -> str:
    """Return the PoolID of a network."""
    plain = name != _PRIMORDIAL and not name.startswith(_NETWORK_PREFIXES)
    return f"NetworkPool/{name}" if plain else f"NetworkPool/{_NETWORK}{name}"


def bridge_pool_id(bridge: str) -> str:
    """Return the PoolID of a bridge of the host that is no network's."""
    return f"NetworkPool/{_BRIDGE}{bridge}"


def direct_pool_id(device: str) -> str:
    """Return the PoolID of a device of the host on which guests have macvtap ports."""
    return f"NetworkPool/{_DIRECT}{device}"


def disk_pool_id(name: str) -> str:
    """Return the PoolID of a storage pool."""
    plain = name != _PRIMORDIAL and not name.startswith(_STORAGE)
    return f"DiskPool/{name}" if plain else f"DiskPool/{_STORAGE}{name}"


# Pools of devices


def pool_of(model: HostModel, device: Device) -> str | None:
    """Return the PoolID of what a device is made from; None means that it is from no pool."""
    found = _POOLS.get(device.element)
    return found(model, device) if callable(found) else found


def _of_disk(model: HostModel, disk: Disk | Filesystem) -> str | None:
    index = pool_index(model)
    pool = disk.source_pool
    if pool is None or pool not in index.pools:
        pool = index.paths.get(disk.path or "")
    return None if pool is None else disk_pool_id(pool)


def _of_interface(model: HostModel, interface: Interface) -> str | None:
    find = _NETWORKS.get(interface.defined_kind or "")
    return None if find is None else find(model, interface)


def _of_network(model: HostModel, interface: Interface) -> str | None:
    """The network counts: a running domain's text also has the bridge that it got by it."""
    name = interface.source_network
    return network_pool_id(name) if name in pool_index(model).networks and name else None


def _of_bridge(model: HostModel, interface: Interface) -> str | None:
    bridge = interface.source_bridge
    if not bridge:
        return None
    network = pool_index(model).bridges.get(bridge)
    if network is not None:
        return network_pool_id(network)
    return None if model.behaviour.legacy_pools else bridge_pool_id(bridge)


def _of_direct(model: HostModel, interface: Interface) -> str | None:
    device = interface.source_device
    return direct_pool_id(device) if device and not model.behaviour.legacy_pools else None


_NETWORKS: Mapping[str, Callable[[HostModel, Interface], str | None]] = {
    # type of the interface
    "network": _of_network,
    "bridge":  _of_bridge,
    "direct":  _of_direct,
}  # fmt: skip

_POOLS: Mapping[str, str | Callable[[HostModel, Any], str | None]] = {
    # element
    "disk":       _of_disk,
    "filesystem": _of_disk,
    "interface":  _of_interface,
    "memory":     MEMORY_POOL,
    "graphics":   GRAPHICS_POOL,
    "video":      GRAPHICS_POOL,
    "input":      INPUT_POOL,
    "controller": CONTROLLER_POOL,
}  # fmt: skip
"""Elements that have a pool; all others have none."""


def network_of_pool(pool_id: str) -> str | None:
    """Return the name of the network that a PoolID is of; None where it is of none."""
    kind, found, name = pool_id.partition("/")
    if kind != "NetworkPool" or not found or not name or name == _PRIMORDIAL:
        return None
    if name.startswith((_BRIDGE, _DIRECT)):
        return None
    return name.removeprefix(_NETWORK)
