"""Snapshots of domains, and their managed save images."""

from collections.abc import Mapping
from types import MappingProxyType

import libvirt

from virtcim.hypervisors.actions import (
    Content,
    CreateSnapshot,
    DeleteSnapshot,
    IsBusy,
    RestoreMemory,
    RevertToSnapshot,
    SaveMemory,
)
from virtcim.hypervisors.definition.snapshots import snapshot_text
from virtcim.hypervisors.errors import InvalidArgument, InvalidState
from virtcim.hypervisors.libvirt.actions.performing import Performers
from virtcim.hypervisors.libvirt.native import NativeConnection, translated, unless_unsupported
from virtcim.hypervisors.libvirt.schemes import Scheme

# Of a running domain. Without a flag, libvirt keeps all inside the images, and of a domain that is
# off, where the disks are all there is, that is what we want.
_FLAGS: Mapping[Content, int] = MappingProxyType({
    Content.FULL:  0,
    Content.DISKS: libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
                   | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC,
})  # fmt: skip

_AT_WORK = frozenset({libvirt.VIR_DOMAIN_CONTROL_JOB, libvirt.VIR_DOMAIN_CONTROL_OCCUPIED})


def create_snapshot(connection: NativeConnection, _scheme: Scheme, action: CreateSnapshot) -> None:
    """Make it, where nothing is made when it cannot be made whole."""
    try:
        text = snapshot_text(action.name, action.description)
    except ValueError as error:
        raise InvalidArgument(str(error)) from error
    with translated(connection):
        domain = connection.lookupByUUIDString(action.uuid)
        domain.snapshotCreateXML(text, _FLAGS[action.content] if domain.isActive() else 0)


def revert_to_snapshot(
    connection: NativeConnection, _scheme: Scheme, action: RevertToSnapshot
) -> None:
    """Go back to it, in the state that it was made in.

    libvirt keeps an image of the domain's memory over this, and the next start would put that
    memory over the disks of the snapshot.
    """
    with translated(connection):
        domain = connection.lookupByUUIDString(action.uuid)
        saved = unless_unsupported(domain.hasManagedSaveImage, 0)
        snapshot = domain.snapshotLookupByName(action.name)
        domain.revertToSnapshot(snapshot, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_FORCE if saved else 0)
        if saved:
            domain.managedSaveRemove()


def delete_snapshot(connection: NativeConnection, _scheme: Scheme, action: DeleteSnapshot) -> None:
    """Delete it alone."""
    with translated(connection):
        connection.lookupByUUIDString(action.uuid).snapshotLookupByName(action.name).delete()


def save_memory(connection: NativeConnection, _scheme: Scheme, action: SaveMemory) -> None:
    """Save it where the hypervisor keeps such images."""
    with translated(connection):
        connection.lookupByUUIDString(action.uuid).managedSave()


def restore_memory(connection: NativeConnection, _scheme: Scheme, action: RestoreMemory) -> None:
    """Start it, but never without the image: that would be another guest."""
    with translated(connection):
        domain = connection.lookupByUUIDString(action.uuid)
        if not domain.hasManagedSaveImage():
            raise InvalidState("the domain has no managed save image")
        domain.create()


def is_busy(connection: NativeConnection, _scheme: Scheme, action: IsBusy) -> bool:
    """Whether a call of anyone, or a job, has the domain."""
    with translated(connection):
        domain = connection.lookupByUUIDString(action.uuid)
        return bool(domain.isActive()) and domain.controlInfo()[0] in _AT_WORK


SNAPSHOTS: Performers = {
    CreateSnapshot: create_snapshot,
    RevertToSnapshot: revert_to_snapshot,
    DeleteSnapshot: delete_snapshot,
}

MEMORY: Performers = {
    SaveMemory: save_memory,
    RestoreMemory: restore_memory,
}

CONTROL: Performers = {
    IsBusy: is_busy,
}
