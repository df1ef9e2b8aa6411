"""CIM_ResourceAllocationSettingData of network interfaces (DSP1050).

Rates are what libvirt gives tc: kilobytes of 1000 bytes a second, bursts KiB.
"""

from collections.abc import Mapping

from virtcim.hypervisors.definition.interfaces import Interface, Parameter, Rate, VirtualPort
from virtcim.providers.compatibility import BANDWIDTH
from virtcim.providers.host_resources import switch_uris
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import pool_index
from virtcim.providers.settings import (
    ADDRESS,
    COMMON,
    DEDICATED,
    address_text,
    setting_family,
    texts,
    within,
)
from virtcim.providers.views import NET_SETTING, SettingView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import ConsumerVisibility

_NO_RATE, _NO_PORT = Rate(), VirtualPort()


def _inbound(v: SettingView) -> Rate:
    return (isinstance(v.device, Interface) and v.device.inbound) or _NO_RATE


def _outbound(v: SettingView) -> Rate:
    return (isinstance(v.device, Interface) and v.device.outbound) or _NO_RATE


def _port(v: SettingView) -> VirtualPort:
    return (isinstance(v.device, Interface) and v.device.virtual_port) or _NO_PORT


def network_name(interface: Interface) -> str | None:
    """Return what an interface is connected to.

    The network comes first: a running domain's text also has the bridge that it got by it.
    """
    return (
        interface.source_network
        or interface.source_bridge
        or interface.source_device
        or interface.source_name
        or interface.source_path
    )


def _host_device(v: SettingView) -> str | None:
    """Return the address of a device of the host that the guest has whole."""
    return address_text(v.device.host_address, "pci") if isinstance(v.device, Interface) else None


def _host_resource(v: SettingView) -> tuple[str, ...] | None:
    if not isinstance(v.device, Interface):
        return None
    network, bridge = v.device.source_network, v.device.source_bridge
    network = network or pool_index(v.model).bridges.get(bridge or "")
    switch = switch_uris(v.model).get(network)
    return texts(switch or _host_device(v) or network_name(v.device))


def _visibility(v: SettingView) -> ConsumerVisibility:
    passed = v.device is not None and _host_device(v) is not None
    return ConsumerVisibility.PASSED_THROUGH if passed else ConsumerVisibility.VIRTUALIZED


def _role(v: SettingView) -> str | None:
    """Return the role in a connection by a socket, which is the type or an attribute beside it."""
    if not isinstance(v.device, Interface) or v.device.kind == "direct":
        return None
    return v.device.kind if v.device.kind in {"client", "server"} else v.device.source_mode


def _parameter(parameter: Parameter) -> str:
    return f"{parameter.name}={parameter.value}"


def _tags(v: SettingView) -> tuple[int, ...] | None:
    tags = v.device.vlan_tags if isinstance(v.device, Interface) else ()
    return tuple(tag.id for tag in tags if within(tag.id, 16) is not None and tag.id) or None


PROPERTIES: Mapping[str, Getter] = {
    **COMMON,
    **ADDRESS,
    "ResourceSubType":    lambda v: v.device.model,
    "HostResource":       _host_resource,
    "MappingBehavior":    lambda v: _host_device(v) and DEDICATED,
    "ConsumerVisibility": _visibility,
    "Connection":         lambda v: texts(network_name(v.device)),
    "Address":            lambda v: v.device.mac,
    "AllocationUnits":    lambda v: v.model.behaviour.units[BANDWIDTH] if _inbound(v).average
                                    else COMMON["AllocationUnits"](v),
    "Reservation":        lambda v: _inbound(v).average or None,
    "Limit":              lambda v: _inbound(v).peak if _inbound(v).average else None,
    "NetworkType":        lambda v: v.device.defined_kind,
    "NetworkName":        lambda v: network_name(v.device),
    "VirtualDevice":      lambda v: v.device.target,
    "SourceDevice":       lambda v: v.device.source_device if v.device.kind == "direct" else None,
    "NetworkMode":        lambda v: v.device.source_mode if v.device.kind == "direct" else None,
    "VSIType":            lambda v: _port(v).kind,
    "VSIManagerID":       lambda v: _port(v).manager_id,
    "VSITypeID":          lambda v: _port(v).type_id,
    "VSITypeIDVersion":   lambda v: _port(v).type_id_version,
    "VSIInstanceID":      lambda v: _port(v).instance_id,
    "ProfileID":          lambda v: _port(v).profile_id,
    "FilterRef":          lambda v: v.device.filter,
    "FilterParameters":   lambda v: tuple(map(_parameter, v.device.filter_parameters)) or None,
    "InboundAverage":     lambda v: _inbound(v).average,
    "InboundPeak":        lambda v: _inbound(v).peak,
    "InboundBurst":       lambda v: _inbound(v).burst,
    "InboundFloor":       lambda v: _inbound(v).floor,
    "OutboundAverage":    lambda v: _outbound(v).average,
    "OutboundPeak":       lambda v: _outbound(v).peak,
    "OutboundBurst":      lambda v: _outbound(v).burst,
    "VLANTags":           _tags,
    "VLANTrunk":          lambda v: v.device.vlan_trunk,
    "NativeVLAN":         lambda v: v.device.native_vlan,
    "MTU":                lambda v: v.device.mtu,
    "LinkState":          lambda v: v.device.link_state,
    "Driver":             lambda v: v.device.driver,
    "Queues":             lambda v: v.device.queues,
    "PortGroup":          lambda v: v.device.port_group,
    "Script":             lambda v: v.device.script,
    "MACType":            lambda v: v.device.mac_type,
    "PortIsolated":       lambda v: v.device.port_isolated,
    "HostDeviceAddress":  _host_device,
    "SourceMode":         _role,
    "SourceAddress":      lambda v: v.device.source_address or v.device.source_path,
    "SourcePort":         lambda v: within(v.device.source_port, 16),
    "LocalAddress":       lambda v: v.device.local_address,
    "LocalPort":          lambda v: within(v.device.local_port, 16),
    "PortID":             lambda v: v.device.port_id,
    "Bridge":             lambda v: v.device.source_bridge,
}  # fmt: skip


def given(model: HostModel) -> object:
    """Return what settings of interfaces depend on beside their domain."""
    return (model.view_key, pool_index(model), switch_uris(model))


FAMILIES = (setting_family(NET_SETTING, PROPERTIES, given),)
