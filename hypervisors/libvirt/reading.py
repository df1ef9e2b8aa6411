"""Reading facts: one atomic listing in bulk calls, or one domain.

The rule: the number of calls of a listing does not grow with the number of domains, but for the XML
of those whose definition may have changed, and for the snapshots of those that have some.
Functions block, in a worker's thread.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import structlog

from virtcim.hypervisors.errors import HypervisorFailure
from virtcim.hypervisors.libvirt.native import (
    STATS_STATE,
    XML_INACTIVE,
    XML_LIVE,
    XML_SECURE,
    NativeConnection,
    NativeDomain,
    Statistics,
    translated,
    unless_gone,
    unless_refused,
    unless_unsupported,
)
from virtcim.hypervisors.libvirt.schemes import Scheme
from virtcim.hypervisors.libvirt.snapshots import read_snapshots
from virtcim.hypervisors.libvirt.states import state_and_reason
from virtcim.hypervisors.libvirt.xml import definition, host_uuid, masked
from virtcim.hypervisors.model import (
    DomainFacts,
    DomainState,
    DomainUUID,
    HostFacts,
    ListFlag,
    StateReason,
)

log = structlog.get_logger("virtcim.hypervisors")

NOTHING_KNOWN: Mapping[DomainUUID, DomainFacts] = MappingProxyType({})


_ATTEMPTS = 3  # a domain that starts or stops in each of them is read again at its event


class _Run(NamedTuple):
    """What changes while a domain runs."""

    id: int
    state: int
    reason: int


class _Flags(NamedTuple):
    """What has no bulk form but a listing filter."""

    persistent: bool
    autostart: bool
    managed_save: bool
    has_snapshots: bool


class _Bulk(NamedTuple):
    """What a listing has of all domains at once."""

    connection: NativeConnection
    scheme: Scheme
    known: Mapping[DomainUUID, DomainFacts]
    filtered: list[frozenset[str]]
    runs: Mapping[str, _Run]


_FILTERS = (
    ListFlag.PERSISTENT,
    ListFlag.AUTOSTART,
    ListFlag.MANAGEDSAVE,
    ListFlag.HAS_SNAPSHOT,
)


def read_host(connection: NativeConnection) -> HostFacts:
    """Facts of the host itself."""
    with translated(connection):
        return HostFacts(
            hostname=connection.getHostname(),
            hypervisor_type=connection.getType(),
            hypervisor_version=_dotted(connection.getVersion()),
            library_version=_dotted(connection.getLibVersion()),
            uuid=host_uuid(connection.getCapabilities()),
        )


def read_domains(
    connection: NativeConnection,
    scheme: Scheme,
    flags: ListFlag,
    known: Mapping[DomainUUID, DomainFacts],
) -> list[DomainFacts]:
    """Facts of every domain that the flags select.

    Those that vanish meanwhile are left out. One that tells what nobody understands stays as it is
    known, and costs no other its place.
    """
    with translated(connection):
        listed = connection.listAllDomains(int(flags))
        filtered = [_uuids(connection, flag) for flag in _FILTERS]
        bulk = _Bulk(connection, scheme, known, filtered, _bulk_runs(connection))
        reads = (_unless_odd(bulk, domain) for domain in listed)
        return [facts for facts in reads if facts is not None]


def read_domain(
    connection: NativeConnection, scheme: Scheme, uuid: DomainUUID, known: DomainFacts | None
) -> DomainFacts | None:
    """Facts of one domain; None means that it does not exist."""
    with translated(connection):
        return unless_gone(lambda: _read_domain(connection, scheme, uuid, known))


def _unless_odd(bulk: _Bulk, domain: NativeDomain) -> DomainFacts | None:
    try:
        return unless_gone(partial(_read_listed, bulk, domain))
    except (HypervisorFailure, ValueError) as error:  # no XML, no UTF-8
        uuid = DomainUUID(domain.UUIDString())
        log.warning("domain_unreadable", domain=uuid, error=str(error))
        return bulk.known.get(uuid)


def _read_listed(bulk: _Bulk, domain: NativeDomain) -> DomainFacts:
    uuid = domain.UUIDString()
    flags = _Flags(*(uuid in members for members in bulk.filtered))
    run = bulk.runs.get(uuid)
    if run is None or not _is_coherent(run):
        domain, run = _look_up(bulk.connection, uuid)
    return _facts(domain, bulk.scheme, run, flags, bulk.known.get(DomainUUID(uuid)))


def _read_domain(
    connection: NativeConnection, scheme: Scheme, uuid: DomainUUID, known: DomainFacts | None
) -> DomainFacts:
    domain, run = _look_up(connection, uuid)
    flags = _Flags(
        persistent=bool(domain.isPersistent()),
        autostart=bool(unless_unsupported(domain.autostart, 0)),
        managed_save=bool(unless_unsupported(domain.hasManagedSaveImage, 0)),
        has_snapshots=bool(unless_unsupported(domain.snapshotNum, 0)),
    )
    return _facts(domain, scheme, run, flags, known)


def _facts(
    domain: NativeDomain, scheme: Scheme, run: _Run, flags: _Flags, known: DomainFacts | None
) -> DomainFacts:
    domain_id = run.id if run.id >= 0 else None
    state, reason = state_and_reason(run.state, run.reason, nostate=scheme.nostate)
    held = () if known is None else known.snapshots
    # Before the definition, which a snapshot that is made meanwhile changes.
    snapshots = read_snapshots(domain, held) if flags.has_snapshots else ()
    if (
        known is None
        or snapshots != known.snapshots  # making one may exchange the disks' images
        or not _same_definition(known, domain.name(), domain_id, flags)
    ):
        known = _defined(domain, domain_id, state, reason, flags)
    facts = replace(
        known, id=domain_id, state=state, reason=reason, snapshots=snapshots, **flags._asdict()
    )
    return known if facts == known else facts


def _same_definition(known: DomainFacts, name: str, domain_id: int | None, flags: _Flags) -> bool:
    """The definition we hold is of this name and this incarnation."""
    return (known.name, known.id, known.persistent) == (name, domain_id, flags.persistent)


def _defined(
    domain: NativeDomain,
    domain_id: int | None,
    state: DomainState,
    reason: StateReason,
    flags: _Flags,
) -> DomainFacts:
    live = None if domain_id is None else _text(domain, XML_LIVE)
    # A domain that is neither active nor persistent is gone, and says so here.
    needs_persistent = flags.persistent or live is None
    persistent = _text(domain, XML_INACTIVE) if needs_persistent else None
    read = definition(live or persistent or "")
    return DomainFacts(
        uuid=DomainUUID(domain.UUIDString()),
        name=domain.name(),
        id=domain_id,
        state=state,
        reason=reason,
        **flags._asdict(),
        live_xml=live,
        persistent_xml=live if persistent == live else persistent,
        title=read.title,
        description=read.description,
        os_type=read.os_type,
        consoles=read.consoles,
    )


def _text(domain: NativeDomain, flags: int) -> str:
    """A definition with its passwords masked: facts tell whether there is one, and no more."""
    secure = partial(domain.XMLDesc, flags | XML_SECURE)
    return masked(unless_refused(secure, partial(domain.XMLDesc, flags)))


def _is_coherent(run: _Run) -> bool:
    """A domain has an id unless it is off.

    libvirt takes the id when it makes the list or handle and the state later, so that a domain
    that ends or starts in between is off with an id, or runs without one.
    """
    return (run.id < 0) == (run.state == DomainState.SHUTOFF)


def _look_up(connection: NativeConnection, uuid: str) -> tuple[NativeDomain, _Run]:
    """A fresh handle and what it says, tried again while it contradicts itself."""
    for _ in range(_ATTEMPTS):
        domain = connection.lookupByUUIDString(uuid)
        state, reason = domain.state()
        run = _Run(domain.ID(), state, reason)
        if _is_coherent(run):
            break
    return domain, run


def _bulk_runs(connection: NativeConnection) -> dict[str, _Run]:
    """Of every domain at once; empty where the driver has no bulk statistics (lxc, xen)."""
    nothing: Statistics = []
    records = unless_unsupported(lambda: connection.getAllDomainStats(STATS_STATE), nothing)
    return {
        domain.UUIDString(): _Run(domain.ID(), stats["state.state"], stats["state.reason"])
        for domain, stats in records
    }


def _uuids(connection: NativeConnection, flag: ListFlag) -> frozenset[str]:
    return frozenset(domain.UUIDString() for domain in connection.listAllDomains(int(flag)))


def _dotted(version: int) -> str:
    return f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"
