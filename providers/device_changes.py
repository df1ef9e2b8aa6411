"""What clients can change of inputs, controllers, and devices without a class of their own."""

import re
from collections.abc import Callable, Mapping, Sequence

from virtcim.hypervisors.definition import (
    TPM,
    Address,
    HostDevice,
    RandomGenerator,
    Sound,
    Vsock,
    Watchdog,
)
from virtcim.hypervisors.definition.devices import Device, OtherDevice
from virtcim.hypervisors.definition.peripherals import MemoryBalloon
from virtcim.providers import controller_settings, generic_settings, input_settings
from virtcim.providers.changes import Changes, Setter, Target, fixed, flag, number, one_of, to
from virtcim.providers.disk_changes import ADDRESS_SETTERS, BOOT_SETTERS
from virtcim.providers.net_changes import pci_address

_NO_BOOT = "it does not boot"


def _first(field: str) -> Setter:
    """Return a setter of a text that is given as an array of one."""

    def put(target: Target, value: Sequence[str]) -> None:
        if len(value) > 1:
            raise ValueError("it is made from one thing")
        target.edit.set(field, next(iter(value), None) or None)

    return put


# Inputs

INPUT_SETTERS: Mapping[str, Setter] = {
    "ResourceSubType": to(
        "kind", one_of("mouse", "tablet", "keyboard", "passthrough", "evdev")
    ),
    "BusType":         to("bus"),
    "HostResource":    _first("source_device"),
}  # fmt: skip

INPUT_CHANGES = Changes(
    getters=input_settings.PROPERTIES,
    setters=INPUT_SETTERS,
    fixed=fixed(input_settings.PROPERTIES, INPUT_SETTERS, BootOrder=_NO_BOOT),
)


# Controllers


CONTROLLER_SETTERS: Mapping[str, Setter] = {
    "ResourceSubType": to("kind"),
    "Index":           to("index"),
    "Model":           to("model"),
    "Ports":           to("ports", number),
    "Vectors":         to("vectors", number),
    "Queues":          to("queues", number),
    "MaxSectors":      to("max_sectors", lambda value: value or None),
    "CmdPerLun":       to("commands_per_lun", lambda value: value or None),
    "IOThread":        to("io_thread", lambda value: value or None),
    "ChassisNumber":   to("chassis_number", number),
    "Chassis":         to("chassis", number),
    "Port":            to("port"),
    "TargetHotplug":   to("hotplug", flag),
    "ModelName":       to("model_name"),
    "NUMANode":        to("numa_node"),
    **ADDRESS_SETTERS,
}  # fmt: skip

CONTROLLER_CHANGES = Changes(
    getters=controller_settings.PROPERTIES,
    setters=CONTROLLER_SETTERS,
    fixed=fixed(controller_settings.PROPERTIES, CONTROLLER_SETTERS, BootOrder=_NO_BOOT),
)


# Devices of the host

_ID = r"(?:0x)?[0-9a-fA-F]{4}"
_USB_IDS = re.compile(rf"(?P<vendor>{_ID}):(?P<product>{_ID})")
_USB_PLACE = re.compile(r"(?P<bus>[0-9]{1,3}):(?P<device>[0-9]{1,3})")
_SCSI = re.compile(r"(?P<adapter>\w+):(?P<bus>[0-9]+):(?P<target>[0-9]+):(?P<unit>[0-9]+)")


def _pci(target: Target, text: str) -> None:
    found = pci_address(text)
    target.edit.set("source_address", Address(names=found.names[1:], values=found.values[1:]))


def _usb(target: Target, text: str) -> None:
    """By its place, or by what it is."""
    if place := _USB_PLACE.fullmatch(text):
        values = (place["bus"], place["device"])
        target.edit.set_all(vendor_id=None, product_id=None)
        target.edit.set("source_address", Address(names=("bus", "device"), values=values))
    elif ids := _USB_IDS.fullmatch(text):
        target.edit.set("source_address", None)
        target.edit.set("vendor_id", f"0x{ids['vendor'].removeprefix('0x')}")
        target.edit.set("product_id", f"0x{ids['product'].removeprefix('0x')}")
    else:
        raise ValueError("it must be written as BUS:DEVICE or VENDOR:PRODUCT")


def _scsi(target: Target, text: str) -> None:
    found = _SCSI.fullmatch(text)
    if found is None:
        raise ValueError("it must be written as scsi_host0:BUS:TARGET:UNIT")
    target.edit.set("adapter", found["adapter"])
    names = ("bus", "target", "unit")
    target.edit.set(
        "source_address", Address(names=names, values=tuple(found[name] for name in names))
    )


def _mediated(target: Target, text: str) -> None:
    target.edit.set("source_address", Address(names=("uuid",), values=(text,)))


_HOST_RESOURCES: Mapping[str | None, Callable[[Target, str], None]] = {
    "pci":  _pci,
    "usb":  _usb,
    "scsi": _scsi,
    "mdev": _mediated,
}  # fmt: skip


def _host_device(target: Target, value: Sequence[str]) -> None:
    kind = target.device.kind
    put = _HOST_RESOURCES.get(kind)
    if put is None or len(value) != 1:
        raise ValueError(f"a device of type {kind} is not named so")
    put(target, value[0])


def _host_kind(target: Target, kind: str) -> None:
    one_of(*(word for word in _HOST_RESOURCES if word))(kind)
    target.edit.set_all(mode="subsystem", kind=kind, source_address=None)
    if kind == "pci":
        target.edit.set_all(managed=True)


# The others


def _cid(target: Target, text: str) -> None:
    target.edit.set("automatic", not text)
    target.edit.set("cid", number(text) if text else None)


def _model(target: Target, value: str) -> None:
    target.edit.set("model", value or None)


def _random_source(target: Target, value: Sequence[str]) -> None:
    if target.device.backend not in {None, "random"}:
        raise ValueError(f"a generator of type {target.device.backend} has no path")
    _first("source_path")(target, value)


_SETTERS: Mapping[type[Device], Mapping[str, Setter]] = {
    HostDevice: {
        "ResourceSubType": _host_kind,
        "HostResource":    _host_device,
        **BOOT_SETTERS,
    },
    RandomGenerator: {"ResourceSubType": _model, "HostResource": _random_source},
    TPM:             {"ResourceSubType": _model, "HostResource": _first("source_path")},
    Vsock:           {"ResourceSubType": _model, "Address": _cid},
    Watchdog:        {"ResourceSubType": _model},
    Sound:           {"ResourceSubType": _model},
    MemoryBalloon:   {"ResourceSubType": _model},
    OtherDevice:     {"ResourceSubType": _model, **BOOT_SETTERS},
}  # fmt: skip


def _changes(setters: Mapping[str, Setter]) -> Changes:
    getters = generic_settings.PROPERTIES
    reasons = fixed(getters, setters, BootOrder=_NO_BOOT)
    return Changes(getters=getters, setters=setters, fixed=reasons)


GENERIC_CHANGES: Mapping[type[Device], Changes] = {
    cls: _changes(setters) for cls, setters in _SETTERS.items()
}
