"""Which changes there are of which device, and how a definition's text is seen through getters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from virtcim.hypervisors.definition import (
    TPM,
    Channel,
    Console,
    Controller,
    Disk,
    DomainDefinition,
    Filesystem,
    Graphics,
    HostDevice,
    Input,
    Interface,
    MemoryBalloon,
    MemoryDevice,
    Parallel,
    RandomGenerator,
    Serial,
    Sound,
    Video,
    Vsock,
    Watchdog,
)
from virtcim.hypervisors.definition.devices import Device, OtherDevice
from virtcim.inventory.snapshots import Domain
from virtcim.providers import (
    character_changes,
    disk_changes,
    graphics_changes,
    memory_changes,
    net_changes,
    processor_changes,
)
from virtcim.providers.changes import Changes, Given
from virtcim.providers.configurations import DEFINED_PATH, Configuration, Kind
from virtcim.providers.device_changes import (
    CONTROLLER_CHANGES,
    GENERIC_CHANGES,
    INPUT_CHANGES,
)
from virtcim.providers.model import HostModel
from virtcim.providers.views import (
    CHARACTER_SETTING,
    CONSOLE_SETTING,
    CONTROLLER_SETTING,
    DISK_SETTING,
    GENERIC_SETTING,
    GRAPHICS_SETTING,
    INPUT_SETTING,
    MEMORY_ID,
    MEMORY_SETTING,
    NET_SETTING,
    PROCESSOR_SETTING,
    PROCESSORS_ID,
    SettingView,
    families_of,
)
from virtcim.schema.families import member
from virtcim.schema.valuemaps import EmulatedType, ResourceType
from virtcim.wbem.status import Failed, InvalidParameter

CHANGES_OF: Mapping[type[Device], Changes] = MappingProxyType({
    Disk:            disk_changes.DISK_CHANGES,
    Filesystem:      disk_changes.FILESYSTEM_CHANGES,
    Interface:       net_changes.CHANGES,
    Graphics:        graphics_changes.GRAPHICS_CHANGES,
    Video:           graphics_changes.VIDEO_CHANGES,
    Console:         character_changes.CHANGES,
    Serial:          character_changes.CHANGES,
    Parallel:        character_changes.CHANGES,
    Channel:         character_changes.CHANGES,
    Input:           INPUT_CHANGES,
    Controller:      CONTROLLER_CHANGES,
    MemoryDevice:    memory_changes.DEVICE_CHANGES,
    HostDevice:      GENERIC_CHANGES[HostDevice],
    RandomGenerator: GENERIC_CHANGES[RandomGenerator],
    TPM:             GENERIC_CHANGES[TPM],
    Vsock:           GENERIC_CHANGES[Vsock],
    Watchdog:        GENERIC_CHANGES[Watchdog],
    Sound:           GENERIC_CHANGES[Sound],
    MemoryBalloon:   GENERIC_CHANGES[MemoryBalloon],
    OtherDevice:     GENERIC_CHANGES[OtherDevice],
})  # fmt: skip
"""Total over the classes of devices."""

OF_DOMAIN: Mapping[str, Changes] = MappingProxyType({
    PROCESSORS_ID: processor_changes.CHANGES,
    MEMORY_ID:     memory_changes.WHOLE_CHANGES,
})  # fmt: skip
"""Of what is no device, by its part of the InstanceID."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What a setting is of: a device by its id, or the processors or the memory of the domain."""

    id: str
    device: Device | None

    @property
    def changes(self) -> Changes:
        """What can be changed of it."""
        return OF_DOMAIN[self.id] if self.device is None else CHANGES_OF[type(self.device)]


def resource(definition: DomainDefinition, resource_id: str) -> Resource | None:
    """Return what an id names in a definition; None where it names nothing."""
    if resource_id in OF_DOMAIN:
        return Resource(resource_id, None)
    found = (one for one in definition.devices if one.id == resource_id)
    return next((Resource(resource_id, one) for one in found), None)


def setting_families(model: HostModel, one: Resource) -> tuple[str, ...]:
    """Return the families whose settings a resource has; a text console can be a display too."""
    if one.device is None:
        return tuple(family for family, whole in _WHOLE.items() if whole == one.id)
    own = families_of(model, one.device)[1]
    twice = model.behaviour.consoles_are_displays and isinstance(one.device, Console)
    return (own, GRAPHICS_SETTING) if twice else (own,)


def configuration_of(
    domain: Domain, definition: DomainDefinition, kind: Kind = Kind.ONLY
) -> Configuration:
    """Return a definition as a configuration of a domain."""
    path = DEFINED_PATH if kind is Kind.DEFINED else ""
    return Configuration(domain, definition, definition, path, kind, None)


def view_of(
    model: HostModel,
    configuration: Configuration,
    one: Resource,
) -> SettingView:
    """Return what getters read of a resource in a configuration."""
    return SettingView(model, configuration, one.id, one.device)


# New resources


def _disk(given: Given) -> str:
    filesystem = (
        given.get("emulatedtype") == EmulatedType.FILESYSTEM
        or given.get("resourcesubtype") == "filesystem"
        or any(name in given for name in ("mountpoint", "filesystemtype", "filesystemsource"))
    )
    return "filesystem" if filesystem else "disk"


_DISPLAYS = frozenset({"vnc", "spice", "sdl", "rdp", "desktop", "egl-headless", "dbus"})


def _graphics(given: Given) -> str:
    kind = given.get("resourcesubtype")
    if "videomodel" in given or (kind is not None and _is_video(given)):
        return "video"
    if kind in {"console", "serial"}:
        return "console"
    if kind is None:
        raise InvalidParameter("GraphicsRASD ResourceSubType field not valid")
    if kind not in _DISPLAYS:
        raise InvalidParameter("Unsupported graphics type")
    return "graphics"


def _is_video(given: Given) -> bool:
    return any(name in given for name in ("videomemory", "heads", "accel3d"))


_CHARACTERS = frozenset({"console", "serial", "parallel", "channel"})
_BY_TYPE: Mapping[object, str] = {
    ResourceType.SERIAL_PORT: "serial",
    ResourceType.PARALLEL_PORT: "parallel",
}


def _character(given: Given) -> str:
    kind = given.get("otherresourcetype")
    if isinstance(kind, str) and kind in _CHARACTERS:
        return kind
    if given.get("resourcetype") in _BY_TYPE:
        return _BY_TYPE[given["resourcetype"]]
    return "channel" if "targetname" in given or "targetaddress" in given else "serial"


_GENERIC = frozenset({
    "hostdev", "rng", "tpm", "vsock", "watchdog", "sound", "memballoon", "panic", "iommu", "hub",
})  # fmt: skip


def _generic(given: Given) -> str:
    kind = given.get("otherresourcetype")
    if not isinstance(kind, str) or kind not in _GENERIC:
        raise InvalidParameter(f"OtherResourceType must be one of {', '.join(sorted(_GENERIC))}")
    return kind


_ELEMENTS: Mapping[str, Callable[[Given], str]] = {
    DISK_SETTING:       _disk,
    NET_SETTING:        lambda _: "interface",
    GRAPHICS_SETTING:   _graphics,
    CONSOLE_SETTING:    lambda _: "console",
    CHARACTER_SETTING:  _character,
    INPUT_SETTING:      lambda _: "input",
    CONTROLLER_SETTING: lambda _: "controller",
    GENERIC_SETTING:    _generic,
    MEMORY_SETTING:     lambda _: "memory",
}  # fmt: skip

_WHOLE: Mapping[str, str] = {PROCESSOR_SETTING: PROCESSORS_ID, MEMORY_SETTING: MEMORY_ID}


def family_named(model: HostModel, class_name: str) -> str:
    """Return the family of a class of settings; raises InvalidParameter and Failed."""
    for family in (*_ELEMENTS, PROCESSOR_SETTING):
        if class_name.lower() in {member(model.host.prefix, family).lower(), family.lower()}:
            return family
    if model.behaviour.legacy_errors:
        raise Failed("Resource type not supported on this platform")
    raise InvalidParameter(f"{class_name} is no class of settings of this service's resources")


def whole_resource(family: str, given: Given) -> str | None:
    """Return the id of what is there once in each domain; None for devices."""
    if family == MEMORY_SETTING and ("devicemodel" in given or given.get("resourcesubtype")):
        return None
    return _WHOLE.get(family)


@dataclass(frozen=True, slots=True)
class New:
    """A device that is to be made: its kind, and what was given of it."""

    element: str
    given: Given


def new(family: str, given: Given) -> New:
    """Return the device that a new setting means; raises InvalidParameter.

    Clients of libvirt-cim know a text console as graphics too, of which they say nothing more.
    """
    element = _ELEMENTS[family](given)
    return New(element, {} if family == GRAPHICS_SETTING and element == "console" else given)
