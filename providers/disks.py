"""CIM_LogicalDisk of domains: disks and filesystems (DSP1047)."""

from collections.abc import Mapping

from virtcim.hypervisors.definition.storage import Disk, Filesystem
from virtcim.providers.device_states import device_state
from virtcim.providers.devices import device_family
from virtcim.providers.model import HostModel
from virtcim.providers.views import DISK, DeviceView
from virtcim.providers.volume_index import capacities, capacity_of
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import HealthState

# CIM_StorageExtent.Access
_READABLE, _READ_WRITE = 1, 3

_SECTOR = 512
_OS_DEVICE_NAME = 12  # CIM_StorageExtent.NameFormat and NameNamespace
_DEVICE_NAMESPACE = 8


def _purpose(v: DeviceView) -> str:
    if isinstance(v.device, Disk):
        return v.device.device or "disk"
    return "filesystem"


def _image(v: DeviceView) -> str:
    """Return what it is made from: a path, a name on a server, or a volume of a storage pool."""
    device = v.device
    if not isinstance(device, Disk | Filesystem):
        return ""
    volume = "/".join(name for name in (device.source_pool, device.source_volume) if name)
    return volume or device.path or "Disk of a domain without a medium"


def _block_size(v: DeviceView) -> int:
    return (isinstance(v.device, Disk) and v.device.logical_block_size) or _SECTOR


def _blocks(v: DeviceView) -> int | None:
    """Return the size in blocks; None where no storage pool knows the image."""
    capacity = None if v.device is None else capacity_of(v.model, v.device)
    return None if capacity is None else capacity // _block_size(v)


def _identity(v: DeviceView) -> Mapping[str, str]:
    """Return what tells the disk apart, by its name in libvirt."""
    names = {"Alias": "alias", "Serial number": "serial", "WWN": "wwn"}
    found = ((title, getattr(v.device, name, None)) for title, name in names.items())
    return {title: value for title, value in found if value}


def _health(v: DeviceView) -> HealthState:
    return HealthState.OK if v.model.behaviour.disks_healthy else device_state(v).health


PROPERTIES: Mapping[str, Getter] = {
    "Name":                    lambda v: getattr(v.device, "target", None),
    "Caption":                 lambda v: f"Virtual {_purpose(v)}",
    "Description":             _image,
    "HealthState":             _health,
    "Purpose":                 _purpose,
    "Access":                  lambda v: _READABLE if getattr(v.device, "readonly", False)
                                         else _READ_WRITE,
    "BlockSize":               _block_size,
    "NumberOfBlocks":          _blocks,
    "ConsumableBlocks":        _blocks,
    "NameFormat":              lambda _: _OS_DEVICE_NAME,
    "NameNamespace":           lambda _: _DEVICE_NAMESPACE,
    "Primordial":              lambda _: False,
    "SequentialAccess":        lambda _: False,
    "IsComposite":             lambda _: False,
    "ThinlyProvisioned":       lambda _: None,  # of its volume: P_StorageVolume says it
    "OtherIdentifyingInfo":    lambda v: tuple(_identity(v).values()) or None,
    "IdentifyingDescriptions": lambda v: tuple(_identity(v)) or None,
}  # fmt: skip


def _given(model: HostModel) -> object:
    return (model.view_key, capacities(model))


FAMILIES = (device_family(DISK, PROPERTIES, _given),)
