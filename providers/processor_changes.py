"""What clients can change of a domain's processors (processor_settings.py)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from virtcim.hypervisors.actions import SetShares, SetVCPUs
from virtcim.hypervisors.definition import CPU, CPUFeature, DomainDefinition, NUMACell, Pin
from virtcim.hypervisors.model import DomainUUID
from virtcim.providers.changes import (
    Changes,
    Given,
    Live,
    Setter,
    Target,
    every,
    fixed,
    kibibytes,
    number,
    pair,
    to,
)
from virtcim.providers.model import HostModel
from virtcim.providers.processor_settings import PROPERTIES, cell_text
from virtcim.providers.views import MOST_PROCESSORS, SettingView

LEAST_WEIGHT, MOST_WEIGHT = 2, 262144  # cgroup's cpu.shares
_NO_CPU = CPU()

_EMULATED = 255
"""libvirt speaks of 16 where guests are emulated, and QEMU emulates as many as these."""


def _check_possible(target: Target, value: int) -> None:
    """Raise ValueError for more than the hypervisor can run: libvirt would make room for each."""
    machine = target.model.host.resources.machine
    told = None if machine is None else machine.most_vcpus
    most = MOST_PROCESSORS if told is None else max(told, _EMULATED)
    if value > most:
        raise ValueError(f"the hypervisor can give a system {most} at most")


def _quantity(target: Target, value: int) -> None:
    """Set how many the guest has; the most it can have follows where the request does not say."""
    if not value:
        raise ValueError("a system has at least one")
    _check_possible(target, value)
    most = target.definition.vcpus
    is_cap = target.model.behaviour.limit_is_cap
    follows = (target.is_new and not target.has("Limit")) or (is_cap and value > (most or 0))
    if most is None or follows or (target.is_new and is_cap):
        target.edit.set("vcpus", value)
        most = value
    if value > most:
        raise ValueError(f"it can have {most} at most: raise Limit with it")
    target.edit.set("current_vcpus", None if value == most else value)


def _limit(target: Target, value: int) -> None:
    """Set the most processors; for old clients the cap that they know it as."""
    if target.model.behaviour.limit_is_cap:
        target.record["limit"] = value
        return
    _check_possible(target, value)
    definition = target.definition
    now = definition.current_vcpus or definition.vcpus or value
    wanted: Any = target.given.get("virtualquantity", now)
    if not wanted <= value:
        raise ValueError(f"the system has {wanted}, see VirtualQuantity")
    target.edit.set("vcpus", value)
    target.edit.set("current_vcpus", None if wanted == value else wanted)


def _weight(target: Target, value: int) -> None:
    if SetShares not in target.model.host.hypervisor.actions:
        target.record["weight"] = value
        return
    if not LEAST_WEIGHT <= value <= MOST_WEIGHT:
        raise ValueError(f"it must be between {LEAST_WEIGHT} and {MOST_WEIGHT}")
    target.edit.set("cpu_tune.shares", value)


def _feature(text: str) -> CPUFeature:
    policy, name = pair(text, "POLICY=NAME")
    return CPUFeature(name=name, policy=policy)


def _features(target: Target, value: Sequence[str]) -> None:
    known = (target.definition.cpu or _NO_CPU).features
    texts = {f"{one.policy or 'require'}={one.name}": one for one in known}
    target.edit.set("cpu.features", tuple(texts.get(one) or _feature(one) for one in value))


def _pin(text: str) -> Pin:
    vcpu, cpus = pair(text, "VCPU=CPUS")
    return Pin(vcpu=number(vcpu), cpus=cpus)


def _cells(target: Target, value: Sequence[str]) -> None:
    """Set the nodes; what a node has that the property does not say stays with it."""
    cells = (target.definition.cpu or _NO_CPU).cells
    known = {cell_text(*one): one[1] for one in enumerate(cells)}
    by_id = {number if cell.id is None else cell.id: cell for number, cell in enumerate(cells)}
    wanted = tuple(known.get(text) or _cell(text, by_id) for text in value)
    before = target.definition
    target.edit.set("cpu.cells", wanted)
    size = sum(cell.memory or 0 for cell in wanted)
    if wanted and size != before.memory:
        target.edit.set("memory", size)
        full = before.current_memory in {None, before.memory}
        target.edit.set("current_memory", size if full else min(size, before.current_memory or 0))


def _cell(text: str, known: Mapping[int, NUMACell]) -> NUMACell:
    name, rest = pair(text, "ID=CPUS:KIB")
    cpus, size = pair(rest, "ID=CPUS:KIB", ":")
    one = replace(known.get(number(name), NUMACell()), id=number(name), cpus=cpus)
    return replace(one, memory=kibibytes(number(size)))


def _none_if_zero(value: int) -> int | None:
    return value or None


SETTERS: Mapping[str, Setter] = {
    "Limit":           _limit,
    "VirtualQuantity": _quantity,
    "Weight":          _weight,
    "Sockets":         to("cpu.sockets", _none_if_zero),
    "Dies":            to("cpu.dies", _none_if_zero),
    "Cores":           to("cpu.cores", _none_if_zero),
    "Threads":         to("cpu.threads", _none_if_zero),
    "CPUMode":         to("cpu.mode"),
    "CPUModel":        to("cpu.model"),
    "CPUMatch":        to("cpu.match"),
    "CPUCheck":        to("cpu.check"),
    "CPUFeatures":     _features,
    "Placement":       to("vcpu_placement"),
    "CPUSet":          to("vcpu_set"),
    "Period":          to("cpu_tune.period", _none_if_zero),
    "Quota":           to("cpu_tune.quota", _none_if_zero),
    "EmulatorPeriod":  to("cpu_tune.emulator_period", _none_if_zero),
    "EmulatorQuota":   to("cpu_tune.emulator_quota", _none_if_zero),
    "IOThreads":       to("io_threads"),
    "VCPUPins":        to("cpu_tune.vcpu_pins", every(_pin)),
    "EmulatorPins":    to("cpu_tune.emulator_pins"),
    "NUMACells":       _cells,
}  # fmt: skip


def _set_vcpus(uuid: DomainUUID, _definition: DomainDefinition, value: int) -> SetVCPUs:
    return SetVCPUs(uuid=uuid, count=value)


def _set_shares(uuid: DomainUUID, _definition: DomainDefinition, value: int) -> SetShares:
    return SetShares(uuid=uuid, shares=value)


def _later(view: SettingView, values: Mapping[str, Any]) -> Collection[str]:
    """Return what is beyond a Limit that the same request raises, which waits itself."""
    raised = "Limit" in values or view.model.behaviour.limit_is_cap
    beyond = values.get("VirtualQuantity", 0) > (view.definition.vcpus or 0)
    return ("VirtualQuantity",) if raised and beyond else ()


LIVE: Mapping[str, Live] = {"VirtualQuantity": _set_vcpus, "Weight": _set_shares}


def prepare(model: HostModel, given: Given, *, is_new: bool) -> Given:  # noqa: ARG001 - as others
    """Take the units away: processors are counted, in whatever word."""
    words = {"count", "processors", "percent"}
    units = given.get("allocationunits")
    if isinstance(units, str) and units.lower() in words:
        return {name: value for name, value in given.items() if name != "allocationunits"}
    return given


CHANGES = Changes(
    getters=PROPERTIES,
    setters=SETTERS,
    fixed=fixed(
        PROPERTIES,
        SETTERS,
        AllocationUnits="processors are counted",
        MappingBehavior="it follows from CPUSet, VCPUPins and Placement",
        BootOrder="processors do not boot",
    ),
    live=LIVE,
    later=_later,
    prepare=prepare,
)
