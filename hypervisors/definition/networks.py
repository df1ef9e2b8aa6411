"""A virtual network's definition."""

from virtcim.hypervisors.definition.converters import (
    integer,
    many,
    namespaces,
    present,
    switch,
    text,
    word,
    yes_no,
)
from virtcim.hypervisors.definition.devices import Address, address_converter
from virtcim.hypervisors.definition.fields import (
    Declared,
    at,
    declared,
    part,
    parts,
)
from virtcim.hypervisors.definition.interfaces import Rate, VirtualPort, VLANTag


@declared
class AddressRange(Declared):
    """The addresses that are leased."""

    start: str | None = at("@start", text)
    end: str | None = at("@end", text)


@declared
class HostLease(Declared):
    """One fixed lease; id: the client's DUID (IPv6)."""

    mac: str | None = at("@mac", text)
    id: str | None = at("@id", text)
    name: str | None = at("@name", text)
    address: str | None = at("@ip", text)


@declared
class NetworkAddress(Declared):
    """One address of the host on a network; it has a netmask or a prefix, as written."""

    address: str | None = at("@address", text)
    netmask: str | None = at("@netmask", text)
    prefix: int | None = at("@prefix", integer)
    family: str | None = at("@family", word)
    local_pointer: bool | None = at("@localPtr", yes_no)
    ranges: tuple[AddressRange, ...] = at("dhcp/range", parts(AddressRange))
    leases: tuple[HostLease, ...] = at("dhcp/host", parts(HostLease))
    boot_file: str | None = at("dhcp/bootp/@file", text)
    tftp_root: str | None = at("tftp/@root", text)


@declared
class PortGroup(Declared):
    """One class of a network's ports."""

    name: str | None = at("@name", text)
    default: bool | None = at("@default", yes_no)
    trusts_guest: bool | None = at("@trustGuestRxFilters", yes_no)
    vlan_trunk: bool | None = at("vlan/@trunk", yes_no)
    vlan_tags: tuple[VLANTag, ...] = at("vlan/tag", parts(VLANTag))
    virtual_port: VirtualPort | None = at("virtualport", part(VirtualPort))
    inbound: Rate | None = at("bandwidth/inbound", part(Rate))
    outbound: Rate | None = at("bandwidth/outbound", part(Rate))
    port_isolated: bool | None = at("port/@isolated", yes_no)


@declared
class Route(Declared):
    """One route of the host into a network."""

    family: str | None = at("@family", word)
    address: str | None = at("@address", text)
    netmask: str | None = at("@netmask", text)
    prefix: int | None = at("@prefix", integer)
    gateway: str | None = at("@gateway", text)
    metric: int | None = at("@metric", integer)


@declared
class NetworkDefinition(Declared):
    """A `<network>`.

    forwarded: it has a `<forward>`; without one it is isolated.
    forward_mode: "nat", "route", "open", "bridge", "private", "vepa", "passthrough", "hostdev".
    forward_devices: host interfaces of the pool; forward_addresses: PCI addresses of it.
    spanning_tree_delay: seconds.
    """

    name: str | None = at("name", text)
    uuid: str | None = at("uuid", text)
    title: str | None = at("title", text)
    description: str | None = at("description", text)
    metadata: tuple[str, ...] = at("metadata", namespaces)
    ipv6: bool | None = at("@ipv6", yes_no)
    trusts_guest: bool | None = at("@trustGuestRxFilters", yes_no)
    forwarded: bool = at("forward", present)
    forward_mode: str | None = at("forward/@mode", word)
    forward_device: str | None = at("forward/@dev", text)
    forward_managed: bool | None = at("forward/@managed", yes_no)
    forward_devices: tuple[str, ...] = at("forward/interface/@dev", many(text))
    forward_functions: tuple[str, ...] = at("forward/pf/@dev", many(text))
    forward_addresses: tuple[Address, ...] = at("forward/address", many(address_converter))
    nat_ipv6: bool | None = at("forward/nat/@ipv6", yes_no)
    nat_start: str | None = at("forward/nat/address/@start", text)
    nat_end: str | None = at("forward/nat/address/@end", text)
    nat_port_start: int | None = at("forward/nat/port/@start", integer)
    nat_port_end: int | None = at("forward/nat/port/@end", integer)
    bridge: str | None = at("bridge/@name", text)
    spanning_tree: bool | None = at("bridge/@stp", switch)
    spanning_tree_delay: int | None = at("bridge/@delay", integer)
    mac_table_manager: str | None = at("bridge/@macTableManager", word)
    zone: str | None = at("bridge/@zone", text)
    mac: str | None = at("mac/@address", text)
    mtu: int | None = at("mtu/@size", integer)
    domain: str | None = at("domain/@name", text)
    domain_local_only: bool | None = at("domain/@localOnly", yes_no)
    dns: bool | None = at("dns/@enable", yes_no)
    dns_forwarders: tuple[str, ...] = at("dns/forwarder/@addr", many(text))
    addresses: tuple[NetworkAddress, ...] = at("ip", parts(NetworkAddress))
    routes: tuple[Route, ...] = at("route", parts(Route))
    port_groups: tuple[PortGroup, ...] = at("portgroup", parts(PortGroup))
    vlan_trunk: bool | None = at("vlan/@trunk", yes_no)
    vlan_tags: tuple[VLANTag, ...] = at("vlan/tag", parts(VLANTag))
    virtual_port: VirtualPort | None = at("virtualport", part(VirtualPort))
    inbound: Rate | None = at("bandwidth/inbound", part(Rate))
    outbound: Rate | None = at("bandwidth/outbound", part(Rate))
    port_isolated: bool | None = at("port/@isolated", yes_no)
