"""The service that manages a host's domains: one instance for each hypervisor (DSP1042).

Clients written for libvirt-cim read its Revision and switch features by it. What changes domains is
in define_system.py, system_methods.py and resource_methods.py.
"""

import re
from collections.abc import Mapping

from virtcim.inventory.host import Communication
from virtcim.providers import define_system, host_system, resource_methods, system_methods
from virtcim.providers.families import HostFamily, itself
from virtcim.providers.host_state import STATE_PROPERTIES
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter

FAMILY = "Virt_VirtualSystemManagementService"
NAME = "Management Service"

FIRST_BUILD = 2000
"""Where our own numbers start, so that none is one of libvirt-cim's."""

_RELEASE = re.compile(r"[0-9]+(?:\.[0-9]+)*")
_PLACES = 3  # major, minor, micro


def build_number(version: str) -> int:
    """Return the build number of a version of ours: a later release has a greater number.

    Only the first three numbers of a version count, so that a pre-release has the number of its
    release. Raises ValueError for what is no version, and where minor or micro exceed 999.
    """
    found = _RELEASE.match(version)
    if found is None:
        raise ValueError(f"{version!r} is no version")
    numbers = [int(digits) for digits in found[0].split(".")[:_PLACES]]
    major, minor, micro = numbers + [0] * (_PLACES - len(numbers))
    if max(minor, micro) > 999:
        raise ValueError(f"{version!r} has no build number")
    return FIRST_BUILD + (major * 1000 + minor) * 1000 + micro


def _revision(m: HostModel) -> str:
    return str(m.behaviour.revision or build_number(m.server.version))


def _hypervisor(m: HostModel) -> str:
    facts = m.host.facts
    if facts is None:
        return "Unknown Hypervisor"
    return f"{facts.hypervisor_type} {facts.hypervisor_version}"


def _library(m: HostModel) -> str | None:
    return None if m.host.facts is None else m.host.facts.library_version


PROPERTIES: Mapping[str, Getter] = {
    **STATE_PROPERTIES,
    "SystemCreationClassName": lambda m: m.class_name(host_system.FAMILY),
    "SystemName":              lambda m: m.system_name,
    "CreationClassName":       lambda m: m.class_name(FAMILY),
    "Name":                    lambda _: NAME,
    "ElementName":             lambda _: NAME,
    "Caption":                 _hypervisor,
    "Description":             lambda m: f"Management of the domains of {m.hypervisor_uri}",
    # Without the hypervisor the service can do nothing.
    "Started":                 lambda m: m.host.communication is Communication.OK,
    "Changeset":               lambda m: f"virtcim-{m.server.version}",
    "Revision":                _revision,
    "Release":                 lambda m: m.server.version,
    "LibvirtVersion":          _library,
}  # fmt: skip


REHEARSED = frozenset({
    "DefineSystem", "ModifySystemSettings", "AddResourceSettings", "ModifyResourceSettings",
    "RemoveResourceSettings",
})  # fmt: skip

FAMILIES = (
    HostFamily(
        name=FAMILY,
        getters=PROPERTIES,
        parts=itself,
        methods={**define_system.METHODS, **system_methods.METHODS, **resource_methods.METHODS},
        rehearsed=REHEARSED,
    ),
)
