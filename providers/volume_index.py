"""How big the volumes are that disks are made from, as the storage pools know it."""

from collections.abc import Mapping
from types import MappingProxyType

from virtcim.hypervisors.definition.devices import Device
from virtcim.hypervisors.definition.storage import Disk, Filesystem
from virtcim.hypervisors.resources import ResourceFacts
from virtcim.providers.model import HostModel

Capacities = Mapping[str | tuple[str, str], int]
"""Bytes, by the path of a volume and by the names of a pool and a volume."""


def capacities(model: HostModel) -> Capacities:
    """Return the capacities of a host's volumes; the same object as long as they are the same."""
    resources = model.host.resources
    return model.derive(capacities, resources, lambda: _steady(model, resources))


def _steady(model: HostModel, resources: ResourceFacts) -> Capacities:
    made = capacities_of(resources)
    return model.derive(_steady, made, lambda: made)


def capacities_of(resources: ResourceFacts) -> Capacities:
    """Return the capacities of the volumes that a host has."""
    found: dict[str | tuple[str, str], int] = {}
    for pool in resources.pools:
        for volume in pool.volumes:
            found.setdefault(volume.path, volume.capacity)
            found[pool.name, volume.name] = volume.capacity
    return MappingProxyType(found)


def capacity_of(model: HostModel, device: Device) -> int | None:
    """Return the bytes of a disk or filesystem; None where no storage pool knows its volume."""
    if not isinstance(device, Disk | Filesystem):
        return None
    known = capacities(model)
    if device.source_pool and device.source_volume:
        return known.get((device.source_pool, device.source_volume))
    return known.get(device.path or "")
