"""The typed face of the untyped binding: what we use of it, and the one place where errors cross.

The rule: every call of the binding happens inside `translated`, in a worker's thread.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

import libvirt

from virtcim.hypervisors.errors import (
    AccessDenied,
    ConnectionLost,
    HypervisorFailure,
    InvalidArgument,
    InvalidState,
    NotSupported,
)
from virtcim.hypervisors.libvirt.failures import NO_DOMAIN, failure, open_failure

T = TypeVar("T")

NativeError: type[Exception] = libvirt.libvirtError
STATS_STATE: int = libvirt.VIR_DOMAIN_STATS_STATE
STATS_INTERFACE: int = libvirt.VIR_DOMAIN_STATS_INTERFACE
STATS_COUNTERS: int = (
    STATS_STATE
    | STATS_INTERFACE
    | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL
    | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_VCPU
    | libvirt.VIR_DOMAIN_STATS_BLOCK
)
STATS_ACTIVE_NOW: int = (
    libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE
    | libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
)
"""Of the running domains, and of one that is busy only what needs no turn."""
LIST_NET_DEVICES: int = libvirt.VIR_CONNECT_LIST_NODE_DEVICES_CAP_NET
NETWORK_LIFECYCLE: int = libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE
POOL_LIFECYCLE: int = libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE
POOL_REFRESH: int = libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH
DEVICE_LIFECYCLE: int = libvirt.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE
DEVICE_UPDATE: int = libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE
XML_LIVE = 0
XML_INACTIVE: int = libvirt.VIR_DOMAIN_XML_INACTIVE
XML_SECURE: int = libvirt.VIR_DOMAIN_XML_SECURE
EVENT_IDS: frozenset[int] = frozenset(
    number for name, number in vars(libvirt).items() if name.startswith("VIR_DOMAIN_EVENT_ID_")
)
"""The event ids that the installed library has."""


class NativeSnapshot(Protocol):
    """What we call on a virDomainSnapshot."""

    def getName(self) -> str: ...  # noqa: D102, N802
    def getXMLDesc(self, flags: int) -> str: ...  # noqa: D102, N802
    def delete(self, flags: int = 0) -> int: ...  # noqa: D102


class NativeResource(Protocol):
    """What we call on each of virNetwork, virStoragePool, virNWFilter, virInterface, ..."""

    def name(self) -> str: ...  # noqa: D102
    def XMLDesc(self, flags: int) -> str: ...  # noqa: D102, N802


class NativeFilter(NativeResource, Protocol):
    """What we call on a virNWFilter."""

    def UUIDString(self) -> str: ...  # noqa: D102, N802


class NativeNetwork(NativeFilter, Protocol):
    """What we call on a virNetwork."""

    def isActive(self) -> int: ...  # noqa: D102, N802
    def isPersistent(self) -> int: ...  # noqa: D102, N802
    def autostart(self) -> int: ...  # noqa: D102


class NativeVolume(NativeResource, Protocol):
    """What we call on a virStorageVol."""

    def key(self) -> str: ...  # noqa: D102


class NativePool(NativeFilter, Protocol):
    """What we call on a virStoragePool."""

    def isPersistent(self) -> int: ...  # noqa: D102, N802
    def autostart(self) -> int: ...  # noqa: D102
    def info(self) -> list[int]: ...  # noqa: D102
    def listAllVolumes(self, flags: int) -> list[NativeVolume]: ...  # noqa: D102, N802


class NativeInterface(NativeResource, Protocol):
    """What we call on a virInterface."""

    def isActive(self) -> int: ...  # noqa: D102, N802


class NativeDomain(Protocol):
    """What we call on a virDomain."""

    def UUIDString(self) -> str: ...  # noqa: D102, N802
    def name(self) -> str: ...  # noqa: D102
    def ID(self) -> int: ...  # noqa: D102, N802
    def state(self) -> list[int]: ...  # noqa: D102
    def isActive(self) -> int: ...  # noqa: D102, N802
    def isPersistent(self) -> int: ...  # noqa: D102, N802
    def autostart(self) -> int: ...  # noqa: D102
    def hasManagedSaveImage(self) -> int: ...  # noqa: D102, N802
    def info(self) -> list[int]: ...  # noqa: D102
    def snapshotNum(self) -> int: ...  # noqa: D102, N802
    def listAllSnapshots(self, flags: int) -> list[NativeSnapshot]: ...  # noqa: D102, N802
    def snapshotCurrent(self) -> NativeSnapshot: ...  # noqa: D102, N802
    def snapshotLookupByName(self, name: str) -> NativeSnapshot: ...  # noqa: D102, N802
    def snapshotCreateXML(self, xml: str, flags: int) -> NativeSnapshot: ...  # noqa: D102, N802
    def revertToSnapshot(self, snapshot: NativeSnapshot, flags: int) -> int: ...  # noqa: D102, N802
    def controlInfo(self) -> list[int]: ...  # noqa: D102, N802
    def XMLDesc(self, flags: int) -> str: ...  # noqa: D102, N802
    def create(self) -> int: ...  # noqa: D102
    def destroy(self) -> int: ...  # noqa: D102
    def suspend(self) -> int: ...  # noqa: D102
    def resume(self) -> int: ...  # noqa: D102
    def shutdown(self) -> int: ...  # noqa: D102
    def reboot(self) -> int: ...  # noqa: D102
    def reset(self) -> int: ...  # noqa: D102
    def pMWakeup(self) -> int: ...  # noqa: D102, N802
    def managedSave(self) -> int: ...  # noqa: D102, N802
    def managedSaveRemove(self) -> int: ...  # noqa: D102, N802
    def undefineFlags(self, flags: int) -> int: ...  # noqa: D102, N802
    def setAutostart(self, autostart: int) -> int: ...  # noqa: D102, N802
    def jobStats(self, flags: int = 0) -> dict[str, Any]: ...  # noqa: D102, N802
    def abortJob(self) -> int: ...  # noqa: D102, N802
    def migrateStartPostCopy(self, flags: int = 0) -> int: ...  # noqa: D102, N802
    def migrateSetMaxDowntime(self, downtime: int, flags: int = 0) -> int: ...  # noqa: D102, N802
    def migrate3(  # noqa: D102
        self, destination: "NativeConnection", parameters: dict[str, Any], flags: int
    ) -> "NativeDomain": ...
    def migrateToURI3(  # noqa: D102, N802
        self, uri: str, parameters: dict[str, Any], flags: int
    ) -> int: ...
    def attachDeviceFlags(self, xml: str, flags: int) -> int: ...  # noqa: D102, N802
    def detachDeviceFlags(self, xml: str, flags: int) -> int: ...  # noqa: D102, N802
    def updateDeviceFlags(self, xml: str, flags: int) -> int: ...  # noqa: D102, N802
    def setVcpusFlags(self, nvcpus: int, flags: int) -> int: ...  # noqa: D102, N802
    def setMemoryFlags(self, memory: int, flags: int) -> int: ...  # noqa: D102, N802
    def setSchedulerParametersFlags(  # noqa: D102, N802
        self, params: dict[str, int], flags: int
    ) -> int: ...
    def setBlockIoTune(  # noqa: D102, N802
        self, disk: str, params: dict[str, int], flags: int
    ) -> int: ...
    def setMetadata(  # noqa: D102, N802
        self,
        type: int,  # noqa: A002
        metadata: str | None,
        key: None,
        uri: None,
        flags: int,
    ) -> int: ...
    def rename(self, new_name: str, flags: int) -> int: ...  # noqa: D102


Statistics = list[tuple[NativeDomain, dict[str, Any]]]


class NativeConnection(Protocol):
    """What we call on a virConnect."""

    def close(self) -> int: ...  # noqa: D102
    def isAlive(self) -> int: ...  # noqa: D102, N802
    def setKeepAlive(self, interval: int, count: int) -> int: ...  # noqa: D102, N802
    def getHostname(self) -> str: ...  # noqa: D102, N802
    def getType(self) -> str: ...  # noqa: D102, N802
    def getVersion(self) -> int: ...  # noqa: D102, N802
    def getLibVersion(self) -> int: ...  # noqa: D102, N802
    def getCapabilities(self) -> str: ...  # noqa: D102, N802
    def listAllDomains(self, flags: int) -> list[NativeDomain]: ...  # noqa: D102, N802
    def listAllNetworks(self, flags: int) -> list[NativeNetwork]: ...  # noqa: D102, N802
    def listAllStoragePools(self, flags: int) -> list[NativePool]: ...  # noqa: D102, N802
    def listAllNWFilters(self, flags: int) -> list[NativeFilter]: ...  # noqa: D102, N802
    def listAllDevices(self, flags: int) -> list[NativeResource]: ...  # noqa: D102, N802
    def listAllInterfaces(self, flags: int) -> list[NativeInterface]: ...  # noqa: D102, N802
    def getInfo(self) -> list[Any]: ...  # noqa: D102, N802
    def getMaxVcpus(self, type: str | None) -> int: ...  # noqa: A002, D102, N802
    def getAllDomainStats(self, stats: int, flags: int = 0) -> Statistics: ...  # noqa: D102, N802
    def lookupByUUIDString(self, uuid: str) -> NativeDomain: ...  # noqa: D102, N802
    def lookupByName(self, name: str) -> NativeDomain: ...  # noqa: D102, N802
    def defineXML(self, xml: str) -> NativeDomain: ...  # noqa: D102, N802
    def domainEventRegisterAny(  # noqa: D102, N802
        self, domain: None, event: int, callback: Callable[..., None], opaque: object
    ) -> int: ...
    def domainEventDeregisterAny(self, registration: int) -> None: ...  # noqa: D102, N802
    def networkEventRegisterAny(  # noqa: D102, N802
        self, network: None, event: int, callback: Callable[..., None], opaque: object
    ) -> int: ...
    def networkEventDeregisterAny(self, registration: int) -> None: ...  # noqa: D102, N802
    def storagePoolEventRegisterAny(  # noqa: D102, N802
        self, pool: None, event: int, callback: Callable[..., None], opaque: object
    ) -> int: ...
    def storagePoolEventDeregisterAny(self, registration: int) -> None: ...  # noqa: D102, N802
    def nodeDeviceEventRegisterAny(  # noqa: D102, N802
        self, device: None, event: int, callback: Callable[..., None], opaque: object
    ) -> int: ...
    def nodeDeviceEventDeregisterAny(self, registration: int) -> None: ...  # noqa: D102, N802
    def registerCloseCallback(  # noqa: D102, N802
        self, callback: Callable[..., None], opaque: object
    ) -> int: ...
    def unregisterCloseCallback(self) -> None: ...  # noqa: D102, N802


def open_native(uri: str) -> NativeConnection:
    """Open a connection; blocks, also for ever when a daemon is frozen.

    Raises ConnectionFailed or AccessDenied.
    """
    try:
        connection: NativeConnection = libvirt.open(uri)
    except libvirt.libvirtError as error:
        raise open_failure(error) from error
    return connection


def close_native(connection: NativeConnection) -> None:
    """Close a connection, dead or alive."""
    with suppress(libvirt.libvirtError):  # a dead one has nothing more to lose
        connection.close()


@contextmanager
def translated(connection: NativeConnection) -> Iterator[None]:
    """Turn a native error into ours; on a dead connection every error means ConnectionLost."""
    try:
        yield
    except libvirt.libvirtError as error:
        alive = is_alive(connection)
        raise failure(error) if alive else ConnectionLost(str(error)) from error


def is_alive(connection: NativeConnection) -> bool:
    """The connection is not known to be dead; asks no daemon (virConnectIsAlive)."""
    try:
        return connection.isAlive() == 1
    except libvirt.libvirtError:
        return False


def unless_unsupported(call: Callable[[], T], default: T) -> T:
    """What the call gives, or the default where the hypervisor has no such thing."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if isinstance(failure(error), NotSupported):
            return default
        raise


def unless_refused(call: Callable[[], T], otherwise: Callable[[], T]) -> T:
    """What the call gives; what the other gives where we may not, or cannot, have so much."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if isinstance(failure(error), AccessDenied | NotSupported | InvalidArgument):
            return otherwise()
        raise


def unless_gone(call: Callable[[], T], codes: frozenset[int] = NO_DOMAIN) -> T | None:
    """What the call gives; None when the domain, or what these codes say, vanished meanwhile."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if error.get_error_code() in codes:
            return None
        raise


def unless_unreadable(connection: NativeConnection, call: Callable[[], T], default: T) -> T:
    """What the call gives, or the default when this one object cannot be read now."""
    try:
        return call()
    except (UnicodeDecodeError, HypervisorFailure):  # names of files may be no UTF-8, or no XML
        return default
    except libvirt.libvirtError as error:
        if is_alive(connection) and isinstance(failure(error), HypervisorFailure | InvalidState):
            return default
        raise
