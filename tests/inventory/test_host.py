"""A host follows its hypervisor: real changes on the test driver, races on one of our own."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.inventory.scripted import A, B, Scripted, Seen, Store, facts, play
from virtcim.hypervisors.actions import DefineDomain, UndefineDomain
from virtcim.hypervisors.errors import ConnectionLost, InvalidState
from virtcim.hypervisors.events import Lifecycle
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.model import (
    ConnectionChange,
    DomainState,
    DomainUUID,
    Verb,
)
from virtcim.infostore.errors import DiskFull
from virtcim.infostore.records import DomainRecord
from virtcim.inventory import Communication, Domain, Host, Inventory
from virtcim.inventory.host import AUDIT_SIZE

FILE = Path(__file__).parents[1] / "hypervisors" / "nine_situations.xml"


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
        host._memory._seconds = 0.0
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
        host._memory._seconds = 0.0
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


def test_what_an_action_changed_is_read_before_it_returns() -> None:
    """Who undefines a domain finds it gone; an action that fails is a reason to read, too."""

    async def scene(_hypervisor: Scripted, host: Host, _seen: Seen) -> None:
        await host.perform(UndefineDomain(uuid=A))
        assert set(host.listing.domains) == {B}
        with pytest.raises(InvalidState):
            await host.perform(DefineDomain(xml="<domain/>"))

    play(scene, facts(A), facts(B))


def test_the_record_of_a_domain_that_migrates_is_kept() -> None:
    """It is at neither end for a while, or its destination does not answer for long."""
    store = Store({B: DomainRecord(weight=7, migrating=True)})

    async def scene(_hypervisor: Scripted, host: Host, _seen: Seen) -> None:
        host._memory._seconds = 0.0
        await host.reconcile()
        await host.reconcile()
        assert B in store.held
        host.recorded(B, DomainRecord(weight=7))
        await host.reconcile()
        await host.reconcile()
        assert B not in store.held

    play(scene, facts(A), store=store)
