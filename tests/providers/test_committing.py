"""What is said of a change that failed: what was undone, what was not, and what nobody knows."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.providers.handmade import model_of
from tests.providers.workshop import Workshop, work
from virtcim.hypervisors.actions import DefineDomain, SetAutostart, UndefineDomain
from virtcim.hypervisors.errors import HypervisorError, HypervisorFailure
from virtcim.hypervisors.model import DomainUUID
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
