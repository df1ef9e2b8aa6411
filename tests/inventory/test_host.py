"""A host follows its hypervisor: real changes on the test driver, races on one of our own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from virtcim.hypervisors.errors import ConnectionLost, InvalidState
from virtcim.hypervisors.events import DomainEvent, EventBus, EventId, Lifecycle
from virtcim.hypervisors.libvirt import LibvirtHypervisor
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
from virtcim.inventory import Communication, Domain, Host, Inventory
from virtcim.inventory.host import AUDIT_SIZE

FILE = Path(__file__).parents[1] / "hypervisors" / "nine_situations.xml"
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


def returned(host: Host) -> asyncio.Event:
    """Set when the host is reached."""
    event = asyncio.Event()

    def look() -> None:
        if host.communication is Communication.OK:
            event.set()

    host.on_communication(look)
    return event


def told(host: Host) -> Communication:
    """What it says of its connection now."""
    return host.communication


async def slowly() -> None:
    """An answer that takes its time."""
    await asyncio.sleep(0.005)


async def idle(host: Host) -> None:
    """Let every read end."""
    while host._refresher._running:
        await asyncio.wait(host._refresher._running.values())


def test_a_storm_of_events_makes_one_read_and_one_more() -> None:
    """While the first runs, a hundred events wait as one; the last state wins."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        hypervisor.reads.clear()
        hypervisor.before_read = slowly
        for number in range(100):
            state = DomainState.PAUSED if number % 2 else DomainState.RUNNING
            hypervisor.now[A] = facts(A, state)
            hypervisor.emit(A, Lifecycle.SUSPENDED)
            if number == 0:
                await asyncio.sleep(0)
        await idle(host)
        assert hypervisor.reads == [(A, True), (A, True)]
        assert [(o.facts.state, n.facts.state) for o, n in seen if o and n] == [
            (DomainState.RUNNING, DomainState.PAUSED)
        ]

    play(scene, facts(A))


def test_an_event_of_the_definition_reads_the_definition() -> None:
    """Redefined: read; suspended: reused; both while a read runs: read."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        hypervisor.reads.clear()
        hypervisor.before_read = slowly
        hypervisor.now[A] = facts(A, title="new")
        hypervisor.emit(A, Lifecycle.SUSPENDED)
        await asyncio.sleep(0)
        hypervisor.emit(A, Lifecycle.DEFINED)
        hypervisor.emit(A, Lifecycle.RESUMED)
        await idle(host)
        assert hypervisor.reads == [(A, True), (A, False)]
        assert host.listing.domains[A].facts.title == "new"
        assert len(seen) == 1

    play(scene, facts(A))


def test_a_change_is_seen_by_who_made_it() -> None:
    """The listing shows it on return, with the time; the snapshot before is as it was."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        before = host.listing.domains[A]
        assert before.derive("k", lambda domain: [domain.name]) is before.derive("k", lambda _: [])
        await host.change(A, Verb.SUSPEND)
        after = host.listing.domains[A]
        assert host.listing.names["a"] is after
        assert after.facts.state is DomainState.PAUSED
        assert after.state_since == datetime(2020, 1, 1, tzinfo=UTC)
        assert before.facts.state is DomainState.RUNNING
        assert before.state_since is None
        assert after.version > before.version
        assert after.derive("k", lambda _: "built anew") == "built anew"
        assert seen == [(before, after)]

    play(scene, facts(A))


def test_a_change_that_failed_raises_and_looks_again() -> None:
    """What we believed of the domain may have been wrong."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        hypervisor.now[A] = facts(A, DomainState.SHUTOFF)
        with pytest.raises(InvalidState):
            await host.change(A, Verb.RESUME)
        await idle(host)
        assert host.listing.domains[A].facts.state is DomainState.SHUTOFF

    play(scene, facts(A))


def test_a_listing_has_no_say_on_what_was_touched_meanwhile() -> None:
    """One domain changed, one came and one went while an old listing was on its way."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        async def meanwhile() -> None:
            hypervisor.before_listing = None
            hypervisor.now = {
                A: facts(A, DomainState.PAUSED),
                DomainUUID("new"): facts(DomainUUID("new")),
            }
            for uuid in (A, B, DomainUUID("new")):
                hypervisor.emit(uuid, Lifecycle.DEFINED)
            await idle(host)

        hypervisor.before_listing = meanwhile
        await host.reconcile()
        assert host.listing.domains[A].facts.state is DomainState.PAUSED
        assert set(host.listing.domains) == {A, "new"}
        assert set(host.listing.names) == {"a", "n"}
        assert len(seen) == 3

    play(scene, facts(A), facts(B))


def test_reconciling_finds_what_no_event_told() -> None:
    """Each difference is told once, and a second look finds nothing."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        new = DomainUUID("new")
        hypervisor.now = {A: facts(A, DomainState.CRASHED), new: facts(new)}
        await host.reconcile()
        kinds = {(bool(old), bool(now)) for old, now in seen}
        assert kinds == {(True, True), (True, False), (False, True)}
        await host.reconcile()
        assert len(seen) == 3

    play(scene, facts(A), facts(B))


def test_a_lost_redefinition_is_found_within_the_audit() -> None:
    """Each round reads a part of the definitions; all of them in as many rounds as that takes."""
    many = [facts(DomainUUID(f"{number:036}")) for number in range(2 * AUDIT_SIZE)]

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        hypervisor.listings.clear()
        hypervisor.now = {uuid: replace(one, title="x") for uuid, one in hypervisor.now.items()}
        for _ in range(2):
            await host.reconcile()
        assert len(seen) == 2 * AUDIT_SIZE
        assert all(new and new.facts.title == "x" for _, new in seen)
        assert all(known for known in hypervisor.listings)

    play(scene, *many)


def test_a_loss_keeps_the_snapshots_and_a_return_tells_only_differences() -> None:
    """One domain has changed meanwhile, one has not; everything is read afresh."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        heard: list[Communication] = []
        host.on_communication(lambda: heard.append(host.communication))
        before = host.listing
        hypervisor.connected = False
        hypervisor.tell(ConnectionChange.LOST)
        hypervisor.emit(A, Lifecycle.STOPPED)
        with pytest.raises(ConnectionLost):
            await host.refresh(A)
        assert told(host) is Communication.LOST
        assert host.listing is before
        hypervisor.connected = True
        hypervisor.now[A] = facts(A, title="redefined meanwhile")
        hypervisor.listings.clear()
        back = returned(host)
        hypervisor.tell(ConnectionChange.RESTORED)
        await back.wait()
        assert heard == [Communication.LOST, Communication.OK]
        assert hypervisor.listings == [frozenset()]
        assert [(old and old.uuid, new and new.uuid) for old, new in seen] == [(A, A)]
        assert host.listing.domains[B] is before.domains[B]

    play(scene, facts(A), facts(B))


def test_a_reconnect_that_changed_nothing_tells_nothing() -> None:
    """The listing stays the same object."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        before = host.listing
        hypervisor.tell(ConnectionChange.LOST)
        back = returned(host)
        hypervisor.tell(ConnectionChange.RESTORED)
        await back.wait()
        assert host.listing is before
        assert seen == []

    play(scene, facts(A))


def test_a_host_out_of_reach_is_never_reached_until_it_is() -> None:
    """The first listing, whenever it comes, is no change; the domain after it is one."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        assert told(host) is Communication.OK
        other = Scripted()
        other.connected = False
        late = Host("l", other, Store(), prefix="S", namespace="n")
        late.on_change(lambda old, new: seen.append((old, new)))
        await late.start()
        assert (told(late), late.facts) == (Communication.NEVER, None)
        other.connected = True
        other.now[A] = facts(A)
        back = returned(late)
        other.tell(ConnectionChange.RESTORED)
        await back.wait()
        assert seen == []
        other.now[B] = facts(B)
        other.emit(B, Lifecycle.DEFINED)
        await idle(late)
        assert [(old, new and new.uuid) for old, new in seen] == [(None, B)]
        await late.close()

    play(scene)


def test_a_record_is_joined_kept_over_a_rename_and_removed_with_its_domain() -> None:
    """And an absence of one listing is not yet the end."""
    record = DomainRecord(requested_state=2)
    store = Store({A: record, B: record})

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        assert host.listing.domains[A].record == record
        hypervisor.now[A] = replace(facts(A), name="renamed")
        hypervisor.emit(A, Lifecycle.DEFINED)
        await idle(host)
        assert host.listing.names["renamed"].record == record
        assert "a" not in host.listing.names
        assert B in store.held
        host._interval = 0.0
        await host.reconcile()
        assert store.held.keys() == {A}

    play(scene, facts(A), store=store)


def test_a_record_of_a_lost_host_is_kept() -> None:
    """A listing that fails removes nothing; nor does a store that cannot."""
    store = Store({B: DomainRecord(requested_state=3)})

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        hypervisor.connected = False
        with pytest.raises(ConnectionLost):
            await host.reconcile()
        hypervisor.connected, store.full = True, True
        host._interval = 0.0
        with capture_logs() as logs:
            await host.reconcile()
        assert [entry["event"] for entry in logs] == ["record_not_removed"]
        assert B in store.held
        store.full = False
        await host.reconcile()
        assert store.held == {}

    play(scene, facts(A), store=store)


def test_writing_a_record_replaces_the_snapshot() -> None:
    """Durable before it shows; the same again is no change; a full disk changes nothing."""
    store = Store()

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        await host.record(A, DomainRecord(requested_state=3))
        await host.record(A, DomainRecord(requested_state=3))
        assert host.listing.domains[A].record.requested_state == 3
        assert store.held[A].requested_state == 3
        assert len(seen) == 1
        store.full = True
        with pytest.raises(DiskFull):
            await host.record(A, DomainRecord(requested_state=2))
        assert host.listing.domains[A].record.requested_state == 3

    play(scene, facts(A), store=store)


def test_a_failing_listener_costs_no_other_its_change() -> None:
    """It is logged."""

    async def scene(hypervisor: Scripted, host: Host, seen: Seen) -> None:
        def fail(_old: Domain | None, _new: Domain | None) -> None:
            raise RuntimeError("at every change")

        host._change_listeners.insert(0, fail)
        with capture_logs() as logs:
            await host.change(A, Verb.SUSPEND)
        assert [entry["event"] for entry in logs] == ["listener_failed"]
        assert len(seen) == 1

    play(scene, facts(A))


def test_the_test_driver_is_followed() -> None:
    """Real events: each change is told once, and its lag is measured."""
    lags: list[float] = []
    seen: Seen = []

    async def scene() -> None:
        told_lag = asyncio.Event()

        def observe(lag: float) -> None:
            lags.append(lag)
            told_lag.set()

        hypervisor = LibvirtHypervisor(f"test://{FILE}")
        host = Host("h", hypervisor, Store(), prefix="Test", namespace="n", observe_lag=observe)
        host.on_change(lambda old, new: seen.append((old, new)))
        await host.start()
        assert len(host.listing.domains) == 9
        assert host.facts is not None
        assert host.facts.hypervisor_type == "TEST"
        uuid = host.listing.names["running"].uuid
        for verb in (Verb.SUSPEND, Verb.RESUME, Verb.SAVE, Verb.START, Verb.DESTROY):
            await host.change(uuid, verb)
            await asyncio.wait_for(told_lag.wait(), 30)
            told_lag.clear()
        await host.close()

    asyncio.run(scene())
    assert [new and new.facts.reason.value for _, new in seen] == [
        "user", "unpaused", "saved", "booted", "destroyed",
    ]  # fmt: skip
    assert len(lags) >= 5
    assert all(lag >= 0 for lag in lags)


def test_two_hosts_do_not_share_a_name_or_a_namespace() -> None:
    """Raises ValueError; otherwise hosts are found by both."""

    def host(name: str, namespace: str) -> Host:
        made: Any = Host(name, Scripted(), Store(), prefix="S", namespace=namespace)
        assert isinstance(made, Host)
        return made

    async def scene() -> None:
        for second in (host("a", "n2"), host("b", "n")):
            with pytest.raises(ValueError, match="same name or namespace"):
                Inventory([host("a", "n"), second])
        inventory = Inventory([host("a", "n"), host("b", "m")])
        seen: Seen = []
        inventory.on_change(lambda old, new: seen.append((old, new)))
        await inventory.start()
        assert inventory.namespaces["m"] is inventory.hosts["b"]
        await inventory.close()

    asyncio.run(scene())
