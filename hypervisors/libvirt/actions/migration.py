"""Migration: the move, its job, and both ends of it.

A managed migration is driven by us over two connections and ends with either; a peer-to-peer one is
driven by the source's daemon, goes on without us, and needs the destination's URI as that daemon
sees it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any

import libvirt

from virtcim.hypervisors.actions.migration import (
    AbortJob,
    AutostartAt,
    BringBack,
    DestinationFacts,
    DomainThere,
    InspectDestination,
    JobStatistics,
    Migrate,
    MigrationFlag,
    ReadFinishedJob,
    ReadJob,
    RemoveLeftover,
    StartAt,
    StartPostCopy,
)
from virtcim.hypervisors.errors import ConnectionFailed, HypervisorFailure, InvalidState
from virtcim.hypervisors.libvirt.actions.performing import Performers
from virtcim.hypervisors.libvirt.destinations import destination
from virtcim.hypervisors.libvirt.native import (
    NativeConnection,
    NativeDomain,
    translated,
    unless_gone,
    unless_unsupported,
)
from virtcim.hypervisors.libvirt.schemes import Scheme
from virtcim.hypervisors.libvirt.states import state_and_reason
from virtcim.hypervisors.libvirt.xml import host_uuid
from virtcim.hypervisors.model import DomainState, DomainUUID, StateReason

_F = MigrationFlag

FLAGS: Mapping[MigrationFlag, int] = MappingProxyType({
    _F.LIVE:            libvirt.VIR_MIGRATE_LIVE,
    _F.PEER2PEER:       libvirt.VIR_MIGRATE_PEER2PEER,
    _F.TUNNELLED:       libvirt.VIR_MIGRATE_TUNNELLED,
    _F.PERSIST_DEST:    libvirt.VIR_MIGRATE_PERSIST_DEST,
    _F.UNDEFINE_SOURCE: libvirt.VIR_MIGRATE_UNDEFINE_SOURCE,
    _F.PAUSED:          libvirt.VIR_MIGRATE_PAUSED,
    _F.NON_SHARED_DISK: libvirt.VIR_MIGRATE_NON_SHARED_DISK,
    _F.NON_SHARED_INC:  libvirt.VIR_MIGRATE_NON_SHARED_INC,
    _F.UNSAFE:          libvirt.VIR_MIGRATE_UNSAFE,
    _F.OFFLINE:         libvirt.VIR_MIGRATE_OFFLINE,
    _F.COMPRESSED:      libvirt.VIR_MIGRATE_COMPRESSED,
    _F.AUTO_CONVERGE:   libvirt.VIR_MIGRATE_AUTO_CONVERGE,
    _F.POSTCOPY:        libvirt.VIR_MIGRATE_POSTCOPY,
    _F.TLS:             libvirt.VIR_MIGRATE_TLS,
})  # fmt: skip
"""Total over MigrationFlag."""

_MOVE_DEFINITION = frozenset({_F.OFFLINE, _F.PERSIST_DEST, _F.UNDEFINE_SOURCE})

# Field → libvirt's name of it in a job's statistics (VIR_DOMAIN_JOB_*).
_STATISTICS: Mapping[str, str] = MappingProxyType({
    "elapsed_ms":       "time_elapsed",
    "data_total":       "data_total",
    "data_processed":   "data_processed",
    "data_remaining":   "data_remaining",
    "memory_rate":      "memory_bps",
    "dirty_pages_rate": "memory_dirty_rate",
    "downtime_ms":      "downtime",
    "iteration":        "memory_iteration",
})  # fmt: skip

_NO_JOB: dict[str, Any] = {"type": libvirt.VIR_DOMAIN_JOB_NONE}
_UNDER_WAY = frozenset({libvirt.VIR_DOMAIN_JOB_BOUNDED, libvirt.VIR_DOMAIN_JOB_UNBOUNDED})


def migrate(connection: NativeConnection, _scheme: Scheme, action: Migrate) -> None:
    """Move it; peer-to-peer where the flags say so, else managed."""
    with _found(connection, action.uuid) as domain:
        if action.downtime_ms is not None:
            domain.migrateSetMaxDowntime(action.downtime_ms)
    parameters, flags = _parameters(action), _bits(action.flags)
    if _F.PEER2PEER in action.flags:
        with _begun(connection):
            domain.migrateToURI3(action.destination, parameters, flags)
    else:
        with destination(action.destination) as there, _begun(connection):
            domain.migrate3(there, parameters, flags)


@contextmanager
def _begun(connection: NativeConnection) -> Iterator[None]:
    """Tell what the daemons have failed to connect to from what we have: they had begun."""
    try:
        with translated(connection):
            yield
    except ConnectionFailed as error:
        raise HypervisorFailure(error.detail) from error


def _bits(flags: frozenset[MigrationFlag]) -> int:
    return sum(FLAGS[flag] for flag in flags)


def _parameters(action: Migrate) -> dict[str, Any]:
    given = {
        libvirt.VIR_MIGRATE_PARAM_DEST_NAME: action.name,
        libvirt.VIR_MIGRATE_PARAM_URI: action.stream_uri,
        libvirt.VIR_MIGRATE_PARAM_BANDWIDTH: action.bandwidth_mib,
    }
    return {name: value for name, value in given.items() if value is not None}


@contextmanager
def _found(connection: NativeConnection, uuid: DomainUUID) -> Iterator[NativeDomain]:
    with translated(connection):
        yield connection.lookupByUUIDString(uuid)


def read_job(
    connection: NativeConnection, _scheme: Scheme, action: ReadJob
) -> JobStatistics | None:
    """Read the statistics of the job under way; of one that is over there are none."""
    with _found(connection, action.uuid) as domain:
        said = unless_unsupported(domain.jobStats, _NO_JOB)
    return _job_statistics(said) if said["type"] in _UNDER_WAY else None


def read_finished_job(
    connection: NativeConnection, _scheme: Scheme, action: ReadFinishedJob
) -> JobStatistics | None:
    """Read the statistics of the last job, and leave them to others; post-copy leaves none."""
    with _found(connection, action.uuid) as domain:
        said = unless_unsupported(lambda: domain.jobStats(_FINISHED), _NO_JOB)
    return _job_statistics(said) if said["type"] == libvirt.VIR_DOMAIN_JOB_COMPLETED else None


_FINISHED = libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED | libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED


def _job_statistics(said: Mapping[str, Any]) -> JobStatistics:
    return JobStatistics(**{field: said.get(name, 0) for field, name in _STATISTICS.items()})


def abort_job(connection: NativeConnection, _scheme: Scheme, action: AbortJob) -> None:
    """Abort it; the call that does the job raises."""
    with _found(connection, action.uuid) as domain:
        domain.abortJob()


def start_post_copy(connection: NativeConnection, _scheme: Scheme, action: StartPostCopy) -> None:
    """Switch the migration under way to post-copy."""
    with _found(connection, action.uuid) as domain:
        domain.migrateStartPostCopy()


# The other end


def inspect_destination(
    _connection: NativeConnection, scheme: Scheme, action: InspectDestination
) -> DestinationFacts:
    """Read it; a domain that goes meanwhile is not there."""
    with destination(action.uri) as there, translated(there):
        number = there.getVersion()
        return DestinationFacts(
            hostname=there.getHostname(),
            hypervisor_type=there.getType(),
            version=(number // 1_000_000, number // 1000 % 1000, number % 1000),
            host_uuid=host_uuid(there.getCapabilities()),
            same_uuid=unless_gone(lambda: _there(there.lookupByUUIDString(action.uuid), scheme)),
            same_name=unless_gone(lambda: _there(there.lookupByName(action.name), scheme)),
        )


def _there(domain: NativeDomain, scheme: Scheme) -> DomainThere:
    state, reason = state_and_reason(*domain.state(), nostate=scheme.nostate)
    return DomainThere(
        name=domain.name(),
        uuid=DomainUUID(domain.UUIDString()),
        state=state,
        reason=reason,
        active=bool(domain.isActive()),
        persistent=bool(domain.isPersistent()),
    )


def start_at(_connection: NativeConnection, _scheme: Scheme, action: StartAt) -> None:
    """Start it there."""
    with destination(action.uri) as there, _found(there, action.uuid) as domain:
        domain.create()


def autostart_at(_connection: NativeConnection, _scheme: Scheme, action: AutostartAt) -> None:
    """Let it start with its new host."""
    with destination(action.uri) as there, _found(there, action.uuid) as domain:
        domain.setAutostart(1)


# What a migration can leave active: it waits for a memory, or has sent it away.
_REMAINS = frozenset({StateReason.MIGRATION, StateReason.POSTCOPY, StateReason.POSTCOPY_FAILED})


def remove_leftover(connection: NativeConnection, scheme: Scheme, action: RemoveLeftover) -> None:
    """Destroy and undefine it, at this end or at the other."""
    if action.uri is None:
        _remove_from(connection, scheme, action.uuid)
    else:
        with destination(action.uri) as there:
            _remove_from(there, scheme, action.uuid)


def _remove_from(connection: NativeConnection, scheme: Scheme, uuid: DomainUUID) -> None:
    with translated(connection):
        domain = unless_gone(lambda: connection.lookupByUUIDString(uuid))
        if domain is not None:
            unless_gone(partial(_remove, domain, scheme))


def _remove(domain: NativeDomain, scheme: Scheme) -> None:
    if domain.isActive():
        state, reason = state_and_reason(*domain.state(), nostate=scheme.nostate)
        if state is not DomainState.PAUSED or reason not in _REMAINS:
            raise InvalidState("the domain runs")
        persistent = domain.isPersistent()
        domain.destroy()
        if not persistent:
            return
    # Variables of the firmware may lie on storage that both ends share.
    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_KEEP_NVRAM)


def bring_back(connection: NativeConnection, _scheme: Scheme, action: BringBack) -> None:
    """Migrate the definition over our own two connections."""
    with destination(action.uri) as there, _found(there, action.uuid) as domain:
        if domain.isActive():
            raise InvalidState("the domain runs at the destination")
        wanted = {libvirt.VIR_MIGRATE_PARAM_DEST_NAME: action.name}
        given = {} if domain.name() == action.name else wanted
        domain.migrate3(connection, given, _bits(_MOVE_DEFINITION))


_MOVING: Performers = {
    Migrate: migrate,
    InspectDestination: inspect_destination,
    StartAt: start_at,
    AutostartAt: autostart_at,
    RemoveLeftover: remove_leftover,
    BringBack: bring_back,
}
_CONTROLLING: Performers = {
    ReadJob: read_job,
    ReadFinishedJob: read_finished_job,
    AbortJob: abort_job,
    StartPostCopy: start_post_copy,
}

PERFORMERS: Performers = {**_MOVING, **_CONTROLLING}
"""Of drivers whose migrations can be watched and controlled."""

UNCONTROLLED: Performers = _MOVING
"""Of drivers that move domains, and tell nothing of it (libxl)."""
