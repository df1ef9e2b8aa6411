"""Events of what domains share: networks, storage pools, devices of the host.

The rule: they only say that something has changed. A hypervisor that does not tell of some is no
error: what it does not tell is found by reading.
"""

from collections.abc import Callable
from contextlib import suppress

from virtcim.hypervisors.errors import ConnectionLost, HypervisorError
from virtcim.hypervisors.libvirt.native import (
    DEVICE_LIFECYCLE,
    DEVICE_UPDATE,
    NETWORK_LIFECYCLE,
    POOL_LIFECYCLE,
    POOL_REFRESH,
    NativeConnection,
    NativeError,
    NativeResource,
    translated,
)
from virtcim.hypervisors.libvirt.resources import GUEST_PREFIXES

Relay = Callable[..., None]
Register = Callable[[NativeConnection, Relay], int]
Deregister = Callable[[NativeConnection, int], None]


def _deregister_network(connection: NativeConnection, registration: int) -> None:
    connection.networkEventDeregisterAny(registration)


def _deregister_pool(connection: NativeConnection, registration: int) -> None:
    connection.storagePoolEventDeregisterAny(registration)


def _deregister_device(connection: NativeConnection, registration: int) -> None:
    connection.nodeDeviceEventDeregisterAny(registration)


# fmt: off
_EVENTS: tuple[tuple[Register, Deregister], ...] = (
    (lambda on, relay: on.networkEventRegisterAny(None, NETWORK_LIFECYCLE, relay, None),
     _deregister_network),
    (lambda on, relay: on.storagePoolEventRegisterAny(None, POOL_LIFECYCLE, relay, None),
     _deregister_pool),
    (lambda on, relay: on.storagePoolEventRegisterAny(None, POOL_REFRESH, relay, None),
     _deregister_pool),
    (lambda on, relay: on.nodeDeviceEventRegisterAny(None, DEVICE_LIFECYCLE, relay, None),
     _deregister_device),
    (lambda on, relay: on.nodeDeviceEventRegisterAny(None, DEVICE_UPDATE, relay, None),
     _deregister_device),
)
# fmt: on

# How the device driver names the host's end of a guest's interface; each start has some.
_GUEST_DEVICES = tuple(f"net_{prefix}" for prefix in GUEST_PREFIXES)


class ResourceEvents:
    """The registrations on one connection; methods run in its worker's thread.

    changed: told in libvirt's thread.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._registrations: list[tuple[Deregister, int]] = []

    def register(self, connection: NativeConnection) -> None:
        """Hear of everything that the hypervisor tells; raises ConnectionLost."""
        for register, deregister in _EVENTS:
            try:
                with translated(connection):
                    registration = register(connection, self._relay)
            except ConnectionLost:
                raise
            except HypervisorError:  # not offered, or not to us
                continue
            self._registrations.append((deregister, registration))

    def let_go(self, connection: NativeConnection) -> None:
        """Drop every callback."""
        for deregister, registration in self._registrations:
            with suppress(NativeError):  # a dead connection drops it all the same
                deregister(connection, registration)
        self._registrations.clear()

    def _relay(self, _: NativeConnection, one: NativeResource, *_arguments: object) -> None:
        if not one.name().startswith(_GUEST_DEVICES):
            self._changed()
