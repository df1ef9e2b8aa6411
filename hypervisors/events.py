"""The event bus: many subscribers over one driver-level registration per event id.

The rule: everything here runs on the event loop's thread. A driver hands events over with
`call_soon_threadsafe`.

Why a bus: libvirt refuses a second registration of one C callback with the same domain filter, and
the Python binding has one C callback per event id, so a connection carries each event id once. The
bus gives every subscriber its own registration, for every driver alike.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import structlog

from virtcim.hypervisors.errors import ConnectionLost, HypervisorError, InvalidArgument
from virtcim.hypervisors.model import DomainUUID

log = structlog.get_logger("virtcim.hypervisors")


class EventId(IntEnum):
    """Kinds of domain events (virDomainEventID)."""

    LIFECYCLE = 0
    REBOOT = 1
    RTC_CHANGE = 2
    WATCHDOG = 3
    IO_ERROR = 4
    GRAPHICS = 5
    IO_ERROR_REASON = 6
    CONTROL_ERROR = 7
    BLOCK_JOB = 8
    DISK_CHANGE = 9
    TRAY_CHANGE = 10
    PMWAKEUP = 11
    PMSUSPEND = 12
    BALLOON_CHANGE = 13
    PMSUSPEND_DISK = 14
    DEVICE_REMOVED = 15
    BLOCK_JOB_2 = 16
    TUNABLE = 17
    AGENT_LIFECYCLE = 18
    DEVICE_ADDED = 19
    MIGRATION_ITERATION = 20
    JOB_COMPLETED = 21
    DEVICE_REMOVAL_FAILED = 22
    METADATA_CHANGE = 23
    BLOCK_THRESHOLD = 24
    MEMORY_FAILURE = 25
    MEMORY_DEVICE_SIZE_CHANGE = 26
    NIC_MAC_CHANGE = 27
    VCPU_REMOVED = 28
    CHANNEL_LIFECYCLE = 29


class Lifecycle(IntEnum):
    """First argument of a LIFECYCLE event (virDomainEventType)."""

    DEFINED = 0
    UNDEFINED = 1
    STARTED = 2
    SUSPENDED = 3
    RESUMED = 4
    STOPPED = 5
    SHUTDOWN = 6
    PMSUSPENDED = 7
    CRASHED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """One event of one domain.

    arguments: what follows the domain in the driver's callback, in libvirt's order (LIFECYCLE:
    event, detail).
    at: monotonic seconds when the driver's thread got it.
    """

    event: EventId
    uuid: DomainUUID
    name: str
    arguments: tuple[object, ...]
    at: float


EventCallback = Callable[[DomainEvent, object], None]
FreeCallback = Callable[[object], None]


class EventSource(Protocol):
    """What a driver does for its bus: at most one registration per event id."""

    async def listen(self, event: EventId) -> None:
        """Deliver this kind of event from now on, also over later connections.

        Raises NotSupported when the hypervisor has no such event.
        """

    async def forget(self, event: EventId) -> None:
        """Stop delivering this kind of event."""


@dataclass(slots=True, eq=False)
class _Subscriber:
    domain: DomainUUID | None
    event: EventId
    callback: EventCallback
    opaque: object
    free: FreeCallback | None


class EventBus:
    """Subscriptions of one hypervisor."""

    def __init__(self, source: EventSource) -> None:
        self._source = source
        self._subscribers: dict[int, _Subscriber] = {}
        self._by_event: dict[EventId, dict[int, _Subscriber]] = {event: {} for event in EventId}
        self._locks = {event: asyncio.Lock() for event in EventId}
        self._registered: set[EventId] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._delivering = 0
        self._unfreed: list[_Subscriber] = []
        self._last_id = 0
        self._closed = False

    async def register_any(
        self,
        domain: DomainUUID | None,
        event: EventId,
        callback: EventCallback,
        opaque: object = None,
        free: FreeCallback | None = None,
    ) -> int:
        """Subscribe; the same callback any number of times, each with its own id.

        domain: None means events of every domain.
        free: called with opaque exactly once, at deregistration or close.
        Raises NotSupported when the hypervisor has no such event, ConnectionLost when the bus is
        closed; after an error nothing is registered and free is not called.
        """
        if self._closed:
            raise ConnectionLost("the event bus is closed")
        self._last_id += 1
        subscription = self._last_id
        subscriber = _Subscriber(domain, event, callback, opaque, free)
        self._subscribers[subscription] = subscriber
        self._by_event[event][subscription] = subscriber
        try:
            await self._settle(event)
        except (HypervisorError, asyncio.CancelledError):
            self._subscribers.pop(subscription, None)
            self._by_event[event].pop(subscription, None)
            raise
        if self._closed:
            raise ConnectionLost("the event bus was closed")
        return subscription

    def deregister_any(self, subscription: int) -> None:
        """End a subscription: nothing is delivered to it from now on.

        Raises InvalidArgument for an id that is not (or no longer) registered.
        """
        subscriber = self._subscribers.pop(subscription, None)
        if subscriber is None:
            raise InvalidArgument(f"no event subscription {subscription}")
        del self._by_event[subscriber.event][subscription]
        self._release(subscriber)
        if not self._by_event[subscriber.event]:
            task = asyncio.get_running_loop().create_task(self._settle(subscriber.event))
            self._tasks.add(task)
            task.add_done_callback(self._settled)

    def deliver(self, event: DomainEvent) -> None:
        """Hand one event to its subscribers, in the order of their registration."""
        self._delivering += 1
        subscribers = self._by_event[event.event]
        for subscription, subscriber in tuple(subscribers.items()):
            if subscription in subscribers and subscriber.domain in (None, event.uuid):
                _call(subscriber, event)
        self._delivering -= 1
        if not self._delivering:
            self._free_all()

    async def close(self) -> None:
        """End every subscription and forget every driver-level registration."""
        self._closed = True
        for subscription in tuple(self._subscribers):
            self.deregister_any(subscription)
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _release(self, subscriber: _Subscriber) -> None:
        # A callback may end its own subscription while it still uses its opaque: free after the
        # delivery.
        self._unfreed.append(subscriber)
        if not self._delivering:
            self._free_all()

    def _free_all(self) -> None:
        while self._unfreed:
            subscriber = self._unfreed.pop(0)
            if subscriber.free is not None:
                subscriber.free(subscriber.opaque)

    async def _settle(self, event: EventId) -> None:
        """Make the driver-level registration what the subscribers want."""
        async with self._locks[event]:  # decided under the lock, so that the last word wins
            wanted = bool(self._by_event[event])
            if wanted and event not in self._registered:
                await self._source.listen(event)
                self._registered.add(event)
            elif not wanted and event in self._registered:
                self._registered.discard(event)
                await self._source.forget(event)

    def _settled(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.warning("event_deregistration_failed", error=str(error))


def _call(subscriber: _Subscriber, event: DomainEvent) -> None:
    try:
        subscriber.callback(event, subscriber.opaque)
    except Exception:
        log.exception("event_callback_failed", domain=event.uuid, event_id=event.event.name)
