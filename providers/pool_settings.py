"""Settings of pools and volumes that a client wants made → what the hypervisor is told.

The rule: what is wrong with settings is a ValueError, in libvirt-cim's words where it has some.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from virtcim.broker.embedded import Embedded
from virtcim.hypervisors.definition.network_texts import (
    BASES,
    Base,
    Forward,
    NewAddress,
    NewNetwork,
)
from virtcim.hypervisors.definition.pool_texts import NewPool, NewVolume
from virtcim.providers.quantities import bytes_of
from virtcim.schema.valuemaps import DiskPoolType, NetworkPoolForwardMode, VolumeFormatType

DISK_POOL = "Virt_DiskPoolResourceAllocationSettingData"
NET_POOL = "Virt_NetPoolResourceAllocationSettingData"
VOLUME = "Virt_StorageVolumeResourceAllocationSettingData"


def _text(settings: Embedded, name: str) -> str | None:
    """Return a text without outer blanks; blank is as good as none."""
    value = settings.get(name)
    return (value.strip() or None) if isinstance(value, str) else None


def _number(settings: Embedded, name: str) -> int | None:
    value = settings.get(name)
    return value if isinstance(value, int) else None


def _need(settings: Embedded, name: str) -> str:
    found = _text(settings, name)
    if found is None:
        raise ValueError(f"Missing `{name}' property")
    return found


def _texts(settings: Embedded, name: str) -> tuple[str, ...]:
    value = settings.get(name)
    found = value if isinstance(value, tuple) else ()
    return tuple(one.strip() for one in found if isinstance(one, str) and one.strip())


# Storage pools


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolKind:
    """A type of storage pools: what libvirt calls it, and what its settings must have.

    target: where its volumes appear when the client does not say; None leaves it to libvirt.
    devices: how many DevicePaths at least and at most; None is any number.
    builds: making its directory is all that building it does, so that it can be done unasked.
    """

    name: str
    needs: tuple[str, ...] = ()
    target: str | None = None
    devices: tuple[int, int | None] = (0, 0)
    builds: bool = False


_BY_PATH = "/dev/disk/by-path"

POOL_KINDS: Mapping[DiskPoolType, PoolKind] = {
    DiskPoolType.DIRECTORY:
        PoolKind(name="dir", needs=("Path",), builds=True),
    DiskPoolType.FILE_SYSTEM:
        PoolKind(name="fs", needs=("Path",), devices=(1, 1), builds=True),
    DiskPoolType.NETWORK_FILE_SYSTEM:
        PoolKind(name="netfs", needs=("Path", "Host", "SourceDirectory"), builds=True),
    DiskPoolType.DISK:
        PoolKind(name="disk", target="/dev", devices=(1, 1)),
    DiskPoolType.ISCSI:
        PoolKind(name="iscsi", needs=("Host",), target=_BY_PATH, devices=(1, 1)),
    DiskPoolType.LOGICAL:
        PoolKind(name="logical", devices=(0, None)),
    DiskPoolType.SCSI_HBA:
        PoolKind(name="scsi", target=_BY_PATH),
}  # fmt: skip
"""Total over the types that are known."""


def new_pool(settings: Embedded, name: str, *, path_needed: bool) -> tuple[NewPool, PoolKind]:
    """Return the storage pool that settings ask for; `path_needed`: whatever its type."""
    number = _number(settings, "Type")
    if number is None:
        raise ValueError("Missing `Type' property")
    kind = POOL_KINDS.get(DiskPoolType(number)) if number in set(DiskPoolType) else None
    if kind is None:
        raise ValueError("Storage pool type not supported")
    if path_needed:
        _need(settings, "Path")
    for needed in kind.needs:
        _need(settings, needed)
    pool = NewPool(
        name=name,
        kind=kind.name,
        target=_text(settings, "Path") or kind.target,
        host=_text(settings, "Host"),
        directory=_text(settings, "SourceDirectory"),
        devices=_devices(settings, kind),
        adapter=_text(settings, "AdapterName"),
        wwpn=_text(settings, "PortName"),
        wwnn=_text(settings, "NodeName"),
    )
    if kind.name == "scsi" and not (pool.adapter or (pool.wwpn and pool.wwnn)):
        raise ValueError("Missing `AdapterName' property, or `PortName' and `NodeName'")
    return pool, kind


def _devices(settings: Embedded, kind: PoolKind) -> tuple[str, ...]:
    found = _texts(settings, "DevicePaths")
    least, most = kind.devices
    if least and not found:
        raise ValueError("Missing `DevicePaths' property")
    if most is not None and len(found) > most:
        raise ValueError(f"`DevicePaths' has {len(found)} paths where {most} can be")
    return found


# Networks

_FORWARDS: Mapping[NetworkPoolForwardMode, Forward] = {
    NetworkPoolForwardMode.NONE:        Forward.NONE,
    NetworkPoolForwardMode.NAT:         Forward.NAT,
    NetworkPoolForwardMode.ROUTED:      Forward.ROUTE,
    NetworkPoolForwardMode.OPEN:        Forward.OPEN,
    NetworkPoolForwardMode.BRIDGE:      Forward.BRIDGE,
    NetworkPoolForwardMode.PRIVATE:     Forward.PRIVATE,
    NetworkPoolForwardMode.VEPA:        Forward.VEPA,
    NetworkPoolForwardMode.PASSTHROUGH: Forward.PASSTHROUGH,
}  # fmt: skip
"""Total over the modes."""

# libvirt-cim's network, which clients get that say nothing of addresses.
_ADDRESS, _NETMASK, _START, _END = (
    "192.168.122.1", "255.255.255.0", "192.168.122.2", "192.168.122.254",
)  # fmt: skip
_PREFIX_V6 = "64"  # what stateless configuration of addresses needs
_PRESET = frozenset({Forward.NONE, Forward.NAT, Forward.ROUTE})


def new_network(settings: Embedded, name: str) -> NewNetwork:
    """Return the network that settings ask for."""
    number = _number(settings, "ForwardMode")
    mode = NetworkPoolForwardMode.NAT.value if number is None else number
    if mode not in set(NetworkPoolForwardMode):
        raise ValueError("Storage pool type not supported")  # so does libvirt-cim say
    forward = _FORWARDS[NetworkPoolForwardMode(mode)]
    base = BASES[forward]
    return NewNetwork(
        name=name,
        forward=forward,
        device=_device(settings, base),
        bridge=_need(settings, "Bridge") if base is Base.HOST_BRIDGE else _text(settings, "Bridge"),
        address=_address(settings, forward),
    )


def _device(settings: Embedded, base: Base) -> str | None:
    if base is Base.HOST_DEVICE:
        return _need(settings, "ForwardDevice")
    return None if base is Base.HOST_BRIDGE else _text(settings, "ForwardDevice")


_OF_ADDRESS = ("Address", "Netmask", "IPRangeStart", "IPRangeEnd")


def _address(settings: Embedded, forward: Forward) -> NewAddress | None:
    given = _text(settings, "Address")
    told = next((name for name in _OF_ADDRESS if _text(settings, name)), None)
    if BASES[forward] is not Base.OWN_BRIDGE:
        if told is not None:
            raise ValueError(f"a network of mode {forward} has no `{told}' of its own")
        return None
    preset = settings.get("Address") is None and forward in _PRESET  # blank means none
    if given is None and not preset:
        if told is not None:
            raise ValueError(f"`{told}' is nothing without `Address'")
        return None
    network = _interface(given or _ADDRESS, _text(settings, "Netmask"))
    start, end = _range(settings, preset=preset)
    if start is not None and end is not None:
        _check_range(network, start, end)
    return NewAddress(
        address=str(network.ip),
        prefix=network.network.prefixlen,
        version=network.version,
        start=start,
        end=end,
    )


def _range(settings: Embedded, *, preset: bool) -> tuple[str | None, str | None]:
    start, end = _text(settings, "IPRangeStart"), _text(settings, "IPRangeEnd")
    if preset and settings.get("Netmask") is None:
        return start or _START, end or _END
    if (start is None) is not (end is None):
        raise ValueError("`IPRangeStart' and `IPRangeEnd' are given both or not at all")
    return start, end


Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _interface(address: str, mask: str | None) -> Interface:
    try:
        version = ipaddress.ip_address(address).version
        return ipaddress.ip_interface(f"{address}/{mask or (_NETMASK, _PREFIX_V6)[version == 6]}")
    except ValueError as error:
        raise ValueError(f"`Address' and `Netmask' are no address: {error}") from None


def _check_range(interface: Interface, start: str, end: str) -> None:
    try:
        first, last = ipaddress.ip_address(start), ipaddress.ip_address(end)
    except ValueError as error:
        raise ValueError(f"`IPRangeStart' or `IPRangeEnd' is no address: {error}") from None
    if first not in interface.network or last not in interface.network:
        raise ValueError(f"the addresses {start} to {end} are not in {interface.network}")
    if int(first) > int(last):
        raise ValueError(f"the addresses begin with {start} and end before it")


# Volumes

_FORMATS: Mapping[VolumeFormatType, str | None] = {
    VolumeFormatType.UNKNOWN: None,
    VolumeFormatType.RAW:     "raw",
    VolumeFormatType.QCOW2:   "qcow2",
}  # fmt: skip

_ALL = ("FormatType", "VolumeName", "Path", "Capacity", "AllocationQuantity", "AllocationUnits")
"""What libvirt-cim asks for, in its order."""


def missing_of_volume(settings: Embedded) -> Iterator[str]:
    """Yield the properties of a volume's settings that libvirt-cim would miss."""
    return (name for name in _ALL if settings.get(name) is None)


def new_volume(settings: Embedded) -> NewVolume:
    """Return the volume that settings ask for."""
    number = _number(settings, "FormatType") or 0
    if number not in set(VolumeFormatType):
        raise ValueError(f"`FormatType' is none of those that are known: {number}")
    return NewVolume(
        name=_need(settings, "VolumeName"),
        capacity=capacity_of(settings),
        allocation=_size(settings, "AllocationQuantity"),
        format=_FORMATS[VolumeFormatType(number)],
    )


def capacity_of(settings: Embedded) -> int:
    """Return the bytes that a volume is to hold."""
    found = _size(settings, "Capacity")
    if found is None:
        raise ValueError("Missing `Capacity' property")
    return found


def _size(settings: Embedded, name: str) -> int | None:
    amount = _number(settings, name)
    return None if amount is None else bytes_of(amount, _text(settings, "AllocationUnits"))
