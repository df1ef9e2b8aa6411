"""The types of snapshots: what each is made of, and which there are of a host and of a domain.

Beside DMTF's two there are libvirt-cim's, which save the memory of a domain to the one image that
libvirt keeps of it: the next start goes on from there, and removes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from virtcim.hypervisors.actions import Action, Content, CreateSnapshot, SaveMemory
from virtcim.hypervisors.definition.snapshots import disks_written, keeps_snapshots
from virtcim.hypervisors.model import DomainState
from virtcim.inventory.snapshots import Domain
from virtcim.jobs.snapshot_outcomes import Task
from virtcim.providers.configurations import current_definition
from virtcim.providers.model import HostModel
from virtcim.schema.valuemaps import SnapshotType

MEMORY, MEMORY_TERMINAL = 32768, 32769
"""SnapshotType of libvirt-cim: memory is saved, and the domain goes on, or stays off."""

GUEST_RUNS = frozenset({DomainState.RUNNING, DomainState.BLOCKED})
_WITH_MEMORY = GUEST_RUNS | {DomainState.PAUSED}


@dataclass(frozen=True, slots=True)
class MadeAs:
    """How snapshots of one type are made: a task, and the action that the driver must have."""

    task: Task
    action: type[Action[None]]
    content: Content = Content.FULL


TYPES: Mapping[int, MadeAs] = {
    SnapshotType.FULL_SNAPSHOT: MadeAs(Task.CREATE, CreateSnapshot),
    SnapshotType.DISK_SNAPSHOT: MadeAs(Task.CREATE, CreateSnapshot, Content.DISKS),
    MEMORY:                     MadeAs(Task.SAVE_AND_GO_ON, SaveMemory),
    MEMORY_TERMINAL:            MadeAs(Task.SAVE, SaveMemory),
}  # fmt: skip
"""By SnapshotType."""

_QEMU = "QEMU"
"""The hypervisor whose images have to hold snapshots."""

LEGACY_TYPES = (MEMORY, MEMORY_TERMINAL)
"""Those of libvirt-cim."""


def types_supported(model: HostModel) -> tuple[int, ...]:
    """Return the types of snapshots that a host's driver can make of some domain."""
    if model.behaviour.legacy_snapshots:
        return LEGACY_TYPES
    actions = model.host.hypervisor.actions
    return tuple(number for number, one in TYPES.items() if one.action in actions)


def types_enabled(model: HostModel, domain: Domain) -> tuple[int, ...]:
    """Return the types of snapshots that can be made of a domain in its present state."""
    return tuple(
        number for number in types_supported(model) if _can_be_made(model, domain, TYPES[number])
    )


def _can_be_made(model: HostModel, domain: Domain, made: MadeAs) -> bool:
    if made.task is not Task.CREATE:
        return has_memory(domain)
    facts = model.host.facts
    if facts is None or facts.hypervisor_type != _QEMU:
        return True
    definition = current_definition(domain)
    if made.content is Content.DISKS and domain.facts.active:
        return bool(disks_written(definition))
    return keeps_snapshots(definition)


def has_memory(domain: Domain) -> bool:
    """Whether a domain has memory, and a next start that would find it."""
    return domain.facts.state in _WITH_MEMORY and domain.facts.persistent
