"""What clients can change of disks and of shared filesystems (disk_settings.py).

The rule: no file is looked at; what a path is made of is what the client says by SourceType, or
what the path looks like.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from virtcim.hypervisors.definition import Address, SourceHost
from virtcim.providers.changes import Changes, Setter, Target, fixed, flag, one_of, to
from virtcim.providers.disk_settings import OF_DISK, OF_FILESYSTEM, TYPES, server
from virtcim.providers.host_resources import volume_uris
from virtcim.schema.valuemaps import EmulatedType

_SOURCES: Mapping[str, str] = {
    # type of a disk   field of its one name
    "file":            "source_file",
    "block":           "source_device",
    "dir":             "source_directory",
    "network":         "source_name",
    "vhostuser":       "source_path",
    "vhostvdpa":       "source_device",
}  # fmt: skip
_NAMES = tuple(dict.fromkeys(_SOURCES.values()))
_LOCAL = frozenset({None, "file", "block", "dir", "volume"})
_DEVICES = "/dev/"
_NOTHING = frozenset({"", "/dev/null"})

_WORDS: Mapping[int, str] = {
    number: word for word, number in TYPES.items() if word is not None
}  # fmt: skip


def _looks_like(path: str, kind: str | None) -> str:
    """Return the type of a disk by what its path looks like."""
    if kind == "dir":
        return kind
    return "block" if path.startswith(_DEVICES) else "file"


def _source(target: Target, path: str) -> None:
    """Set what a disk is made of; nothing is an empty drive."""
    disk = target.device
    removable = disk.device in {"cdrom", "floppy"}
    kind = disk.kind
    empty = path == "" or (path in _NOTHING and removable)
    if kind in _LOCAL and not target.has("SourceType"):
        kind = (kind if kind in _SOURCES else "file") if empty else _looks_like(path, kind)
    elif not empty and kind not in _SOURCES:
        raise ValueError(f"a disk of type {kind} has no address")
    _clear(target)
    target.edit.set("kind", kind)
    if not empty:
        target.edit.set(_SOURCES[kind], path)


def _clear(target: Target) -> None:
    """Take away all names of what a disk was made of, with the images below it."""
    target.edit.set_all(**dict.fromkeys((*_NAMES, "source_pool", "source_volume", "source_mode")))
    target.edit.set("backing", None)


def _kind(target: Target, kind: str) -> None:
    """Set the type of the source; its name goes with it where the other type has one too."""
    path = target.device.path
    _clear(target)
    target.edit.set("kind", kind or None)
    if path and kind in _SOURCES and not target.has("Address"):
        target.edit.set(_SOURCES[kind], path)


def _host_resource(target: Target, value: Sequence[str]) -> None:
    if target.has("Address"):
        return
    if len(value) > 1:
        raise ValueError("a disk is made from one thing")
    paths = {uri: str(path) for path, uri in volume_uris(target.model).items()}
    wanted = value[0] if value else ""
    if wanted not in paths and wanted and not wanted.startswith("/"):
        raise ValueError("it must be the URI of a storage volume or a path")
    _source(target, paths.get(wanted, wanted))


def _emulated(target: Target, value: int) -> None:
    if value not in _WORDS:
        raise ValueError(f"it must be one of {', '.join(map(str, sorted(_WORDS)))}")
    _device(target, _WORDS[value])


def _device(target: Target, word: str) -> None:
    one_of(*_WORDS.values())(word)
    if word != (target.device.device or "disk"):
        target.edit.set("device", word)


def _bus(target: Target, bus: str) -> None:
    """Set the bus; what the device's address was, it is not any more."""
    target.edit.set("bus", bus or None)
    if not target.has("AddressValues"):
        target.edit.set("address", None)


def _pool(target: Target, value: str) -> None:
    target.edit.set("source_pool", value or None)
    _volume_kind(target)


def _volume(target: Target, value: str) -> None:
    target.edit.set("source_volume", value or None)
    _volume_kind(target)


def _volume_kind(target: Target) -> None:
    disk = target.device
    if disk.source_pool or disk.source_volume:
        target.edit.set_all(kind="volume", **dict.fromkeys(_NAMES))
        target.edit.set("backing", None)


def _hosts(target: Target, value: Sequence[str]) -> None:
    known = {server(one): one for one in target.device.source_hosts}
    target.edit.set("source_hosts", tuple(known.get(one) or _host(one) for one in value))


def _host(text: str) -> SourceHost:
    if text.startswith("/"):
        return SourceHost(transport="unix", socket=text)
    name, _, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not name:
        name, port = port, ""
    if port and not port.isdecimal():
        raise ValueError("it must be written as NAME, NAME:PORT, [ADDRESS]:PORT or a socket's path")
    return SourceHost(name=name.strip("[]"), port=int(port) if port else None)


def limit(field: str) -> Setter:
    """Return a setter of a limit, of which 0 is none."""
    return to(field, lambda value: value or None)


def addresses(target: Target, _value: object) -> None:
    """Set where a device sits, by two parallel arrays."""
    names: Any = target.given.get("addressproperties") or ()
    values: Any = target.given.get("addressvalues") or ()
    if len(names) != len(values):
        raise ValueError("AddressProperties not matching AddressValues")
    found = Address(names=tuple(names), values=tuple(values)) if names else None
    target.edit.set("address", found)


ADDRESS_SETTERS: Mapping[str, Setter] = {
    "AddressProperties": addresses,
    "AddressValues":     addresses,
}  # fmt: skip

BOOT_SETTERS: Mapping[str, Setter] = {"BootOrder": to("boot_order", lambda value: value or None)}

LIMITS: Mapping[str, str] = {
    # property                 libvirt's name
    "TotalBytesPerSecond":      "total_bytes_sec",
    "ReadBytesPerSecond":       "read_bytes_sec",
    "WriteBytesPerSecond":      "write_bytes_sec",
    "TotalOperationsPerSecond": "total_iops_sec",
    "ReadOperationsPerSecond":  "read_iops_sec",
    "WriteOperationsPerSecond": "write_iops_sec",
}  # fmt: skip
"""What a running disk is limited to by a call of its own."""

DISK_SETTERS: Mapping[str, Setter] = {
    "VirtualDevice":            to("target"),
    "EmulatedType":             _emulated,
    "ResourceSubType":          _device,
    "BusType":                  _bus,
    "SourceType":               _kind,
    "SourceProtocol":           to("source_protocol"),
    "SourceName":               to("source_name"),
    "SourceHosts":              _hosts,
    "Address":                  _source,
    "HostResource":             _host_resource,
    "SourcePool":               _pool,
    "SourceVolume":             _volume,
    "DriverName":               to("driver"),
    "DriverType":               to("format"),
    "DriverCache":              to("cache"),
    "DriverIO":                 to("io"),
    "DriverDiscard":            to("discard"),
    "DriverDetectZeroes":       to("detect_zeroes"),
    "ErrorPolicy":              to("error_policy"),
    "ReadErrorPolicy":          to("read_error_policy"),
    "IOThread":                 to("io_thread", lambda value: value or None),
    "readonly":                 to("readonly"),
    "shareable":                to("shareable"),
    "Transient":                to("transient"),
    "rawio":                    to("raw_io", flag),
    "sgio":                     to("sgio"),
    "Snapshot":                 to("snapshot"),
    "SerialNumber":             to("serial"),
    "WWN":                      to("wwn"),
    "Vendor":                   to("vendor"),
    "Product":                  to("product"),
    "RotationRate":             to("rotation_rate", lambda value: value or None),
    "LogicalBlockSize":         limit("logical_block_size"),
    "PhysicalBlockSize":        limit("physical_block_size"),
    "TotalBytesPerSecond":      limit("limits.total_bytes"),
    "ReadBytesPerSecond":       limit("limits.read_bytes"),
    "WriteBytesPerSecond":      limit("limits.write_bytes"),
    "TotalOperationsPerSecond": limit("limits.total_operations"),
    "ReadOperationsPerSecond":  limit("limits.read_operations"),
    "WriteOperationsPerSecond": limit("limits.write_operations"),
    **ADDRESS_SETTERS,
    **BOOT_SETTERS,
}  # fmt: skip

_FILESYSTEM_SOURCES: Mapping[str | None, str] = {
    # type        field
    None:         "source_directory",
    "mount":      "source_directory",
    "bind":       "source_directory",
    "file":       "source_file",
    "block":      "source_device",
    "template":   "source_name",
}  # fmt: skip


def _filesystem_source(target: Target, path: str) -> None:
    kind = target.device.kind
    field = _FILESYSTEM_SOURCES.get(kind)
    if field is None:
        raise ValueError(f"a filesystem of type {kind} has no address")
    target.edit.set(field, path or None)


def _filesystem_kind(target: Target, kind: str) -> None:
    path = target.device.path
    for field in dict.fromkeys(_FILESYSTEM_SOURCES.values()):
        target.edit.set(field, None)
    target.edit.set("kind", kind or None)
    if path and kind in _FILESYSTEM_SOURCES:
        target.edit.set(_FILESYSTEM_SOURCES[kind], path)


def _filesystem_type(_target: Target, value: int) -> None:
    if value != EmulatedType.FILESYSTEM:
        raise ValueError("a filesystem is no disk")


FILESYSTEM_SETTERS: Mapping[str, Setter] = {
    "EmulatedType":     _filesystem_type,
    "FilesystemType":   _filesystem_kind,
    "VirtualDevice":    to("target"),
    "MountPoint":       to("target"),
    "AccessMode":       to("access_mode"),
    "DriverType":       to("driver"),
    "FilesystemDriver": to("driver"),
    "Address":          _filesystem_source,
    "FilesystemSource": _filesystem_source,
    "HostResource":     lambda t, value: None if t.has("Address")
                                         else _filesystem_source(t, next(iter(value), "")),
    "SourcePool":       to("source_pool"),
    "SourceVolume":     to("source_volume"),
    "readonly":         to("readonly"),
    **ADDRESS_SETTERS,
    **BOOT_SETTERS,
}  # fmt: skip

_SIZE = "it is the size of the volume, which its pool changes"

DISK_CHANGES = Changes(
    getters=OF_DISK,
    setters=DISK_SETTERS,
    fixed=fixed(
        OF_DISK,
        DISK_SETTERS,
        VirtualQuantity=_SIZE,
        VirtualQuantityUnits=_SIZE,
        AllocationUnits=_SIZE,
        BackingPath="the image says what is below it",
        Encryption="it needs a secret that a setting does not carry",
    ),
)

FILESYSTEM_CHANGES = Changes(
    getters=OF_FILESYSTEM,
    setters=FILESYSTEM_SETTERS,
    fixed=fixed(
        OF_FILESYSTEM,
        FILESYSTEM_SETTERS,
        VirtualQuantity=_SIZE,
        VirtualQuantityUnits=_SIZE,
        AllocationUnits=_SIZE,
        ResourceSubType="a filesystem is one",
    ),
)
