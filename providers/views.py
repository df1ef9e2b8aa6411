"""What the properties of devices and of their settings are read from.

The rule: which family an element of a definition belongs to stands in one table here; an element
that the table does not have is a generic device, and never dropped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from virtcim.hypervisors.definition import DomainDefinition
from virtcim.hypervisors.definition.characters import Console
from virtcim.hypervisors.definition.devices import Device
from virtcim.hypervisors.definition.peripherals import Input
from virtcim.inventory.snapshots import Domain
from virtcim.providers.configurations import (
    Configuration,
    configurations,
    current_definition,
)
from virtcim.providers.model import HostModel
from virtcim.providers.states import StateRow, row

PROCESSOR, MEMORY, DISK = "Virt_Processor", "Virt_Memory", "Virt_LogicalDisk"
NETWORK_PORT, DISPLAY = "Virt_NetworkPort", "Virt_DisplayController"
CONSOLE_DISPLAY, POINTING, KEYBOARD = (
    "Virt_ConsoleDisplayController", "Virt_PointingDevice", "Virt_Keyboard",
)  # fmt: skip
CONTROLLER, WATCHDOG = "Virt_Controller", "Virt_Watchdog"
SERIAL, PARALLEL, GENERIC = "Virt_SerialController", "Virt_ParallelController", "Virt_GenericDevice"

PROCESSOR_SETTING = "Virt_ProcResourceAllocationSettingData"
MEMORY_SETTING = "Virt_MemResourceAllocationSettingData"
DISK_SETTING = "Virt_DiskResourceAllocationSettingData"
NET_SETTING = "Virt_NetResourceAllocationSettingData"
GRAPHICS_SETTING = "Virt_GraphicsResourceAllocationSettingData"
CONSOLE_SETTING = "Virt_ConsoleResourceAllocationSettingData"
CHARACTER_SETTING = "Virt_CharacterResourceAllocationSettingData"
INPUT_SETTING = "Virt_InputResourceAllocationSettingData"
CONTROLLER_SETTING = "Virt_ControllerResourceAllocationSettingData"
GENERIC_SETTING = "Virt_GenericResourceAllocationSettingData"

FAMILIES_OF: Mapping[str, tuple[str, str]] = MappingProxyType({
    # element      device            setting
    "disk":        (DISK,            DISK_SETTING),
    "filesystem":  (DISK,            DISK_SETTING),
    "interface":   (NETWORK_PORT,    NET_SETTING),
    "graphics":    (DISPLAY,         GRAPHICS_SETTING),
    "video":       (DISPLAY,         GRAPHICS_SETTING),
    "console":     (CONSOLE_DISPLAY, CONSOLE_SETTING),
    "serial":      (SERIAL,          CHARACTER_SETTING),
    "parallel":    (PARALLEL,        CHARACTER_SETTING),
    "channel":     (GENERIC,         CHARACTER_SETTING),
    "input":       (POINTING,        INPUT_SETTING),
    "keyboard":    (KEYBOARD,        INPUT_SETTING),  # an <input> of that type
    "controller":  (CONTROLLER,      CONTROLLER_SETTING),
    "watchdog":    (WATCHDOG,        GENERIC_SETTING),
    "memory":      (MEMORY,          MEMORY_SETTING),
})  # fmt: skip
"""Total over the elements with families of their own; all others are generic."""

_GENERIC = (GENERIC, GENERIC_SETTING)

PROCESSORS_ID, MEMORY_ID = "proc", "mem"
"""Devices that stand outside `<devices>`: `<vcpu>` and `<memory>`."""

MOST_PROCESSORS = 8192
"""Of one domain, more than any hypervisor runs: a number in a text must not fill the memory."""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device of a domain.

    id: its part of the DeviceID. device: None for a processor and for the domain's own memory.
    number: counts processors from 0; None for any other device.
    """

    model: HostModel
    domain: Domain
    definition: DomainDefinition
    state: StateRow
    id: str
    device: Device | None
    number: int | None = None

    @property
    def device_id(self) -> str:
        """The DeviceID."""
        return f"{self.domain.name}/{self.id}"


@dataclass(frozen=True, slots=True)
class SettingView:
    """The setting of a device in one configuration of a domain.

    device: None for the processors and for the domain's own memory.
    """

    model: HostModel
    configuration: Configuration
    id: str
    device: Device | None

    @property
    def definition(self) -> DomainDefinition:
        """The definition that it stands in."""
        return self.configuration.devices

    @property
    def instance_id(self) -> str:
        """The InstanceID."""
        return self.configuration.setting_id(self.id)


def families_of(model: HostModel, device: Device) -> tuple[str, str]:
    """Return the families of a device and of its setting."""
    element = device.element
    keyboard = isinstance(device, Input) and device.kind == "keyboard"
    if keyboard and not model.behaviour.keyboards_point:
        element = "keyboard"
    return FAMILIES_OF.get(element, _GENERIC)


def shown(model: HostModel, definition: DomainDefinition) -> Iterator[tuple[str, str, str, Device]]:
    """Yield what clients are shown: families of a device and of its setting, id, device."""
    elements, twice = model.behaviour.devices, model.behaviour.consoles_are_displays
    for device in definition.devices:
        if elements is None or device.element in elements:
            yield *families_of(model, device), device.id, device
            if twice and isinstance(device, Console) and device.kind == "pty":
                yield *FAMILIES_OF["graphics"], f"console:{device.target_port or 0}", device


def device_views(model: HostModel, domain: Domain) -> Mapping[str, tuple[DeviceView, ...]]:
    """Return the devices of a domain by family; kept on its snapshot."""
    return domain.recall(
        device_views, lambda one: _device_views(model, one), given=model.host.communication
    )


def _device_views(model: HostModel, domain: Domain) -> Mapping[str, tuple[DeviceView, ...]]:
    definition, state = current_definition(domain), state_row(model, domain)
    found: dict[str, list[DeviceView]] = {
        PROCESSOR: [
            DeviceView(model, domain, definition, state, str(number), None, number)
            for number in range(min(definition.vcpus or 0, MOST_PROCESSORS))
        ],
        MEMORY: [DeviceView(model, domain, definition, state, MEMORY_ID, None)],
    }
    for family, _, device_id, device in shown(model, definition):
        view = DeviceView(model, domain, definition, state, device_id, device)
        found.setdefault(family, []).append(view)
    return {family: tuple(views) for family, views in found.items()}


def setting_views(model: HostModel, domain: Domain) -> Mapping[str, tuple[SettingView, ...]]:
    """Return the settings of a domain's devices by family, of all its configurations."""
    return domain.recall(setting_views, lambda one: _setting_views(model, one))


def _setting_views(model: HostModel, domain: Domain) -> Mapping[str, tuple[SettingView, ...]]:
    found: dict[str, list[SettingView]] = {PROCESSOR_SETTING: [], MEMORY_SETTING: []}
    for one in configurations(domain, pending=model.behaviour.pending_settings):
        found[PROCESSOR_SETTING].append(SettingView(model, one, PROCESSORS_ID, None))
        found[MEMORY_SETTING].append(SettingView(model, one, MEMORY_ID, None))
        for _, family, device_id, device in shown(model, one.devices):
            found.setdefault(family, []).append(SettingView(model, one, device_id, device))
    return {family: tuple(views) for family, views in found.items()}


def state_row(model: HostModel, domain: Domain) -> StateRow:
    """Return the state of a domain in CIM's numbers."""
    return row(
        domain.facts,
        migrating=domain.record.migrating,
        communication=model.communication(),
        requested=domain.record.requested_state,
        verbs=model.host.hypervisor.verbs,
    )
