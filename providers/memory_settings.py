"""CIM_ResourceAllocationSettingData of a domain's memory and of its memory devices (DSP1045).

Quantities are KiB, as libvirt-cim's clients expect.
"""

from collections.abc import Mapping
from types import NoneType

from virtcim.hypervisors.definition.peripherals import MemoryBalloon, MemoryDevice
from virtcim.hypervisors.definition.processors import HugePage, MemoryBacking, MemoryTune, NUMATune
from virtcim.providers.compatibility import MEMORY
from virtcim.providers.pool_index import MEMORY_POOL
from virtcim.providers.settings import (
    COMMON,
    HARD_AFFINITY,
    OF_DOMAIN,
    SOFT_AFFINITY,
    by_kind,
    kibibytes,
    setting_family,
)
from virtcim.providers.views import MEMORY_SETTING, SettingView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import ResourceType

_KIBIBYTES = "byte*2^10"

_NO_TUNE, _NO_BACKING, _NO_NODES = MemoryTune(), MemoryBacking(), NUMATune()
_NO_BALLOON = MemoryBalloon(element="memballoon", id="")


def _tune(v: SettingView) -> MemoryTune:
    return v.definition.memory_tune or _NO_TUNE


def _backing(v: SettingView) -> MemoryBacking:
    return v.definition.memory_backing or _NO_BACKING


def _nodes(v: SettingView) -> NUMATune:
    return v.definition.numa_tune or _NO_NODES


def _balloon(v: SettingView) -> MemoryBalloon:
    found = (one for one in v.definition.devices if isinstance(one, MemoryBalloon))
    return next(found, _NO_BALLOON)


def _current(v: SettingView) -> int | None:
    """Return what the guest has now, or has at its start."""
    current = v.definition.current_memory
    return kibibytes(v.definition.memory if current is None else current)


_BEHAVIORS: Mapping[str | None, int] = {
    # numatune/memory/@mode
    "strict":      HARD_AFFINITY,
    "interleave":  HARD_AFFINITY,
    "restrictive": HARD_AFFINITY,
    "preferred":   SOFT_AFFINITY,
}  # fmt: skip


def _page(page: HugePage) -> str:
    size = f"{kibibytes(page.size) or 0} KiB"
    return f"{size}:{page.nodes}" if page.nodes else size


_OF_ALL: Mapping[str, Getter] = {
    "ResourceType":         lambda _: ResourceType.MEMORY,
    "PoolID":               lambda _: MEMORY_POOL,
    "AllocationUnits":      lambda v: v.model.behaviour.units[MEMORY],
    "VirtualQuantityUnits": lambda _: _KIBIBYTES,
}  # fmt: skip

OF_WHOLE: Mapping[str, Getter] = {
    **OF_DOMAIN,
    **_OF_ALL,
    "VirtualQuantity":  _current,
    "Reservation":      _current,
    "Limit":            lambda v: kibibytes(v.definition.memory),
    "MappingBehavior":  lambda v: _BEHAVIORS.get(_nodes(v).mode),
    "dumpCore":         lambda v: v.definition.dump_core,
    "MaximumQuantity":  lambda v: kibibytes(v.definition.max_memory),
    "Slots":            lambda v: v.definition.memory_slots,
    "HugePages":        lambda v: _backing(v).huge_pages,
    "HugePageSizes":    lambda v: tuple(map(_page, _backing(v).pages)) or None,
    "Locked":           lambda v: _backing(v).locked,
    "NoSharePages":     lambda v: _backing(v).no_share_pages,
    "SourceType":       lambda v: _backing(v).source,
    "Access":           lambda v: _backing(v).access,
    "Allocation":       lambda v: _backing(v).allocation,
    "HardLimit":        lambda v: kibibytes(_tune(v).hard_limit),
    "SoftLimit":        lambda v: kibibytes(_tune(v).soft_limit),
    "SwapHardLimit":    lambda v: kibibytes(_tune(v).swap_hard_limit),
    "MinimumGuarantee": lambda v: kibibytes(_tune(v).min_guarantee),
    "Balloon":          lambda v: _balloon(v).model,
    "BalloonPeriod":    lambda v: _balloon(v).period,
    "NodeMode":         lambda v: _nodes(v).mode,
    "NodeSet":          lambda v: _nodes(v).nodes,
}  # fmt: skip


def _size(device: MemoryDevice) -> int | None:
    """Return the bytes that the guest is given now, or will be."""
    for size in (device.current, device.requested, device.size):
        if size is not None:
            return size
    return None


OF_DEVICE: Mapping[str, Getter] = {
    **COMMON,
    **_OF_ALL,
    "ResourceSubType": lambda v: v.device.model,
    "VirtualQuantity": lambda v: kibibytes(_size(v.device)),
    "Reservation":     lambda v: kibibytes(_size(v.device)),
    "Limit":           lambda v: kibibytes(v.device.size),
    "HostResource":    lambda v: v.device.source_path and (v.device.source_path,),
    "HugePageSizes":   lambda v: v.device.page_size and (_page(HugePage(size=v.device.page_size)),),
    "Access":          lambda v: v.device.access,
    "NodeSet":         lambda v: v.device.source_nodes,
    "DeviceModel":     lambda v: v.device.model,
    "TargetNode":      lambda v: v.device.node,
}  # fmt: skip

PROPERTIES = by_kind({NoneType: OF_WHOLE, MemoryDevice: OF_DEVICE})

FAMILIES = (setting_family(MEMORY_SETTING, PROPERTIES),)
