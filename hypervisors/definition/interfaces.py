"""Network interfaces, and what networks have in common with them."""

from dataclasses import replace
from typing import Self

from virtcim.hypervisors.definition.converters import (
    integer,
    text,
    word,
    yes_no,
)
from virtcim.hypervisors.definition.devices import Address, Device, address_converter
from virtcim.hypervisors.definition.fields import (
    Declared,
    at,
    declared,
    part,
    parts,
)


@declared
class Rate(Declared):
    """Traffic shaping of one direction.

    average, peak, floor: kilobytes (1000 bytes) per second; burst: kibibytes.
    """

    average: int | None = at("@average", integer)
    peak: int | None = at("@peak", integer)
    burst: int | None = at("@burst", integer)
    floor: int | None = at("@floor", integer)


@declared
class VLANTag(Declared):
    """One VLAN of a port; native_mode: "tagged" or "untagged"; None means that it is not native."""

    id: int | None = at("@id", integer)
    native_mode: str | None = at("@nativeMode", word)


@declared
class VirtualPort(Declared):
    """What a port tells its switch: IEEE 802.1Qbg, 802.1Qbh, Open vSwitch, MidoNet."""

    kind: str | None = at("@type", word)
    manager_id: str | None = at("parameters/@managerid", text)
    type_id: str | None = at("parameters/@typeid", text)
    type_id_version: str | None = at("parameters/@typeidversion", text)
    instance_id: str | None = at("parameters/@instanceid", text)
    profile_id: str | None = at("parameters/@profileid", text)
    interface_id: str | None = at("parameters/@interfaceid", text, filled=True)


@declared
class Parameter(Declared):
    """One variable of a network filter."""

    name: str | None = at("@name", text)
    value: str | None = at("@value", text)


@declared
class GuestAddress(Declared):
    """One IP address that the guest is given."""

    address: str | None = at("@address", text)
    family: str | None = at("@family", word)
    prefix: int | None = at("@prefix", integer)


@declared
class Interface(Device):
    """An `<interface>`.

    kind: "network", "bridge", "direct", "user", "ethernet", "hostdev", "vhostuser", "client", ...
    target: its device on the host.
    vlan_tags, virtual_port: of a running one also those that its network gives it.
    """

    element: str = "interface"
    kind: str | None = at("@type", word)
    managed: bool | None = at("@managed", yes_no)
    trusts_guest: bool | None = at("@trustGuestRxFilters", yes_no)
    mac: str | None = at("mac/@address", text)
    mac_type: str | None = at("mac/@type", word)
    mac_check: bool | None = at("mac/@check", yes_no)

    source_network: str | None = at("source/@network", text)
    port_group: str | None = at("source/@portgroup", text)
    port_id: str | None = at("source/@portid", text, live=True)
    source_bridge: str | None = at("source/@bridge", text, filled=True)
    source_device: str | None = at("source/@dev", text)
    source_mode: str | None = at("source/@mode", word)
    source_name: str | None = at("source/@name", text)
    source_type: str | None = at("source/@type", word)
    source_path: str | None = at("source/@path", text)
    source_address: str | None = at("source/@address", text)
    source_port: int | None = at("source/@port", integer)
    local_address: str | None = at("source/local/@address", text)
    local_port: int | None = at("source/local/@port", integer)
    host_address: Address | None = at("source/address", address_converter)
    backend: str | None = at("backend/@type", word)

    target: str | None = at("target/@dev", text, filled=True)
    guest_device: str | None = at("guest/@dev", text, filled=True)
    model: str | None = at("model/@type", word)
    driver: str | None = at("driver/@name", word)
    queues: int | None = at("driver/@queues", integer)
    receive_queue_size: int | None = at("driver/@rx_queue_size", integer)
    transmit_queue_size: int | None = at("driver/@tx_queue_size", integer)
    transmit_mode: str | None = at("driver/@txmode", word)
    script: str | None = at("script/@path", text)
    down_script: str | None = at("downscript/@path", text)
    inbound: Rate | None = at("bandwidth/inbound", part(Rate))
    outbound: Rate | None = at("bandwidth/outbound", part(Rate))
    vlan_trunk: bool | None = at("vlan/@trunk", yes_no, filled=True)
    vlan_tags: tuple[VLANTag, ...] = at("vlan/tag", parts(VLANTag), filled=True)
    virtual_port: VirtualPort | None = at("virtualport", part(VirtualPort), filled=True)
    filter: str | None = at("filterref/@filter", text)
    filter_parameters: tuple[Parameter, ...] = at("filterref/parameter", parts(Parameter))
    mtu: int | None = at("mtu/@size", integer)
    link_state: str | None = at("link/@state", word)
    teaming: str | None = at("teaming/@type", word)
    teaming_persistent: str | None = at("teaming/@persistent", text)
    port_isolated: bool | None = at("port/@isolated", yes_no)
    coalesced_frames: int | None = at("coalesce/rx/frames/@max", integer)
    send_buffer: int | None = at("tune/sndbuf", integer)
    guest_addresses: tuple[GuestAddress, ...] = at("ip", parts(GuestAddress))

    def differs_from(self, other: Self) -> bool:
        """Whether the two are different definitions.

        A running port of a network is shown as what the network made of it: a bridge, a device.
        """
        if self.source_network and other.source_network:
            made = ("kind", "source_bridge", "source_device", "source_mode")
            other = replace(other, **{key: getattr(self, key) for key in made})
        return super().differs_from(other)

    @property
    def defined_kind(self) -> str | None:
        """Its kind as it was defined: the text of a running one says what its network came to."""
        return "network" if self.source_network is not None else self.kind

    @property
    def native_vlan(self) -> int | None:
        """The VLAN of untagged frames; None means that none is native."""
        return next((tag.id for tag in self.vlan_tags if tag.native_mode), None)
