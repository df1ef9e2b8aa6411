"""CIM_ResourceAllocationSettingData of controllers."""

from collections.abc import Mapping

from virtcim.providers.settings import ADDRESS, COMMON, setting_family, within
from virtcim.providers.views import CONTROLLER_SETTING
from virtcim.schema.layouts import Getter


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _on_off(flag: bool | None) -> str | None:  # noqa: FBT001 - it is what is written
    return None if flag is None else ("off", "on")[flag]


PROPERTIES: Mapping[str, Getter] = {
    **COMMON,
    **ADDRESS,
    "ResourceSubType": lambda v: v.device.kind,
    "Index":           lambda v: within(v.device.index, 64),
    "Model":           lambda v: v.device.model,
    "Ports":           lambda v: _text(v.device.ports),
    "Vectors":         lambda v: _text(v.device.vectors),
    "Queues":          lambda v: _text(v.device.queues),
    "MaxSectors":      lambda v: v.device.max_sectors,
    "CmdPerLun":       lambda v: v.device.commands_per_lun,
    "IOThread":        lambda v: v.device.io_thread,
    "ChassisNumber":   lambda v: _text(v.device.chassis_number),
    "Chassis":         lambda v: _text(v.device.chassis),
    "Port":            lambda v: v.device.port,
    "TargetHotplug":   lambda v: _on_off(v.device.hotplug),
    "ModelName":       lambda v: v.device.model_name,
    "NUMANode":        lambda v: v.device.numa_node,
}  # fmt: skip

FAMILIES = (setting_family(CONTROLLER_SETTING, PROPERTIES),)
