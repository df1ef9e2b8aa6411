"""Counters of running domains, and that one guest that hangs costs the others nothing."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.hypervisors.test_contract import CONTAINER
from tests.lab import Lab, eventually
from virtcim.hypervisors.libvirt import Deadlines, LibvirtHypervisor
from virtcim.hypervisors.libvirt.driver import MOST_STUCK_ASIDE
from virtcim.hypervisors.model import DomainUUID
from virtcim.hypervisors.resources import DomainStatistics

DATA = Path(__file__).parent / "nine_situations.xml"
PATIENT = 60.0
NIC = "<interface type='ethernet'><mac address='52:54:00:00:00:01'/><target dev='{}'/></interface>"

Told = Mapping[DomainUUID, DomainStatistics]


def play(
    uri: str, scene: Callable[[LibvirtHypervisor], Awaitable[None]], patience: float = 10.0
) -> None:
    """A scene on an open hypervisor that waits so long for counters."""

    async def whole() -> None:
        hypervisor = LibvirtHypervisor(uri, deadlines=Deadlines(statistics=patience))
        await hypervisor.open()
        try:
            async with asyncio.timeout(PATIENT):
                await scene(hypervisor)
        finally:
            await hypervisor.close()

    asyncio.run(whole())


def start(lab: Lab, connection: Any, *names: str) -> dict[str, DomainUUID]:
    """Running guests."""
    uuids = {}
    for name in names:
        domain = connection.defineXML(lab.guest_xml(name, devices=NIC.format(f"tap-{name}")))
        domain.create()
        uuids[name] = DomainUUID(domain.UUIDString())
    eventually(lambda: all("READY" in lab.serial_text(name) for name in names))
    return uuids


@pytest.fixture
def connection(frail_lab: Lab) -> Iterator[Any]:
    """A connection for arranging guests, which may hang; the daemon ends with the test."""
    one = frail_lab.connect()
    yield one
    one.close()


def test_a_running_guest_is_measured(frail_lab: Lab, connection: Any) -> None:
    """All that its monitor and the host tell, in bytes and nanoseconds; one that is off is not."""
    uuids = start(frail_lab, connection, "a")
    connection.defineXML(frail_lab.guest_xml("off"))

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        told = await hypervisor.statistics()
        assert told.keys() == set(uuids.values())
        one = told[uuids["a"]]
        assert one.cpu_time is not None
        assert one.cpu_time > 10**6
        assert one.memory_actual == 16 * 1024**2
        assert one.memory_rss is not None
        assert one.memory_rss > 10**6
        assert [vcpu.number for vcpu in one.vcpus] == [0]
        assert one.vcpus[0].time is not None
        (disk,) = one.blocks
        assert (disk.target, disk.capacity) == ("hda", 65536)
        assert (disk.read_requests, disk.read_bytes, disk.write_requests) == (1, 512, 0)
        assert disk.read_time is not None
        (nic,) = one.interfaces
        assert nic.target == "tap-a"
        assert (nic.receive_errors, nic.transmit_errors) == (0, 0)

    play(frail_lab.uri(), scene)


def has_all(one: DomainStatistics) -> bool:
    """The guest's monitor was heard."""
    return bool(one.blocks) and one.blocks[0].read_requests is not None


def has_some(one: DomainStatistics) -> bool:
    """The host alone was asked."""
    return bool(one.cpu_time and one.memory_actual and one.interfaces) and not has_all(one)


def test_a_guest_that_hangs_costs_the_others_one_sample(frail_lab: Lab, connection: Any) -> None:
    """Then they are measured as before; so again with a second one, and thawed both are back."""
    uuids = start(frail_lab, connection, "a", "b", "c")

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        async def sample() -> tuple[dict[str, DomainStatistics], list[str]]:
            with capture_logs() as logs:
                told = await hypervisor.statistics()
            return (
                {name: told[uuid] for name, uuid in uuids.items()},
                [line["event"] for line in logs],
            )

        hanging: set[str] = set()
        for name in ("b", "a"):
            frail_lab.signal_guest(name, signal.SIGSTOP)
            hanging.add(name)
            told, logged = await sample()
            assert logged == ["statistics_incomplete"]
            assert all(has_some(one) for one in told.values())
            for _ in range(2):
                told, logged = await sample()
                assert logged == []
                assert {each for each, one in told.items() if not has_all(one)} == hanging
        assert len(await hypervisor.domains()) == 3
        for name in hanging:
            frail_lab.signal_guest(name, signal.SIGCONT)
        while not all(map(has_all, told.values())):
            told, _ = await sample()

    play(frail_lab.uri(), scene, patience=5.0)


def test_many_that_hang_leave_what_needs_none_of_them(frail_lab: Lab, connection: Any) -> None:
    """Beyond the bound no call is lost to them, and everything else goes on."""
    names = [f"g{number}" for number in range(MOST_STUCK_ASIDE + 1)]
    uuids = start(frail_lab, connection, *names)

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        told: Told = {}
        for name in names:
            frail_lab.signal_guest(name, signal.SIGSTOP)
            told = await hypervisor.statistics()
        told = await hypervisor.statistics()
        assert told.keys() == set(uuids.values())
        assert all(has_some(one) for one in told.values())
        assert hypervisor._samplers.stuck == MOST_STUCK_ASIDE
        assert hypervisor._crew.stuck == 0
        assert len(await hypervisor.domains()) == len(names)

    play(frail_lab.uri(), scene, patience=0.5)


def test_containers_have_what_can_be_asked_one_by_one(frail_lab: Lab) -> None:
    """Their driver has no bulk statistics."""
    domain = frail_lab.connect("lxc").createXML(CONTAINER.format("box"), 0)

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        one = (await hypervisor.statistics())[DomainUUID(domain.UUIDString())]
        assert one.cpu_time is not None
        assert one.memory_actual is not None
        assert (one.blocks, one.interfaces, one.vcpus) == ((), (), ())

    play(frail_lab.uri("lxc"), scene)
    domain.destroy()


def test_the_test_driver_counts_nothing() -> None:
    """Its active domains are there, without a number."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        active = {one.uuid for one in await hypervisor.domains() if one.active}
        assert await hypervisor.statistics() == {uuid: DomainStatistics() for uuid in active}
        assert len(active) == 7

    play(f"test://{DATA}", scene)
