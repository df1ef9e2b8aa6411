"""CIM_ResourceAllocationSettingData of mice, tablets and keyboards."""

from collections.abc import Mapping

from virtcim.hypervisors.definition.peripherals import Input
from virtcim.providers.inputs import caption
from virtcim.providers.settings import COMMON, setting_family, texts
from virtcim.providers.views import INPUT_SETTING, SettingView
from virtcim.schema.layouts import Getter


def _caption(v: SettingView) -> str | None:
    return caption(v.device, v.model.behaviour) if isinstance(v.device, Input) else None


PROPERTIES: Mapping[str, Getter] = {
    **COMMON,
    "Caption":         _caption,
    "ResourceSubType": lambda v: v.device.kind,
    "HostResource":    lambda v: texts(v.device.source_device),
    "BusType":         lambda v: v.device.bus,
}  # fmt: skip

FAMILIES = (setting_family(INPUT_SETTING, PROPERTIES),)
