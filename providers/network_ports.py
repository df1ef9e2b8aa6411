"""CIM_NetworkPort of domains: their network interfaces (DSP1050)."""

from collections.abc import Mapping

from virtcim.hypervisors.definition.interfaces import Interface
from virtcim.providers.devices import device_family
from virtcim.providers.views import NETWORK_PORT, DeviceView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import LinkTechnology

_OTHER_PORT = 1  # CIM_LogicalPort.PortType: which, OtherPortType says
_UNRESTRICTED = 4  # CIM_LogicalPort.UsageRestriction

_LEGACY_ETHERNET = frozenset({"ethernet", "network", "bridge"})


def interface(v: DeviceView) -> Interface:
    """Return the interface that the view shows."""
    if not isinstance(v.device, Interface):
        raise TypeError(f"{v.id} is no interface")
    return v.device


def _technology(v: DeviceView) -> LinkTechnology:
    """Return Ethernet: all of libvirt's are; libvirt-cim knew three kinds."""
    legacy = v.model.behaviour.few_ethernets
    if legacy and interface(v).defined_kind not in _LEGACY_ETHERNET:
        return LinkTechnology.UNKNOWN
    return LinkTechnology.ETHERNET


def _addresses(v: DeviceView) -> tuple[str, ...] | None:
    mac = interface(v).mac
    return None if mac is None else (mac,)


PROPERTIES: Mapping[str, Getter] = {
    "Caption":                          lambda _: "Virtual network interface",
    "Description":                      lambda v: f"Interface of type {interface(v).defined_kind}",
    "LinkTechnology":                   _technology,
    "NetworkAddresses":                 _addresses,
    "PermanentAddress":                 lambda v: interface(v).mac,
    "PortType":                         lambda _: _OTHER_PORT,
    "OtherPortType":                    lambda v: interface(v).defined_kind,
    "OtherNetworkPortType":             lambda v: interface(v).model,
    "UsageRestriction":                 lambda _: _UNRESTRICTED,
    "FullDuplex":                       lambda _: True,
    "AutoSense":                        lambda _: False,
    "ActiveMaximumTransmissionUnit":    lambda v: interface(v).mtu,
    "SupportedMaximumTransmissionUnit": lambda v: interface(v).mtu,
}  # fmt: skip

FAMILIES = (device_family(NETWORK_PORT, PROPERTIES),)
