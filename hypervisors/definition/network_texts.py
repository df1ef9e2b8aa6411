"""Texts of virtual networks that are to be made."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from virtcim.hypervisors.definition.making import made, named, written
from virtcim.hypervisors.definition.xml import Element


class Forward(StrEnum):
    """How a network is connected to those outside (forward/@mode)."""

    NONE = "none"
    NAT = "nat"
    ROUTE = "route"
    OPEN = "open"
    BRIDGE = "bridge"
    PRIVATE = "private"
    VEPA = "vepa"
    PASSTHROUGH = "passthrough"


class Base(StrEnum):
    """What a network is built on."""

    OWN_BRIDGE = "a bridge that the hypervisor makes, with addresses on it"
    HOST_BRIDGE = "a bridge that the host has"
    HOST_DEVICE = "a device of the host, to which guests are connected one by one"


BASES: Mapping[Forward, Base] = MappingProxyType({
    Forward.NONE:        Base.OWN_BRIDGE,
    Forward.NAT:         Base.OWN_BRIDGE,
    Forward.ROUTE:       Base.OWN_BRIDGE,
    Forward.OPEN:        Base.OWN_BRIDGE,
    Forward.BRIDGE:      Base.HOST_BRIDGE,
    Forward.PRIVATE:     Base.HOST_DEVICE,
    Forward.VEPA:        Base.HOST_DEVICE,
    Forward.PASSTHROUGH: Base.HOST_DEVICE,
})  # fmt: skip
"""Total over the modes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAddress:
    """The host's address on a network; start and end are what guests are given, None is nothing."""

    address: str
    prefix: int
    version: int
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewNetwork:
    """A network to be defined.

    device: of the host; None means any, or none. bridge: its name; None lets the hypervisor choose.
    """

    name: str
    forward: Forward
    uuid: str | None = None
    device: str | None = None
    bridge: str | None = None
    address: NewAddress | None = None


def network_text(network: NewNetwork) -> str:
    """Return a `<network>`; raises InvalidArgument."""
    children = (
        named("name", network.name),
        named("uuid", network.uuid),
        _forward(network),
        _bridge(network),
        None if network.address is None else _ip(network.address),
    )
    return written(made("network", *children))


def _forward(network: NewNetwork) -> Element | None:
    base = BASES[network.forward]
    if network.forward is Forward.NONE:
        return None
    if base is Base.HOST_DEVICE:
        device = made("interface", dev=network.device)
        return made("forward", device, mode=network.forward.value)
    return made("forward", mode=network.forward.value, dev=network.device)


def _bridge(network: NewNetwork) -> Element | None:
    base = BASES[network.forward]
    if base is Base.HOST_DEVICE:
        return None
    if base is Base.HOST_BRIDGE:
        return made("bridge", name=network.bridge)
    return made("bridge", name=network.bridge, stp="on", delay=0)


def _ip(ip: NewAddress) -> Element:
    family = "ipv6" if ip.version == 6 else None
    given = None
    if ip.start is not None:
        given = made("dhcp", made("range", start=ip.start, end=ip.end))
    return made("ip", given, family=family, address=ip.address, prefix=ip.prefix)
