"""Which virtual switch a network interface of a domain is plugged into, and how switches are named.

The rule: a switch is named as the network pool that it belongs to, without the pool's type. A
bridge of the host that is no network's is a switch as well where interfaces of domains use it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from virtcim.hypervisors.definition import Interface, NetworkDefinition, VLANTag, parse_network
from virtcim.hypervisors.resources import NetworkFacts
from virtcim.inventory.snapshots import Domain
from virtcim.providers.configurations import current_definition
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import bridge_pool_id, network_pool_id
from virtcim.providers.pool_usage import Wire, WireKind, wires

_POOL_TYPE = "NetworkPool/"
_TRUNK_TAGS = 2  # a port with more tags than one is a trunk (libvirt, virNetDevVlan)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchIndex:
    """The networks of a host by their names; bridges: from a bridge to the name of its network."""

    networks: Mapping[str, NetworkDefinition]
    bridges: Mapping[str, str]


def switch_index(model: HostModel) -> SwitchIndex:
    """Return the index of a host; the same object as long as no network has changed."""
    networks = model.host.resources.networks
    return model.derive(switch_index, networks, lambda: _index(networks))


def _index(networks: tuple[NetworkFacts, ...]) -> SwitchIndex:
    return SwitchIndex(
        networks=MappingProxyType({facts.name: parse_network(facts.xml) for facts in networks}),
        bridges=MappingProxyType({facts.bridge: facts.name for facts in networks if facts.bridge}),
    )


def network_switch(name: str) -> str:
    """Return the name of the switch that a network is."""
    return network_pool_id(name).removeprefix(_POOL_TYPE)


def bridge_switch(bridge: str) -> str:
    """Return the name of the switch that a bridge of the host is."""
    return bridge_pool_id(bridge).removeprefix(_POOL_TYPE)


# Interfaces and their switches


@dataclass(frozen=True, slots=True)
class Plug:
    """A network interface of a domain; switch, network: names; None means that it is in none."""

    model: HostModel
    domain: Domain
    interface: Interface
    switch: str | None
    network: str | None

    @property
    def device_id(self) -> str:
        """The DeviceID of the domain's port."""
        return f"{self.domain.name}/{self.interface.id}"

    @property
    def definition(self) -> NetworkDefinition | None:
        """The definition of the network that it is in."""
        if self.network is None:
            return None
        return switch_index(self.model).networks[self.network]


def plugs(model: HostModel, domain: Domain) -> Iterator[Plug]:
    """Yield the network interfaces of a domain."""
    index = switch_index(model)
    for device in current_definition(domain).devices:
        if isinstance(device, Interface):
            network, bridge = _place(index, device)
            switch = bridge_switch(bridge) if bridge else None
            if network is not None:
                switch = network_switch(network)
            yield Plug(model, domain, device, switch, network)


def _place(index: SwitchIndex, interface: Interface) -> tuple[str | None, str | None]:
    """Return the network that an interface is in, else the bridge.

    A running interface of a network shows the type and the bridge that its network gave it, beside
    the network's name.
    """
    name = interface.source_network
    if name is not None:
        return (name, None) if name in index.networks else (None, None)
    bridge = interface.source_bridge if interface.kind == "bridge" else None
    network = None if bridge is None else index.bridges.get(bridge)
    return (None, bridge) if network is None else (network, None)


def foreign_bridges(model: HostModel) -> tuple[str, ...]:
    """Return the bridges that domains use, or will, and no network has, by name."""
    given = (switch_index(model), wires(model))
    return model.derive(foreign_bridges, given, lambda: tuple(_foreign(*given)))


def _foreign(index: SwitchIndex, used: frozenset[Wire]) -> list[str]:
    names = (name for kind, name in used if kind is WireKind.BRIDGE)
    return sorted(name for name in names if name not in index.bridges)


# Virtual LANs


@dataclass(frozen=True, slots=True)
class Tagging:
    """The virtual LANs of a port; native: that of frames without a tag, None means none."""

    ids: tuple[int, ...]
    trunk: bool
    native: int | None


def tagging(plug: Plug) -> Tagging | None:
    """Return the tags of a port: the interface's, else its port group's, else the network's."""
    interface, network = plug.interface, plug.definition
    groups = () if network is None else network.port_groups
    name = interface.port_group
    group = next((one for one in groups if (one.name == name if name else one.default)), None)
    for source in (interface, group, network):
        if source is not None and source.vlan_tags:
            return tagging_of(source.vlan_tags, trunk=bool(source.vlan_trunk))
    return None


def tagging_of(tags: tuple[VLANTag, ...], *, trunk: bool) -> Tagging:
    """Return what `<vlan>` says; a port with one tag takes frames without it and adds it."""
    ids = tuple(tag.id for tag in tags if tag.id is not None)
    trunk = trunk or len(ids) >= _TRUNK_TAGS
    native = next((tag.id for tag in tags if tag.native_mode), None)
    return Tagging(ids, trunk, native if trunk or not ids else ids[0])
