"""New devices: what a client gave, and what a device of that kind has beside it.

The rule: what a client gave wins; a default is here only where libvirt has none, or where clients
of libvirt-cim rely on it.
"""

from collections.abc import Callable, Mapping
from secrets import token_bytes
from types import MappingProxyType
from typing import Any

from virtcim.hypervisors.definition import DomainDefinition
from virtcim.hypervisors.definition.devices import Device
from virtcim.hypervisors.definition.editing import DomainEditor
from virtcim.inventory.snapshots import Domain
from virtcim.providers.changes import TOLD_ANYWAY, Changes, Given, Target, same, write
from virtcim.providers.changing import CHANGES_OF, Resource, configuration_of, view_of
from virtcim.providers.model import HostModel
from virtcim.wbem.status import InvalidParameter

DEFAULTS: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    # element     fields that it begins with
    "console":    {"kind": "pty"},
    "serial":     {"kind": "pty"},
    "parallel":   {"kind": "pty"},
    "channel":    {"kind": "unix", "target_type": "virtio"},
    "input":      {"kind": "mouse"},
    "hostdev":    {"mode": "subsystem"},
    "rng":        {"model": "virtio", "backend": "random", "source_path": "/dev/urandom"},
    "tpm":        {"model": "tpm-crb", "backend": "emulator", "version": "2.0"},
    "vsock":      {"model": "virtio", "automatic": True},
    "watchdog":   {"model": "i6300esb", "action": "reset"},
    "sound":      {"model": "ich9"},
    "memballoon": {"model": "virtio"},
    "memory":     {"model": "dimm"},
})  # fmt: skip


def new_device(
    model: HostModel, domain: Domain, editor: DomainEditor, element: str, given: Given
) -> Device:
    """Add a device to a definition; raises InvalidParameter."""
    edit = editor.add(element)
    edit.set_all(**DEFAULTS.get(element, {}))
    changes = CHANGES_OF[type(editor.found(edit))]
    given = changes.prepare(model, given, is_new=True)
    target = Target(model=model, editor=editor, edit=edit, given=given, is_new=True)
    values = {name: given[name.lower()] for name in changes.setters if name.lower() in given}
    _FIRST.get(element, _nothing)(target)
    write(changes, target, values)
    _COMPLETIONS.get(element, _nothing)(target)
    made = editor.found(edit)
    if not model.behaviour.fixed_are_ignored:
        _check_fixed(model, domain, editor.definition, made, given)
    return made


def settable(model: HostModel, changes: Changes, given: Given) -> Given:
    """Return what is looked at of what a client gave."""
    if not model.behaviour.fixed_are_ignored:
        return given
    known = {name.lower() for name in changes.setters}
    return {name: value for name, value in given.items() if name in known}


def _check_fixed(
    model: HostModel, domain: Domain, definition: DomainDefinition, made: Device, given: Given
) -> None:
    """Raise InvalidParameter for what a client gave, cannot be set and is otherwise."""
    changes = CHANGES_OF[type(made)]
    view = view_of(model, configuration_of(domain, definition), Resource(made.id, made))
    for name, reason in changes.fixed.items():
        key = name.lower()
        if key in TOLD_ANYWAY or key not in given:
            continue
        if not same(given[key], changes.getters[name](view)):
            raise InvalidParameter(f"{name} cannot be set: {reason}")


# What comes before the client's values, and after them


def _disk(target: Target) -> None:
    if not target.has("VirtualDevice"):
        raise InvalidParameter("Missing `VirtualDevice' property")
    wanted = target.given["virtualdevice"]
    if any(getattr(one, "target", None) == wanted and one.element == "disk"
           for one in target.definition.devices):  # fmt: skip
        raise InvalidParameter(
            "VirtualDevice property must be unique for each DiskResourceAllocationSettingData "
            "in a single guest"
        )


_SOURCES = ("Address", "HostResource", "SourceName", "SourceVolume", "SourceHosts", "SourceType")


def _disk_source(target: Target) -> None:
    """An empty drive is a file without a name; a disk is made of something."""
    disk = target.device
    if not any(map(target.has, _SOURCES)) and disk.device not in {"cdrom", "floppy"}:
        if not target.model.behaviour.legacy_defaults:
            raise InvalidParameter("Missing `Address' property: a disk is made from something")
        target.edit.set_all(source_file="/dev/null")
    if disk.kind is None:
        target.edit.set_all(kind="file")


def _filesystem(target: Target) -> None:
    device = target.device
    if device.target is None:
        raise InvalidParameter("Missing `MountPoint' field")
    if device.path is None:
        raise InvalidParameter("Missing `Address' field")
    if device.kind is None:
        target.edit.set_all(kind="mount")


def _interface(target: Target) -> None:
    """An interface is of a network, unless the client says of what."""
    if target.has("NetworkType"):
        return
    if target.model.behaviour.legacy_defaults:
        raise InvalidParameter("No Network Type specified")
    target.edit.set_all(kind="network")


_REQUIRED: Mapping[str | None, tuple[str, str]] = {
    # type     field             what is missing
    "bridge": ("source_bridge", "No Network bridge name specified"),
    "direct": ("source_device", "No Source Device specified"),
}  # fmt: skip


def _connected(target: Target) -> None:
    interface = target.device
    if interface.kind == "network" and interface.source_network is None:
        networks = target.model.host.resources.networks
        name = next((one.name for one in networks if one.active), None)
        if name is None:
            raise InvalidParameter("No NetworkPool specified no default available")
        target.edit.set_all(source_network=name)
    if interface.kind in _REQUIRED and getattr(interface, _REQUIRED[interface.kind][0]) is None:
        raise InvalidParameter(_REQUIRED[interface.kind][1])
    if interface.mac is None:
        target.edit.set_all(mac=new_mac(target.model))


def new_mac(model: HostModel) -> str:
    """Return a MAC address that nobody has: of the hypervisor's own range."""
    numbers = (*_RANGES.get(model.host.prefix, _QEMU), *token_bytes(3))
    return ":".join(f"{number:02x}" for number in numbers)


_QEMU, _XEN = (0x52, 0x54, 0x00), (0x00, 0x16, 0x3E)
_RANGES: Mapping[str, tuple[int, int, int]] = {"Xen": _XEN, "LXC": _XEN}


def _graphics(target: Target) -> None:
    """A display is reached from this machine alone, unless the client says otherwise."""
    display = target.device
    if display.kind not in {"vnc", "spice", "rdp"}:
        return
    if display.port is None and display.tls_port is None and not display.listens:
        target.edit.set_all(port=-1, autoport=True)
    if display.listen_address is None and not display.listens:
        target.edit.set_all(listen="127.0.0.1")
    if display.key_map is None and target.model.behaviour.legacy_defaults:
        target.edit.set_all(key_map="en-us")


def _controller(target: Target) -> None:
    if target.device.kind is None:
        raise InvalidParameter("Missing `ResourceSubType' property: a controller has a type")


def _host_device(target: Target) -> None:
    device = target.device
    if device.kind is None or (device.source_address is None and device.vendor_id is None):
        needed = "ResourceSubType and HostResource"
        raise InvalidParameter(f"Missing {needed}: which device of the host it is")


def _tpm(target: Target) -> None:
    if target.device.source_path is not None:
        target.edit.set_all(backend="passthrough", version=None)


def _nothing(_target: Target) -> None:
    pass


_FIRST: Mapping[str, Callable[[Target], None]] = {"disk": _disk, "interface": _interface}

_COMPLETIONS: Mapping[str, Callable[[Target], None]] = {
    "disk":       _disk_source,
    "filesystem": _filesystem,
    "interface":  _connected,
    "graphics":   _graphics,
    "controller": _controller,
    "hostdev":    _host_device,
    "tpm":        _tpm,
}  # fmt: skip
