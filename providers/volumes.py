"""CIM_StorageVolume: the volumes of a host's storage pools."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from virtcim.hypervisors.resources import PoolFacts, VolumeFacts
from virtcim.providers.conditions import (
    CONDITION_PROPERTIES,
    ON_HOST,
    Condition,
    class_name_of,
)
from virtcim.providers.families import HostFamily
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import disk_pool_id
from virtcim.providers.pools import STORAGE_CONDITIONS
from virtcim.schema.layouts import Getter

FAMILY = "Virt_StorageVolume"

BLOCK_SIZE = 1
"""What CIM_StorageExtent asks for where no block size is known, so that sizes are exact."""

_READ_WRITE = 3  # CIM_StorageExtent.Access
_OTHER_NAME = 1  # CIM_StorageExtent.NameFormat and NameNamespace
_NO_STATUS = (2,)  # CIM_StorageExtent.ExtentStatus: none

# CIM_StorageExtent.DataOrganization
_OTHER_DATA, _UNKNOWN_DATA, _FIXED_BLOCK = 0, 1, 2

_ORGANIZATIONS: Mapping[str, int] = MappingProxyType({
    # kind of volume
    "file":    _FIXED_BLOCK,
    "block":   _FIXED_BLOCK,
    "network": _FIXED_BLOCK,
    "ploop":   _FIXED_BLOCK,
    "dir":     _OTHER_DATA,
    "netdir":  _OTHER_DATA,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume in its pool."""

    model: HostModel
    pool: PoolFacts
    facts: VolumeFacts

    @property
    def condition(self) -> Condition:
        """That of its pool."""
        return STORAGE_CONDITIONS[self.pool.state]


def volumes(model: HostModel) -> Iterator[Volume]:
    """Yield the volumes of a host."""
    for pool in model.host.resources.pools:
        for facts in pool.volumes:
            yield Volume(model, pool, facts)


def volume_id(pool: str, volume: str) -> str:
    """Return the DeviceID of a volume by the names of its pool and its own."""
    return f"{pool}/{volume}"


PROPERTIES: Mapping[str, Getter] = {
    # v is a Volume
    **ON_HOST,
    **CONDITION_PROPERTIES,
    "CreationClassName":  class_name_of(FAMILY),
    "DeviceID":           lambda v: volume_id(v.pool.name, v.facts.name),
    "Name":               lambda v: v.facts.key,
    "NameFormat":         lambda _: _OTHER_NAME,
    "OtherNameFormat":    lambda _: "libvirt volume key",
    "NameNamespace":      lambda _: _OTHER_NAME,
    "OtherNameNamespace": lambda _: "libvirt",
    "ElementName":        lambda v: v.facts.name,
    "Caption":            lambda v: f"Volume of type {v.facts.kind}",
    "Description":        lambda v: f"Volume of the storage pool {v.pool.name}",
    "Path":               lambda v: v.facts.path,
    "Format":             lambda v: v.facts.format,
    "BackingPath":        lambda v: v.facts.backing_path,
    "PoolID":             lambda v: disk_pool_id(v.pool.name),
    "Capacity":           lambda v: v.facts.capacity,
    "Allocation":         lambda v: v.facts.allocation,
    "BlockSize":          lambda _: BLOCK_SIZE,
    "NumberOfBlocks":     lambda v: v.facts.capacity // BLOCK_SIZE,
    "ConsumableBlocks":   lambda v: v.facts.capacity // BLOCK_SIZE,
    "ThinlyProvisioned":  lambda v: v.facts.allocation < v.facts.capacity,
    "DataOrganization":   lambda v: _ORGANIZATIONS.get(v.facts.kind, _UNKNOWN_DATA),
    "Access":             lambda _: _READ_WRITE,
    "ExtentStatus":       lambda _: _NO_STATUS,
    "SequentialAccess":   lambda _: False,
    "Primordial":         lambda _: False,
    "IsComposite":        lambda _: False,
}  # fmt: skip


def _given(model: HostModel) -> object:
    return (model.host.resources.pools, model.view_key)


FAMILIES = (HostFamily(name=FAMILY, getters=PROPERTIES, parts=volumes, given=_given),)
