"""One change of a domain at a time: others wait, and nobody waits for a job."""

import asyncio

import pytest

from virtcim.hypervisors.errors import Busy
from virtcim.hypervisors.model import DomainUUID
from virtcim.inventory.turns import Turns

A, B = DomainUUID("a" * 36), DomainUUID("b" * 36)


def test_changes_of_one_domain_follow_each_other_in_order() -> None:
    """The second begins when the first has ended, the third after the second."""

    async def scene() -> None:
        turns, done = Turns(), list[str]()

        async def change(name: str) -> None:
            async with turns.held(A, name):
                done.append(f"{name} begins")
                await asyncio.sleep(0)
                done.append(f"{name} ends")

        await asyncio.gather(*(change(name) for name in "abc"))
        assert done == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]

    asyncio.run(scene())


def test_domains_do_not_wait_for_each_other() -> None:
    """A change of one goes on while another is held."""

    async def scene() -> None:
        turns = Turns()
        async with turns.held(A, "one"), turns.held(B, "other"):
            pass

    asyncio.run(scene())


def test_who_waits_too_long_is_told_for_what() -> None:
    """The holder's purpose is in the refusal, and the turn is not lost by it."""

    async def scene() -> None:
        turns = Turns(wait_seconds=0.01)
        async with turns.held(A, "a long change"):
            with pytest.raises(Busy, match="a long change is under way"):
                async with turns.held(A, "another"):
                    pass
        async with turns.held(A, "a third"):
            pass

    asyncio.run(scene())


def test_nobody_waits_for_a_job() -> None:
    """A change is refused at once while a job holds the turn, and may begin after it."""

    async def scene() -> None:
        turns = Turns(wait_seconds=1000)
        await turns.claim(A, "migration")
        with pytest.raises(Busy, match="migration is under way"):
            await turns.claim(A, "snapshot")
        turns.release(A)
        async with turns.held(A, "change"):
            pass

    asyncio.run(scene())


def test_a_change_that_becomes_a_job_is_not_waited_for_any_more() -> None:
    """Who waits is told at once, and so is who comes later."""

    async def scene() -> None:
        turns = Turns(wait_seconds=1000)
        await turns.take(A, "a change")
        waiting = asyncio.create_task(turns.take(A, "another"))
        await asyncio.sleep(0)
        turns.hand_over(A)
        for refused in (waiting, turns.take(A, "a third")):
            with pytest.raises(Busy, match="a change is under way"):
                await refused
        turns.release(A)
        async with turns.held(A, "a fourth"):
            pass

    asyncio.run(scene())


def test_nothing_is_remembered_of_turns_that_are_over() -> None:
    """Neither of those that were held nor of those that were refused or given up."""

    async def scene() -> None:
        turns = Turns(wait_seconds=0.01)
        async with turns.held(A, "a"):
            with pytest.raises(Busy):
                await turns.claim(A, "b")
        waiting = asyncio.create_task(turns.claim(B, "c"))
        await waiting
        turns.release(B)
        assert turns._queues == {}

    asyncio.run(scene())


def test_who_waits_is_refused_when_a_job_comes_first() -> None:
    """A job that was asked for before has the turn now, and nobody waits for a job."""

    async def scene() -> None:
        turns = Turns(wait_seconds=1000)

        async def change() -> None:
            async with turns.held(A, "late change"):
                pass

        async with turns.held(A, "first change"):
            job = asyncio.create_task(turns.claim(A, "migration"))
            await asyncio.sleep(0)
            later = asyncio.create_task(change())
            await asyncio.sleep(0)
        await job
        with pytest.raises(Busy, match="migration is under way"):
            await later
        turns.release(A)
        await change()

    asyncio.run(scene())


def test_a_turn_that_comes_as_its_owner_leaves_is_passed_on() -> None:
    """Cancelling who was just given the turn costs nobody else's."""

    async def scene() -> None:
        turns = Turns(wait_seconds=1000)
        await turns.claim(A, "x")
        turns.release(A)
        async with turns.held(A, "first"):
            waiting = asyncio.create_task(turns.claim(A, "second"))
            await asyncio.sleep(0)
        waiting.cancel()  # it has the turn, and does not know yet
        with pytest.raises(asyncio.CancelledError):
            await waiting
        async with turns.held(A, "third"):
            pass
        assert turns._queues == {}

    asyncio.run(scene())
