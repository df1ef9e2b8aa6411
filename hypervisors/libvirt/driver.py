"""The driver: a Hypervisor over libvirt.

The rule: it only arranges. What is read is in reading.py, resources.py and statistics.py, what is
done in changing.py, who does it in workers.py, what is heard in events.py.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

import structlog

from virtcim.hypervisors.actions import Action
from virtcim.hypervisors.errors import (
    Busy,
    ConnectionLost,
    DeadlineExceeded,
    HypervisorError,
    InvalidArgument,
    NotSupported,
)
from virtcim.hypervisors.events import EventBus
from virtcim.hypervisors.libvirt.actions import PERFORMERS
from virtcim.hypervisors.libvirt.changing import change_domain
from virtcim.hypervisors.libvirt.connections import KeepAlive, Opener
from virtcim.hypervisors.libvirt.eventloop import ensure_event_loop
from virtcim.hypervisors.libvirt.events import EventLink
from virtcim.hypervisors.libvirt.native import NativeConnection
from virtcim.hypervisors.libvirt.reading import (
    NOTHING_KNOWN,
    read_domain,
    read_domains,
    read_host,
)
from virtcim.hypervisors.libvirt.resources import read_resources
from virtcim.hypervisors.libvirt.schemes import public_uri, scheme_of
from virtcim.hypervisors.libvirt.statistics import read_statistics, read_unmonitored
from virtcim.hypervisors.libvirt.workers import Crew, FoundDead, Pool
from virtcim.hypervisors.model import (
    EVERY_DOMAIN,
    ConnectionChange,
    DomainFacts,
    DomainUUID,
    HostFacts,
    ListFlag,
    Verb,
)
from virtcim.hypervisors.port import CallObserver
from virtcim.hypervisors.resources import DomainStatistics, ResourceFacts

log = structlog.get_logger("virtcim.hypervisors")

T = TypeVar("T")

# Seconds a change may take. A start may restore a memory image, a save writes one.
# fmt: off
CHANGE_DEADLINES: Mapping[Verb, float] = MappingProxyType({
    Verb.START:            300.0,
    Verb.RESUME:           60.0,
    Verb.WAKEUP:           60.0,
    Verb.DESTROY:          60.0,
    Verb.DROP_SAVED_STATE: 60.0,
    Verb.SHUTDOWN:         60.0,
    Verb.SAVE:             1800.0,
    Verb.SUSPEND:          60.0,
    Verb.REBOOT:           60.0,
    Verb.RESET:            60.0,
})
# fmt: on

# How long closing waits for threads to let go of their connections. What hangs in a dead
# hypervisor does so for ever, and a service manager does not wait long for the end of a server.
FAREWELL_SECONDS = 2.0

# How many calls for counters, and for resources, may hang: by guests whose monitors are silent, by
# storage that does not answer. Each also holds one of a daemon's twenty threads for calls.
MOST_STUCK_ASIDE = 4

_ALL_FLAGS = ListFlag(sum(ListFlag))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds that the opening of a connection, and each kind of call, may take."""

    open: float = 10.0
    read: float = 10.0
    listing: float = 60.0
    statistics: float = 10.0
    change: Mapping[Verb, float] = field(default_factory=lambda: CHANGE_DEADLINES)


def _observe_nothing(_name: str, _seconds: float, _outcome: str) -> None:
    pass


class LibvirtHypervisor:
    """One libvirt URI; made on the event loop's thread.

    readers, changers: threads (and connections) for reading and for changing; apart, so that slow
    changes do not keep readers waiting. most_stuck: how many threads may hang in dead calls.
    Raises InvalidArgument for a URI of no driver that we know.
    """

    def __init__(
        self,
        uri: str,
        *,
        deadlines: Deadlines | None = None,
        keep_alive: KeepAlive | None = None,
        readers: int = 2,
        changers: int = 4,
        most_stuck: int = 16,
        observer: CallObserver = _observe_nothing,
    ) -> None:
        self._scheme = scheme_of(uri)
        self._uri = public_uri(uri)
        self._verbs = frozenset(self._scheme.verbs)
        self._performers = PERFORMERS[self._scheme.driver]
        self._deadlines = deadlines or Deadlines()
        opener = Opener(uri, self._scheme.sharing, keep_alive or KeepAlive())
        self._crew = Crew(opener, most_stuck, self._deadlines.open)
        # Crews of their own: what hangs there must not use up the bound of all other calls.
        self._samplers = Crew(opener, MOST_STUCK_ASIDE, self._deadlines.open)
        self._surveyors = Crew(opener, MOST_STUCK_ASIDE, self._deadlines.open)
        self._readers = Pool(self._crew, readers)
        self._sampling = Pool(self._samplers, 1)
        self._surveying = Pool(self._surveyors, 1)
        self._changers = Pool(self._crew, changers)
        self._link = EventLink(self._crew, self._deadlines.open, self._uri)
        self._link.tell = self._connection_changed
        self._observer = observer
        self._callbacks: list[Callable[[ConnectionChange], None]] = []
        self._resource_callbacks: list[Callable[[], None]] = []
        self._link.tell_of_resources = self._resources_changed

    @property
    def uri(self) -> str:
        """The URI without a password."""
        return self._uri

    @property
    def connected(self) -> bool:
        """The event connection stands."""
        return self._link.connected

    @property
    def verbs(self) -> frozenset[Verb]:
        """What the driver's table has."""
        return self._verbs

    @property
    def actions(self) -> frozenset[type[Action[Any]]]:
        """What the driver's table has."""
        return frozenset(self._performers)

    @property
    def events(self) -> EventBus:
        """The bus over the event connection."""
        return self._link.bus

    async def open(self) -> None:
        """Connect, and reconnect for ever; returns after the first attempt."""
        ensure_event_loop()
        await self._link.open()

    async def close(self) -> None:
        """Close every connection whose thread does not hang."""
        await self._link.close()
        for pool in (self._readers, self._changers, self._sampling, self._surveying):
            pool.close()
        crews = (self._crew, self._samplers, self._surveyors)
        await asyncio.gather(*(crew.disband(FAREWELL_SECONDS) for crew in crews))

    def on_connection(self, callback: Callable[[ConnectionChange], None]) -> None:
        """Tell this callback of every loss and return."""
        self._callbacks.append(callback)

    async def host(self) -> HostFacts:
        """Facts of the host itself."""
        return await self._observed("host", self._read(read_host, self._deadlines.read))

    async def domains(
        self,
        flags: ListFlag = EVERY_DOMAIN,
        known: Mapping[DomainUUID, DomainFacts] | None = None,
    ) -> list[DomainFacts]:
        """One atomic listing; raises InvalidArgument for an unknown bit."""
        if flags & ~_ALL_FLAGS:
            raise InvalidArgument(f"unknown listing flags {int(flags & ~_ALL_FLAGS):#x}")
        work = partial(read_domains, scheme=self._scheme, flags=flags, known=known or NOTHING_KNOWN)
        return await self._observed("domains", self._read(work, self._deadlines.listing))

    async def domain(
        self, uuid: DomainUUID, known: DomainFacts | None = None
    ) -> DomainFacts | None:
        """Everything of one domain; None means that it does not exist."""
        work = partial(read_domain, scheme=self._scheme, uuid=uuid, known=known)
        return await self._observed("domain", self._read(work, self._deadlines.read))

    def on_resources(self, callback: Callable[[], None]) -> None:
        """Tell this callback of every event of a network, a pool or a device of the host."""
        self._resource_callbacks.append(callback)

    async def resources(self) -> ResourceFacts:
        """What the domains share."""
        read = self._read(read_resources, self._deadlines.listing, self._surveying)
        return await self._observed("resources", read)

    async def statistics(self) -> Mapping[DomainUUID, DomainStatistics]:
        """Counters of the active domains; only some when a guest has begun to hang."""
        return await self._observed("statistics", self._sample())

    async def change(self, uuid: DomainUUID, verb: Verb, *, deadline: float | None = None) -> None:
        """Do one thing to a domain."""
        work = partial(change_domain, scheme=self._scheme, uuid=uuid, verb=verb)
        seconds = self._deadlines.change[verb] if deadline is None else deadline
        await self._observed(verb.value, self._changers.call(work, seconds))

    async def perform(self, action: Action[T], *, deadline: float | None = None) -> T:
        """Do what an action says, where it may take long on a worker of its own."""
        kind = type(action)
        performer = self._performers.get(kind)
        if performer is None:
            raise NotSupported(f"the {self._scheme.driver} driver has no {kind.__name__}")

        def work(connection: NativeConnection) -> T:
            result: T = performer(connection, self._scheme, action)
            return result

        seconds = action.seconds if deadline is None else deadline
        call = self._aside(work, seconds) if action.aside else self._changers.call(work, seconds)
        return await self._observed(kind.__name__, call)

    async def _aside(self, work: Callable[[NativeConnection], T], seconds: float) -> T:
        while True:
            worker = await self._crew.hire()
            try:
                return await worker.call(work, seconds)
            except FoundDead:
                continue  # nothing was done yet
            finally:
                self._crew.dismiss(worker)

    async def _read(
        self, work: Callable[[NativeConnection], T], seconds: float, pool: Pool | None = None
    ) -> T:
        """Read, and once more when the connection breaks under it: a new one may stand already."""
        pool = pool or self._readers
        try:
            return await pool.call(work, seconds)
        except ConnectionLost:
            return await pool.call(work, seconds)

    async def _sample(self) -> Mapping[DomainUUID, DomainStatistics]:
        try:
            return await self._read(read_statistics, self._deadlines.statistics, self._sampling)
        except (DeadlineExceeded, Busy) as error:
            log.warning("statistics_incomplete", uri=self._uri, error=error.detail)
        return await self._read(read_unmonitored, self._deadlines.read)

    async def _observed(self, name: str, call: Awaitable[T]) -> T:
        begin, outcome = time.perf_counter(), "ok"
        try:
            return await call
        except (HypervisorError, asyncio.CancelledError) as error:
            outcome = type(error).__name__
            raise
        finally:
            self._observer(name, time.perf_counter() - begin, outcome)

    def _connection_changed(self, change: ConnectionChange) -> None:
        log.info("hypervisor_connection", uri=self._uri, change=change.value)
        for callback in self._callbacks:
            callback(change)

    def _resources_changed(self) -> None:
        for callback in self._resource_callbacks:
            callback()
