"""The profiles that hosts follow, and what follows which (DSP1033).

Ids and names are those of libvirt-cim where it registers the profile, since clients look profiles
up by them; a profile that several classes follow, each for its own resources, is registered once
for each, as there. Clients of libvirt-cim find what it registers and nothing more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from virtcim.providers import computer_system, host_system, service_capabilities, services
from virtcim.providers.allocation_capabilities import FAMILY as _ALLOCATIONS
from virtcim.providers.compatibility import Behaviour
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Record

FAMILY = "Virt_RegisteredProfile"

_HOST, _SYSTEM = host_system.FAMILY, computer_system.FAMILY
_PROCESSORS, _MEMORY, _NETWORKS, _DISKS = (
    "Virt_ProcessorPool", "Virt_MemoryPool", "Virt_NetworkPool", "Virt_DiskPool",
)  # fmt: skip
_GRAPHICS, _INPUTS, _CONTROLLERS = "Virt_GraphicsPool", "Virt_InputPool", "Virt_ControllerPool"
_SWITCHES, _METRICS = "Virt_VirtualEthernetSwitch", "Virt_BaseMetricDefinition"


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that a host follows.

    conforming: families whose instances CIM_ElementConformsToProfile relates to it. DMTF means the
    central ones; libvirt-cim relates the scoping ones too.
    references: ids of the profiles that it uses.
    """

    instance_id: str
    name: str
    version: str
    conforming: tuple[str, ...]
    references: tuple[str, ...] = ()


PROFILE_REGISTRATION = _1033 = "CIM:DSP1033-ProfileRegistration-1.0.0"
"""Is registered by the server, not by its hosts (server_profiles.py)."""

_1042, _1057 = "CIM:DSP1042-SystemVirtualization-1.0.0", "CIM:DSP1057-VirtualSystem-1.0.0a"
_1041 = "CIM:DSP1041-ResourceAllocation-1.1.0c"
_1043 = "CIM:DSP1043-AllocationCapabilities-1.0.0a"
_1044 = "CIM:DSP1044-ProcessorResourceVirtualization-1.0.0"
_1045 = "CIM:DSP1045-MemoryResourceVirtualization-1.0.0"
_1047 = "CIM:DSP1047-StorageResourceVirtualization-1.0.0"
_1050 = "CIM:DSP1050-EthernetPortResourceVirtualization-1.0.0"
_1059 = "CIM:DSP1059-GenericDeviceResourceVirtualization-1.0.0"
_1076, _1081 = "CIM:DSP1076-KVMRedirection-1.0.0", "CIM:DSP1081-VirtualSystemMigration-0.8.1"
_1027 = "CIM:DSP1027-PowerStateManagement-2.0.0"
_1053, _1097 = "CIM:DSP1053-BaseMetrics-1.0.0", "CIM:DSP1097-VirtualEthernetSwitch-1.0.0"

_VIRTUALIZATION, _SYSTEMS = "System Virtualization", "Virtual System Profile"
_ALLOCATION, _CAPABILITIES = "Resource Allocation", "Allocation Capabilities"
_GENERIC, _CONSOLES = "Generic Device Resource Virtualization", "KVM Redirection"
_MEMORY_NAME = "Memory Resource Virtualization"

_CENTRE: Mapping[str, str] = {
    # suffix of an id: the pools that the profile is followed by
    "d": _DISKS, "n": _NETWORKS, "p": _PROCESSORS, "m": _MEMORY,
    "g": _GRAPHICS, "i": _INPUTS, "c": _CONTROLLERS,
}  # fmt: skip


def _of_pools(name: str, version: str, base: str, suffixes: str, *used: str) -> Iterator[Profile]:
    for suffix in suffixes:
        references = tuple(one.replace("*", suffix) for one in used)
        pools = (_CENTRE[suffix],)
        yield Profile(f"{base}_{suffix}", name, version, pools, references)


_RESOURCES: tuple[Profile, ...] = (
    *_of_pools(_ALLOCATION, "1.1.0c", _1041, "dnpmgic", _1043),
    Profile(_1043, _CAPABILITIES, "1.0.0a", (_ALLOCATIONS,)),
    Profile(_1044, "Processor Resource Virtualization", "1.0.0", (_PROCESSORS,),
            (f"{_1041}_p", _1043)),
    Profile(_1045, _MEMORY_NAME, "1.0.0", (_MEMORY,), (f"{_1041}_m", _1043)),
    Profile(_1047, "Storage Resource Virtualization", "1.0.0", (_DISKS,),
            (f"{_1041}_d", _1043)),
    Profile(_1050, "Ethernet Port Resource Virtualization", "1.0.0", (_NETWORKS,),
            (f"{_1041}_n", _1043)),
    *_of_pools(_GENERIC, "1.0.0", _1059, "gic", f"{_1041}_*", _1043),
)  # fmt: skip

_BESIDE: tuple[Profile, ...] = (
    # id           name                      version   central                          references
    Profile(_1076, _CONSOLES,                "1.0.0",  (services.CONSOLE_REDIRECTION,)),
    Profile(_1097, "Virtual Ethernet Switch", "1.0.0", (_SWITCHES,),      (_1033,)),
    Profile(_1053, "Base Metrics",           "1.0.0",  (_METRICS,)),
    Profile(_1027, "Power State Management", "2.0.0",  (services.POWER,)),
)  # fmt: skip

_MIGRATION: tuple[Profile, ...] = (
    (Profile("CIM:DSP1081-VirtualSystemMigration-1.0.0", "Virtual System Migration", "1.0.0",
             (services.MIGRATION,)),)
    if service_capabilities.done("MigrateVirtualSystemToHost")
    else ()
)  # fmt: skip

_PARTS = (*_RESOURCES, *_BESIDE, *_MIGRATION)

STRICT_PROFILES: tuple[Profile, ...] = (
    Profile(_1042, _VIRTUALIZATION, "1.0.0", (_HOST,),
            (_1057, _1033, *(profile.instance_id for profile in _PARTS))),
    Profile(_1057, _SYSTEMS, "1.0.0a", (_SYSTEM,), (_1027, _1033, _1053)),
    *_PARTS,
)  # fmt: skip
"""What is implemented; what allocates resources is in the host's scope."""

_LEGACY_PARTS: tuple[Profile, ...] = (
    *_of_pools(_GENERIC, "1.0.0", _1059, "dnp"),
    Profile(_1045, _MEMORY_NAME, "1.0.0", (_MEMORY,)),
    Profile(_1081, "Virtual System Migration", "0.8.1", (services.MIGRATION,)),
    Profile(_1076, _CONSOLES, "1.0.0", (_HOST, services.CONSOLE_REDIRECTION)),
    Profile(_1043, _CAPABILITIES, "1.0.0a", (_SYSTEM, _ALLOCATIONS)),
    *(
        Profile(f"{_1041}_{suffix}", _ALLOCATION, "1.1.0c", (_SYSTEM, _CENTRE[suffix]))
        for suffix in "dnpm"
    ),
)

LEGACY_PROFILES: tuple[Profile, ...] = (
    Profile(_1042, _VIRTUALIZATION, "1.0.0", (_HOST,),
            tuple(profile.instance_id for profile in _LEGACY_PARTS)),
    Profile(_1057, _SYSTEMS, "1.0.0a", (_SYSTEM,), (_1042,)),
    *_LEGACY_PARTS,
)  # fmt: skip
"""What libvirt-cim registers, in its order; there the virtual system is the host's scope."""


def profiles(behaviour: Behaviour) -> tuple[Profile, ...]:
    """Return the profiles that are registered."""
    return LEGACY_PROFILES if behaviour.legacy_profiles else STRICT_PROFILES


CONFORMING: tuple[str, ...] = tuple(
    dict.fromkeys(
        family for one in (*STRICT_PROFILES, *LEGACY_PROFILES) for family in one.conforming
    )
)
"""Families whose instances conform to some profile."""


# Walks

_Walk = Callable[[HostModel, Record], Iterable[Record]]


def conforming(family: str) -> _Walk:
    """Return a walk from a profile to the instances of a family that conform to it."""

    def walk(model: HostModel, source: Record) -> Iterable[Record]:
        profile = _profile(model, source)
        follows = profile is not None and family in profile.conforming
        return model.provider(family).records() if follows else ()

    return walk


def conformed(family: str) -> _Walk:
    """Return a walk from an instance of a family to the profiles that it conforms to."""
    return lambda model, _source: _records(
        model, {one.instance_id for one in profiles(model.behaviour) if family in one.conforming}
    )


def referenced(model: HostModel, source: Record) -> Iterable[Record]:
    """Walk from a profile to those that it references."""
    profile = _profile(model, source)
    return () if profile is None else _records(model, set(profile.references))


def referencing(model: HostModel, source: Record) -> Iterable[Record]:
    """Walk from a profile to those that reference it."""
    name = source["InstanceID"]
    return _records(
        model, {one.instance_id for one in profiles(model.behaviour) if name in one.references}
    )


def _profile(model: HostModel, source: Record) -> Profile | None:
    name = source["InstanceID"]
    return next((one for one in profiles(model.behaviour) if one.instance_id == name), None)


def _records(model: HostModel, names: set[str]) -> Iterator[Record]:
    return (record for record in model.provider(FAMILY).records() if record["InstanceID"] in names)
