"""A libvirtd that is killed, frozen and restarted under a host: nothing hangs, nothing is lost."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from itertools import pairwise
from typing import Any

import pytest

from tests.inventory.scripted import Seen, Store
from tests.lab import Lab
from virtcim.hypervisors.errors import HypervisorError
from virtcim.hypervisors.libvirt import Deadlines, LibvirtHypervisor
from virtcim.hypervisors.libvirt.connections import KeepAlive
from virtcim.hypervisors.model import DomainFacts, DomainState, DomainUUID, Verb
from virtcim.inventory import Communication, Domain, Host

PATIENT = 30.0


class Stage:
    """A started host on a lab, its changes, and a way to wait for what it says."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.hypervisor = LibvirtHypervisor(
            lab.uri(),
            deadlines=Deadlines(open=2.0, read=2.0, listing=5.0),
            keep_alive=KeepAlive(interval=1, count=1),
        )
        self.host = Host("h", self.hypervisor, Store(), prefix="KVM", namespace="root/virt")
        self.seen: Seen = []
        self.said: list[Communication] = []
        self.host.on_change(lambda old, new: self.seen.append((old, new)))
        self.host.on_communication(lambda: self.said.append(self.host.communication))

    async def until(self, claim: Callable[[], bool]) -> None:
        """Wait for the claim, not for ever."""
        async with asyncio.timeout(PATIENT):
            while not claim():  # noqa: ASYNC110 - the claim may be about anything
                await asyncio.sleep(0.005)

    async def lost(self) -> None:
        """Wait until the loss is told."""
        await self.until(lambda: self.host.communication is Communication.LOST)

    async def back(self) -> None:
        """Wait until the return is told."""
        await self.until(lambda: self.host.communication is Communication.OK)


def play(lab: Lab, guests: int, scene: Callable[[Stage, list[Any]], Awaitable[None]]) -> None:
    """A scene with some guests, defined and off."""
    connection = lab.connect()
    domains = [connection.defineXML(lab.guest_xml(f"g{number}")) for number in range(guests)]

    async def whole() -> None:
        stage = Stage(lab)
        await stage.host.start()
        try:
            # The first listing of a fresh daemon may be late on a busy machine.
            await stage.until(lambda: len(stage.host.listing.names) == guests)
            await stage.until(lambda: stage.host.communication is Communication.OK)
            stage.seen.clear()
            await scene(stage, domains)
        finally:
            await stage.host.close()

    asyncio.run(whole())


def assert_chain(seen: Seen, last: Domain) -> None:
    """Each change of a domain begins where the one before ended: none missing, none twice."""
    chain = [(old, new) for old, new in seen if new and new.uuid == last.uuid]
    assert chain[-1][1] is last
    assert all(before is after for (_, before), (after, _) in pairwise(chain))


def test_a_killed_daemon_is_lost_and_found(frail_lab: Lab) -> None:
    """What changed while it was away is told once; what did not is not told."""

    async def scene(stage: Stage, _domains: list[Any]) -> None:
        host = stage.host
        kept, dies = host.listing.names["g0"].uuid, host.listing.names["g1"].uuid
        for uuid in (kept, dies):
            await host.change(uuid, Verb.START)
        await stage.until(lambda: not host._refresher._running)
        stage.seen.clear()
        frail_lab.hold()
        frail_lab.signal_daemon(signal.SIGKILL)
        await stage.lost()
        assert host.listing.domains[dies].facts.state is DomainState.RUNNING
        with pytest.raises(HypervisorError):
            await host.change(dies, Verb.SUSPEND)
        frail_lab.kill_guest("g1")
        frail_lab.release()
        await stage.back()
        assert [(old and old.name, new and new.facts.state) for old, new in stage.seen] == [
            ("g1", DomainState.SHUTOFF)
        ]
        assert host.listing.domains[kept].facts.state is DomainState.RUNNING
        # Events flow again.
        await asyncio.to_thread(lambda: frail_lab.connect().lookupByName("g0").suspend())
        await stage.until(lambda: host.listing.domains[kept].facts.state is DomainState.PAUSED)
        assert stage.said == [Communication.OK, Communication.LOST, Communication.OK]

    play(frail_lab, 2, scene)


def test_a_frozen_daemon_makes_nothing_hang(frail_lab: Lab) -> None:
    """Every call ends, the loss is told, the listing is served; thawed, all is well again."""

    async def scene(stage: Stage, _domains: list[Any]) -> None:
        host = stage.host
        uuid = host.listing.names["g0"].uuid
        frail_lab.signal_daemon(signal.SIGSTOP)
        try:
            calls = [host.refresh(uuid) for _ in range(3)] + [host.change(uuid, Verb.START)]
            async with asyncio.timeout(PATIENT):
                outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(outcome, HypervisorError) for outcome in outcomes)
            await stage.lost()
            assert host.listing.domains[uuid].name == "g0"
        finally:
            frail_lab.signal_daemon(signal.SIGCONT)
        await stage.back()
        await host.refresh(uuid)
        await stage.until(lambda: stage.hypervisor._crew.stuck == 0)

    play(frail_lab, 1, scene)


async def settled(stage: Stage) -> Mapping[DomainUUID, DomainFacts]:
    """Look once the daemon has come back from its last death."""
    while True:
        try:
            await stage.host.reconcile()
            return {one.uuid: one for one in await stage.hypervisor.domains()}
        except HypervisorError:
            await asyncio.sleep(0.1)


def test_restarts_under_load_lose_nothing(frail_lab: Lab) -> None:
    """Guests change while the daemon dies again and again; in the end host and daemon agree."""

    async def scene(stage: Stage, _domains: list[Any]) -> None:
        host = stage.host
        uuids = list(host.listing.domains)

        async def worry(number: int) -> None:
            for turn in range(6):
                try:
                    await host.change(uuids[number], (Verb.START, Verb.DESTROY)[turn % 2])
                except HypervisorError:
                    await asyncio.sleep(0.1)

        async def kill() -> None:
            for _ in range(3):
                await asyncio.sleep(0.7)
                frail_lab.signal_daemon(signal.SIGKILL)

        async with asyncio.timeout(PATIENT):
            await asyncio.gather(kill(), *(worry(number) for number in range(len(uuids))))
        async with asyncio.timeout(PATIENT):
            truth = await settled(stage)
        assert {uuid: one.facts for uuid, one in host.listing.domains.items()} == truth
        for uuid in uuids:
            assert_chain(stage.seen, host.listing.domains[uuid])

    play(frail_lab, 3, scene)
