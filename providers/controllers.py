"""CIM_Controller of domains, and their serial and parallel ports."""

from collections.abc import Mapping

from virtcim.hypervisors.definition.characters import CharacterDevice
from virtcim.hypervisors.definition.peripherals import Controller
from virtcim.providers.devices import device_family
from virtcim.providers.views import CONTROLLER, PARALLEL, SERIAL, DeviceView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import ProtocolSupported

PROTOCOLS: Mapping[str | None, ProtocolSupported] = {
    # libvirt          CIM_Controller.ProtocolSupported
    "ide":            ProtocolSupported.IDE,
    "fdc":            ProtocolSupported.FLEXIBLE_DISKETTE,
    "scsi":           ProtocolSupported.SCSI_SERIAL_STORAGE_ARCHITECTURE,  # as libvirt-cim
    "sata":           ProtocolSupported.SERIAL_ATA,
    "ccid":           ProtocolSupported.CCID,
    "virtio-serial":  ProtocolSupported.VIRTIO_SERIAL,
    "pci":            ProtocolSupported.PCI,
    "usb":            ProtocolSupported.UNIVERSAL_SERIAL_BUS,
    "isa":            ProtocolSupported.ISA,
    "xenbus":         ProtocolSupported.XEN_BUS,
}  # fmt: skip
"""A kind that is not here is OTHER; libvirt-cim did not show it."""

# CIM_Controller.ProtocolSupported: RS232, parallel protocol
_PORT_PROTOCOLS: Mapping[str, int] = {"serial": 27, "parallel": 17}

_SECURITY_UNKNOWN = 2  # CIM_SerialController.Security


def _controller(v: DeviceView) -> Controller:
    if not isinstance(v.device, Controller):
        raise TypeError(f"{v.id} is no controller")
    return v.device


def _protocol(v: DeviceView) -> int:
    kind = _controller(v).kind
    legacy = v.model.behaviour.protocols.get(kind or "")
    return PROTOCOLS.get(kind, ProtocolSupported.OTHER) if legacy is None else legacy


def _character(v: DeviceView) -> CharacterDevice:
    if not isinstance(v.device, CharacterDevice):
        raise TypeError(f"{v.id} is no character device")
    return v.device


def _end(v: DeviceView) -> str:
    """Return what the host has at the other end of a port."""
    device = _character(v)
    where = device.source_path or device.source_service or device.source_channel
    return f"{device.kind} {where}" if where else f"{device.kind}"


CONTROLLER_PROPERTIES: Mapping[str, Getter] = {
    "Caption":             lambda v: f"Virtual {_controller(v).kind} controller",
    "Description":         lambda v: f"Controller {_controller(v).index} of its kind in a domain",
    "ProtocolSupported":   _protocol,
    "ProtocolDescription": lambda v: _controller(v).model,
    "MaxNumberControlled": lambda v: _controller(v).ports,
}  # fmt: skip

PORT_PROPERTIES: Mapping[str, Getter] = {
    "Caption":             lambda v: f"Virtual {_character(v).element} port",
    "Description":         lambda v: f"Port to {_end(v)}",
    "ProtocolSupported":   lambda v: _PORT_PROTOCOLS[_character(v).element],
    "ProtocolDescription": lambda v: _character(v).target_model or _character(v).target_type,
    "Security":            lambda _: _SECURITY_UNKNOWN,
}  # fmt: skip

FAMILIES = (
    device_family(CONTROLLER, CONTROLLER_PROPERTIES),
    device_family(SERIAL, PORT_PROPERTIES),
    device_family(PARALLEL, PORT_PROPERTIES),
)
