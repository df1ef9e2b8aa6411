"""What is said of a change that failed: what was undone, what was not, and what nobody knows."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.providers.handmade import model_of
from tests.providers.workshop import Workshop, work
from virtcim.hypervisors.actions import Action, DefineDomain, SetAutostart, UndefineDomain
from virtcim.hypervisors.errors import HypervisorError, HypervisorFailure
from virtcim.hypervisors.model import DomainUUID, Verb
from virtcim.providers.committing import Transaction

NOBODY = DomainUUID("00000000-0000-4000-8000-000000000001")


def _failing() -> Callable[[], Awaitable[None]]:
    async def undo() -> None:
        raise HypervisorFailure("no")

    return undo


async def _done() -> None:
    """Undo something."""


@pytest.mark.parametrize(
    ("steps", "unsettled", "said"),
    [
        (((_done, True),), False, "; nothing was changed"),
        (((_done, False),), True, "; nothing else was changed"),
        (((_failing(), True),), False, "; this was done and could not be undone: step 0 (no)"),
        (((_failing(), False),), False, "; it is not known whether this was done: step 0 (no)"),
        (
            ((_failing(), True), (_failing(), False)),
            True,
            (
                "; this was done and could not be undone: step 0 (no)"
                "; it is not known whether this was done: step 1 (no)"
            ),
        ),
    ],
)
def test_what_is_said(
    steps: tuple[tuple[Callable[[], Awaitable[None]], bool], ...],
    unsettled: bool,  # noqa: FBT001 - a parameter of the test
    said: str,
) -> None:
    """By whether steps were taken for certain, and could be taken back."""
    transaction = Transaction(model_of().host)
    transaction.unsettled = unsettled
    for number, (undo, certain) in enumerate(steps):
        transaction.on_failure(f"step {number}", undo, certain=certain)
    assert asyncio.run(transaction.roll_back()) == said


def test_a_domain_that_is_gone_is_undone() -> None:
    """Its definition may never have come; of anything else that is a failure."""

    async def scene(shop: Workshop) -> None:
        text = "<domain type='test'><name>brief</name><memory>65536</memory><os><type>hvm</type>"
        transaction = Transaction(shop.host)
        uuid = await transaction.do(
            DefineDomain(xml=f"{text}</os></domain>"), "it", UndefineDomain(uuid=NOBODY)
        )
        assert await transaction.roll_back() == "; nothing was changed"
        on = SetAutostart(uuid=uuid, on=True)
        await transaction.do(on, "its start", SetAutostart(uuid=NOBODY, on=False))
        assert "could not be undone: its start" in await transaction.roll_back()
        with pytest.raises(HypervisorError):
            await transaction.do(SetAutostart(uuid=NOBODY, on=True), "a start")
        await shop.host.perform(UndefineDomain(uuid=uuid))

    work(scene, "test:///default", "Test")


class Holding:
    """Holds the first action of a kind until it is cancelled."""

    def __init__(self, shop: Workshop, kind: type[Action[Any]]) -> None:
        self.held = asyncio.Event()
        self._kind = kind
        self._perform = shop.hypervisor.perform
        shop.hypervisor.perform = self  # type: ignore[method-assign]

    async def __call__(self, action: Action[Any], *, deadline: float | None = None) -> Any:
        """Perform all others."""
        if isinstance(action, self._kind) and not self.held.is_set():
            self.held.set()
            await asyncio.Event().wait()
        return await self._perform(action, deadline=deadline)


async def cancelled(holding: Holding, change: Awaitable[object]) -> None:
    """Cancel a change in the midst of it."""
    task = asyncio.ensure_future(change)
    await holding.held.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_change_that_is_cancelled_is_taken_back() -> None:
    """What was done before, and what may have been."""

    async def scene(shop: Workshop) -> None:
        before = await shop.texts("test")
        holding = Holding(shop, SetAutostart)
        await cancelled(
            holding,
            shop.modify_system("Test:test", Title="half done", AutoStart=1),
        )
        assert await shop.texts("test") == before
        assert not shop.domain("test").facts.autostart
        await shop.modify_system("Test:test", AutoStart=1)  # its turn is free again
        assert shop.domain("test").facts.autostart
        await shop.modify_system("Test:test", AutoStart=0)

    work(scene, "test:///default", "Test")


def test_a_system_whose_making_is_cancelled_is_not_there() -> None:
    """It was defined already."""

    async def scene(shop: Workshop) -> None:
        holding = Holding(shop, SetAutostart)
        memory = shop.mof("Mem", {"VirtualQuantity": 64 * 1024**2})
        await cancelled(holding, shop.define("brief", memory, AutoStart=1))
        await shop.host.reconcile()
        assert "brief" not in shop.host.listing.names
        await shop.define("brief", memory)
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
