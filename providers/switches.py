"""Virtual switches and their definitions (DSP1097): a host's networks, and the bridges in use."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from types import MappingProxyType

from virtcim.hypervisors.definition import NetworkAddress, NetworkDefinition
from virtcim.hypervisors.resources import NetworkFacts
from virtcim.providers.conditions import CONDITION_PROPERTIES, Condition, class_name_of
from virtcim.providers.families import HostFamily
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import pool_index
from virtcim.providers.switch_index import (
    bridge_switch,
    foreign_bridges,
    network_switch,
    switch_index,
)
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import AutomaticStartupAction, Dedicated, EnabledDefault
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.uri import format_uri

SWITCH = "Virt_VirtualEthernetSwitch"
SETTING = "Virt_VirtualEthernetSwitchSettingData"

_POOL = "Virt_NetworkPool"
_SYSTEM_TYPE = "DMTF:Virtual Ethernet Switch"  # DSP1097
_NO_RESET = 5  # CIM_ComputerSystem.ResetCapability: not implemented

# CIM_VirtualEthernetSwitchSettingData.EVBMode
_OTHER_MODE, _VEB, _VEPA, _DIRECT = 1, 2, 3, 4

_MODES: Mapping[str | None, int] = MappingProxyType({
    # forward mode    EVBMode
    None:            _VEB,  # isolated, or a bridge of the host
    "nat":           _VEB,
    "route":         _VEB,
    "open":          _VEB,
    "bridge":        _VEB,
    "vepa":          _VEPA,
    "private":       _OTHER_MODE,
    "passthrough":   _DIRECT,
    "hostdev":       _DIRECT,
})  # fmt: skip

_LINKS: Mapping[bool | None, Condition] = MappingProxyType(
    {
        True: Condition.WORKING,
        False: Condition.OFF,
        None: Condition.UNTOLD,
    }
)


@dataclass(frozen=True, slots=True)
class Switch:
    """A network, or a bridge of the host that is no network's: then facts and definition are None.

    up: of such a bridge; None means that the hypervisor does not tell.
    """

    model: HostModel
    name: str
    facts: NetworkFacts | None
    definition: NetworkDefinition | None
    bridge: str | None
    up: bool | None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.bridge or "" if self.facts is None else self.facts.name

    @property
    def condition(self) -> Condition:
        """Whether the network is active, or the bridge up."""
        return _LINKS[self.up if self.facts is None else self.facts.active]


def switches(model: HostModel) -> Iterator[Switch]:
    """Yield the networks of a host, then the bridges that domains use."""
    index = switch_index(model)
    for facts in model.host.resources.networks:
        definition = index.networks[facts.name]
        yield Switch(
            model, network_switch(facts.name), facts, definition, facts.bridge, facts.active
        )
    machine = model.host.resources.machine
    up = {} if machine is None else {port.name: port.up for port in machine.ports}
    for bridge in foreign_bridges(model):
        yield Switch(model, bridge_switch(bridge), None, None, bridge, up.get(bridge))


def _given(model: HostModel) -> object:
    machine = model.host.resources.machine
    ports = None if machine is None else machine.ports
    return (
        model.host.resources.networks, foreign_bridges(model), ports,
        pool_index(model).networks, model.view_key,
    )  # fmt: skip


def forward_mode(v: Switch) -> str | None:
    """Return how a network is forwarded; libvirt's default is nat. None means that it is not."""
    network = v.definition
    if network is None or not network.forwarded:
        return None
    return network.forward_mode or "nat"


def _uuid(v: Switch) -> str | None:
    return None if v.facts is None else v.facts.uuid


def _default(v: Switch) -> EnabledDefault:
    if v.facts is None:
        return EnabledDefault.NO_DEFAULT
    return EnabledDefault.ENABLED if v.facts.autostart else EnabledDefault.DISABLED


def _caption(v: Switch) -> str:
    if v.facts is None:
        return "Bridge of the host"
    return f"Virtual network ({forward_mode(v) or 'isolated'})"


SWITCH_PROPERTIES: Mapping[str, Getter] = {
    # v is a Switch
    **CONDITION_PROPERTIES,
    "CreationClassName":       class_name_of(SWITCH),
    "Name":                    lambda v: v.name,
    "NameFormat":              lambda _: "Other",
    "ElementName":             lambda v: v.label,
    "Caption":                 _caption,
    "Description":             lambda v: f"{_caption(v)} of {v.model.system_name}",
    "Dedicated":               lambda _: (Dedicated.ETHERNET_SWITCH,),
    "EnabledDefault":          _default,
    "ResetCapability":         lambda _: _NO_RESET,
    "IdentifyingDescriptions": lambda _: ("UUID", "Bridge"),
    # Without NULL, which some clients cannot read in arrays.
    "OtherIdentifyingInfo":    lambda v: (_uuid(v) or "", v.bridge or ""),
    "UUID":                    _uuid,
    "Bridge":                  lambda v: v.bridge,
}  # fmt: skip


# Definitions


def _vlans(v: Switch) -> tuple[str, ...]:
    """Return the virtual LANs that the network or its port groups name."""
    if v.definition is None:
        return ()
    of_groups = (tag for group in v.definition.port_groups for tag in group.vlan_tags)
    ids = {tag.id for tag in (*v.definition.vlan_tags, *of_groups) if tag.id is not None}
    return tuple(map(str, sorted(ids)))


def _pools(v: Switch) -> tuple[str, ...]:
    """Return the paths of the pools that interfaces on the switch come from."""
    model = v.model
    shown = not model.behaviour.legacy_pools
    if v.facts is not None:
        shown = v.facts.name in pool_index(model).networks
    if not shown:
        return ()
    keys = (("InstanceID", f"NetworkPool/{v.name}"),)
    return (format_uri(ObjectPath(model.class_name(_POOL), keys, model.namespace)),)


def address(found: NetworkAddress) -> str | None:
    """Return an address of the host with the length of its prefix, where there is one."""
    if found.prefix is not None:
        return f"{found.address}/{found.prefix}"
    if found.netmask is None:
        return found.address
    try:
        length = ip_network(f"{found.address}/{found.netmask}", strict=False).prefixlen
    except ValueError:
        return found.address
    return f"{found.address}/{length}"


def _addresses(v: Switch) -> tuple[str, ...]:
    found = () if v.definition is None else map(address, v.definition.addresses)
    return tuple(text for text in found if text)


def _startup(v: Switch) -> AutomaticStartupAction | None:
    if v.facts is None:
        return None
    starts = v.facts.autostart
    return AutomaticStartupAction.ALWAYS_STARTUP if starts else AutomaticStartupAction.NONE


def _mode(v: Switch) -> int:
    return _MODES.get(forward_mode(v), _OTHER_MODE)


def _device(v: Switch) -> str | None:
    network = v.definition
    if network is None:
        return None
    return network.forward_device or next(iter(network.forward_devices), None)


def setting_id(v: Switch) -> str:
    """Return the InstanceID of a switch's definition."""
    return f"{v.model.host.prefix}:switch/{v.name}"


SETTING_PROPERTIES: Mapping[str, Getter] = {
    # v is a Switch
    "InstanceID":              setting_id,
    "ElementName":             lambda v: v.label,
    "Caption":                 _caption,
    "Description":             lambda v: f"Definition of the switch {v.label}",
    "VirtualSystemIdentifier": lambda v: v.name,
    "VirtualSystemType":       lambda _: _SYSTEM_TYPE,
    "ConfigurationID":         _uuid,
    "AutomaticStartupAction":  _startup,
    "VLANConnection":          _vlans,
    "AssociatedResourcePool":  _pools,
    "EVBMode":                 _mode,
    "OtherEVBMode":            lambda v: forward_mode(v) if _mode(v) == _OTHER_MODE else None,
    "ForwardMode":             forward_mode,
    "ForwardDevice":           _device,
    "Domain":                  lambda v: None if v.definition is None else v.definition.domain,
    "Addresses":               _addresses,
}  # fmt: skip

FAMILIES = (
    HostFamily(name=SWITCH, getters=SWITCH_PROPERTIES, parts=switches, given=_given),
    HostFamily(name=SETTING, getters=SETTING_PROPERTIES, parts=switches, given=_given),
)
