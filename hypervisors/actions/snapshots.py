"""Actions on snapshots of domains, and on the memory image that a domain can have.

Making, applying and deleting a snapshot stops the guest for as long as it takes, and none of them
can be ended; saving memory can (AbortJob).
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

from virtcim.hypervisors.actions.action import Action, Changed
from virtcim.hypervisors.model import DomainUUID

LONGEST_SECONDS = 1800.0
"""Memory is written to, or read from, a disk."""


class Content(Enum):
    """What a snapshot holds of a running domain; of one that is off it holds the disks."""

    FULL = "disks and memory"  # inside the disks' images: it can be applied and deleted
    DISKS = "disks"  # the images stay as they are, and the domain goes on with new ones over them


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSnapshot(Action[None]):
    """Make a snapshot, which becomes the current one (virDomainSnapshotCreateXML).

    Raises NotSupported for disks that cannot hold one, InvalidArgument for a name or a description
    that the hypervisor does not take; then nothing was made.
    """

    changed: ClassVar[Changed] = Changed.DOMAIN
    seconds: ClassVar[float] = LONGEST_SECONDS
    aside: ClassVar[bool] = True

    uuid: DomainUUID
    name: str
    content: Content
    description: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertToSnapshot(Action[None]):
    """Put a domain back: to run, to be paused or to be off, as it was (virDomainRevertToSnapshot).

    A running guest is ended at once, and a managed save image, whose memory does not belong to the
    disks any more, is removed. Raises NotSupported for a snapshot that cannot be applied; then
    nothing was changed.
    """

    changed: ClassVar[Changed] = Changed.DOMAIN
    seconds: ClassVar[float] = LONGEST_SECONDS
    aside: ClassVar[bool] = True

    uuid: DomainUUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSnapshot(Action[None]):
    """Delete a snapshot; its children become its parent's (virDomainSnapshotDelete)."""

    changed: ClassVar[Changed] = Changed.DOMAIN
    seconds: ClassVar[float] = LONGEST_SECONDS
    aside: ClassVar[bool] = True

    uuid: DomainUUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveMemory(Action[None]):
    """Write the memory of a running domain to its managed save image, and end the guest.

    The next start goes on from the image and removes it. Raises InvalidState for a domain that is
    off or transient. A guest that could not be saved runs on.
    """

    changed: ClassVar[Changed] = Changed.DOMAIN
    seconds: ClassVar[float] = LONGEST_SECONDS
    aside: ClassVar[bool] = True

    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreMemory(Action[None]):
    """Start a domain from its managed save image; raises InvalidState where it has none."""

    changed: ClassVar[Changed] = Changed.DOMAIN
    seconds: ClassVar[float] = LONGEST_SECONDS
    aside: ClassVar[bool] = True

    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class IsBusy(Action[bool]):
    """Tell whether the hypervisor is at something with a running domain.

    Of one that is off no hypervisor tells. Asks no guest (virDomainGetControlInfo).
    """

    seconds: ClassVar[float] = 10.0

    uuid: DomainUUID
