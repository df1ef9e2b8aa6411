"""Rows of the association table: systems, their devices and the settings of both."""

from collections.abc import Iterator, Mapping

from virtcim.providers import computer_system, host_system, views
from virtcim.providers.associations import COMPAT_ONLY, STRICT_ONLY, Association, Link, Row
from virtcim.providers.configurations import Kind
from virtcim.providers.model import CIMV2, HostModel, domain_named
from virtcim.providers.walks import (
    SETTING,
    components,
    configuration_of,
    device_of,
    equal,
    every,
    named,
    of_domain,
    part_of,
    setting_of,
    settings_of,
    state_setting,
    state_system,
    system_of,
    systems_of,
    whole,
)
from virtcim.schema.layouts import Getter, Record

SYSTEM, HOST = computer_system.FAMILY, host_system.FAMILY
SWITCH, SWITCH_PORT = "Virt_VirtualEthernetSwitch", "Virt_EthernetSwitchPort"
SWITCH_SETTING = "Virt_VirtualEthernetSwitchSettingData"
HOST_DEVICES = (
    "Virt_HostProcessor", "Virt_HostMemory", "Virt_HostEthernetPort", "Virt_StorageVolume",
)  # fmt: skip

DEVICES: Mapping[str, str] = {
    # device                setting; in the order in which libvirt-cim shows them
    views.NETWORK_PORT:    views.NET_SETTING,
    views.DISK:            views.DISK_SETTING,
    views.MEMORY:          views.MEMORY_SETTING,
    views.PROCESSOR:       views.PROCESSOR_SETTING,
    views.DISPLAY:         views.GRAPHICS_SETTING,
    views.POINTING:        views.INPUT_SETTING,
    views.KEYBOARD:        views.INPUT_SETTING,
    views.CONSOLE_DISPLAY: views.CONSOLE_SETTING,
    views.CONTROLLER:      views.CONTROLLER_SETTING,
    views.SERIAL:          views.CHARACTER_SETTING,
    views.PARALLEL:        views.CHARACTER_SETTING,
    views.WATCHDOG:        views.GENERIC_SETTING,
}  # fmt: skip
"""Total over the device families but the generic one, whose devices have two kinds of settings."""

ALL_DEVICES = (*DEVICES, views.GENERIC)
SETTINGS = (*dict.fromkeys((*DEVICES.values(), views.GENERIC_SETTING)),)
PAIRS = (
    *DEVICES.items(),
    (views.GENERIC, views.CHARACTER_SETTING),
    (views.GENERIC, views.GENERIC_SETTING),
)


def _itself(_model: HostModel, source: Record) -> tuple[Record]:
    return (source,)


def _systems(model: HostModel, source: Record) -> Iterator[Record]:
    """Walk from a domain to the settings of all its configurations."""
    domain = domain_named(model, source["Name"])
    if domain is not None:
        yield from (record for _, record in systems_of(model, domain))


def _system(model: HostModel, source: Record) -> Iterator[Record]:
    domain, _ = configuration_of(model, source)
    if domain is not None:
        yield from model.parts(SYSTEM).records_of(domain)


def _pending(model: HostModel, source: Record, *, forth: bool) -> Iterator[Record]:
    """Walk between the settings of the state and those of the next start, where both differ."""
    domain, one = configuration_of(model, source)
    kinds = (Kind.STATE, Kind.DEFINED) if forth else (Kind.DEFINED, Kind.STATE)
    if domain is not None and one is not None and one.kind is kinds[0]:
        yield from (r for other, r in systems_of(model, domain) if other.kind is kinds[1])


def _defined_system(model: HostModel, source: Record) -> Iterator[Record]:
    return _pending(model, source, forth=True)


def _state_of_defined(model: HostModel, source: Record) -> Iterator[Record]:
    return _pending(model, source, forth=False)


# CIM_ElementSettingData: IsDefault, IsCurrent, IsNext; IsMinimum, IsMaximum
_YES, _NO, _NOT_APPLICABLE = 1, 2, 3
_UNKNOWN = 0


def _kind(link: Link) -> Kind | None:
    """Return when the setting at the second end holds; None where one is linked to itself."""
    model, record = link.model, link.second
    domain = model.owner(record)
    if domain is None or link.first is link.second:
        return None
    if record.layout.class_name == model.class_name(SETTING):
        one = part_of(systems_of(model, domain), record)
        return None if one is None else one.kind
    return next(
        (
            part.configuration.kind
            for family in SETTINGS
            if record.layout.class_name == model.class_name(family)
            for part, found in settings_of(model, domain, family)
            if found is record
        ),
        None,
    )


def _is_next(link: Link) -> int:
    kind = _kind(link)
    return _YES if kind is None or kind.is_next else _NO


def _is_current(link: Link) -> int | None:
    kind = _kind(link)
    if kind is None:
        return None  # as libvirt-cim, which links each setting to itself
    return _YES if kind.is_current else _NO


def _limit(link: Link) -> int:
    return _YES if link.first is link.second else _UNKNOWN


_CONFIGURED: Mapping[str, Getter] = {
    "IsDefault": _is_next,  # what the next start takes is what was defined
    "IsNext":    _is_next,
    "IsCurrent": _is_current,
    "IsMinimum": _limit,
    "IsMaximum": _limit,
}  # fmt: skip

DEVICE_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_HostedDependency", (
        Row(HOST, SYSTEM, every(SYSTEM), every(HOST)),
        Row(HOST, SWITCH, every(SWITCH), every(HOST)),
    ), (CIMV2,)),
    Association("Virt_SystemDevice", (
        *(Row(SYSTEM, device, of_domain(device), system_of()) for device in ALL_DEVICES),
        *(Row(HOST, device, every(device), every(HOST)) for device in HOST_DEVICES),
        Row(SWITCH, SWITCH_PORT, equal(SWITCH_PORT, "SystemName", "Name"),
            named(SWITCH, "name", "SystemName")),
    )),
    Association("Virt_SettingsDefineState", (
        Row(SYSTEM, SETTING, state_setting, state_system),
        *(Row(device, setting, setting_of(device, setting), device_of(device, setting))
          for device, setting in PAIRS),
        Row(SWITCH, SWITCH_SETTING, equal(SWITCH_SETTING, "VirtualSystemIdentifier", "Name"),
            equal(SWITCH, "Name", "VirtualSystemIdentifier")),
    )),
    Association("Virt_VirtualSystemSettingDataComponent", tuple(
        Row(SETTING, setting, components(setting), whole(setting)) for setting in SETTINGS
    )),
    Association("Virt_ElementSettingData", (
        Row(SYSTEM, SETTING, _systems, _system, STRICT_ONLY),
        Row(SETTING, SETTING, _defined_system, _state_of_defined, STRICT_ONLY),
        *(Row(setting, setting, _itself, _itself, COMPAT_ONLY)
          for setting in (SETTING, *SETTINGS)),
    ), properties=_CONFIGURED),
)  # fmt: skip
