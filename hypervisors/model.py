"""The facts every driver reports, in one vocabulary: domains, their states, the host.

The rule: nothing here is specific to one hypervisor, and nothing here is CIM. Numbers are
libvirt's, because every driver (libvirt or not) maps to them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum, IntFlag, StrEnum
from types import MappingProxyType
from typing import NewType

DomainUUID = NewType("DomainUUID", str)
"""A domain's UUID, canonical lower case; it survives renames, restarts and migrations."""


class DomainState(IntEnum):
    """What a domain is doing (virDomainState)."""

    UNKNOWN = -1  # a number that no table knows
    NOSTATE = 0
    RUNNING = 1
    BLOCKED = 2
    PAUSED = 3
    SHUTDOWN = 4
    SHUTOFF = 5
    CRASHED = 6
    PMSUSPENDED = 7


class StateReason(StrEnum):
    """Why a domain is in its state: the union of libvirt's virDomain*Reason enumerations."""

    UNKNOWN = "unknown"
    BOOTED = "booted"
    MIGRATED = "migrated"
    RESTORED = "restored"
    FROM_SNAPSHOT = "from_snapshot"
    UNPAUSED = "unpaused"
    MIGRATION_CANCELED = "migration_canceled"
    SAVE_CANCELED = "save_canceled"
    WAKEUP = "wakeup"
    CRASHED = "crashed"
    POSTCOPY = "postcopy"
    POSTCOPY_FAILED = "postcopy_failed"
    USER = "user"
    MIGRATION = "migration"
    SAVE = "save"
    DUMP = "dump"
    IOERROR = "ioerror"
    WATCHDOG = "watchdog"
    SHUTTING_DOWN = "shutting_down"
    SNAPSHOT = "snapshot"
    STARTING_UP = "starting_up"
    API_ERROR = "api_error"
    SHUTDOWN = "shutdown"
    DESTROYED = "destroyed"
    SAVED = "saved"
    FAILED = "failed"
    DAEMON = "daemon"
    PANICKED = "panicked"


# Which reasons a state can have, in words of StateReason. Total over DomainState.
# fmt: off
_REASONS = {
    DomainState.UNKNOWN:     "unknown",
    DomainState.NOSTATE:     "unknown",
    DomainState.RUNNING:     "unknown booted migrated restored from_snapshot unpaused wakeup "
                             "crashed migration_canceled save_canceled postcopy postcopy_failed",
    DomainState.BLOCKED:     "unknown",
    DomainState.PAUSED:      "unknown user migration save dump ioerror watchdog from_snapshot "
                             "crashed shutting_down snapshot starting_up postcopy "
                             "postcopy_failed api_error",
    DomainState.SHUTDOWN:    "unknown user",
    DomainState.SHUTOFF:     "unknown shutdown destroyed crashed migrated saved failed "
                             "from_snapshot daemon",
    DomainState.CRASHED:     "unknown panicked",
    DomainState.PMSUSPENDED: "unknown",
}
# fmt: on

REASONS: Mapping[DomainState, frozenset[StateReason]] = MappingProxyType(
    {
        state: frozenset(StateReason(reason) for reason in reasons.split())
        for state, reasons in _REASONS.items()
    }
)


class Verb(StrEnum):
    """What can be done to a domain's state; each is one call of the hypervisor."""

    START = "start"  # boot it, or restore it from its managed save image
    RESUME = "resume"  # from PAUSED
    WAKEUP = "wakeup"  # from PMSUSPENDED
    DESTROY = "destroy"  # off at once, whatever the guest does
    DROP_SAVED_STATE = "drop_saved_state"  # forget the managed save image
    SHUTDOWN = "shutdown"  # ask the guest; done when the guest has obeyed
    SAVE = "save"  # to a managed save image
    SUSPEND = "suspend"  # to PAUSED
    REBOOT = "reboot"  # ask the guest
    RESET = "reset"  # the reset button


class ListFlag(IntFlag):
    """Which domains a listing gives (virConnectListAllDomainsFlags).

    Bits of one group are alternatives, groups narrow each other, a group without a bit does not
    narrow.
    """

    ACTIVE = 1
    INACTIVE = 2
    PERSISTENT = 4
    TRANSIENT = 8
    RUNNING = 16
    PAUSED = 32
    SHUTOFF = 64
    OTHER = 128  # BLOCKED, SHUTDOWN, CRASHED, PMSUSPENDED, NOSTATE
    MANAGEDSAVE = 256
    NO_MANAGEDSAVE = 512
    AUTOSTART = 1024
    NO_AUTOSTART = 2048
    HAS_SNAPSHOT = 4096
    NO_SNAPSHOT = 8192
    HAS_CHECKPOINT = 16384
    NO_CHECKPOINT = 32768


EVERY_DOMAIN = ListFlag(0)


class ConnectionChange(Enum):
    """What a driver tells of its connection."""

    LOST = "lost"
    RESTORED = "restored"  # also the first time


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """One way to look at a domain or type into it.

    kind: "vnc", "spice", "rdp" for graphics; "pty", "tcp", "unix", "file", ... for a serial or
    paravirtual console.
    address: None means that the hypervisor names none (or that it is no network console).
    port: TCP port; None means that there is none, or none allocated yet.
    """

    kind: str
    address: str | None
    port: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotFacts:
    """One snapshot of a domain (virDomainSnapshot).

    parent: None means that it is a root.
    current: the domain's present state descends from it.
    created: UTC.
    state: of the domain when it was taken: "running", "paused", "shutoff", "disk-snapshot", ...
    xml: libvirt's text of the snapshot, with the domain's definition of that moment inside.
    """

    name: str
    parent: str | None
    current: bool
    created: datetime
    state: str
    description: str | None
    xml: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """What the hypervisor says of one domain at one moment.

    id: None means inactive.
    live_xml: definition of the running domain; None means inactive.
    persistent_xml: definition of the next start; None means transient. Is the live text itself
    when both are equal.
    title, description, os_type, consoles: of the live definition when there is one, else of the
    persistent one.
    """

    uuid: DomainUUID
    name: str
    id: int | None
    state: DomainState
    reason: StateReason
    persistent: bool
    autostart: bool
    managed_save: bool
    has_snapshots: bool
    live_xml: str | None
    persistent_xml: str | None
    title: str | None
    description: str | None
    os_type: str | None
    consoles: tuple[Console, ...]
    snapshots: tuple[SnapshotFacts, ...] = ()

    @property
    def active(self) -> bool:
        """The domain runs in some way: it has an id."""
        return self.id is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """What the hypervisor says of itself.

    hostname: as the hypervisor gives it, not canonical.
    hypervisor_type: the driver's own name: "QEMU", "LXC", "Xen", "TEST", "ESX".
    hypervisor_version, library_version: dotted decimals.
    uuid: None means that the hypervisor tells none.
    """

    hostname: str
    hypervisor_type: str
    hypervisor_version: str
    library_version: str
    uuid: str | None
