"""The interop namespace: the server itself, its namespaces and the profiles it implements.

Names are those that discovery clients look for (DSP1033, DSP0200 annex on discovery): exactly one
CIM_ObjectManager, a CIM_Namespace for every namespace including this one.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from virtcim.broker.provider import Provider
from virtcim.providers.model import INTEROP, Server
from virtcim.providers.static import StaticProvider
from virtcim.schema.families import member
from virtcim.schema.layouts import Getter, Layout
from virtcim.schema.repository import Repository

_DMTF = 2  # RegisteredOrganization
_PROFILE = 2  # SpecificationType
_NOT_ADVERTISED = 2  # AdvertiseTypes: no SLP agent runs here
_CIM = 2  # ClassType
_OTHER = 1  # ClassInfo: newer than its list of versions


def manager_name(server: Server) -> str:
    """Return the name of the object manager: always the same on one host."""
    return f"virtcim:{uuid.uuid5(uuid.NAMESPACE_DNS, server.host_name)}"


OBJECT_MANAGER: Mapping[str, Getter] = {
    "SystemCreationClassName": lambda _: "CIM_ComputerSystem",
    "SystemName":              lambda s: s.host_name,
    "CreationClassName":       lambda _: "CIM_ObjectManager",
    "Name":                    manager_name,
    "ElementName":             lambda _: "virtcim",
    "Caption":                 lambda _: "virtcim",
    "Description":             lambda s: f"virtcim version {s.version}",
    "EnabledState":            lambda _: 2,
    "RequestedState":          lambda _: 12,
    "OperationalStatus":       lambda _: (2,),
    "StatusDescriptions":      lambda _: ("serving",),
    "HealthState":             lambda _: 5,
    "PrimaryStatus":           lambda _: 1,
    "Started":                 lambda _: True,
    "GatherStatisticalData":   lambda _: False,
}  # fmt: skip

NAMESPACE: Mapping[str, Getter] = {
    # v is the server with the name of the namespace
    "SystemCreationClassName":        lambda _: "CIM_ComputerSystem",
    "SystemName":                     lambda v: v[0].host_name,
    "ObjectManagerCreationClassName": lambda _: "CIM_ObjectManager",
    "ObjectManagerName":              lambda v: manager_name(v[0]),
    "CreationClassName":              lambda _: "CIM_Namespace",
    "Name":                           lambda v: v[1],
    "ElementName":                    lambda v: v[1],
    "ClassInfo":                      lambda _: _OTHER,
    "DescriptionOfClassInfo":         lambda _: "CIM 2.49",
    "ClassType":                      lambda _: _CIM,
    "ClassTypeVersion":               lambda _: "2.49.0",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that the server implements; `central` is the family of its central instances."""

    instance_id: str
    name: str
    version: str
    central: str


PROFILES: tuple[Profile, ...] = (
    # InstanceID                                registered name          version   central class
    Profile("CIM:DSP1042-SystemVirtualization-1.0.0", "System Virtualization", "1.0.0",
            "Virt_HostSystem"),
    Profile("CIM:DSP1057-VirtualSystem-1.0.0a", "Virtual System Profile", "1.0.0a",
            "Virt_ComputerSystem"),
)  # fmt: skip
"""Ids and names are those of libvirt-cim: clients look profiles up by them."""

PROFILE: Mapping[str, Getter] = {
    "InstanceID":             lambda p: p.instance_id,
    "ElementName":            lambda p: p.name,
    "RegisteredOrganization": lambda _: _DMTF,
    "RegisteredName":         lambda p: p.name,
    "RegisteredVersion":      lambda p: p.version,
    "SpecificationType":      lambda _: _PROFILE,
    "AdvertiseTypes":         lambda _: (_NOT_ADVERTISED,),
}  # fmt: skip


def _layout(repository: Repository, class_name: str) -> Layout:
    declaration = repository.find(class_name)
    if declaration is None:
        raise KeyError(class_name)
    return Layout(declaration)


def interop_providers(
    server: Server, repository: Repository, namespaces: Iterable[str]
) -> tuple[Provider, ...]:
    """Return the providers of the server itself."""
    manager = StaticProvider(
        _layout(repository, "CIM_ObjectManager"), INTEROP, OBJECT_MANAGER, (server,)
    )
    namespace = StaticProvider(
        _layout(repository, "CIM_Namespace"),
        INTEROP,
        NAMESPACE,
        [(server, name) for name in namespaces],
    )
    return (manager, namespace)


def profile_provider(repository: Repository, prefix: str) -> StaticProvider:
    """Return the registered profiles of one hypervisor prefix."""
    class_name = member(prefix, "Virt_RegisteredProfile")
    return StaticProvider(_layout(repository, class_name), INTEROP, PROFILE, PROFILES)
