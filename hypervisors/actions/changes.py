"""Actions on one domain beside its definition: devices and shares of the host, while it runs.

The rule: nothing here touches the definition of the next start; who wants both edits that too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from virtcim.hypervisors.actions.action import Action, Changed
from virtcim.hypervisors.model import DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainChange(Action[None]):
    """A change of one domain; all raise DomainNotFound and InvalidState.

    Raises NotSupported for what the hypervisor cannot change while the domain runs.
    """

    changed: ClassVar[Changed] = Changed.DOMAIN

    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachDevice(DomainChange):
    """Give a running domain a device."""

    xml: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDevice(DomainChange):
    """Change a device of a running domain; the text names it and says all that it will be."""

    xml: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachDevice(DomainChange):
    """Ask a running domain to let go of a device; whether it did is seen in its definition."""

    xml: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetVCPUs(DomainChange):
    """Give a running domain this number of processors, of those that it can have."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMemory(DomainChange):
    """Give a running domain this memory, by its balloon; size: bytes."""

    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetShares(DomainChange):
    """Give a running domain this weight against others when processors are scarce."""

    shares: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBlockLimits(DomainChange):
    """Limit what a disk of a running domain may do.

    target: its name in the guest. limits: by libvirt's names, per second; 0 means none.
    """

    target: str
    limits: Mapping[str, int]


class Note(StrEnum):
    """What a person writes about a domain."""

    TITLE = "title"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetNote(DomainChange):
    """Write something about a running domain; None takes it away."""

    note: Note
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAutostart(DomainChange):
    """Let the host start a domain when it starts itself, or not; it must be defined."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameDomain(DomainChange):
    """Give a domain that is defined and does not run another name; raises AlreadyExists."""

    name: str
