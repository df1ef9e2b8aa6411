"""CIM_ResourceAllocationSettingData of disks and of shared filesystems (DSP1047).

The rule: a size is what a storage pool says of the volume; no file is looked at.
"""

from collections.abc import Mapping

from virtcim.hypervisors.definition.storage import (
    BackingStore,
    Disk,
    Filesystem,
    Limits,
    SourceHost,
)
from virtcim.providers.compatibility import DISK
from virtcim.providers.host_resources import volume_uris
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import pool_index
from virtcim.providers.settings import ADDRESS, COMMON, by_kind, setting_family, yes_no
from virtcim.providers.views import DISK_SETTING, SettingView
from virtcim.providers.volume_index import capacities, capacity_of
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import ConsumerVisibility, EmulatedType

_BYTES = "byte"
_CONTAINER = "exe"  # type of the operating system where a container's init is one

TYPES: Mapping[str | None, EmulatedType] = {
    # disk/@device
    None:     EmulatedType.DISK,
    "disk":   EmulatedType.DISK,
    "cdrom":  EmulatedType.CDROM,
    "floppy": EmulatedType.FLOPPY,
    "lun":    EmulatedType.LUN,
}  # fmt: skip

_NO_LIMITS, _NO_BACKING = Limits(), BackingStore()


def source_path(model: HostModel, device: Disk | Filesystem) -> str | None:
    """Return the path of what a disk is made from; None means an empty drive.

    A volume of a pool that is not known has no path, and is `pool/volume`.
    """
    pool, volume = device.source_pool, device.source_volume
    if pool and volume:
        return pool_index(model).volumes.get((pool, volume), f"{pool}/{volume}")
    return device.path


def _host_resource(v: SettingView) -> tuple[str, ...] | None:
    if not isinstance(v.device, Disk | Filesystem):
        return None
    path = source_path(v.model, v.device)
    return (volume_uris(v.model).get(path, path),) if path else None


def _limits(v: SettingView) -> Limits:
    return (isinstance(v.device, Disk) and v.device.limits) or _NO_LIMITS


def _below(v: SettingView) -> BackingStore:
    return next(iter(v.device.backing), _NO_BACKING) if isinstance(v.device, Disk) else _NO_BACKING


def server(host: SourceHost) -> str:
    """Return a server as `name:port`, or its socket."""
    if host.name is None:
        return host.socket or ""
    name = f"[{host.name}]" if ":" in host.name else host.name
    return name if host.port is None else f"{name}:{host.port}"


_OF_BOTH: Mapping[str, Getter] = {
    **COMMON,
    **ADDRESS,
    "HostResource":         _host_resource,
    "AllocationUnits":      lambda v: v.model.behaviour.units[DISK],
    "VirtualQuantity":      lambda v: capacity_of(v.model, v.device),
    "VirtualQuantityUnits": lambda _: _BYTES,
    "Address":              lambda v: source_path(v.model, v.device) or "",
    "VirtualDevice":        lambda v: v.device.target,
    "readonly":             lambda v: v.device.readonly,
    "SourcePool":           lambda v: v.device.source_pool,
    "SourceVolume":         lambda v: v.device.source_volume,
}  # fmt: skip

OF_DISK: Mapping[str, Getter] = {
    **_OF_BOTH,
    "SourceName":               lambda v: v.device.source_name,
    "SourceType":               lambda v: v.device.kind,
    "DriverType":               lambda v: v.device.format,
    "ResourceSubType":          lambda v: v.device.device or "disk",
    "ConsumerVisibility":       lambda v: ConsumerVisibility.PASSED_THROUGH
                                          if v.device.device == "lun"
                                          else ConsumerVisibility.VIRTUALIZED,
    "EmulatedType":             lambda v: TYPES.get(v.device.device),
    "BusType":                  lambda v: v.device.bus,
    "shareable":                lambda v: v.device.shareable,
    "DriverName":               lambda v: v.device.driver,
    "DriverCache":              lambda v: v.device.cache,
    "DriverIO":                 lambda v: v.device.io,
    "DriverDiscard":            lambda v: v.device.discard,
    "DriverDetectZeroes":       lambda v: v.device.detect_zeroes,
    "ErrorPolicy":              lambda v: v.device.error_policy,
    "ReadErrorPolicy":          lambda v: v.device.read_error_policy,
    "IOThread":                 lambda v: v.device.io_thread,
    "rawio":                    lambda v: yes_no(v.device.raw_io),
    "sgio":                     lambda v: v.device.sgio,
    "SourceProtocol":           lambda v: v.device.source_protocol,
    "SourceHosts":              lambda v: tuple(map(server, v.device.source_hosts)) or None,
    "SerialNumber":             lambda v: v.device.serial,
    "WWN":                      lambda v: v.device.wwn,
    "Vendor":                   lambda v: v.device.vendor,
    "Product":                  lambda v: v.device.product,
    "BackingPath":              lambda v: _below(v).path,
    "RotationRate":             lambda v: v.device.rotation_rate,
    "Snapshot":                 lambda v: v.device.snapshot,
    "Transient":                lambda v: v.device.transient,
    "LogicalBlockSize":         lambda v: v.device.logical_block_size,
    "PhysicalBlockSize":        lambda v: v.device.physical_block_size,
    "TotalBytesPerSecond":      lambda v: _limits(v).total_bytes,
    "ReadBytesPerSecond":       lambda v: _limits(v).read_bytes,
    "WriteBytesPerSecond":      lambda v: _limits(v).write_bytes,
    "TotalOperationsPerSecond": lambda v: _limits(v).total_operations,
    "ReadOperationsPerSecond":  lambda v: _limits(v).read_operations,
    "WriteOperationsPerSecond": lambda v: _limits(v).write_operations,
    "Encryption":               lambda v: v.device.encryption,
}  # fmt: skip

OF_FILESYSTEM: Mapping[str, Getter] = {
    **_OF_BOTH,
    "ResourceSubType":  lambda _: "filesystem",
    "EmulatedType":     lambda _: EmulatedType.FILESYSTEM,
    "DriverType":       lambda v: v.device.driver,
    "AccessMode":       lambda v: v.device.access_mode,
    "MountPoint":       lambda v: v.device.target if v.definition.os_type == _CONTAINER else None,
    "FilesystemType":   lambda v: v.device.kind or "mount",
    "FilesystemDriver": lambda v: v.device.driver,
    "FilesystemSource": lambda v: v.device.path,
}  # fmt: skip

PROPERTIES = by_kind({Disk: OF_DISK, Filesystem: OF_FILESYSTEM})


def given(model: HostModel) -> object:
    """Return what settings of disks depend on beside their domain; how full volumes are is not."""
    return (model.view_key, pool_index(model), capacities(model), volume_uris(model))


FAMILIES = (setting_family(DISK_SETTING, PROPERTIES, given),)
