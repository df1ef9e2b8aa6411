"""What became of a deed that nobody saw the end of: by what a real hypervisor has afterwards."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from tests.lab import Lab
from tests.providers.stage import Store
from virtcim.hypervisors.actions import (
    CreateNetwork,
    CreatePool,
    CreateVolume,
    DeleteNetwork,
    DeletePool,
    DeleteVolume,
    ResizeVolume,
)
from virtcim.hypervisors.definition.network_texts import Forward, NewNetwork, network_text
from virtcim.hypervisors.definition.pool_texts import (
    NewPool,
    NewVolume,
    pool_text,
    volume_text,
)
from virtcim.hypervisors.errors import Busy
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.inventory import Host
from virtcim.jobs import deeds
from virtcim.jobs.deeds import Deed, Task, outcome
from virtcim.jobs.plans import Completed, Failed

MIB = 1 << 20
SOURCE = 512 * MIB


@pytest.fixture(autouse=True, scope="module")
def answering(lab: Lab) -> None:
    """The daemon answers before the first scene begins."""
    lab.connect().close()


def play(lab: Lab, scene: Callable[[Host], Awaitable[None]]) -> None:
    """Play a scene with a host."""

    async def run() -> None:
        hypervisor = LibvirtHypervisor(lab.uri())
        host = Host("h", hypervisor, Store(), prefix="KVM", namespace="root/virt")
        await host.start()
        try:
            await scene(host)
        finally:
            await host.close()

    asyncio.run(run())


def test_every_task_has_an_outcome() -> None:
    """The table is total."""
    assert set(deeds._OUTCOMES) == set(Task)


@pytest.mark.parametrize("autostart", [False, True])
def test_pools(lab: Lab, tmp_path: Path, autostart: bool) -> None:  # noqa: FBT001 - a parameter
    """A pool that is as it was to be has been made; a part of one goes."""

    async def scene(host: Host) -> None:
        uuid = str(uuid4())
        pool = NewPool(name="deed", kind="dir", target=str(tmp_path), uuid=uuid)
        made = Deed(task=Task.CREATE_POOL, name="deed", uuid=uuid, autostart=autostart)
        gone = Deed(task=Task.DELETE_POOL, name="deed", uuid=uuid)
        assert await outcome(host, made) == Failed("nothing was made")
        assert await outcome(host, gone) == Completed()
        await host.perform(CreatePool(xml=pool_text(pool), build=False, autostart=autostart))
        assert await outcome(host, made) == Completed()
        assert await outcome(host, gone) == Failed("deed is there, and active")
        assert await outcome(host, Deed(task=Task.REFRESH_POOL, name="deed")) == Completed()
        await host.perform(DeletePool(uuid=uuid))

    play(lab, scene)


def test_what_was_left_half_made_goes(lab: Lab, tmp_path: Path) -> None:
    """A pool and a network that were defined and not started are ours, and undefined."""

    async def scene(host: Host) -> None:
        uuids = [str(uuid4()) for _ in range(2)]
        pool = NewPool(name="half", kind="dir", target=str(tmp_path), uuid=uuids[0])
        with lab.connect() as connection:
            connection.storagePoolDefineXML(pool_text(pool))
            connection.networkDefineXML(network_text(_network("half", uuids[1])))
        await host.refresh_resources()
        assert "half" in {one.name for one in host.resources.pools}
        assert "half" in {one.name for one in host.resources.networks}
        for task, uuid in zip((Task.CREATE_POOL, Task.CREATE_NETWORK), uuids, strict=True):
            assert await outcome(host, Deed(task=task, name="half", uuid=uuid)) == Failed(
                "nothing was made"
            )
        assert "half" not in {one.name for one in host.resources.pools}
        assert "half" not in {one.name for one in host.resources.networks}

    play(lab, scene)


def _network(name: str, uuid: str) -> NewNetwork:
    return NewNetwork(name=name, forward=Forward.BRIDGE, bridge="br-none", uuid=uuid)


def test_networks(lab: Lab) -> None:
    """As with pools."""

    async def scene(host: Host) -> None:
        uuid = str(uuid4())
        made = Deed(task=Task.CREATE_NETWORK, name="deed", uuid=uuid)
        text = network_text(_network("deed", uuid))
        await host.perform(CreateNetwork(xml=text, autostart=False))
        assert await outcome(host, made) == Completed()
        gone = Deed(task=Task.DELETE_NETWORK, name="deed", uuid=uuid)
        assert await outcome(host, gone) == Failed("deed is there, and active")
        await host.perform(DeleteNetwork(uuid=uuid))
        assert await outcome(host, gone) == Completed()

    play(lab, scene)


def test_volumes(lab: Lab, tmp_path: Path) -> None:
    """By whether they are there, and by their size."""

    async def scene(host: Host) -> None:
        uuid = str(uuid4())
        pool = NewPool(name="deed-v", kind="dir", target=str(tmp_path), uuid=uuid)
        await host.perform(CreatePool(xml=pool_text(pool), build=False, autostart=False))

        async def told(task: Task, capacity: int = 0) -> Completed | Failed:
            return await outcome(host, Deed(task=task, name="v", uuid=uuid, capacity=capacity))

        assert await told(Task.CREATE_VOLUME) == Failed("nothing was made")
        assert await told(Task.RESIZE_VOLUME, MIB) == Failed("v is not there any more")
        text = volume_text(NewVolume(name="v", capacity=MIB, format="raw"))
        await host.perform(CreateVolume(pool=uuid, xml=text))
        assert await told(Task.CREATE_VOLUME) == Completed()
        assert await told(Task.DELETE_VOLUME) == Failed("v is there")
        assert await told(Task.RESIZE_VOLUME, 2 * MIB) == Failed(f"v has {MIB} bytes")
        await host.perform(ResizeVolume(pool=uuid, name="v", capacity=2 * MIB, shrink=False))
        assert await told(Task.RESIZE_VOLUME, 2 * MIB) == Completed()
        await host.perform(DeleteVolume(pool=uuid, name="v"))
        assert await told(Task.DELETE_VOLUME) == Completed()
        await host.perform(DeletePool(uuid=uuid))

    play(lab, scene)


def test_a_volume_that_is_being_made(lab: Lab, tmp_path: Path) -> None:
    """Nobody knows yet how that ends; it is seen as soon as libvirt has begun to copy."""
    text = f"<volume><name>w</name><capacity unit='bytes'>{SOURCE}</capacity></volume>"

    def copy() -> None:
        with lab.connect() as connection:
            pool = connection.storagePoolLookupByName("deed-w")
            pool.createXMLFrom(text, pool.storageVolLookupByName("source"))

    async def scene(host: Host) -> None:
        uuid = str(uuid4())
        with (tmp_path / "source").open("wb") as source:
            for _ in range(SOURCE // MIB):
                source.write(b"x" * MIB)
        pool = NewPool(name="deed-w", kind="dir", target=str(tmp_path), uuid=uuid)
        await host.perform(CreatePool(xml=pool_text(pool), build=False, autostart=False))
        deed = Deed(task=Task.CREATE_VOLUME, name="w", uuid=uuid)
        copying, told = asyncio.create_task(asyncio.to_thread(copy)), set[str]()
        while not copying.done():
            try:
                await outcome(host, deed)
            except Busy as error:
                told.add(error.detail)
        await copying
        assert any("still being allocated" in one for one in told)
        assert await outcome(host, deed) == Completed()
        for name in ("source", "w"):
            await host.perform(DeleteVolume(pool=uuid, name=name))
        await host.perform(DeletePool(uuid=uuid))

    play(lab, scene)


def test_what_is_kept_of_a_deed_is_plain() -> None:
    """As it is read again after a crash, so that clients are shown the same before and after it."""
    kept = Deed(task=Task.CREATE_POOL, name="p", uuid="u", autostart=True).parameters()
    assert json.loads(json.dumps(kept)) == kept
    assert {type(value) for value in kept.values()} == {str, bool}
