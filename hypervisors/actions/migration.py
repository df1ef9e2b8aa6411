"""Actions of migration: the move itself, its job, and what is to be seen and done at the other end.

The rule: a destination is a URI, and whoever talks to it does so under a deadline; an action never
leaves a connection to it behind.
"""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from virtcim.hypervisors.actions.action import Action, Changed
from virtcim.hypervisors.model import DomainState, DomainUUID, StateReason

DAY = 86400.0


class MigrationFlag(Enum):
    """How a domain moves (virDomainMigrateFlags)."""

    LIVE = "live"  # it runs on while its memory is copied
    PEER2PEER = "peer2peer"  # the daemons do it between them, also without us
    TUNNELLED = "tunnelled"  # over the daemons' own connection; needs PEER2PEER
    PERSIST_DEST = "persist_dest"
    UNDEFINE_SOURCE = "undefine_source"
    PAUSED = "paused"  # it does not run on at the destination
    NON_SHARED_DISK = "non_shared_disk"  # the whole of its disks is copied
    NON_SHARED_INC = "non_shared_inc"  # what differs from the backing files is copied
    UNSAFE = "unsafe"  # also where caches of disks could be lost
    OFFLINE = "offline"  # of an inactive domain: its definition moves
    COMPRESSED = "compressed"
    AUTO_CONVERGE = "auto_converge"  # a guest that is too busy is slowed down
    POSTCOPY = "postcopy"  # it may be asked to switch to post-copy (StartPostCopy)
    TLS = "tls"  # the stream is encrypted


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrate(Action[None]):
    """Move a domain to the hypervisor of a URI (virDomainMigrate3, virDomainMigrateToURI3).

    name: at the destination; None keeps it. stream_uri: where the memory goes, None leaves that to
    the hypervisors. bandwidth_mib: MiB/s; None means no bound. downtime_ms: how long the guest may
    stand still at the end; None leaves that to the hypervisor.
    Returns when the domain is there; raises ConnectionFailed for a destination out of reach, and
    ConnectionLost when nobody knows where the domain is.
    """

    changed: ClassVar[Changed] = Changed.DOMAIN
    seconds: ClassVar[float] = DAY
    aside: ClassVar[bool] = True

    uuid: DomainUUID
    destination: str
    flags: frozenset[MigrationFlag]
    name: str | None = None
    stream_uri: str | None = None
    bandwidth_mib: int | None = None
    downtime_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatistics:
    """What a domain's job has done so far (virDomainGetJobStats); what it does not tell is 0.

    Amounts are bytes, memory's and disks' together. memory_rate: bytes a second, as the hypervisor
    measures it. downtime_ms: what it is, or is expected to be. iteration: passes over the memory.
    """

    elapsed_ms: int = 0
    data_total: int = 0
    data_processed: int = 0
    data_remaining: int = 0
    memory_rate: int = 0
    dirty_pages_rate: int = 0
    downtime_ms: int = 0
    iteration: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadJob(Action[JobStatistics | None]):
    """Read the statistics of the job of a domain; None means that it has none now."""

    seconds: ClassVar[float] = 10.0

    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFinishedJob(Action[JobStatistics | None]):
    """Read what the last job of a domain has done in all; None means that nobody knows."""

    seconds: ClassVar[float] = 10.0

    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AbortJob(Action[None]):
    """Ask the job of a domain to end without success; raises InvalidState where there is none."""

    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPostCopy(Action[None]):
    """Let the domain run on at the destination now, and the rest of its memory follow."""

    uuid: DomainUUID


# The other end


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainThere:
    """A domain at the destination."""

    name: str
    uuid: DomainUUID
    state: DomainState
    reason: StateReason
    active: bool
    persistent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationFacts:
    """What the hypervisor of a destination says of itself and of one domain.

    version: as the hypervisor counts (virConnectGetVersion): major, minor, release.
    host_uuid: None means that it tells none.
    same_uuid, same_name: the domains there with that UUID and that name; None means that there is
    none. They can be the same.
    """

    hostname: str
    hypervisor_type: str
    version: tuple[int, int, int]
    host_uuid: str | None
    same_uuid: DomainThere | None
    same_name: DomainThere | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectDestination(Action[DestinationFacts]):
    """Look at the destination, as far as it matters to one domain; changes nothing.

    Raises ConnectionFailed, AccessDenied, Busy when too many destinations do not answer.
    """

    aside: ClassVar[bool] = True

    uri: str
    uuid: DomainUUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAt(Action[None]):
    """Start a domain at the destination."""

    seconds: ClassVar[float] = 300.0
    aside: ClassVar[bool] = True

    uri: str
    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AutostartAt(Action[None]):
    """Let the destination start a domain with itself: no migration carries that along."""

    aside: ClassVar[bool] = True

    uri: str
    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveLeftover(Action[None]):
    """Remove what a migration has left: a domain that waits for its memory or has sent it away.

    A definition too. uri: of the destination; None means the source. A domain that runs is none of
    these: raises InvalidState. Nothing there is no error.
    """

    changed: ClassVar[Changed] = Changed.DOMAIN
    aside: ClassVar[bool] = True

    uri: str | None
    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class BringBack(Action[None]):
    """Move the definition of an inactive domain from the destination back to where it came from."""

    changed: ClassVar[Changed] = Changed.DOMAIN
    aside: ClassVar[bool] = True

    uri: str
    uuid: DomainUUID
    name: str
