"""What domains share, and their counters, on a host: read beside the listing, kept, replaced."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import libvirt
import pytest
from structlog.testing import capture_logs

from tests.inventory.scripted import A, Scripted, Store, facts, survey
from virtcim.hypervisors.errors import ConnectionLost
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.model import ConnectionChange
from virtcim.hypervisors.resources import (
    NO_RESOURCES,
    NO_SAMPLE,
    DomainStatistics,
    FilterFacts,
    ResourceFacts,
)
from virtcim.inventory import Host
from virtcim.inventory import resources as keeping

PATIENT = 30.0
NOW = datetime(2020, 1, 1, tzinfo=UTC)
NETWORK = "<network><name>new</name><bridge name='virbr9'/></network>"


def with_filter(name: str) -> ResourceFacts:
    """Resources that differ by their one filter."""
    return replace(NO_RESOURCES, filters=(FilterFacts(name=name, uuid="u", xml="<filter/>"),))


def play(
    scene: Callable[[Scripted, Host], Awaitable[None]],
    hypervisor: Scripted | None = None,
    sample_interval: float | None = None,
) -> None:
    """A scene on a started host."""

    async def whole() -> None:
        one = hypervisor or Scripted(facts(A))
        host = Host(
            "h", one, Store(), prefix="S", namespace="root/virt",
            interval=3600.0, sample_interval=sample_interval, now=lambda: NOW,
        )  # fmt: skip
        await host.start()
        async with asyncio.timeout(PATIENT):
            await scene(one, host)
        await host.close()

    asyncio.run(whole())


async def until(claim: Callable[[], bool]) -> None:
    """Wait for the claim."""
    while not claim():  # noqa: ASYNC110 - the claim may be about anything
        await asyncio.sleep(0.001)


def test_resources_come_after_the_first_listing() -> None:
    """The start does not wait for them; they are told when they are there."""
    hypervisor = Scripted(facts(A))
    hypervisor.shared = with_filter("f")
    slow = asyncio.Event()

    async def wait() -> None:
        await slow.wait()

    hypervisor.before_survey = wait

    async def scene(_hypervisor: Scripted, host: Host) -> None:
        told: list[ResourceFacts] = []
        host.on_resources(lambda: told.append(host.resources))
        assert host.listing.domains
        assert host.resources is NO_RESOURCES
        slow.set()
        await until(lambda: bool(told))
        assert told == [with_filter("f")]
        assert told[0] is host.resources

    play(scene, hypervisor)


def test_what_has_not_changed_stays_the_same_object() -> None:
    """And nobody is told; what has, is another one."""

    async def scene(hypervisor: Scripted, host: Host) -> None:
        told: list[ResourceFacts] = []
        host.on_resources(lambda: told.append(host.resources))
        hypervisor.shared = with_filter("f")
        await survey(host)
        first = host.resources
        await survey(host)
        assert host.resources is first
        hypervisor.shared = with_filter("g")
        await host.reconcile()
        await survey(host)
        assert [one.filters[0].name for one in told] == ["f", "g"]

    play(scene)


def test_a_storm_of_events_makes_one_read_and_one_more() -> None:
    """While the first runs, a hundred events wait as one, and what was last is what is known."""

    async def scene(hypervisor: Scripted, host: Host) -> None:
        await survey(host)
        hypervisor.surveys = 0
        hypervisor.before_survey = lambda: asyncio.sleep(0.005)
        for number in range(100):
            hypervisor.shared = with_filter(str(number))
            hypervisor.tell_of_resources()
            if number == 0:
                await asyncio.sleep(0)
        await until(lambda: host.resources == with_filter("99"))
        assert hypervisor.surveys == 2

    play(scene)


def test_a_failed_read_keeps_what_is_known_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once, soon; who waits for the read hears of its failure."""
    monkeypatch.setattr(keeping, "RETRY_SECONDS", 0.01)

    async def scene(hypervisor: Scripted, host: Host) -> None:
        hypervisor.shared = with_filter("f")
        await survey(host)
        before = host.resources
        hypervisor.surveys = 0
        hypervisor.failure = ConnectionLost("gone")
        with capture_logs() as logs:
            with pytest.raises(ConnectionLost):
                await survey(host)
            await until(lambda: hypervisor.surveys == 2)
            await asyncio.sleep(0.05)
        assert [line["event"] for line in logs] == ["resources_failed"] * 2
        assert hypervisor.surveys == 2
        assert host.resources is before
        hypervisor.failure = None
        hypervisor.shared = with_filter("g")
        await host.reconcile()
        await until(lambda: host.resources == with_filter("g"))

    play(scene)


def test_a_defect_of_a_driver_is_logged_and_costs_nothing_else() -> None:
    """Neither the resources, nor the samples, nor the host."""

    async def scene(hypervisor: Scripted, host: Host) -> None:
        await until(lambda: hypervisor.samples > 0 and hypervisor.surveys > 0)
        hypervisor.failure = RuntimeError("a defect")
        with capture_logs() as logs:
            begun = hypervisor.samples
            hypervisor.tell_of_resources()
            await until(lambda: hypervisor.samples > begun + 1)
        assert {line["event"] for line in logs} == {"driver_defect"}
        hypervisor.failure = None
        hypervisor.shared = with_filter("f")
        await survey(host)
        assert host.resources == with_filter("f")

    play(scene, sample_interval=0.01)


def test_a_host_that_closes_does_not_wait_for_a_read() -> None:
    """It is given up, and an event that comes too late starts none."""
    hypervisor = Scripted(facts(A))

    async def scene(_hypervisor: Scripted, host: Host) -> None:
        async def never() -> None:
            await asyncio.Event().wait()

        hypervisor.before_survey = never
        waiting = asyncio.create_task(survey(host))
        await until(lambda: hypervisor.surveys > 0)
        await host.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        surveys = hypervisor.surveys
        hypervisor.tell_of_resources()
        await asyncio.sleep(0.01)
        assert hypervisor.surveys == surveys

    play(scene, hypervisor)


def test_samples_are_taken_one_after_another() -> None:
    """The first at once; each replaces the one before it."""
    hypervisor = Scripted(facts(A))
    hypervisor.counters = {A: DomainStatistics(cpu_time=1)}

    async def scene(_hypervisor: Scripted, host: Host) -> None:
        await until(lambda: host.sample is not NO_SAMPLE)
        first = host.sample
        assert first.at == NOW
        assert first.domains == {A: DomainStatistics(cpu_time=1)}
        hypervisor.counters = {A: DomainStatistics(cpu_time=2)}
        await until(lambda: host.sample.domains[A].cpu_time == 2)
        assert first.domains[A].cpu_time == 1

    play(scene, hypervisor, sample_interval=0.01)


def test_without_an_interval_there_are_no_samples() -> None:
    """Nothing is asked."""

    async def scene(hypervisor: Scripted, host: Host) -> None:
        await survey(host)
        assert hypervisor.samples == 0
        assert host.sample is NO_SAMPLE

    play(scene)


def test_a_loss_keeps_the_last_sample_and_a_return_takes_one() -> None:
    """However long the interval; a sample that fails is logged and keeps the last one, too."""

    async def scene(hypervisor: Scripted, host: Host) -> None:
        await until(lambda: host.sample is not NO_SAMPLE)
        last = host.sample
        hypervisor.failure = ConnectionLost("gone")
        with capture_logs() as logs:
            hypervisor.tell(ConnectionChange.RESTORED)
            await until(lambda: hypervisor.samples == 2)
        assert "sample_failed" in {line["event"] for line in logs}
        hypervisor.connected = False
        hypervisor.tell(ConnectionChange.LOST)
        assert host.sample is last
        hypervisor.connected, hypervisor.failure = True, None
        hypervisor.tell(ConnectionChange.RESTORED)
        await until(lambda: host.sample is not last)
        assert hypervisor.samples == 3

    play(scene, sample_interval=3600.0)


def test_the_test_driver_is_followed(tmp_path: Path) -> None:
    """Real events: a network that is defined and a pool that is stopped show on the host."""

    async def scene() -> None:
        hypervisor = LibvirtHypervisor("test:///default")
        host = Host("h", hypervisor, Store(), prefix="Test", namespace="n", sample_interval=0.01)
        await host.start()
        async with asyncio.timeout(PATIENT):
            await until(lambda: bool(host.resources.networks))
            assert host.resources.pools[0].active
            await until(lambda: host.sample is not NO_SAMPLE)
            assert host.sample.domains.keys() == host.listing.domains.keys()
            connection = await asyncio.to_thread(libvirt.open, "test:///default")
            connection.networkDefineXML(NETWORK)
            await until(lambda: len(host.resources.networks) == 2)
            connection.storagePoolLookupByName("default-pool").destroy()
            await until(lambda: not host.resources.pools[0].active)
        connection.close()
        await host.close()

    asyncio.run(scene())
