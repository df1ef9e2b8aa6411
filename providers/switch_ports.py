"""Ports of virtual switches and the endpoints of the links into them (DSP1097, DSP1050).

A link has two ends: the domain's interface, and a port of the switch as long as the domain is
active. Endpoints are named as the ports they belong to; a switch's port is named by the switch and
the DeviceID of the domain's port, so that the name of one end tells the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from virtcim.broker.provider import Keys
from virtcim.inventory.snapshots import Domain
from virtcim.providers import computer_system
from virtcim.providers.conditions import CONDITION_PROPERTIES, Condition, class_name_of
from virtcim.providers.families import CAPTION_LENGTH, DomainFamily
from virtcim.providers.host_devices import digits_of
from virtcim.providers.model import HostModel
from virtcim.providers.switch_index import Plug, Tagging, plugs, switch_index, tagging
from virtcim.providers.switches import SWITCH
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import EndpointMode, LinkTechnology, PortType, ProtocolIFType

PORT, ENDPOINT, VLAN = "Virt_EthernetSwitchPort", "Virt_LANEndpoint", "Virt_VLANEndpoint"

# CIM_VLANEndpoint.DesiredVLANTrunkEncapsulation
_NO_ENCAPSULATION, _IEEE_802_1Q = 2, 3
_NO_GVRP = 2  # CIM_VLANEndpoint.GVRPStatus
_UNRESTRICTED = 4  # CIM_LogicalPort.UsageRestriction

_BITS = 8


@dataclass(frozen=True, slots=True)
class End:
    """An end of a link: of the domain, or of the switch where `switch` is its name."""

    plug: Plug
    switch: str | None

    @property
    def model(self) -> HostModel:
        """The model that shows it."""
        return self.plug.model

    @property
    def condition(self) -> Condition:
        """Whether traffic can pass."""
        if not self.plug.domain.facts.active:
            return Condition.OFF
        down = self.plug.interface.link_state == "down"
        return Condition.WAITING if down else Condition.WORKING

    @property
    def system_name(self) -> str:
        """The switch or the domain."""
        return self.plug.domain.name if self.switch is None else self.switch

    @property
    def name(self) -> str:
        """The DeviceID of the port."""
        device_id = self.plug.device_id
        return device_id if self.switch is None else f"{self.switch}/{device_id}"


@dataclass(frozen=True, slots=True)
class TaggedEnd:
    """A switch's end of a link with virtual LANs."""

    end: End
    tags: Tagging

    @property
    def model(self) -> HostModel:
        """The model that shows it."""
        return self.end.model

    @property
    def condition(self) -> Condition:
        """That of the link."""
        return self.end.condition


def switch_ends(model: HostModel, domain: Domain) -> Iterator[End]:
    """Yield the switches' ends of the links of a domain."""
    if domain.facts.active:
        for plug in plugs(model, domain):
            if plug.switch is not None:
                yield End(plug, plug.switch)


def ends(model: HostModel, domain: Domain) -> Iterator[End]:
    """Yield both ends of the links of a domain: first its own."""
    for plug in plugs(model, domain):
        yield End(plug, None)
    yield from switch_ends(model, domain)


def tagged_ends(model: HostModel, domain: Domain) -> Iterator[TaggedEnd]:
    """Yield the switches' ends that have virtual LANs: guests see no tags but those of trunks."""
    for end in switch_ends(model, domain):
        tags = tagging(end.plug)
        if tags is not None:
            yield TaggedEnd(end, tags)


# What instances depend on, and whose they are


def _given(model: HostModel) -> object:
    return (switch_index(model), model.view_key)


def _owner(keys: Keys, key: str) -> Iterator[str]:
    """Yield the names of domains that an end can be of: the system, or what follows the switch."""
    system, name = keys["systemname"], keys[key]
    if isinstance(system, str) and isinstance(name, str):
        yield system
        if name.startswith(f"{system}/"):
            yield name.removeprefix(f"{system}/").rpartition("/")[0]


def _owner_of_port(keys: Keys) -> Iterator[str]:
    return _owner(keys, "deviceid")


def _owner_of_endpoint(keys: Keys) -> Iterator[str]:
    return _owner(keys, "name")


# Properties


def _system_class(v: End) -> str:
    return v.model.class_name(computer_system.FAMILY if v.switch is None else SWITCH)


def _native(v: End) -> int | None:
    tags = tagging(v.plug)
    return None if tags is None else tags.native


def _mtu(v: End) -> int | None:
    network = v.plug.definition
    return v.plug.interface.mtu or (None if network is None else network.mtu)


def _most_bits(v: End) -> int | None:
    mtu = _mtu(v)
    return None if mtu is None else mtu * _BITS


def _mac(v: End) -> str | None:
    """Return the interface's address; what the switch's end has, libvirt does not tell."""
    return digits_of(v.plug.interface.mac) if v.switch is None else None


def _mode(v: TaggedEnd) -> EndpointMode:
    return EndpointMode.TRUNK if v.tags.trunk else EndpointMode.ACCESS


def _encapsulation(v: TaggedEnd) -> int:
    return _IEEE_802_1Q if v.tags.trunk else _NO_ENCAPSULATION


def _vlans(v: TaggedEnd) -> str:
    return f"VLAN {', '.join(map(str, v.tags.ids))}"


PORT_PROPERTIES: Mapping[str, Getter] = {
    # v is an End
    **CONDITION_PROPERTIES,
    "SystemCreationClassName":          class_name_of(SWITCH),
    "SystemName":                       lambda v: v.switch,
    "CreationClassName":                class_name_of(PORT),
    "DeviceID":                         lambda v: v.name,
    "Name":                             lambda v: v.plug.interface.target or v.name,
    "ElementName":                      lambda v: v.plug.interface.target or v.name,
    "Caption":                          lambda _: "Port of a virtual switch",
    "Description":                      lambda v: f"Port of {v.plug.device_id} on {v.switch}",
    "LinkTechnology":                   lambda _: LinkTechnology.ETHERNET,
    "PortType":                         lambda _: PortType.UNKNOWN,
    "UsageRestriction":                 lambda _: _UNRESTRICTED,
    "FullDuplex":                       lambda _: True,
    "AutoSense":                        lambda _: False,
    "ActiveMaximumTransmissionUnit":    _mtu,
    "SupportedMaximumTransmissionUnit": _mtu,
    "PVID":                             _native,
}  # fmt: skip

ENDPOINT_PROPERTIES: Mapping[str, Getter] = {
    # v is an End
    **CONDITION_PROPERTIES,
    "SystemCreationClassName": _system_class,
    "SystemName":              lambda v: v.system_name,
    "CreationClassName":       class_name_of(ENDPOINT),
    "Name":                    lambda v: v.name,
    "ElementName":             lambda v: v.plug.interface.id,
    "Caption":                 lambda v: "Network endpoint of a domain" if v.switch is None
                                         else "Network endpoint of a virtual switch",
    "Description":             lambda v: f"Endpoint of the link of {v.plug.device_id}",
    "NameFormat":              lambda _: "DeviceID",
    "ProtocolIFType":          lambda _: ProtocolIFType.ETHERNET_CSMA_CD,
    "LANID":                   lambda v: v.plug.switch,
    "MACAddress":              _mac,
    "MaxDataSize":             _most_bits,
}  # fmt: skip

VLAN_PROPERTIES: Mapping[str, Getter] = {
    # v is a TaggedEnd
    **CONDITION_PROPERTIES,
    "SystemCreationClassName":           class_name_of(SWITCH),
    "SystemName":                        lambda v: v.end.switch,
    "CreationClassName":                 class_name_of(VLAN),
    "Name":                              lambda v: v.end.name,
    "ElementName":                       _vlans,
    "Caption":                           lambda v: _vlans(v)[:CAPTION_LENGTH],
    "Description":                       lambda v: f"{_vlans(v)} of {v.end.plug.device_id}",
    "NameFormat":                        lambda _: "DeviceID",
    "ProtocolIFType":                    lambda _: ProtocolIFType.LAYER_2_VLAN_USING_802_1Q,
    "DesiredEndpointMode":               _mode,
    "OperationalEndpointMode":           _mode,
    "DesiredVLANTrunkEncapsulation":     _encapsulation,
    "OperationalVLANTrunkEncapsulation": _encapsulation,
    "GVRPStatus":                        lambda _: _NO_GVRP,
}  # fmt: skip

FAMILIES = (
    DomainFamily(
        name=PORT, getters=PORT_PROPERTIES, parts=switch_ends, owners=_owner_of_port, given=_given
    ),
    DomainFamily(
        name=ENDPOINT,
        getters=ENDPOINT_PROPERTIES,
        parts=ends,
        owners=_owner_of_endpoint,
        given=_given,
    ),
    DomainFamily(
        name=VLAN,
        getters=VLAN_PROPERTIES,
        parts=tagged_ends,
        owners=_owner_of_endpoint,
        given=_given,
    ),
)
