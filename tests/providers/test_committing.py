"""Changes whose caller is gone: one step is taken back, and a job goes on."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from tests.providers.workshop import Workshop, work
from virtcim.hypervisors.actions import Action, DefineDomain, SetAutostart, UndefineDomain
from virtcim.hypervisors.model import Verb


class Holding:
    """Holds the first action of a kind, after it was done, until it is let go or cancelled."""

    def __init__(self, shop: Workshop, kind: type[Action[Any]]) -> None:
        self.held, self.go = asyncio.Event(), asyncio.Event()
        self._kind = kind
        self._perform = shop.hypervisor.perform
        shop.hypervisor.perform = self  # type: ignore[method-assign]

    async def __call__(self, action: Action[Any], *, deadline: float | None = None) -> Any:
        """Perform all others."""
        result = await self._perform(action, deadline=deadline)
        if isinstance(action, self._kind) and not self.held.is_set():
            self.held.set()
            await self.go.wait()
        return result


async def cancelled(holding: Holding, change: Awaitable[object]) -> None:
    """Cancel a call in the midst of a change."""
    task = asyncio.ensure_future(change)
    await holding.held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_one_step_whose_caller_is_gone_is_taken_back() -> None:
    """It may have been taken, and was."""

    async def scene(shop: Workshop) -> None:
        memory = shop.mof("Mem", {"VirtualQuantity": 64 * 1024**2})
        await shop.define("brief", memory)
        before = await shop.texts("brief")
        holding = Holding(shop, DefineDomain)
        await cancelled(holding, shop.modify_system("Test:brief", Title="half done"))
        assert await shop.texts("brief") == before
        await shop.modify_system("Test:brief", Title="done")  # its turn is free again
        assert shop.domain("brief").facts.title == "done"
        await shop.host.perform(UndefineDomain(uuid=shop.domain("brief").uuid))

    work(scene, "test:///default", "Test")


def test_a_job_whose_caller_is_gone_goes_on() -> None:
    """It was durable before the caller went; the job tells how it ends."""

    async def scene(shop: Workshop) -> None:
        holding = Holding(shop, SetAutostart)
        memory = shop.mof("Mem", {"VirtualQuantity": 64 * 1024**2})
        await cancelled(holding, shop.define("brief", memory, AutoStart=1))
        (job,) = shop.engine.jobs("h")
        holding.go.set()
        end = await shop.engine.end_of(job.record.id, 60)
        assert end is not None
        assert (end.error, end.percent) == (None, 100)
        assert "ResultingSystem" in end.result
        assert shop.domain("brief").facts.autostart
        await shop.host.perform(UndefineDomain(uuid=shop.domain("brief").uuid))

    work(scene, "test:///default", "Test")


def test_a_domain_is_destroyed_that_nobody_knows_to_run() -> None:
    """It was started just now, and its event is still coming: it is switched off all the same."""

    async def scene(shop: Workshop) -> None:
        await shop.define("started", shop.mof("Mem", {"VirtualQuantity": 64 * 1024**2}))
        uuid = shop.domain("started").uuid
        for subscription in shop.host._subscriptions:
            shop.hypervisor.events.deregister_any(subscription)
        shop.host._subscriptions.clear()
        await shop.hypervisor.change(uuid, Verb.START)
        assert not shop.domain("started").facts.active
        await shop.call("DestroySystem", AffectedSystem=shop.system_path("started"))
        assert "started" not in shop.host.listing.names
        assert uuid not in {one.uuid for one in await shop.hypervisor.domains(known={})}

    work(scene, "test:///default", "Test")
