"""What clients can change of a domain's memory and of its memory devices (memory_settings.py)."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from virtcim.hypervisors.actions import SetMemory
from virtcim.hypervisors.definition import DomainDefinition, HugePage, MemoryBalloon
from virtcim.hypervisors.definition.converters import scaled
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
    to,
)
from virtcim.providers.memory_settings import OF_DEVICE, OF_WHOLE
from virtcim.providers.model import HostModel
from virtcim.providers.quantities import bytes_of
from virtcim.providers.views import SettingView
from virtcim.wbem.status import InvalidParameter

_QUANTITIES: Mapping[str, str] = {
    "virtualquantity": "VirtualQuantity",
    "reservation":     "Reservation",
    "limit":           "Limit",
}  # fmt: skip


def prepare(model: HostModel, given: Given, *, is_new: bool) -> Given:
    """Give quantities in KiB; of a new system without a unit they are bytes, as clients expect."""
    if not any(name in given for name in _QUANTITIES):
        return {name: value for name, value in given.items() if name != "allocationunits"}
    shown = "byte" if is_new else model.behaviour.units["memory"]
    units: Any = given.get("allocationunits", shown)
    found = {name: value for name, value in given.items() if name != "allocationunits"}
    for name in _QUANTITIES:
        quantity: Any = found.get(name)
        if quantity is not None:
            size = _kibibytes(model, quantity, units)
            found[name] = size
            if is_new and 0 < size < _LEAST_KIBIBYTES:
                raise InvalidParameter(
                    f"{_QUANTITIES[name]} cannot be {quantity} {units}: it is less than 1 MiB; "
                    "AllocationUnits says the unit"
                )
    return found


_LEAST_KIBIBYTES = 1024
"""Of something new: who asks for less has forgotten the unit."""


def _kibibytes(model: HostModel, quantity: int, units: str) -> int:
    try:
        return -(-bytes_of(quantity, units) // 1024)
    except ValueError as error:
        if model.behaviour.legacy_errors:
            raise InvalidParameter("Unknown AllocationUnits in Memory RASD") from None
        raise InvalidParameter(f"AllocationUnits cannot be {units!r}: {error}") from None


def _quantity(target: Target, value: int) -> None:
    """Set what the guest has; the most it can have follows where the request does not say."""
    size = kibibytes(value)
    if not size:
        raise ValueError("a system has some memory")
    most = target.definition.memory
    if most is None or (target.is_new and not target.has("Limit")):
        target.edit.set("memory", size)
    elif size > most and target.model.behaviour.limit_follows and not target.has("Limit"):
        _most(target, size)
    elif size > most:
        raise ValueError(f"it can have {most // 1024} KiB at most: raise Limit with it")
    target.edit.set("current_memory", size)


def _reservation(target: Target, value: int) -> None:
    wanted = target.given.get("virtualquantity")
    if wanted is None or (target.definition.current_memory == kibibytes(value)):
        _quantity(target, value)
    elif not target.is_new and wanted != value:
        raise ValueError("it is the same as VirtualQuantity")


def _limit(target: Target, value: int) -> None:
    current: Any = target.given.get("virtualquantity")
    now = target.definition.current_memory or target.definition.memory or 0
    if kibibytes(value) < (now if current is None else kibibytes(current)):
        raise ValueError("it is less than VirtualQuantity")
    if target.definition.current_memory is None:
        target.edit.set("current_memory", target.definition.memory)
    _most(target, kibibytes(value))


def _most(target: Target, size: int) -> None:
    cells = target.definition.cpu.cells if target.definition.cpu else ()
    if cells and sum(cell.memory or 0 for cell in cells) != size:
        raise ValueError("its NUMA nodes say how much it is, see NUMACells of its processors")
    target.edit.set("memory", size)


def _flag(field: str) -> Setter:
    def put(target: Target, value: bool) -> None:  # noqa: FBT001 - it is what is written
        if value or field != "memory_backing.huge_pages":
            target.edit.set(field, value)
        else:
            target.edit.set("memory_backing.pages", ())
            target.edit.set(field, value)

    return put


_PAGE = re.compile(r"(?P<size>[0-9]+)\s*(?P<unit>[A-Za-z]*)(?::(?P<nodes>[0-9,^-]+))?")


def page(text: str) -> HugePage:
    """Return a size of pages, with the nodes that use it; raises ValueError."""
    found = _PAGE.fullmatch(text.strip())
    size = None if found is None else scaled(found["size"], found["unit"], 1024)
    if found is None or not size:
        raise ValueError("it must be written as SIZE KiB or SIZE KiB:NODES")
    return HugePage(size=size, nodes=found["nodes"])


def _pages(target: Target, value: tuple[str, ...]) -> None:
    target.edit.set("memory_backing.pages", every(page)(value))


def _balloon(field: str) -> Setter:
    def put(target: Target, value: Any) -> None:
        devices = target.definition.devices
        known = next((one for one in devices if isinstance(one, MemoryBalloon)), None)
        edit = target.editor.device(known.id) if known else target.editor.add("memballoon")
        if known is None:
            edit.set("model", "virtio")
        edit.set(field, value or None)

    return put


def _kib(field: str) -> Setter:
    return to(field, lambda value: kibibytes(value) or None)


WHOLE_SETTERS: Mapping[str, Setter] = {
    "Limit":            _limit,
    "VirtualQuantity":  _quantity,
    "Reservation":      _reservation,
    "dumpCore":         to("dump_core"),
    "MaximumQuantity":  _kib("max_memory"),
    "Slots":            to("memory_slots", lambda value: value or None),
    "HugePages":        _flag("memory_backing.huge_pages"),
    "HugePageSizes":    _pages,
    "Locked":           _flag("memory_backing.locked"),
    "NoSharePages":     _flag("memory_backing.no_share_pages"),
    "SourceType":       to("memory_backing.source"),
    "Access":           to("memory_backing.access"),
    "Allocation":       to("memory_backing.allocation"),
    "HardLimit":        _kib("memory_tune.hard_limit"),
    "SoftLimit":        _kib("memory_tune.soft_limit"),
    "SwapHardLimit":    _kib("memory_tune.swap_hard_limit"),
    "MinimumGuarantee": _kib("memory_tune.min_guarantee"),
    "Balloon":          _balloon("model"),
    "BalloonPeriod":    _balloon("period"),
    "NodeMode":         to("numa_tune.mode"),
    "NodeSet":          to("numa_tune.nodes"),
}  # fmt: skip


def _set_memory(uuid: DomainUUID, _definition: DomainDefinition, value: int) -> SetMemory:
    return SetMemory(uuid=uuid, size=kibibytes(value))


def _later(view: SettingView, values: Mapping[str, Any]) -> Collection[str]:
    """Return what is beyond a Limit that the same request raises, which waits itself."""
    if "Limit" not in values and not view.model.behaviour.limit_follows:
        return ()
    most = view.definition.memory or 0
    names = ("VirtualQuantity", "Reservation")
    return tuple(name for name in names if values.get(name, 0) * 1024 > most)


LIVE: Mapping[str, Live] = {"VirtualQuantity": _set_memory, "Reservation": _set_memory}

WHOLE_CHANGES = Changes(
    getters=OF_WHOLE,
    setters=WHOLE_SETTERS,
    fixed=fixed(
        OF_WHOLE,
        WHOLE_SETTERS,
        MappingBehavior="it follows from NodeMode",
        VirtualQuantityUnits="it is the unit of the definition",
        BootOrder="memory does not boot",
    ),
    live=LIVE,
    later=_later,
    prepare=prepare,
)


# Memory devices


def _size(target: Target, value: int) -> None:
    """Set the size; what grows and shrinks is asked for the new one."""
    field = "requested" if target.device.model == "virtio-mem" else "size"
    target.edit.set(field, kibibytes(value))
    if target.device.size is None:
        target.edit.set("size", kibibytes(value))


def _host_path(target: Target, value: tuple[str, ...]) -> None:
    target.edit.set("source_path", next(iter(value), None))


def _page_size(target: Target, value: tuple[str, ...]) -> None:
    sizes = every(page)(value)
    if len(sizes) > 1:
        raise ValueError("a memory device has pages of one size")
    target.edit.set("page_size", sizes[0].size if sizes else None)


DEVICE_SETTERS: Mapping[str, Setter] = {
    "DeviceModel":     to("model"),
    "ResourceSubType": to("model"),
    "Limit":           _kib("size"),
    "VirtualQuantity": _size,
    "Reservation":     _size,
    "HostResource":    _host_path,
    "HugePageSizes":   _page_size,
    "Access":          to("access"),
    "NodeSet":         to("source_nodes"),
    "TargetNode":      to("node"),
}  # fmt: skip

DEVICE_CHANGES = Changes(
    getters=OF_DEVICE,
    setters=DEVICE_SETTERS,
    fixed=fixed(
        OF_DEVICE,
        DEVICE_SETTERS,
        VirtualQuantityUnits="it is the unit of the definition",
        BootOrder="memory does not boot",
    ),
    prepare=prepare,
)
