"""Snapshots of domains, and their managed save images."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import libvirt
import structlog

from virtcim.hypervisors.actions import (
    Content,
    CreateSnapshot,
    DeleteSnapshot,
    IsBusy,
    RestoreMemory,
    RevertToSnapshot,
    SaveMemory,
)
from virtcim.hypervisors.definition.parsing import parse_domain
from virtcim.hypervisors.definition.snapshot_images import (
    SnapshotImages,
    images_of,
    snapshot_images,
)
from virtcim.hypervisors.definition.snapshots import snapshot_text
from virtcim.hypervisors.errors import (
    HypervisorError,
    InvalidArgument,
    InvalidState,
    NotSupported,
)
from virtcim.hypervisors.libvirt.actions.performing import Performers
from virtcim.hypervisors.libvirt.failures import failure
from virtcim.hypervisors.libvirt.native import (
    XML_LIVE,
    NativeConnection,
    NativeDomain,
    translated,
    unless_unsupported,
)
from virtcim.hypervisors.libvirt.schemes import Scheme

log = structlog.get_logger("virtcim.hypervisors")

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
    """Delete it alone; what it was made of may not be the domain's any more.

    Who goes back behind the making of an image leaves that image, and libvirt, which would merge
    it, cannot delete the snapshot. Then only what libvirt knows of it is deleted: the image stays,
    since others may be inside it.
    """
    with translated(connection):
        domain = connection.lookupByUUIDString(action.uuid)
        snapshot = domain.snapshotLookupByName(action.name)
        images = snapshot_images(snapshot.getXMLDesc(XML_LIVE))
        _check_others(domain, action.name, images)
        try:
            snapshot.delete()
        except libvirt.libvirtError as error:
            if not images.laid or images.laid & _in_use(domain):
                raise _advised(error, images) from error
            if not isinstance(failure(error), _CANNOT):
                raise
            snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
            log.warning(
                "image_left", domain=action.uuid, snapshot=action.name, images=[*images.laid]
            )


_CANNOT = (InvalidArgument, NotSupported)
"""What libvirt says of a snapshot whose images are not those of the domain."""


def _check_others(domain: NativeDomain, name: str, images: SnapshotImages) -> None:
    """Raise InvalidState where others are inside an image that would go: libvirt does not look."""
    laid = images.laid & _in_use(domain) if images.laid else frozenset()
    if not laid:
        return
    for other in domain.listAllSnapshots(0):
        if laid & snapshot_images(other.getXMLDesc(XML_LIVE)).inside:
            raise InvalidState(
                f"snapshot `{other.getName()}' is inside the image that was made with `{name}' and "
                "would go with it: delete that one first"
            )


def _in_use(domain: NativeDomain) -> frozenset[str]:
    return images_of(parse_domain(domain.XMLDesc(XML_LIVE)))


def _advised(error: Any, images: SnapshotImages) -> HypervisorError:
    """Return the failure with what can be done, where libvirt cannot delete a snapshot now."""
    found = failure(error)
    if not isinstance(found, NotSupported):
        return found
    return NotSupported(f"{found.detail}; {_IN_LAID if images.laid else _IN_OTHERS}")


_IN_LAID = "apply an older snapshot first, which gives up what has changed since"
_IN_OTHERS = (
    "while the domain uses other images than those that have this snapshot, it cannot be deleted: "
    "apply it first, or delete the snapshots of disks that were made after it"
)


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
