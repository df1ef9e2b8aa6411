"""The typed face of the untyped binding: what we use of it, and the one place where errors cross.

The rule: every call of the binding happens inside `translated`, in a worker's thread.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

import libvirt

from virtcim.hypervisors.errors import ConnectionLost, DomainNotFound, NotSupported
from virtcim.hypervisors.libvirt.failures import failure, open_failure

T = TypeVar("T")

NativeError: type[Exception] = libvirt.libvirtError
STATS_STATE: int = libvirt.VIR_DOMAIN_STATS_STATE
XML_LIVE = 0  # never VIR_DOMAIN_XML_SECURE: facts need no secrets
XML_INACTIVE: int = libvirt.VIR_DOMAIN_XML_INACTIVE
EVENT_IDS: frozenset[int] = frozenset(
    number for name, number in vars(libvirt).items() if name.startswith("VIR_DOMAIN_EVENT_ID_")
)
"""The event ids that the installed library has."""


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
    def snapshotNum(self) -> int: ...  # noqa: D102, N802
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
    def getAllDomainStats(self, stats: int) -> Statistics: ...  # noqa: D102, N802
    def lookupByUUIDString(self, uuid: str) -> NativeDomain: ...  # noqa: D102, N802
    def domainEventRegisterAny(  # noqa: D102, N802
        self, domain: None, event: int, callback: Callable[..., None], opaque: object
    ) -> int: ...
    def domainEventDeregisterAny(self, registration: int) -> None: ...  # noqa: D102, N802
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


def unless_gone(call: Callable[[], T]) -> T | None:
    """What the call gives; None when the domain vanished meanwhile."""
    try:
        return call()
    except libvirt.libvirtError as error:
        if isinstance(failure(error), DomainNotFound):
            return None
        raise
