"""CIM_ResourceAllocationSettingData of a domain's processors (DSP1044): one for all of them.

VirtualQuantity is how many the guest has now, Limit how many it can have; a domain has a device for
each of the latter.
"""

from collections.abc import Mapping

from virtcim.hypervisors.definition.processors import CPU, CPUTune, NUMACell, Pin
from virtcim.providers.compatibility import PROCESSORS
from virtcim.providers.pool_index import PROCESSOR_POOL
from virtcim.providers.settings import (
    HARD_AFFINITY,
    OF_DOMAIN,
    SOFT_AFFINITY,
    kibibytes,
    setting_family,
    within,
)
from virtcim.providers.views import PROCESSOR_SETTING, SettingView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import ResourceType

_NO_CPU, _NO_TUNE = CPU(), CPUTune()


def _cpu(v: SettingView) -> CPU:
    return v.definition.cpu or _NO_CPU


def _tune(v: SettingView) -> CPUTune:
    return v.definition.cpu_tune or _NO_TUNE


def _quantity(v: SettingView) -> int | None:
    """Return how many processors the guest has, which may be less than it has devices for."""
    current = v.definition.current_vcpus
    return v.definition.vcpus if current is None else current


def _recorded(v: SettingView, name: str) -> int | None:
    """Return what a client asked for and the hypervisor cannot hold; a snapshot has no such."""
    record = v.configuration.domain.record
    return None if v.configuration.snapshot is not None else getattr(record, name)


def _limit(v: SettingView) -> int | None:
    """Return the most processors that the guest can have; for old clients the cap they set."""
    if v.model.behaviour.limit_is_cap:
        return _recorded(v, "limit") or 0
    return v.definition.vcpus


def _weight(v: SettingView) -> int | None:
    shares = _tune(v).shares
    return within(_recorded(v, "weight") if shares is None else shares, 32)


def _behavior(v: SettingView) -> int | None:
    """Return how the processors stick to those of the host; None means not at all."""
    if v.definition.vcpu_set or _tune(v).vcpu_pins:
        return HARD_AFFINITY
    return SOFT_AFFINITY if v.definition.vcpu_placement == "auto" else None


def _pin(pin: Pin) -> str:
    return f"{pin.vcpu}={pin.cpus}"


def cell_text(number: int, cell: NUMACell) -> str:
    """Return a NUMA node of the guest as `id=cpus:KiB`."""
    name = number if cell.id is None else cell.id
    return f"{name}={cell.cpus or ''}:{kibibytes(cell.memory) or 0}"


PROPERTIES: Mapping[str, Getter] = {
    **OF_DOMAIN,
    "ResourceType":    lambda _: ResourceType.PROCESSOR,
    "PoolID":          lambda _: PROCESSOR_POOL,
    "AllocationUnits": lambda v: v.model.behaviour.units[PROCESSORS],
    "VirtualQuantity": _quantity,
    "Limit":           _limit,
    "Weight":          _weight,
    "MappingBehavior": _behavior,
    "Sockets":         lambda v: _cpu(v).sockets,
    "Dies":            lambda v: _cpu(v).dies,
    "Cores":           lambda v: _cpu(v).cores,
    "Threads":         lambda v: _cpu(v).threads,
    "CPUMode":         lambda v: _cpu(v).mode,
    "CPUModel":        lambda v: _cpu(v).model,
    "CPUMatch":        lambda v: _cpu(v).match,
    "CPUCheck":        lambda v: _cpu(v).check,
    "CPUFeatures":     lambda v: tuple(f"{f.policy or 'require'}={f.name}"
                                       for f in _cpu(v).features) or None,
    "Placement":       lambda v: v.definition.vcpu_placement,
    "CPUSet":          lambda v: v.definition.vcpu_set,
    "Period":          lambda v: _tune(v).period,
    "Quota":           lambda v: _tune(v).quota,
    "EmulatorPeriod":  lambda v: _tune(v).emulator_period,
    "EmulatorQuota":   lambda v: _tune(v).emulator_quota,
    "IOThreads":       lambda v: v.definition.io_threads,
    "VCPUPins":        lambda v: tuple(map(_pin, _tune(v).vcpu_pins)) or None,
    "EmulatorPins":    lambda v: _tune(v).emulator_pins,
    "NUMACells":       lambda v: tuple(cell_text(*one) for one in enumerate(_cpu(v).cells)) or None,
}  # fmt: skip

FAMILIES = (setting_family(PROCESSOR_SETTING, PROPERTIES),)
