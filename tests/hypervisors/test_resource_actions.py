"""Actions on pools, volumes and networks, one contract for every driver that runs here."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from tests.lab import Lab
from virtcim.hypervisors.actions import (
    CreateNetwork,
    CreatePool,
    CreateVolume,
    DeleteNetwork,
    DeletePool,
    DeleteVolume,
    RefreshPool,
    ResizeVolume,
)
from virtcim.hypervisors.definition.network_texts import (
    Forward,
    NewAddress,
    NewNetwork,
    network_text,
)
from virtcim.hypervisors.definition.pool_texts import NewPool, NewVolume, pool_text, volume_text
from virtcim.hypervisors.errors import HypervisorError, InvalidArgument, NotSupported
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.resources import NetworkFacts, PoolFacts, PoolState, VolumeFacts

FILE = Path(__file__).parent / "nine_situations.xml"
MIB = 2**20

Scene = Callable[[LibvirtHypervisor], Awaitable[None]]


@pytest.fixture(params=["test", "qemu"])
def uri(request: pytest.FixtureRequest) -> Iterator[str]:
    """A hypervisor of each driver."""
    if request.param == "test":
        yield f"test://{FILE}"
    else:
        lab: Lab = request.getfixturevalue("lab")
        lab.connect().close()  # it answers
        yield lab.uri()


def play(uri: str, scene: Scene) -> None:
    """Play a scene with a hypervisor."""

    async def run() -> None:
        hypervisor = LibvirtHypervisor(uri)
        await hypervisor.open()
        try:
            await scene(hypervisor)
        finally:
            await hypervisor.close()

    asyncio.run(run())


async def pool_named(hypervisor: LibvirtHypervisor, name: str) -> PoolFacts | None:
    """Return a storage pool as it is now."""
    found = (await hypervisor.resources()).pools
    return next((pool for pool in found if pool.name == name), None)


async def network_named(hypervisor: LibvirtHypervisor, name: str) -> NetworkFacts | None:
    """Return a network as it is now."""
    found = (await hypervisor.resources()).networks
    return next((network for network in found if network.name == name), None)


def directory(name: str, path: Path) -> str:
    """Return the text of a pool over a directory."""
    return pool_text(NewPool(name=name, kind="dir", target=str(path)))


def test_a_pool_is_made_used_and_removed(uri: str, tmp_path: Path) -> None:
    """It is built, started and has volumes; the directory stays when it goes."""
    path = tmp_path / "deep" / "images"

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = CreatePool(xml=directory("p<&>", path), build=True, autostart=True)
        uuid = await hypervisor.perform(action)
        pool = await pool_named(hypervisor, "p<&>")
        assert pool is not None
        assert (pool.uuid, pool.kind, pool.state, pool.autostart) == (
            uuid, "dir", PoolState.RUNNING, True,
        )  # fmt: skip
        for form, name in (("raw", "a.img"), ("qcow2", "b.qcow2")):
            volume = NewVolume(name=name, capacity=8 * MIB, allocation=0, format=form)
            made = await hypervisor.perform(CreateVolume(pool=uuid, xml=volume_text(volume)))
            assert made == str(path / name)
        await hypervisor.perform(RefreshPool(uuid=uuid))
        volumes = await volumes_of(hypervisor, "p<&>")
        assert {one.name: one.capacity for one in volumes} == {
            "a.img": 8 * MIB,
            "b.qcow2": 8 * MIB,
        }
        await hypervisor.perform(DeleteVolume(pool=uuid, name="a.img"))
        assert [one.name for one in await volumes_of(hypervisor, "p<&>")] == ["b.qcow2"]
        await hypervisor.perform(DeletePool(uuid=uuid))
        assert await pool_named(hypervisor, "p<&>") is None

    play(uri, scene)


async def volumes_of(hypervisor: LibvirtHypervisor, pool: str) -> tuple[VolumeFacts, ...]:
    """Return the volumes of a pool as they are now."""
    found = await pool_named(hypervisor, pool)
    assert found is not None
    return found.volumes


def test_volumes_grow_and_shrink_only_when_that_is_meant(lab: Lab, tmp_path: Path) -> None:
    """What would lose data is refused without being asked for."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = CreatePool(xml=directory("grow", tmp_path), build=False, autostart=False)
        uuid = await hypervisor.perform(action)
        text = volume_text(NewVolume(name="v", capacity=4 * MIB, allocation=0, format="raw"))
        await hypervisor.perform(CreateVolume(pool=uuid, xml=text))
        for capacity, shrink in ((8 * MIB, False), (2 * MIB, True)):
            resize = ResizeVolume(pool=uuid, name="v", capacity=capacity, shrink=shrink)
            await hypervisor.perform(resize)
            assert (tmp_path / "v").stat().st_size == capacity
        with pytest.raises(HypervisorError):
            await hypervisor.perform(ResizeVolume(pool=uuid, name="v", capacity=MIB, shrink=False))
        assert (tmp_path / "v").stat().st_size == 2 * MIB
        await hypervisor.perform(DeletePool(uuid=uuid))

    play(lab.uri(), scene)


def test_what_a_driver_cannot_do_is_told(tmp_path: Path) -> None:
    """The test driver resizes nothing."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = CreatePool(xml=directory("p", tmp_path), build=False, autostart=False)
        uuid = await hypervisor.perform(action)
        text = volume_text(NewVolume(name="v", capacity=MIB))
        await hypervisor.perform(CreateVolume(pool=uuid, xml=text))
        with pytest.raises(NotSupported):
            await hypervisor.perform(
                ResizeVolume(pool=uuid, name="v", capacity=2 * MIB, shrink=False)
            )

    play(f"test://{FILE}", scene)


def test_a_pool_that_cannot_start_is_not_left(lab: Lab, tmp_path: Path) -> None:
    """Its definition goes when there is no directory, and when none can be made."""
    (tmp_path / "file").write_text("")

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        for path, build in ((tmp_path / "missing", False), (tmp_path / "file" / "x", True)):
            with pytest.raises(HypervisorError):
                await hypervisor.perform(
                    CreatePool(xml=directory("fails", path), build=build, autostart=True)
                )
            assert await pool_named(hypervisor, "fails") is None

    play(lab.uri(), scene)


def test_an_inactive_pool_is_removed(lab: Lab, tmp_path: Path) -> None:
    """What is off is undefined alone."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        xml = directory("off", tmp_path)
        uuid = await hypervisor.perform(CreatePool(xml=xml, build=False, autostart=False))
        connection = lab.connect()
        connection.storagePoolLookupByUUIDString(uuid).destroy()
        connection.close()
        pool = await pool_named(hypervisor, "off")
        assert pool is not None
        assert not pool.active
        await hypervisor.perform(DeletePool(uuid=uuid))
        assert await pool_named(hypervisor, "off") is None

    play(lab.uri(), scene)


NETWORK = NewNetwork(name="n<&>", forward=Forward.BRIDGE, bridge="br-none")
ADDRESS = NewAddress(
    address="10.77.0.1", prefix=24, version=4, start="10.77.0.10", end="10.77.0.20"
)


def test_a_network_is_made_and_removed(uri: str) -> None:
    """It is started, and started with the host when that is asked for."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        action = CreateNetwork(xml=network_text(NETWORK), autostart=True)
        uuid = await hypervisor.perform(action)
        network = await network_named(hypervisor, "n<&>")
        assert network is not None
        assert (network.uuid, network.active, network.persistent, network.autostart) == (
            uuid, True, True, True,
        )  # fmt: skip
        await hypervisor.perform(DeleteNetwork(uuid=uuid))
        assert await network_named(hypervisor, "n<&>") is None

    play(uri, scene)


def test_a_network_that_cannot_start_is_not_left(lab: Lab) -> None:
    """Its definition goes."""
    taken = NewNetwork(name="fails", forward=Forward.NONE, bridge="lo", address=ADDRESS)

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        with pytest.raises(HypervisorError):
            await hypervisor.perform(CreateNetwork(xml=network_text(taken), autostart=False))
        assert await network_named(hypervisor, "fails") is None

    play(lab.uri(), scene)


NOBODY = "00000000-0000-0000-0000-00000000dead"


def test_what_is_not_there_is_a_failure(uri: str) -> None:
    """Nothing is made or removed for a UUID that nobody has, or for a text that is none."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        for action in (
            DeletePool(uuid=NOBODY),
            DeleteNetwork(uuid=NOBODY),
            RefreshPool(uuid=NOBODY),
            DeleteVolume(pool=NOBODY, name="x"),
        ):
            with pytest.raises(HypervisorError):
                await hypervisor.perform(action)
        with pytest.raises(InvalidArgument):
            await hypervisor.perform(CreatePool(xml="<pool", build=False, autostart=False))
        with pytest.raises(InvalidArgument):
            await hypervisor.perform(CreateNetwork(xml="<network", autostart=False))

    play(uri, scene)
