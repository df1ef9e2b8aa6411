"""CIM_PointingDevice and CIM_Keyboard of domains."""

from collections.abc import Mapping

from virtcim.hypervisors.definition.peripherals import Input
from virtcim.providers.compatibility import Behaviour
from virtcim.providers.devices import device_family
from virtcim.providers.views import KEYBOARD, POINTING, DeviceView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import PointingType

_BUSES: Mapping[str | None, str] = {"usb": "USB", "ps2": "PS2", "xen": "Xen", "virtio": "VirtIO"}
_TYPES: Mapping[str | None, tuple[PointingType, str]] = {
    # libvirt      PointingType         word of the caption
    "mouse":      (PointingType.MOUSE,   "Mouse"),
    "tablet":     (PointingType.MOUSE,   "Tablet"),  # as libvirt-cim: CIM has no tablets
    "keyboard":   (PointingType.UNKNOWN, "Keyboard"),
}  # fmt: skip

_UNKNOWN = (PointingType.UNKNOWN, "Unknown device type")


def caption(device: Input, behaviour: Behaviour) -> str:
    """Return bus and type, as libvirt-cim does; it does not know keyboards."""
    unknown = behaviour.keyboards_point and device.kind == "keyboard"
    _, kind = _UNKNOWN if unknown else _TYPES.get(device.kind, _UNKNOWN)
    return f"{_BUSES.get(device.bus, 'Unknown bus')} {kind}"


def _caption(v: DeviceView) -> str | None:
    return caption(v.device, v.model.behaviour) if isinstance(v.device, Input) else None


def _type(v: DeviceView) -> PointingType:
    kind = v.device.kind if isinstance(v.device, Input) else None
    return _TYPES.get(kind, _UNKNOWN)[0]


POINTING_PROPERTIES: Mapping[str, Getter] = {
    "Caption":      _caption,
    "Description":  lambda v: f"Input device `{v.id}' of a domain",
    "PointingType": _type,
}  # fmt: skip

KEYBOARD_PROPERTIES: Mapping[str, Getter] = {
    "Caption":     _caption,
    "Description": lambda v: f"Input device `{v.id}' of a domain",
}  # fmt: skip

FAMILIES = (
    device_family(POINTING, POINTING_PROPERTIES),
    device_family(KEYBOARD, KEYBOARD_PROPERTIES),
)
