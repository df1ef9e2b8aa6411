"""The connection for events: made, watched, remade; and the driver-level registrations on it.

The rule: a line is one worker with one connection and never reconnects. Its loss is noticed (close
callback, or a call on it that fails), told, and answered with a new line, on which every wanted
event is registered before anybody hears of the return.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

import stamina
import structlog

from virtcim.hypervisors.errors import (
    ConnectionLost,
    DeadlineExceeded,
    HypervisorError,
    NotSupported,
)
from virtcim.hypervisors.events import DomainEvent, EventBus, EventId
from virtcim.hypervisors.libvirt.native import (
    EVENT_IDS,
    NativeConnection,
    NativeDomain,
    NativeError,
    translated,
    unless_unsupported,
)
from virtcim.hypervisors.libvirt.resource_events import ResourceEvents
from virtcim.hypervisors.libvirt.workers import Crew, Worker
from virtcim.hypervisors.model import ConnectionChange, DomainUUID

log = structlog.get_logger("virtcim.hypervisors")

FIRST_WAIT, LONGEST_WAIT = 0.1, 15.0  # seconds between attempts to connect


class _Line:
    """One connection for events, from its making to its loss.

    Methods that take a connection run in the worker's thread, `_relay`, `_changed` and `_closed` in
    libvirt's.
    """

    def __init__(
        self,
        worker: Worker,
        deliver: Callable[[DomainEvent], None],
        tell_of_resources: Callable[[], None],
    ) -> None:
        self.worker = worker
        self.lost = asyncio.Event()
        self._deliver = deliver
        self._tell_of_resources = tell_of_resources
        self._loop = asyncio.get_running_loop()
        self._resources = ResourceEvents(self._changed)
        self._registrations: dict[EventId, int] = {}

    def prepare(self, connection: NativeConnection, events: Iterable[EventId]) -> None:
        """Make the line hear of its own end, and of these events."""
        with translated(connection):
            unless_unsupported(
                lambda: connection.registerCloseCallback(self._closed, None), default=0
            )
        for event in events:
            try:
                self.register(connection, event)
            except NotSupported:
                log.warning("event_no_longer_supported", event_id=event.name)
        self._resources.register(connection)

    def register(self, connection: NativeConnection, event: EventId) -> None:
        """Hear of this kind of event."""
        if event not in self._registrations:
            with translated(connection):
                self._registrations[event] = connection.domainEventRegisterAny(
                    None, int(event), self._relay, event
                )

    def deregister(self, connection: NativeConnection, event: EventId) -> None:
        """Hear no more of this kind of event."""
        registration = self._registrations.pop(event, None)
        if registration is not None:
            with translated(connection):
                connection.domainEventDeregisterAny(registration)

    def let_go(self, connection: NativeConnection) -> None:
        """Drop every callback; until then the library keeps the connection."""
        for registration in self._registrations.values():
            with suppress(NativeError):  # a dead connection drops it all the same
                connection.domainEventDeregisterAny(registration)
        self._resources.let_go(connection)
        with suppress(NativeError):
            connection.unregisterCloseCallback()

    def _relay(self, _: NativeConnection, domain: NativeDomain, *arguments: object) -> None:
        event = DomainEvent(
            event=EventId(arguments[-1]),  # type: ignore[arg-type]  # our opaque comes last
            uuid=DomainUUID(domain.UUIDString()),
            name=domain.name(),
            arguments=arguments[:-1],
            at=time.monotonic(),
        )
        with suppress(RuntimeError):  # the loop is closed: nobody is left to tell
            self._loop.call_soon_threadsafe(self._deliver, event)

    def _changed(self) -> None:
        with suppress(RuntimeError):  # as above
            self._loop.call_soon_threadsafe(self._tell_of_resources)

    def _closed(self, *_: object) -> None:
        with suppress(RuntimeError):  # as above
            self._loop.call_soon_threadsafe(self.lost.set)


class EventLink:
    """The event connection of one hypervisor; an EventSource for its bus."""

    def __init__(self, crew: Crew, deadline: float, uri: str) -> None:
        self._uri = uri
        self.bus = EventBus(self)
        self.tell: Callable[[ConnectionChange], None] = lambda _change: None
        self.tell_of_resources: Callable[[], None] = lambda: None
        self._crew = crew
        self._deadline = deadline
        self._line: _Line | None = None
        self._attempted = asyncio.Event()
        self._wanted: set[EventId] = set()
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """The connection stands, as far as is known."""
        return self._line is not None and not self._line.lost.is_set()

    async def open(self) -> None:
        """Connect and keep connected; returns after the first attempt."""
        self._supervisor = asyncio.create_task(self._supervise())
        self._supervisor.add_done_callback(self._ended)
        await self._attempted.wait()

    async def close(self) -> None:
        """Disconnect for good."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.wait([self._supervisor])
        await self.bus.close()
        self._hang_up()

    async def listen(self, event: EventId) -> None:
        """Register this kind of event, now and on every later connection."""
        if event not in EVENT_IDS:
            raise NotSupported(f"the libvirt library has no event {event.name}")
        self._wanted.add(event)
        line = self._line
        if line is not None:
            try:
                await self._call(line, lambda connection: line.register(connection, event))
            except NotSupported:
                self._wanted.discard(event)
                raise

    async def forget(self, event: EventId) -> None:
        """Drop the registration of this kind of event."""
        self._wanted.discard(event)
        line = self._line
        if line is not None:
            await self._call(line, lambda connection: line.deregister(connection, event))

    async def _call(self, line: _Line, work: Callable[[NativeConnection], None]) -> None:
        """Work on a line; one that is lost needs no work, the next one is made to fit."""
        if line.lost.is_set():
            return
        try:
            await line.worker.call(work, self._deadline)
        except (ConnectionLost, DeadlineExceeded):
            line.lost.set()

    async def _supervise(self) -> None:
        while True:
            line = await self._connect()
            self._attempted.set()
            self.tell(ConnectionChange.RESTORED)
            await line.lost.wait()
            self._hang_up()
            self.tell(ConnectionChange.LOST)
            await asyncio.sleep(FIRST_WAIT)

    async def _connect(self) -> _Line:
        attempts = stamina.retry_context(
            on=HypervisorError,
            attempts=None,
            timeout=None,
            wait_initial=FIRST_WAIT,
            wait_max=LONGEST_WAIT,
            wait_jitter=FIRST_WAIT,
        )
        async for attempt in attempts:
            with attempt:
                return await self._try_to_connect()
        raise ConnectionLost("attempts to connect ended")  # pragma: no cover - they do not

    async def _try_to_connect(self) -> _Line:
        wanted = frozenset(self._wanted)
        try:
            worker = await self._crew.hire()
            line = _Line(worker, self.bus.deliver, self.tell_of_resources)
            await self._first_call(line, wanted)
        except HypervisorError as error:
            log.warning("hypervisor_unreachable", uri=self._uri, error=error.detail)
            self._attempted.set()
            raise
        self._line = line
        for event in self._wanted - wanted:  # subscribed while the connection was being made
            await self._call(line, partial(line.register, event=event))
        return line

    async def _first_call(self, line: _Line, events: frozenset[EventId]) -> None:
        try:
            await line.worker.call(
                lambda connection: line.prepare(connection, events), self._deadline
            )
        except BaseException:
            self._crew.dismiss(line.worker, line.let_go)
            raise

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            self._crew.dismiss(line.worker, line.let_go)

    def _ended(self, supervisor: asyncio.Task[None]) -> None:
        self._attempted.set()
        if not supervisor.cancelled() and (error := supervisor.exception()) is not None:
            log.error("event_connection_supervisor_died", error=repr(error))
