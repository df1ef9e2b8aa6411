"""A hypervisor whose answers wait for the test, and scenes on a host of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from virtcim.hypervisors.actions import Action, DefineDomain, UndefineDomain
from virtcim.hypervisors.errors import ConnectionLost, InvalidState
from virtcim.hypervisors.events import DomainEvent, EventBus, EventId, Lifecycle
from virtcim.hypervisors.model import (
    EVERY_DOMAIN,
    ConnectionChange,
    DomainFacts,
    DomainState,
    DomainUUID,
    HostFacts,
    ListFlag,
    StateReason,
    Verb,
)
from virtcim.hypervisors.resources import NO_RESOURCES, DomainStatistics, ResourceFacts
from virtcim.infostore.errors import DiskFull
from virtcim.infostore.records import DomainRecord
from virtcim.inventory import Domain, Host

T = TypeVar("T")
A, B = DomainUUID("a" * 36), DomainUUID("b" * 36)
Seen = list[tuple[Domain | None, Domain | None]]


class Store:
    """Records in memory, of one host."""

    def __init__(self, held: dict[str, DomainRecord] | None = None) -> None:
        self.held = held or {}
        self.full = False

    async def records(self, _host: str) -> Mapping[str, DomainRecord]:
        """All of them."""
        return dict(self.held)

    async def put(self, _host: str, uuid: str, record: DomainRecord) -> None:
        """Write, or fail."""
        if self.full:
            raise DiskFull("store")
        self.held[uuid] = record

    async def remove(self, _host: str, uuid: str) -> None:
        """Remove, or fail."""
        if self.full:
            raise DiskFull("store")
        self.held.pop(uuid, None)


def facts(
    uuid: DomainUUID, state: DomainState = DomainState.RUNNING, title: str = ""
) -> DomainFacts:
    """A domain."""
    return DomainFacts(
        uuid=uuid, name=uuid[0], id=1, state=state, reason=StateReason.UNKNOWN, persistent=True,
        autostart=False, managed_save=False, has_snapshots=False, live_xml=f"<{title}/>",
        persistent_xml=None, title=title, description=None, os_type=None, consoles=(),
    )  # fmt: skip


class Scripted:
    """A hypervisor whose answers wait for the test."""

    uri = "scripted:///"
    verbs = frozenset(Verb)
    actions: frozenset[type[Action[Any]]] = frozenset[type[Action[Any]]](
        (UndefineDomain, DefineDomain)
    )

    def __init__(self, *domains: DomainFacts) -> None:
        self.events = EventBus(self)
        self.connected = True
        self.now = {one.uuid: one for one in domains}
        self.reads: list[tuple[DomainUUID, bool]] = []
        self.listings: list[frozenset[DomainUUID]] = []
        self.before_read: Callable[[], Awaitable[None]] | None = None
        self.before_listing: Callable[[], Awaitable[None]] | None = None
        self.tell: Callable[[ConnectionChange], None] = lambda _change: None
        self.shared = NO_RESOURCES
        self.surveys = 0
        self.before_survey: Callable[[], Awaitable[None]] | None = None
        self.failure: Exception | None = None
        self.tell_of_resources: Callable[[], None] = lambda: None
        self.counters: dict[DomainUUID, DomainStatistics] = {}
        self.samples = 0

    async def listen(self, event: EventId) -> None:
        """Every event is offered."""

    async def forget(self, event: EventId) -> None:
        """As above."""

    async def open(self) -> None:
        """Tell it as drivers do."""
        if self.connected:
            self.tell(ConnectionChange.RESTORED)

    async def close(self) -> None:
        """Nothing to close."""
        await self.events.close()

    def on_connection(self, callback: Callable[[ConnectionChange], None]) -> None:
        """One callback is enough here."""
        self.tell = callback

    def on_resources(self, callback: Callable[[], None]) -> None:
        """As above."""
        self.tell_of_resources = callback

    async def resources(self) -> ResourceFacts:
        """What is now, told later, and equal to what was told before."""
        self.surveys += 1
        shared = replace(self.shared)
        if self.before_survey is not None:
            await self.before_survey()
        if self.failure is not None:
            raise self.failure
        return shared

    async def statistics(self) -> Mapping[DomainUUID, DomainStatistics]:
        """What is now."""
        self.samples += 1
        if self.failure is not None:
            raise self.failure
        return dict(self.counters)

    async def host(self) -> HostFacts:
        """Any host."""
        return HostFacts(
            hostname="h",
            hypervisor_type="S",
            hypervisor_version="1",
            library_version="1",
            uuid=None,
        )

    async def domains(
        self,
        flags: ListFlag = EVERY_DOMAIN,  # noqa: ARG002 - the port's name
        known: Mapping[DomainUUID, DomainFacts] | None = None,
    ) -> list[DomainFacts]:
        """What is now, told later."""
        self.listings.append(frozenset(known or {}))
        listed = [self._reused(one, (known or {}).get(one.uuid)) for one in self.now.values()]
        if self.before_listing is not None:
            await self.before_listing()
        if not self.connected:
            raise ConnectionLost("gone")
        return listed

    async def domain(
        self, uuid: DomainUUID, known: DomainFacts | None = None
    ) -> DomainFacts | None:
        """What is now, told later."""
        self.reads.append((uuid, known is not None))
        one = self.now.get(uuid)
        if self.before_read is not None:
            await self.before_read()
        if not self.connected:
            raise ConnectionLost("gone")
        return one and self._reused(one, known)

    async def change(
        self,
        uuid: DomainUUID,
        verb: Verb,
        *,
        deadline: float | None = None,  # noqa: ARG002 - the port's name
    ) -> None:
        """Suspend, or refuse."""
        if verb is not Verb.SUSPEND:
            raise InvalidState("no")
        self.now[uuid] = replace(self.now[uuid], state=DomainState.PAUSED)

    async def perform(self, action: Action[T], *, deadline: float | None = None) -> T:  # noqa: ARG002
        """Undefine, or refuse."""
        if not isinstance(action, UndefineDomain):
            raise InvalidState("no")
        del self.now[action.uuid]
        return cast("T", None)

    def emit(self, uuid: DomainUUID, lifecycle: Lifecycle) -> None:
        """An event."""
        self.events.deliver(
            DomainEvent(
                event=EventId.LIFECYCLE, uuid=uuid, name="", arguments=(int(lifecycle), 0), at=0.0
            )
        )

    @staticmethod
    def _reused(one: DomainFacts, known: DomainFacts | None) -> DomainFacts:
        return one if known is None else replace(one, title=known.title, live_xml=known.live_xml)


def play(
    scene: Callable[[Scripted, Host, Seen], Awaitable[None]],
    *domains: DomainFacts,
    store: Store | None = None,
) -> None:
    """A scene on a started host whose changes are seen."""

    async def whole() -> None:
        hypervisor = Scripted(*domains)
        seen: Seen = []
        host = Host(
            "h", hypervisor, store or Store(), prefix="S", namespace="root/virt",
            interval=3600.0, now=lambda: datetime(2020, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        host.on_change(lambda old, new: seen.append((old, new)))
        await host.start()
        await scene(hypervisor, host, seen)
        await host.close()

    asyncio.run(whole())


async def survey(host: Host) -> None:
    """Have what domains share read now; raises what the hypervisor raises."""
    error = await asyncio.shield(host._resources.request())
    if error is not None:
        raise error
