"""Servers that end in the middle of a change: whatever step it was at, the next one undoes it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import Lab
from tests.providers.test_changing_domains import guest, lines, start, usb_disk
from tests.providers.workshop import Workshop
from virtcim.hypervisors.actions import (
    Action,
    Changed,
    DefineDomain,
    Definitions,
    UndefineDomain,
)
from virtcim.hypervisors.errors import ConnectionLost
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.model import Verb
from virtcim.infostore import Infostore
from virtcim.infostore.jobs import JobRecord
from virtcim.providers import recoverers
from virtcim.schema.valuemaps import JobState
from virtcim.wbem.status import Failed

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True, scope="module")
def answering(lab: Lab) -> None:
    """The daemon answers before the first scene begins."""
    lab.connect().close()


class Interrupted(LibvirtHypervisor):
    """The real driver, which is not heard of any more before a change, or after it.

    interruptions: how many changes there are until then; None means that it does not come.
    """

    def __init__(self, uri: str) -> None:
        super().__init__(uri)
        self.interruptions: int | None = None
        self.after = False
        self.silent = asyncio.Event()
        self.breaks = False

    async def perform(self, action: Action[Any], *, deadline: float | None = None) -> Any:
        """Do it, or not, and then say nothing."""
        if self.interruptions is None or action.changed is Changed.NOTHING:
            return await super().perform(action, deadline=deadline)
        self.interruptions -= 1
        if self.interruptions == 0:
            if self.after:
                await super().perform(action, deadline=deadline)
            self.interruptions = None
            self.silent.set()
            if self.breaks:
                raise ConnectionLost("it broke off")
            await asyncio.Event().wait()
        return await super().perform(action, deadline=deadline)


class Shop(Workshop):
    """A workshop whose hypervisor can be interrupted."""

    hypervisor: Interrupted

    def interrupt(self, call: int, *, after: bool, breaks: bool = False) -> None:
        """Let this call from now be the last that is made, or the last that is answered."""
        self.hypervisor.interruptions = call
        self.hypervisor.after = after
        self.hypervisor.breaks = breaks


Request = Callable[[Shop, Lab], Coroutine[Any, Any, object]]


async def settings(shop: Shop, _lab: Lab) -> object:
    """What is defined, what runs, and what the host does when it starts."""
    return await shop.modify_system("KVM:torn", Notes=("new",), AutoStart=1)


async def device(shop: Shop, lab: Lab) -> object:
    """A device more, in the definition and while it runs."""
    return await shop.add("torn", usb_disk(shop, "sdb", lab.boot_image("spare")))


async def quantities(shop: Shop, _lab: Lab) -> object:
    """Memory, processors, and what only we remember."""
    memory = shop.mof("Mem", {"InstanceID": "torn/mem", "VirtualQuantity": 16 << 10})
    shares = shop.mof("Proc", {"InstanceID": "torn/proc", "Weight": 512, "Limit": 7})
    return await shop.call("ModifyResourceSettings", ResourceSettings=(memory, shares))


REQUESTS: dict[Request, int] = {settings: 3, device: 2, quantities: 2}
"""What is asked for, and how many calls of the hypervisor change something then."""


def interruptions() -> Iterator[Any]:
    """Every call of every request: before it is made, and after."""
    for request, calls in REQUESTS.items():
        for call in range(1, calls + 1):
            for after in (False, True):
                when = "after" if after else "before"
                yield pytest.param(request, call, after, id=f"{request.__name__}-{when}-{call}")


@pytest.mark.parametrize(("request_", "call", "after"), list(interruptions()))
def test_a_change_that_was_interrupted_was_not(
    lab: Lab,
    tmp_path: Path,
    request_: Request,
    call: int,
    after: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Its job has failed and says that nothing was changed, and nothing is."""

    async def scene() -> None:
        shop = await opened(lab, tmp_path)
        await guest(shop, lab, "torn")
        await start(shop, "torn")
        before, facts = await shop.texts("torn"), shop.domain("torn")
        shop.interrupt(call, after=after)
        asking = asyncio.create_task(request_(shop, lab))
        await asyncio.wait_for(shop.hypervisor.silent.wait(), 60)
        await shop.engine.close()  # as it is
        asking.cancel()
        await shop.host.close()
        await shop.store.close()

        shop = await opened(lab, tmp_path)
        (job,) = await recovered(shop)
        assert job.state == JobState.EXCEPTION
        assert job.error == "the server ended under it; nothing was changed"
        assert (await shop.store.jobs())[0].notes == {}
        same(await shop.texts("torn"), before)
        assert shop.domain("torn").facts.autostart is facts.facts.autostart
        assert shop.host.record_of(facts.uuid) == facts.record
        await request_(shop, lab)  # nobody holds it, and it can be changed
        await shop.host.change(facts.uuid, Verb.DESTROY)
        await shop.host.perform(UndefineDomain(uuid=facts.uuid))
        await shut(shop)

    asyncio.run(scene())


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("call", [1, 2])
def test_a_connection_that_breaks_under_a_change(
    lab: Lab, tmp_path: Path, request_: Request, call: int
) -> None:
    """What was done by then is taken back when the hypervisor can be had again."""

    async def scene() -> None:
        shop = await opened(lab, tmp_path)
        await guest(shop, lab, "torn")
        await start(shop, "torn")
        before, facts = await shop.texts("torn"), shop.domain("torn")
        shop.interrupt(call, after=True, breaks=True)
        with pytest.raises(Exception, match="it broke off; nothing was changed"):
            await request_(shop, lab)
        same(await shop.texts("torn"), before)
        assert shop.engine.jobs("h") == ()
        await request_(shop, lab)
        await shop.host.change(facts.uuid, Verb.DESTROY)
        await shop.host.perform(UndefineDomain(uuid=facts.uuid))
        await shut(shop)

    asyncio.run(scene())


@pytest.mark.parametrize("after", [False, True])
def test_a_destruction_that_was_interrupted(
    lab: Lab,
    tmp_path: Path,
    after: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """It cannot be taken back: the job says what the domain is, and goes no further by itself."""

    async def scene() -> None:
        shop = await opened(lab, tmp_path)
        await guest(shop, lab, "torn")
        await start(shop, "torn")
        uuid = shop.domain("torn").uuid
        shop.interrupt(1, after=after)
        path = shop.system_path("torn")
        asking = asyncio.create_task(shop.call("DestroySystem", AffectedSystem=path))
        await asyncio.wait_for(shop.hypervisor.silent.wait(), 60)
        await shop.engine.close()
        asking.cancel()
        await shop.host.close()
        await shop.store.close()

        shop = await opened(lab, tmp_path)
        (job,) = await recovered(shop)
        if after:
            assert (job.state, uuid in shop.host.listing.domains) == (JobState.COMPLETED, False)
        else:
            assert job.state == JobState.EXCEPTION
            assert job.error == "the server ended under it; the domain is off"
            await shop.call("DestroySystem", AffectedSystem=path)
        await shut(shop)

    asyncio.run(scene())


async def broken_off(shop: Shop, asking: "asyncio.Task[object]") -> None:
    """End a run as it is, in the middle of a request."""
    await shop.engine.close()
    asking.cancel()
    await shop.host.close()
    await shop.store.close()


def test_what_others_did_meanwhile_stays(lab: Lab, tmp_path: Path) -> None:
    """Of several domains in one request each is known as we had made it."""

    async def both(shop: Shop) -> object:
        settings = [
            shop.mof("Mem", {"InstanceID": f"{name}/mem", "VirtualQuantity": 16 << 10})
            for name in ("one", "two")
        ]
        return await shop.call("ModifyResourceSettings", ResourceSettings=tuple(settings))

    async def scene() -> None:
        shop = await opened(lab, tmp_path)
        for name in ("one", "two"):
            await guest(shop, lab, name)
        first, second = sorted(shop.host.listing.domains.values(), key=lambda one: one.facts.name)
        before = [await shop.texts(name) for name in ("one", "two")]
        shop.interrupt(2, after=True)
        asking = asyncio.create_task(both(shop))
        await asyncio.wait_for(shop.hypervisor.silent.wait(), 60)
        for uuid, text in ((first.uuid, before[0]), (second.uuid, before[1])):
            assert (await shop.texts(shop.host.listing.domains[uuid].name)) != text
        await broken_off(shop, asking)

        shop = await opened(lab, tmp_path)
        others = (await shop.texts("one")).persistent or ""
        others = others.replace("</name>", "</name><title>theirs</title>", 1)
        await shop.host.perform(DefineDomain(xml=others))
        (job,) = await recovered(shop)
        assert job.error == (
            "the server ended under it; this was done and could not be undone: "
            "the new definition of `one' (somebody else has changed it since)"
        )
        assert "theirs" in ((await shop.texts("one")).persistent or "")
        assert (await shop.texts("two")).persistent == before[1].persistent
        for uuid in (first.uuid, second.uuid):
            await shop.host.perform(UndefineDomain(uuid=uuid))
        await shut(shop)

    asyncio.run(scene())


def test_what_a_guest_may_do_yet_is_said(lab: Lab, tmp_path: Path) -> None:
    """It was asked to let go of a device, and nobody can take that back."""

    async def scene() -> None:
        shop = await opened(lab, tmp_path)
        await guest(shop, lab, "torn")
        await start(shop, "torn")
        uuid, spare = shop.domain("torn").uuid, str(lab.boot_image("spare"))
        disk = {"VirtualDevice": "vdb", "BusType": "virtio", "Address": spare}
        await shop.add("torn", shop.mof("Disk", disk))
        before = await shop.texts("torn")
        shop.interrupt(2, after=True)
        asking = asyncio.create_task(shop.remove("Disk", "torn/vdb"))
        await asyncio.wait_for(shop.hypervisor.silent.wait(), 60)
        await broken_off(shop, asking)

        shop = await opened(lab, tmp_path)
        (job,) = await recovered(shop)
        assert job.error == (
            "the server ended under it; the guest may have been asked to let go of vdb, "
            "and may do so later; nothing else was changed"
        )
        same(await shop.texts("torn"), before)
        await shop.host.change(uuid, Verb.DESTROY)
        await shop.host.perform(UndefineDomain(uuid=uuid))
        await shut(shop)

    asyncio.run(scene())


@pytest.mark.parametrize("after", [False, True])
def test_a_connection_that_breaks_under_a_destruction(
    lab: Lab,
    tmp_path: Path,
    after: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """The domain is looked for: it has gone, or the client is told what it is."""

    async def scene() -> None:
        shop = await opened(lab, tmp_path)
        await guest(shop, lab, "torn")
        await start(shop, "torn")
        shop.interrupt(1, after=after, breaks=True)
        path = shop.system_path("torn")
        if after:
            await shop.call("DestroySystem", AffectedSystem=path)
        else:
            with pytest.raises(Failed, match=r"\(it was switched off\): it broke off; .* is off"):
                await shop.call("DestroySystem", AffectedSystem=path)
            await shop.call("DestroySystem", AffectedSystem=path)
        assert "torn" not in shop.host.listing.names
        assert shop.engine.jobs("h") == ()
        await shut(shop)

    asyncio.run(scene())


async def opened(lab: Lab, directory: Path) -> Shop:
    """One run of a server on what the last one left."""
    store = Infostore(f"sqlite:///{directory}/store.db")
    await store.open()
    shop = Shop(Interrupted(lab.uri()), "KVM", store=store)
    await shop.engine.load(["h"])
    await shop.host.start()
    await shop.host.refresh_resources()
    return shop


async def recovered(shop: Shop) -> list[JobRecord]:
    """The jobs of the last run, once it is known how they stand."""
    hosts = {"h": shop.host}
    await shop.engine.recover(hosts.values(), recoverers.recoverers(hosts))
    return [one.record for one in shop.engine.jobs("h")]


async def shut(shop: Shop) -> None:
    """End a run in order."""
    await shop.engine.close()
    await shop.host.close()
    await shop.store.close()


def same(now: Definitions, before: Definitions) -> None:
    """Prove that a domain is what it was, but for what a device that was there leaves behind."""
    assert now.persistent == before.persistent
    assert lines(before.live, now.live) == []
