"""Migration between two real hypervisors, each way in which libvirt can do it, and each failure."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import libvirt
import pytest

from tests.lab import Key, Lab, eventually
from tests.pair import Pair
from virtcim.hypervisors.actions import (
    AbortJob,
    AutostartAt,
    BringBack,
    InspectDestination,
    JobStatistics,
    Migrate,
    MigrationFlag,
    ReadFinishedJob,
    ReadJob,
    RemoveLeftover,
    StartAt,
    StartPostCopy,
)
from virtcim.hypervisors.errors import (
    Busy,
    ConnectionFailed,
    ConnectionLost,
    DomainNotFound,
    HypervisorError,
    HypervisorFailure,
    InvalidState,
    MigrationFailed,
)
from virtcim.hypervisors.libvirt import LibvirtHypervisor, destinations
from virtcim.hypervisors.libvirt.actions.migration import FLAGS
from virtcim.hypervisors.model import DomainState, DomainUUID, StateReason

F = MigrationFlag
MOVE = frozenset({F.LIVE, F.PERSIST_DEST, F.UNDEFINE_SOURCE, F.UNSAFE})
"""Unsafe, because libvirt does not see that two hypervisors of one machine share their disks."""
MOVE_OFF = frozenset({F.OFFLINE, F.PERSIST_DEST, F.UNDEFINE_SOURCE})
LOCAL = "tcp://127.0.0.1"
SLOW = 1
"""MiB/s: a guest that writes to its memory never gets across."""

RUNNING, PAUSED, SHUTOFF = DomainState.RUNNING, DomainState.PAUSED, DomainState.SHUTOFF

Scene = Callable[[LibvirtHypervisor], Awaitable[None]]


@pytest.fixture(scope="module")
def labs() -> Iterator[Pair]:
    """Two hypervisors that nobody kills."""
    source, target = Lab("virtcim-one"), Lab("virtcim-two")
    yield Pair(source, target)
    source.stop()
    target.stop()


@pytest.fixture
def pair(labs: Pair) -> Iterator[Pair]:
    """The same without domains."""
    yield labs
    labs.clear()


@pytest.fixture
def frail_pair() -> Iterator[Pair]:
    """Two hypervisors to kill."""
    source, target = Lab("virtcim-frail-one"), Lab("virtcim-frail-two")
    yield Pair(source, target)
    source.stop()
    target.stop()


def play(lab: Lab, scene: Scene) -> None:
    """Play a scene on the driver over a lab."""

    async def run() -> None:
        lab.connect().close()
        hypervisor = LibvirtHypervisor(lab.uri())
        await hypervisor.open()
        try:
            await scene(hypervisor)
        finally:
            await hypervisor.close()

    asyncio.run(run())


def move(pair: Pair, uuid: DomainUUID, *flags: MigrationFlag, **options: Any) -> Migrate:
    """Return the action that moves a running domain; `base` replaces the flags that all have."""
    base = options.pop("base", MOVE)
    given = {"stream_uri": None if F.TUNNELLED in flags or F.OFFLINE in base else LOCAL, **options}
    return Migrate(uuid=uuid, destination=pair.target.uri(), flags=base | {*flags}, **given)


def test_flags_are_total() -> None:
    """Each flag is one bit of libvirt's, and none is another's."""
    assert FLAGS.keys() == set(MigrationFlag)
    assert len({*FLAGS.values()}) == len(FLAGS)


@pytest.mark.parametrize(
    ("flags", "options"),
    [
        ((), {}),
        ((F.PEER2PEER,), {}),
        ((F.PEER2PEER, F.TUNNELLED), {}),
        ((F.AUTO_CONVERGE, F.COMPRESSED), {"bandwidth_mib": 100, "downtime_ms": 500}),
        ((F.POSTCOPY,), {}),
    ],
    ids=["managed", "p2p", "tunnelled", "bounded", "post-copy allowed"],
)
def test_a_running_domain_moves(
    pair: Pair, flags: tuple[MigrationFlag, ...], options: dict[str, Any]
) -> None:
    """It runs at the destination, is defined there, and is gone from the source."""
    uuid = pair.guest("mover")

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        await hypervisor.perform(move(pair, uuid, *flags, **options))

    play(pair.source, scene)
    assert pair.moved(uuid)
    assert pair.situation(pair.target, uuid) == (RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATED, 1)


def test_without_live_it_moves_too(pair: Pair) -> None:
    """The guest stands still the while."""
    uuid = pair.guest("resumer")
    base = MOVE - {F.LIVE}
    play(pair.source, lambda one: one.perform(move(pair, uuid, base=base)))
    assert pair.moved(uuid)


def test_it_can_stay_paused(pair: Pair) -> None:
    """As asked for, the guest does not run on."""
    uuid = pair.guest("sleeper")
    play(pair.source, lambda one: one.perform(move(pair, uuid, F.PAUSED)))
    found = pair.situation(pair.target, uuid)
    assert found is not None
    assert found[0] is PAUSED


def test_it_can_have_another_name_there(pair: Pair) -> None:
    """The UUID stays."""
    uuid = pair.guest("before")
    play(pair.source, lambda one: one.perform(move(pair, uuid, name="after")))
    assert pair.target.connect().lookupByUUIDString(uuid).name() == "after"


@pytest.mark.parametrize("flags", [(), (F.PEER2PEER,)], ids=["managed", "p2p"])
def test_a_domain_that_is_off_moves(pair: Pair, flags: tuple[MigrationFlag, ...]) -> None:
    """Its definition goes from one to the other, starts there, and starts with the host."""
    uuid = pair.guest("off", run=False)
    uri = pair.target.uri()

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        await hypervisor.perform(move(pair, uuid, *flags, base=MOVE_OFF))
        assert pair.moved(uuid)
        await hypervisor.perform(AutostartAt(uri=uri, uuid=uuid))
        await hypervisor.perform(StartAt(uri=uri, uuid=uuid))

    play(pair.source, scene)
    assert pair.target.connect().lookupByUUIDString(uuid).autostart() == 1
    found = pair.situation(pair.target, uuid)
    assert found is not None
    assert found[0] is RUNNING


def test_it_can_be_brought_back(pair: Pair) -> None:
    """Under the name that it had; a domain that runs is not moved so."""
    uuid, uri = pair.guest("returner", run=False), pair.target.uri()
    back = BringBack(uri=uri, uuid=uuid, name="returner")

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        await hypervisor.perform(move(pair, uuid, base=MOVE_OFF, name="away"))
        await hypervisor.perform(back)
        assert pair.situation(pair.source, uuid) == (SHUTOFF, 0, 1)
        assert pair.situation(pair.target, uuid) is None
        assert pair.source.connect().lookupByUUIDString(uuid).name() == "returner"
        with pytest.raises(DomainNotFound):
            await hypervisor.perform(back)
        await hypervisor.perform(move(pair, uuid, base=MOVE_OFF))
        await hypervisor.perform(StartAt(uri=uri, uuid=uuid))
        with pytest.raises(InvalidState):
            await hypervisor.perform(back)

    play(pair.source, scene)


def test_disks_are_copied(pair: Pair, tmp_path: Path) -> None:
    """What is not shared goes along: the destination has the blocks that the source had."""
    uuid = pair.guest("copied", run=False)
    connection = pair.source.connect()
    own = pair.source.directory / "lib/images"
    for lab in (pair.source, pair.target):
        (lab.directory / "lib/images").mkdir(exist_ok=True)
    content = pair.source.boot_image("copied").read_bytes()
    (own / "disk.img").write_bytes(content)
    empty = pair.target.directory / "lib/images/disk.img"
    empty.write_bytes(bytes(len(content)))
    xml = connection.lookupByUUIDString(uuid).XMLDesc()
    boot = str(pair.source.directory / "copied.img")
    domain = connection.defineXML(xml.replace(boot, "/var/lib/libvirt/images/disk.img"))
    domain.create()
    play(pair.source, lambda one: one.perform(move(pair, uuid, F.NON_SHARED_DISK)))
    assert pair.moved(uuid)
    assert empty.read_bytes() == content


async def under_way(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> JobStatistics:
    """Wait until memory flows."""
    for _ in range(6000):
        job = await hypervisor.perform(ReadJob(uuid=uuid))
        if job is not None and job.data_processed:
            return job
        await asyncio.sleep(0.01)
    raise AssertionError("no job")


@pytest.mark.parametrize("flags", [(), (F.PEER2PEER,)], ids=["managed", "p2p"])
def test_what_never_converges_is_aborted(pair: Pair, flags: tuple[MigrationFlag, ...]) -> None:
    """The job tells how far it is; aborted, the domain runs on where it was."""
    uuid = pair.guest("busy")
    pair.press(uuid, Key.DIRTY)

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = move(pair, uuid, *flags, bandwidth_mib=SLOW)
        migration = asyncio.create_task(hypervisor.perform(action))
        job = await under_way(hypervisor, uuid)
        assert job.data_processed > 0
        assert job.data_total > job.data_remaining > 0
        assert job.elapsed_ms > 0
        assert job.iteration >= 1
        found = pair.situation(pair.target, uuid)
        assert found is not None
        assert found[0] is PAUSED
        await hypervisor.perform(AbortJob(uuid=uuid))
        with pytest.raises(HypervisorFailure, match="cancel"):
            await migration
        assert await hypervisor.perform(ReadJob(uuid=uuid)) is None
        with pytest.raises(InvalidState):
            await hypervisor.perform(AbortJob(uuid=uuid))

    play(pair.source, scene)
    eventually(lambda: pair.stayed(uuid))


def test_post_copy_ends_what_never_converges(pair: Pair) -> None:
    """The guest runs at the destination while its memory follows."""
    uuid = pair.guest("follower")
    pair.press(uuid, Key.DIRTY)

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = move(pair, uuid, F.POSTCOPY, bandwidth_mib=SLOW)
        migration = asyncio.create_task(hypervisor.perform(action))
        await under_way(hypervisor, uuid)
        await hypervisor.perform(StartPostCopy(uuid=uuid))
        await migration

    play(pair.source, scene)
    assert pair.moved(uuid)


def test_what_a_job_has_done_is_known_at_the_destination(pair: Pair) -> None:
    """However often it is asked; before its first job a domain has none to tell of."""
    uuid = pair.guest("told")
    play(pair.source, lambda one: _finished(one, uuid, job=None))
    play(pair.source, lambda one: one.perform(move(pair, uuid)))

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        for _ in range(2):
            job = await hypervisor.perform(ReadFinishedJob(uuid=uuid))
            assert job is not None
            assert job.data_total > 0
            assert job.data_processed > 0
            assert job.data_remaining == 0

    play(pair.target, scene)


async def _finished(
    hypervisor: LibvirtHypervisor, uuid: DomainUUID, *, job: JobStatistics | None
) -> None:
    assert await hypervisor.perform(ReadFinishedJob(uuid=uuid)) == job


# The other end


def test_the_destination_is_inspected(pair: Pair) -> None:
    """It says what it is, and whether it has the domain or its name."""
    uuid = pair.guest("known", run=False)
    clash = pair.target.connect().defineXML(pair.target.guest_xml("clash"))

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        uri = pair.target.uri()
        seen = await hypervisor.perform(InspectDestination(uri=uri, uuid=uuid, name="clash"))
        own = await hypervisor.perform(
            InspectDestination(uri=pair.source.uri(), uuid=uuid, name="known")
        )
        assert (seen.hostname, own.hostname) == ("virtcim-two", "virtcim-one")
        assert seen.hypervisor_type == "QEMU"
        assert seen.version == own.version > (1, 0, 0)
        assert seen.host_uuid != own.host_uuid
        assert own.host_uuid == (await hypervisor.host()).uuid
        assert seen.same_uuid is None
        assert seen.same_name is not None
        assert seen.same_name.uuid == clash.UUIDString()
        assert own.same_uuid is not None
        assert own.same_uuid == own.same_name
        assert (own.same_uuid.active, own.same_uuid.persistent) == (False, True)
        assert (own.same_uuid.state, own.same_uuid.reason) == (SHUTOFF, StateReason.UNKNOWN)

    play(pair.source, scene)


def test_a_name_that_is_taken_stops_it(pair: Pair) -> None:
    """The domain runs on at the source, and the other one is left alone."""
    uuid = pair.guest("twin")
    other = pair.target.connect().defineXML(pair.target.guest_xml("twin"))

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        with pytest.raises(HypervisorError, match="twin"):
            await hypervisor.perform(move(pair, uuid))

    play(pair.source, scene)
    assert pair.stayed(uuid)
    assert other.isPersistent()


def test_a_disk_that_is_not_shared_stops_it(pair: Pair) -> None:
    """Unless it is said to be well."""
    connection = pair.source.connect()
    domain = connection.createXML(pair.source.guest_xml("local"))
    uuid = DomainUUID(domain.UUIDString())

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        with pytest.raises(MigrationFailed):
            await hypervisor.perform(move(pair, uuid, base=frozenset({F.LIVE})))
        await hypervisor.perform(move(pair, uuid, F.UNSAFE, base=frozenset({F.LIVE})))

    play(pair.source, scene)
    assert pair.situation(pair.source, uuid) is None
    assert pair.situation(pair.target, uuid) == (RUNNING, libvirt.VIR_DOMAIN_RUNNING_MIGRATED, 0)


NOWHERE = "qemu+unix:///system?socket=/nonexistent"


def test_a_destination_out_of_reach_stops_it(pair: Pair) -> None:
    """Whoever looks for it, we or the daemon."""
    uuid = pair.guest("hermit")

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        inspection = InspectDestination(uri=NOWHERE, uuid=uuid, name="hermit")
        managed = Migrate(uuid=uuid, destination=NOWHERE, flags=MOVE)
        direct = Migrate(uuid=uuid, destination=NOWHERE, flags=MOVE | {F.PEER2PEER})
        with pytest.raises(ConnectionFailed):
            await hypervisor.perform(inspection)
        with pytest.raises(ConnectionFailed):
            await hypervisor.perform(managed)
        with pytest.raises(HypervisorError, match="nonexistent"):
            await hypervisor.perform(direct)

    play(pair.source, scene)
    assert pair.stayed(uuid)


def test_a_destination_that_does_not_answer_costs_a_deadline(
    frail_pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no more than so many of them are waited for."""
    pair = frail_pair
    pair.target.connect().close()
    pair.target.signal_daemon(signal.SIGSTOP)
    monkeypatch.setattr(destinations, "OPEN_SECONDS", 0.2)
    monkeypatch.setattr(destinations, "_opening", BoundedSemaphore(1))
    seen = InspectDestination(uri=pair.target.uri(), uuid=DomainUUID("x"), name="x")

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        with pytest.raises(ConnectionFailed, match="no answer"):
            await hypervisor.perform(seen)
        with pytest.raises(Busy, match="do not answer"):
            await hypervisor.perform(seen)
        pair.target.signal_daemon(signal.SIGCONT)

    play(pair.source, scene)


@pytest.mark.parametrize("flags", [(), (F.PEER2PEER,)], ids=["managed", "p2p"])
def test_the_destination_dies_half_way(frail_pair: Pair, flags: tuple[MigrationFlag, ...]) -> None:
    """The domain runs on at the source, and nothing is left at the destination."""
    pair = frail_pair
    uuid = pair.guest("widow")
    pair.press(uuid, Key.DIRTY)
    pair.target.connect().close()

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = move(pair, uuid, *flags, bandwidth_mib=SLOW)
        migration = asyncio.create_task(hypervisor.perform(action))
        await under_way(hypervisor, uuid)
        pair.target.signal_daemon(signal.SIGKILL)
        with pytest.raises(HypervisorError):
            await migration
        pair.target.connect().close()  # it is back
        await hypervisor.perform(RemoveLeftover(uri=pair.target.uri(), uuid=uuid))

    play(pair.source, scene)
    eventually(lambda: pair.stayed(uuid))


@pytest.mark.parametrize("flags", [(), (F.PEER2PEER,)], ids=["managed", "p2p"])
def test_the_source_dies_half_way(frail_pair: Pair, flags: tuple[MigrationFlag, ...]) -> None:
    """Nobody knows at first; the daemon that comes back gives the migration up."""
    pair = frail_pair
    uuid = pair.guest("orphan")
    pair.press(uuid, Key.DIRTY)
    pair.target.connect().close()

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = move(pair, uuid, *flags, bandwidth_mib=SLOW)
        migration = asyncio.create_task(hypervisor.perform(action))
        await under_way(hypervisor, uuid)
        pair.source.signal_daemon(signal.SIGKILL)
        with pytest.raises(ConnectionLost):
            await migration

    play(pair.source, scene)
    eventually(lambda: pair.stayed(uuid))


def test_an_incoming_domain_can_be_removed(pair: Pair) -> None:
    """It waits for its memory at the destination; without it the migration fails."""
    uuid = pair.guest("unwelcome")
    pair.press(uuid, Key.DIRTY)

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = move(pair, uuid, bandwidth_mib=SLOW)
        migration = asyncio.create_task(hypervisor.perform(action))
        await under_way(hypervisor, uuid)
        await hypervisor.perform(RemoveLeftover(uri=pair.target.uri(), uuid=uuid))
        with pytest.raises(HypervisorError):
            await migration

    play(pair.source, scene)
    eventually(lambda: pair.stayed(uuid))


def test_leftovers_are_told_from_domains(pair: Pair) -> None:
    """A definition goes, what runs stays, what is not there is no error."""
    connection = pair.target.connect()
    off = connection.defineXML(pair.target.guest_xml("left"))
    runs = connection.defineXML(pair.target.guest_xml("runs"))
    runs.create()
    uri = pair.target.uri()

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        leftover = RemoveLeftover(uri=uri, uuid=DomainUUID(off.UUIDString()))
        await hypervisor.perform(leftover)
        await hypervisor.perform(leftover)
        with pytest.raises(InvalidState):
            await hypervisor.perform(RemoveLeftover(uri=uri, uuid=DomainUUID(runs.UUIDString())))

    play(pair.source, scene)
    assert [domain.name() for domain in connection.listAllDomains()] == ["runs"]
