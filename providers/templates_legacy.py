"""Templates as libvirt-cim has them, for its clients, which take them as patterns of settings.

The rule: numbers and names are libvirt-cim's, true or not; an InstanceID is the flavour's word, so
that several templates of one class share it and none of those can be fetched. What it writes into
properties that the class does not have is left out, as is what its clients can only stumble over:
addresses "True" and "False" are those of a default listener.
"""

from collections.abc import Callable, Iterator, Mapping

from virtcim.providers import views
from virtcim.providers.compatibility import BANDWIDTH, DISK, MEMORY, PROCESSORS
from virtcim.providers.families import Values
from virtcim.providers.model import HostModel
from virtcim.providers.pools import Pool, pools, resource_type, storage_definition
from virtcim.providers.templates_flavours import Flavour, Template
from virtcim.schema.valuemaps import (
    DiskPoolType,
    EmulatedType,
    NetworkPoolForwardMode,
    ResourceType,
    VolumeFormatType,
)

NETWORK_DEFINITION = "Virt_NetPoolResourceAllocationSettingData"
DISK_POOL_DEFINITION = "Virt_DiskPoolResourceAllocationSettingData"
VOLUME_DEFINITION = "Virt_StorageVolumeResourceAllocationSettingData"

_MIN, _MAX, _DEFAULT, _STEP = Flavour.MINIMUM, Flavour.MAXIMUM, Flavour.DEFAULT, Flavour.INCREMENT
_XEN, _KVM, _LXC = "Xen", "KVM", "LXC"

Amounts = Mapping[Flavour, int]


def _row(least: int, most: int, default: int, step: int) -> Amounts:
    return {_MIN: least, _MAX: most, _DEFAULT: default, _STEP: step}


#                       Minimum  Maximum  Default  Increment
_MEMORY_KIB = _row(65536, 4194304, 262144, 1024)
_CONNECTIONS = _row(0, 8, 1, 1)
_XEN_LIMIT = _row(1, 0, 0, 50)
_WEIGHTS: Mapping[str, Amounts] = {
    _XEN: _row(1, 65535, 1024, 32767),
    _KVM: _row(2, 262144, 1024, 1),
}  # fmt: skip
_BANDWIDTH = {_MIN: 1, _STEP: 1}
_AUTOSTART = _row(0, 1, 0, 1)
_LEAST_VOLUME, _VOLUME_STEP = 2000, 250


def legacy_templates(model: HostModel) -> Iterator[Template]:
    """Yield the templates of all pools of a host."""
    for pool in pools(model):
        read = _READERS.get((pool.kind.family, pool.primordial))
        if read is not None:
            for flavour in Flavour:
                for template in read(model, pool, flavour):
                    common = {
                        "InstanceID": flavour.value,
                        "PoolID": pool.id,
                        "ResourceType": resource_type(model.behaviour, pool.kind),
                    }
                    yield Template(template.family, {**common, **template.values})


def _processors(model: HostModel, _pool: Pool, flavour: Flavour) -> Iterator[Template]:
    machine, prefix = model.host.resources.machine, model.host.prefix
    most = (machine and machine.most_vcpus) or 1
    values: dict[str, int | str] = {
        "AllocationUnits": model.behaviour.units[PROCESSORS],
        "VirtualQuantity": _row(0, most, 1, 1)[flavour],
    }
    if prefix in _WEIGHTS:
        values["Weight"] = _WEIGHTS[prefix][flavour]
    if prefix == _XEN:
        values["Limit"] = _XEN_LIMIT[flavour]
    yield Template(views.PROCESSOR_SETTING, values)


def _memory(model: HostModel, _pool: Pool, flavour: Flavour) -> Iterator[Template]:
    amount = _MEMORY_KIB[flavour]
    yield Template(views.MEMORY_SETTING, {
        "AllocationUnits": model.behaviour.units[MEMORY],
        "VirtualQuantity": amount,
        "Limit": amount,
    })  # fmt: skip


_SWITCH_PORTS: tuple[Values, ...] = (
    {},
    {"VSIType": "802.1Qbh", "ProfileID": "my_profile"},
    {"VSIType": "802.1Qbg", "VSIManagerID": "managerid", "VSITypeID": "typeid",
     "VSITypeIDVersion": "typeidversion", "VSIInstanceID": "instanceid"},
    {"VSIType": "802.1Qbg", "VSIManagerID": "managerid", "VSITypeID": "typeid",
     "VSITypeIDVersion": "typeidversion"},
)  # fmt: skip
"""Ports of a switch outside; the texts are places to fill."""


def _network(model: HostModel, pool: Pool, flavour: Flavour) -> Iterator[Template]:
    common: dict[str, int | str] = {"VirtualQuantity": _CONNECTIONS[flavour]}
    if flavour in _BANDWIDTH:
        rate = _BANDWIDTH[flavour]
        unit = model.behaviour.units[BANDWIDTH]
        common |= {"Reservation": rate, "Limit": rate, "AllocationUnits": unit}
    connections: tuple[Values, ...] = (
        {"NetworkType": "network", "NetworkName": pool.title},
        {"NetworkType": "bridge", "NetworkName": "br0"},
        {"NetworkType": "user"},
    )
    devices: tuple[Values, ...] = ({"VirtualDevice": "vtap1", "ResourceSubType": "e1000"}, {})
    for connection in connections:
        for device in devices:
            yield Template(views.NET_SETTING, {**common, **connection, **device})
    direct = {"NetworkType": "direct", "SourceDevice": "eth1", "NetworkMode": "vepa"}
    for port in _SWITCH_PORTS:
        yield Template(views.NET_SETTING, {**common, **direct, **port})


_FORWARDS: tuple[tuple[NetworkPoolForwardMode, str | None], ...] = (
    (NetworkPoolForwardMode.NONE, None),
    (NetworkPoolForwardMode.NAT, None),
    (NetworkPoolForwardMode.NAT, "eth0"),
    (NetworkPoolForwardMode.ROUTED, None),
    (NetworkPoolForwardMode.ROUTED, "eth0"),
)


def _networks(_model: HostModel, _pool: Pool, _flavour: Flavour) -> Iterator[Template]:
    for mode, device in _FORWARDS:
        yield Template(NETWORK_DEFINITION, {
            "Address": "192.168.122.1",
            "Netmask": "255.255.255.0",
            "IPRangeStart": "192.168.122.2",
            "IPRangeEnd": "192.168.122.254",
            "ForwardMode": mode,
            "ForwardDevice": device,
        })  # fmt: skip


_DISK_POOLS: tuple[Values, ...] = (
    {"Type": DiskPoolType.DIRECTORY},
    {"Type": DiskPoolType.FILE_SYSTEM, "DevicePaths": ("/dev/sda100",)},
    {"Type": DiskPoolType.NETWORK_FILE_SYSTEM, "Host": "host_sys.domain.com",
     "SourceDirectory": "/var/lib/images"},
    {"Type": DiskPoolType.DISK, "DevicePaths": ("/dev/VolGroup00/LogVol100",)},
    {"Type": DiskPoolType.ISCSI, "Host": "host_sys.domain.com", "DevicePaths": ("iscsi-target",)},
    {"Type": DiskPoolType.LOGICAL},
    {"Type": DiskPoolType.SCSI_HBA, "Path": "/dev/disk/by-id", "AdapterName": "host0",
     "PortName": "0000111122223333", "NodeName": "4444555566667777"},
)  # fmt: skip


def _disk_pools(_model: HostModel, _pool: Pool, flavour: Flavour) -> Iterator[Template]:
    common: Values = {"Path": "/dev/null", "Autostart": _AUTOSTART[flavour]}
    for values in _DISK_POOLS:
        yield Template(DISK_POOL_DEFINITION, {**common, **values})


_DISK_FACES: Mapping[str, tuple[Values, ...]] = {
    # prefix: disks as paravirtual and as whole machines see them
    _XEN: ({"Caption": "FV disk", "VirtualDevice": "hda"},
           {"Caption": "PV disk", "VirtualDevice": "xvda"}),
}  # fmt: skip
_ONE_FACE: tuple[Values, ...] = ({"VirtualDevice": "hda"},)

_DIRECTORY: Values = {"MountPoint": "/lxc_mnt/tmp", "Address": "/tmp"}  # noqa: S108 (a pattern)

_DRIVES: tuple[tuple[str, str, EmulatedType], ...] = (
    # word    device  what it is
    ("CDROM", "hdc",  EmulatedType.CDROM),
    ("floppy", "fda", EmulatedType.FLOPPY),
)  # fmt: skip


def _disks(model: HostModel, pool: Pool, flavour: Flavour) -> Iterator[Template]:
    if model.host.prefix == _LXC:
        yield Template(views.DISK_SETTING, _DIRECTORY)
        return
    yield from _new_volumes(model, pool, flavour)
    yield from _volumes(model, pool, flavour)
    faces = len(_DISK_FACES.get(model.host.prefix, _ONE_FACE))
    for word, device, type_ in _DRIVES:
        for _ in range(faces):
            yield Template(views.DISK_SETTING, {
                "InstanceID": f"{flavour} {word}",
                "Address": "/dev/null",
                "VirtualDevice": device,
                "EmulatedType": type_,
                "readonly": True,
            })  # fmt: skip


def _new_volumes(model: HostModel, pool: Pool, flavour: Flavour) -> Iterator[Template]:
    if pool.storage is None or pool.storage.kind != "dir":
        return
    definition = storage_definition(model, pool.storage)
    for unit in (None, "G"):
        yield Template(VOLUME_DEFINITION, {
            "InstanceID": f"New Storage Volume {flavour}",
            "ResourceType": ResourceType.STORAGE_VOLUME_IMAGE,
            "FormatType": VolumeFormatType.RAW,
            "VolumeName": "tmp.img",
            "Path": definition.target,
            "AllocationQuantity": 0,
            "Capacity": 0,
            "AllocationUnits": unit,
        })  # fmt: skip


def _volumes(model: HostModel, pool: Pool, flavour: Flavour) -> Iterator[Template]:
    for volume in pool.storage.volumes if pool.storage is not None else ():
        least = min(_LEAST_VOLUME, volume.capacity)
        amounts = _row(least, volume.capacity, volume.allocation, _VOLUME_STEP)
        for face in _DISK_FACES.get(model.host.prefix, _ONE_FACE):
            yield Template(views.DISK_SETTING, {
                "Address": volume.path,
                "EmulatedType": EmulatedType.DISK,
                "AllocationUnits": model.behaviour.units[DISK],
                "VirtualQuantity": amounts[flavour],
                **face,
            })  # fmt: skip


_DISPLAYS: tuple[Values, ...] = (
    {"ResourceSubType": "sdl"},
    *(
        {"ResourceSubType": "vnc", "KeyMap": "en-us", "Address": address}
        for address in ("127.0.0.1:-1", "[::1]:-1", "127.0.0.1:-1", "127.0.0.1:-1")
    ),
)


def _graphics(_model: HostModel, _pool: Pool, _flavour: Flavour) -> Iterator[Template]:
    return (Template(views.GRAPHICS_SETTING, values) for values in _DISPLAYS)


_INPUTS: Mapping[str, tuple[Values, ...]] = {
    _KVM: ({"ResourceSubType": "mouse", "BusType": "ps2"},
           {"ResourceSubType": "mouse", "BusType": "usb"},
           {"ResourceSubType": "tablet", "BusType": "usb"}),
    _XEN: ({"ResourceSubType": "mouse", "BusType": "ps2", "Caption": "FV ps2 mouse"},
           {"ResourceSubType": "mouse", "BusType": "usb", "Caption": "FV usb mouse"},
           {"ResourceSubType": "mouse", "BusType": "xen", "Caption": "PV xen mouse"}),
    _LXC: ({"ResourceSubType": "mouse", "BusType": "usb"},),
}  # fmt: skip


def _inputs(model: HostModel, _pool: Pool, _flavour: Flavour) -> Iterator[Template]:
    found = _INPUTS.get(model.host.prefix, _INPUTS[_KVM])
    return (Template(views.INPUT_SETTING, values) for values in found)


_Reader = Callable[[HostModel, Pool, Flavour], Iterator[Template]]

_READERS: Mapping[tuple[str, bool], _Reader] = {
    # pool                   primordial
    ("Virt_ProcessorPool",   True):  _processors,
    ("Virt_MemoryPool",      True):  _memory,
    ("Virt_NetworkPool",     False): _network,
    ("Virt_NetworkPool",     True):  _networks,
    ("Virt_DiskPool",        False): _disks,
    ("Virt_DiskPool",        True):  _disk_pools,
    ("Virt_GraphicsPool",    True):  _graphics,
    ("Virt_InputPool",       True):  _inputs,
}  # fmt: skip
"""Controllers have no templates."""
