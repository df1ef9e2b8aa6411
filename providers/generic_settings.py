"""CIM_ResourceAllocationSettingData of devices whose kind has no class of its own (DSP1059)."""

from collections.abc import Callable, Mapping
from typing import Any

from virtcim.hypervisors.definition.peripherals import TPM, HostDevice, RandomGenerator, Vsock
from virtcim.providers.settings import COMMON, DEDICATED, address_text, setting_family, texts
from virtcim.providers.views import GENERIC_SETTING, SettingView
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import ConsumerVisibility

_PASSTHROUGH = "passthrough"


def _of_host_device(device: HostDevice) -> str | None:
    """Return how the host knows it: its address, its numbers, its adapter or its file."""
    ids = None
    if device.vendor_id and device.product_id:
        ids = f"{device.vendor_id}:{device.product_id}"
    where = address_text(device.source_address, device.kind)
    unit = ":".join(part for part in (device.adapter, where) if part)
    return unit or ids or device.source_name or device.wwpn or device.source_node


_RESOURCES: Mapping[type, Callable[[Any], str | None]] = {
    HostDevice:      _of_host_device,
    RandomGenerator: lambda device: device.source_path,
    TPM:             lambda device: device.source_path,
}  # fmt: skip
"""What of the host stands behind a device; nothing behind all others."""


def _host_resource(v: SettingView) -> tuple[str, ...] | None:
    find = _RESOURCES.get(type(v.device))
    return None if find is None else texts(find(v.device))


def _is_passed(v: SettingView) -> bool:
    device = v.device
    return isinstance(device, HostDevice) or getattr(device, "backend", None) == _PASSTHROUGH


def _visibility(v: SettingView) -> ConsumerVisibility:
    if _is_passed(v):
        return ConsumerVisibility.PASSED_THROUGH
    return ConsumerVisibility.VIRTUALIZED


def _sub_type(v: SettingView) -> str | None:
    if isinstance(v.device, HostDevice):
        return v.device.kind
    return getattr(v.device, "model", None)


def _address(v: SettingView) -> str | None:
    if isinstance(v.device, Vsock) and v.device.cid is not None:
        return str(v.device.cid)
    return None if v.device is None else address_text(v.device.address)


PROPERTIES: Mapping[str, Getter] = {
    **COMMON,
    "ResourceSubType":    _sub_type,
    "HostResource":       _host_resource,
    "MappingBehavior":    lambda v: DEDICATED if _is_passed(v) else None,
    "ConsumerVisibility": _visibility,
    "Address":            _address,
}  # fmt: skip

FAMILIES = (setting_family(GENERIC_SETTING, PROPERTIES),)
