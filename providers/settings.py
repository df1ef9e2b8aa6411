"""What the settings of all devices have in common (DSP1041, DSP1059).

The rule: a getter is a function of one SettingView alone, so that whatever makes such views has all
properties of it.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from virtcim.hypervisors.definition.devices import Address
from virtcim.hypervisors.definition.peripherals import Controller
from virtcim.inventory.snapshots import Domain
from virtcim.providers import templates
from virtcim.providers.compatibility import DEVICES
from virtcim.providers.configurations import Kind
from virtcim.providers.families import (
    CAPTION_LENGTH,
    DomainFamily,
    owner_before_slash,
    view_key,
)
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import pool_of
from virtcim.providers.views import CONTROLLER_SETTING, SettingView, setting_views
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import ConsumerVisibility, ResourceType
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.uri import format_uri

# CIM_ResourceAllocationSettingData.MappingBehavior
DEDICATED, SOFT_AFFINITY, HARD_AFFINITY = 3, 4, 5

# CIM_SettingData.ChangeableType
_FIXED, _CHANGEABLE_NOW, _CHANGEABLE = 0, 1, 2  # the first and the last outlast a restart

CHANGEABLE: Mapping[Kind, int] = {
    # configuration
    Kind.ONLY:     _CHANGEABLE,
    Kind.STATE:    _CHANGEABLE_NOW,
    Kind.DEFINED:  _CHANGEABLE,
    Kind.SNAPSHOT: _FIXED,
}  # fmt: skip

RESOURCE_TYPES: Mapping[str, ResourceType] = MappingProxyType({
    # element
    "disk":       ResourceType.DISK_DRIVE,
    "filesystem": ResourceType.DISK_DRIVE,
    "interface":  ResourceType.ETHERNET_ADAPTER,
    "graphics":   ResourceType.GRAPHICS_CONTROLLER,
    "video":      ResourceType.GRAPHICS_CONTROLLER,
    "input":      ResourceType.I_O_DEVICE,
    "memory":     ResourceType.MEMORY,
    "serial":     ResourceType.SERIAL_PORT,
    "parallel":   ResourceType.PARALLEL_PORT,
})  # fmt: skip
"""All other elements are OTHER, and OtherResourceType names them."""


# Values


def within(value: int | None, bits: int) -> int | None:
    """Return a number that an unsigned type can hold; None for one that it cannot."""
    return value if value is not None and 0 <= value < 2**bits else None


def kibibytes(size: int | None) -> int | None:
    """Return bytes as KiB."""
    return None if size is None else size // 1024


def yes_no(flag: bool | None) -> str | None:  # noqa: FBT001 - it is what is written
    """Return a flag in libvirt's words."""
    return None if flag is None else ("no", "yes")[flag]


def texts(*items: str | None) -> tuple[str, ...] | None:
    """Return an array of those that there are; None when there are none."""
    return tuple(item for item in items if item) or None


# Addresses

_PARTS: Mapping[str | None, tuple[str, ...]] = {
    # kind           what it is made of, from the outside in
    "drive":         ("controller", "bus", "target", "unit"),
    "scsi":          ("bus", "target", "unit"),  # of a device of the host
    "usb":           ("bus", "port", "device"),  # the last of a device of the host
    "virtio-serial": ("controller", "bus", "port"),
    "ccid":          ("controller", "slot"),
    "ccw":           ("cssid", "ssid", "devno"),
    "spapr-vio":     ("reg",),
    "isa":           ("iobase",),
    "dimm":          ("slot",),
    "mdev":          ("uuid",),
}  # fmt: skip


def address_text(address: Address | None, kind: str | None = None) -> str | None:
    """Return an address as one word, of PCI as `0000:00:02.0`; None where nothing is known.

    kind: of an address that does not say it.
    """
    if address is None:
        return None
    kind = address.kind or kind
    if kind == "pci":
        return _pci(address)
    found = (address.get(name) for name in _PARTS.get(kind, ()))
    return ":".join(part for part in found if part is not None) or None


def _pci(address: Address) -> str | None:
    numbers = [_number(address.get(name)) for name in ("domain", "bus", "slot", "function")]
    domain, bus, slot, function = (0 if number is None else number for number in numbers)
    return None if numbers[1] is None else f"{domain:04x}:{bus:02x}:{slot:02x}.{function:x}"


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text, 16 if text.startswith("0x") else 10)
    except ValueError:
        return None


_INDEXES: Mapping[str | None, tuple[str | None, str, int]] = {
    # address        type of the controller   its index     parts of _PARTS that name it
    "drive":         (None,                   "controller", 1),  # as the device's bus says
    "usb":           ("usb",                  "bus",        1),
    "virtio-serial": ("virtio-serial",        "controller", 1),
    "ccid":          ("ccid",                 "controller", 1),
    "pci":           ("pci",                  "bus",        0),
}  # fmt: skip


def _address(v: SettingView) -> Address | None:
    return None if v.device is None else v.device.address


def controller_of(v: SettingView) -> Controller | None:
    """Return the controller that a device sits on, if its definition has it."""
    address = _address(v)
    known = None if address is None else _INDEXES.get(address.kind)
    if address is None or known is None:
        return None
    kind = known[0] or getattr(v.device, "bus", None) or "scsi"
    index = _number(address.get(known[1]))
    for one in v.definition.devices:
        if isinstance(one, Controller) and one.index == index and one.kind == kind:
            return None if one is v.device else one
    return None


def _parent(v: SettingView) -> str | None:
    """Return the URI of the setting of the device's controller."""
    controller = controller_of(v)
    if controller is None:
        return None
    keys = (("InstanceID", v.configuration.setting_id(controller.id)),)
    name = v.model.class_name(CONTROLLER_SETTING)
    return format_uri(ObjectPath(name, keys, v.model.namespace))


def _address_on_parent(v: SettingView) -> str | None:
    address = _address(v)
    known = None if address is None else _INDEXES.get(address.kind)
    if address is None or known is None:
        return None
    if address.kind == "pci":
        return (_pci(address) or "").rpartition(":")[2] or None
    found = (address.get(name) for name in _PARTS[address.kind][known[2] :])
    return ":".join(part for part in found if part is not None) or None


def _resource_type(v: SettingView) -> ResourceType:
    return RESOURCE_TYPES.get(v.device.element if v.device else "", ResourceType.OTHER)


def _other_type(v: SettingView) -> str | None:
    known = v.device is None or v.device.element in RESOURCE_TYPES
    return None if known or v.device is None else v.device.element


COMMON: Mapping[str, Getter] = {
    # v is a SettingView
    "InstanceID":            lambda v: v.instance_id,
    "ElementName":           lambda v: v.id,
    "Caption":               lambda v: f"Settings of {v.id}"[:CAPTION_LENGTH],
    "Description":           lambda v: f"Settings of {v.id}: {v.configuration.kind.value}",
    "ChangeableType":        lambda v: CHANGEABLE[v.configuration.kind],
    "ConfigurationName":     lambda v: v.configuration.system_id(v.model.host.prefix),
    "ResourceType":          _resource_type,
    "OtherResourceType":     _other_type,
    "PoolID":                lambda v: pool_of(v.model, v.device),
    "ConsumerVisibility":    lambda _: ConsumerVisibility.VIRTUALIZED,
    "AllocationUnits":       lambda v: v.model.behaviour.units.get(DEVICES),
    "VirtualQuantity":       lambda _: 1,
    "VirtualQuantityUnits":  lambda _: "count",
    "AutomaticAllocation":   lambda _: True,
    "AutomaticDeallocation": lambda _: True,
    "Address":               lambda v: address_text(v.device.address),
    "Parent":                _parent,
    "AddressOnParent":       _address_on_parent,
    "Attributes":            lambda v: v.device.attributes or None,
    "Alias":                 lambda v: v.device.alias,
    "BootOrder":             lambda v: within(v.device.boot_order, 16),
}  # fmt: skip
"""Getters of the properties that the settings of all devices have; the device is never None."""

OF_DOMAIN: Mapping[str, Getter] = {
    **COMMON,
    **dict.fromkeys(
        ("OtherResourceType", "Address", "Parent", "AddressOnParent", "Attributes", "Alias",
         "BootOrder"),
        lambda _: None,
    ),
}  # fmt: skip
"""The same for what is no device of the definition: its processors and its memory."""

ADDRESS: Mapping[str, Getter] = {
    "AddressProperties": lambda v: v.device.address and v.device.address.names,
    "AddressValues":     lambda v: v.device.address and v.device.address.values,
}  # fmt: skip
"""Getters of the two arrays that some families have."""


# Families


def setting_family(
    name: str,
    getters: Mapping[str, Getter],
    given: Callable[[HostModel], object] = view_key,
) -> DomainFamily:
    """Return the family of the settings that views.py gives a name; `given` as in DomainFamily."""

    def parts(model: HostModel, domain: Domain) -> Iterable[SettingView]:
        return setting_views(model, domain).get(name, ())

    return DomainFamily(
        name=name,
        getters=getters,
        parts=parts,
        owners=owner_before_slash,
        given=given,
        shared=templates.of(name),
    )


def by_kind(tables: Mapping[type, Mapping[str, Getter]]) -> Mapping[str, Getter]:
    """Return getters for a family with several classes of devices, each with its own table.

    A property that a class's table lacks is NULL for it. NoneType stands for no device.
    """
    names = dict.fromkeys(name for table in tables.values() for name in table)
    return {
        name: _choice({kind: table.get(name, _null) for kind, table in tables.items()})
        for name in names
    }


def _choice(getters: Mapping[type, Getter]) -> Getter:
    one, *others = dict.fromkeys(getters.values())
    return (lambda v: getters[type(v.device)](v)) if others else one


def _null(_view: object) -> None:
    return None
