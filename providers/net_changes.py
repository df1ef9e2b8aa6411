"""What clients can change of network interfaces (net_settings.py)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from virtcim.hypervisors.definition import Address, Parameter, VLANTag
from virtcim.providers.changes import Changes, Given, Setter, Target, every, fixed, pair, to
from virtcim.providers.disk_changes import ADDRESS_SETTERS, BOOT_SETTERS, limit
from virtcim.providers.model import HostModel
from virtcim.providers.net_settings import PROPERTIES
from virtcim.providers.pool_index import network_of_pool
from virtcim.providers.rates import rate_size
from virtcim.wbem.status import InvalidParameter

_SOURCES: Mapping[str | None, str] = {
    # type        field of what it is connected to
    "network":   "source_network",
    "bridge":    "source_bridge",
    "direct":    "source_device",
    "vdpa":      "source_device",
    "internal":  "source_name",
    "vhostuser": "source_path",
}  # fmt: skip
_NAMES = (*dict.fromkeys(_SOURCES.values()), "source_mode", "port_group", "port_id")


def _kind(target: Target, kind: str) -> None:
    """Set the type; what it was connected to is nothing to another type."""
    if not kind:
        raise ValueError("an interface has a type")
    target.edit.set_all(**dict.fromkeys(_NAMES))
    target.edit.set("kind", kind)


def _name(target: Target, name: str) -> None:
    field = _SOURCES.get(target.device.defined_kind)
    if field is None:
        raise ValueError(f"an interface of type {target.device.kind} has none")
    target.edit.set(field, name or None)


def _pool(target: Target, value: str) -> None:
    """Connect it to the network of a pool; only interfaces of a network come from one."""
    kind, name = target.device.defined_kind, network_of_pool(value)
    if kind != "network" and target.is_new:
        return  # it follows from what the interface is connected to
    if kind != "network":
        raise ValueError(f"an interface of type {kind} is of no network")
    if name is None:
        raise ValueError("PoolID specified is not formatted properly")
    if not target.has("NetworkName"):
        target.edit.set("source_network", name)


def _connection(target: Target, value: Sequence[str]) -> None:
    if not target.has("NetworkName"):
        _name(target, next(iter(value), ""))


def _tags(target: Target, value: Sequence[int]) -> None:
    """Set the tags; one that stays keeps whether it is native."""
    known = {tag.id: tag for tag in target.device.vlan_tags}
    target.edit.set("vlan_tags", tuple(known.get(one) or VLANTag(id=one) for one in value))
    if not value:
        target.edit.set("vlan_trunk", None)


def _native(target: Target, value: int) -> None:
    tags = target.device.vlan_tags
    if value and all(tag.id != value for tag in tags):
        raise ValueError("it is none of VLANTags")
    target.edit.set(
        "vlan_tags",
        tuple(replace(tag, native_mode=_mode(tag) if tag.id == value else None) for tag in tags),
    )


def _mode(tag: VLANTag) -> str:
    return tag.native_mode or "untagged"


def _parameter(text: str) -> Parameter:
    name, value = pair(text)
    return Parameter(name=name, value=value)


def _filter(target: Target, name: str) -> None:
    if not name:
        target.edit.set("filter_parameters", ())
    target.edit.set("filter", name or None)


def _inbound_average(target: Target, value: int) -> None:
    """Set the rate; without one there is no limit either."""
    if not value:
        target.edit.set("inbound", None)
    else:
        target.edit.set("inbound.average", value)


def _inbound_peak(target: Target, value: int) -> None:
    if value and (target.device.inbound is None or target.device.inbound.average is None):
        raise ValueError("it is above a Reservation, and there is none")
    target.edit.set("inbound.peak", value or None)


def _outbound_average(target: Target, value: int) -> None:
    if not value:
        target.edit.set("outbound", None)
    else:
        target.edit.set("outbound.average", value)


_PCI = re.compile(r"(?:([0-9a-f]{4}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", re.IGNORECASE)


def pci_address(text: str) -> Address:
    """Return the address of a device of the host; raises ValueError."""
    found = _PCI.fullmatch(text)
    if found is None:
        raise ValueError("it must be written as 0000:00:00.0")
    domain, bus, slot, function = found.groups()
    values = ("pci", f"0x{domain or '0000'}", f"0x{bus}", f"0x{slot}", f"0x{function}")
    return Address(names=("type", "domain", "bus", "slot", "function"), values=values)


def _when_direct(field: str) -> Setter:
    def put(target: Target, value: str) -> None:
        if target.device.kind != "direct":
            raise ValueError("it is of interfaces of type direct")
        target.edit.set(field, value or None)

    return put


def _role(target: Target, value: str) -> None:
    if target.device.kind in {"client", "server"}:
        raise ValueError("it follows from NetworkType")
    target.edit.set("source_mode", value or None)


SETTERS: Mapping[str, Setter] = {
    "NetworkType":       _kind,
    "NetworkName":       _name,
    "PoolID":            _pool,
    "Connection":        _connection,
    "PortGroup":         to("port_group"),
    "SourceDevice":      _when_direct("source_device"),
    "NetworkMode":       _when_direct("source_mode"),
    "SourceMode":        _role,
    "SourceAddress":     lambda t, value: t.edit.set(
        "source_path" if t.device.kind == "vhostuser" else "source_address", value or None),
    "SourcePort":        to("source_port", lambda value: value or None),
    "LocalAddress":      to("local_address"),
    "LocalPort":         to("local_port", lambda value: value or None),
    "HostDeviceAddress": to("host_address", pci_address),
    "Bridge":            to("source_bridge"),
    "Address":           to("mac"),
    "MACType":           to("mac_type"),
    "VirtualDevice":     to("target"),
    "ResourceSubType":   to("model"),
    "Driver":            to("driver"),
    "Queues":            to("queues", lambda value: value or None),
    "Script":            to("script"),
    "VSIType":           to("virtual_port.kind"),
    "VSIManagerID":      to("virtual_port.manager_id"),
    "VSITypeID":         to("virtual_port.type_id"),
    "VSITypeIDVersion":  to("virtual_port.type_id_version"),
    "VSIInstanceID":     to("virtual_port.instance_id"),
    "ProfileID":         to("virtual_port.profile_id"),
    "FilterRef":         _filter,
    "FilterParameters":  to("filter_parameters", every(_parameter)),
    "InboundAverage":    _inbound_average,
    "InboundPeak":       limit("inbound.peak"),
    "InboundBurst":      limit("inbound.burst"),
    "InboundFloor":      limit("inbound.floor"),
    "OutboundAverage":   _outbound_average,
    "OutboundPeak":      limit("outbound.peak"),
    "OutboundBurst":     limit("outbound.burst"),
    "Reservation":       _inbound_average,
    "Limit":             _inbound_peak,
    "VLANTags":          _tags,
    "VLANTrunk":         to("vlan_trunk"),
    "NativeVLAN":        _native,
    "MTU":               to("mtu", lambda value: value or None),
    "LinkState":         to("link_state"),
    "PortIsolated":      to("port_isolated"),
    **ADDRESS_SETTERS,
    **BOOT_SETTERS,
}  # fmt: skip


def prepare(model: HostModel, given: Given, *, is_new: bool) -> Given:  # noqa: ARG001 - as others
    """Give rates in the unit of the getters."""
    units: Any = given.get("allocationunits")
    rates = [name for name in ("reservation", "limit") if given.get(name)]
    if units is None or not rates:
        return given
    try:
        size = rate_size(units)
    except ValueError as error:
        raise InvalidParameter(f"AllocationUnits cannot be {units!r}: {error}") from None
    found = {name: value for name, value in given.items() if name != "allocationunits"}
    for name in rates:
        rate: Any = found[name]
        found[name] = -(-rate * size // 1000)
    return found


CHANGES = Changes(
    getters=PROPERTIES,
    setters=SETTERS,
    fixed=fixed(PROPERTIES, SETTERS, PortID="the network gives it"),
    prepare=prepare,
)
