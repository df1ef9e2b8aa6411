"""CIM_Processor and CIM_Memory of domains (DSP1044, DSP1045)."""

from collections.abc import Mapping

from virtcim.hypervisors.definition.peripherals import MemoryDevice
from virtcim.providers.device_states import online
from virtcim.providers.devices import device_family, model_of
from virtcim.providers.views import MEMORY, PROCESSOR, DeviceView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import CPUStatus

# CIM_StorageExtent.Access
_READABLE, _READ_WRITE = 1, 3

_OTHER_FAMILY = 1  # CIM_Processor.Family: what a guest sees is no model of a maker's list

BLOCK_SIZE = 4096
"""Bytes; libvirt-cim's, and so its clients'."""


def _status(v: DeviceView) -> CPUStatus:
    if not v.domain.facts.active:
        return CPUStatus.UNKNOWN
    is_online = (v.number or 0) < online(v.definition)
    return CPUStatus.CPU_ENABLED if is_online else CPUStatus.CPU_DISABLED_BY_USER


def _model(v: DeviceView) -> str | None:
    """Return the CPU model, or how libvirt chooses one, or the architecture."""
    cpu = v.definition.cpu
    named = None if cpu is None else cpu.model or cpu.mode
    return named or v.definition.architecture


def _size(v: DeviceView) -> int | None:
    """Return the most bytes that the guest can have of it."""
    return v.device.size if isinstance(v.device, MemoryDevice) else v.definition.memory


def _used(v: DeviceView) -> int | None:
    """Return how many bytes the guest has of it now."""
    device = v.device
    if isinstance(device, MemoryDevice):
        return device.size if device.current is None else device.current
    current = v.definition.current_memory
    return v.definition.memory if current is None else current


def _blocks(size: int | None) -> int | None:
    return None if size is None else size // BLOCK_SIZE


PROCESSOR_PROPERTIES: Mapping[str, Getter] = {
    "Caption":                lambda _: "Virtual processor",
    "Description":            lambda v: f"Virtual processor {v.number} of a domain",
    "Role":                   lambda _: "Central Processor",
    "Family":                 lambda _: _OTHER_FAMILY,
    "OtherFamilyDescription": _model,
    "CPUStatus":              _status,
    "NumberOfEnabledCores":   lambda _: 1,
}  # fmt: skip

MEMORY_PROPERTIES: Mapping[str, Getter] = {
    "Caption":          lambda _: "Virtual memory",
    "Description":      lambda v: "Memory of a domain" if v.device is None
                                  else f"Memory module {v.id} of a domain",
    "Volatile":         lambda v: not getattr(v.device, "persistent", False),
    "BlockSize":        lambda _: BLOCK_SIZE,
    "NumberOfBlocks":   lambda v: _blocks(_size(v)),
    "ConsumableBlocks": lambda v: _blocks(_used(v)),
    "Access":           lambda v: _READABLE if getattr(v.device, "readonly", False)
                                  else _READ_WRITE,
    "Primordial":       lambda _: False,
    "SequentialAccess": lambda _: False,
    "IsComposite":      lambda _: False,
    "Purpose":          lambda v: "memory" if v.device is None else model_of(v),
}  # fmt: skip

FAMILIES = (
    device_family(PROCESSOR, PROCESSOR_PROPERTIES),
    device_family(MEMORY, MEMORY_PROPERTIES),
)
