"""Where plug-ins run: never on the caller's thread, never too long, and few at a time."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import CancelledError
from typing import Any

import pytest

from tests.lab import eventually
from virtcim.providers import workshop
from virtcim.providers.workshop import Ended, Late, Unawaited, Workshop

SECONDS = 30.0


def running(work: Callable[[Workshop], Awaitable[Any]], seconds: float = SECONDS) -> Any:
    """Run something with a workshop of two places."""

    async def main() -> Any:
        shop = Workshop("x", seconds, most=2)
        try:
            return await work(shop)
        finally:
            shop.close()

    return asyncio.run(main())


def same(given: Any) -> Any:
    """Return what came."""
    return given


def test_a_plain_function_runs_on_a_thread() -> None:
    """Another one, with its arguments, and what finishes in the same."""

    async def work(shop: Workshop) -> Any:
        return await shop.run(
            lambda one: (one, threading.current_thread()), 5, finish=lambda given: (
                *given, threading.current_thread()
            )
        )  # fmt: skip

    one, called, finished = running(work)
    assert one == 5
    assert called is finished
    assert called is not threading.current_thread()
    assert called.daemon


def test_threads_are_used_again() -> None:
    """One after the other takes one."""

    async def work(shop: Workshop) -> set[Any]:
        return {await shop.run(threading.get_ident, finish=same) for _ in range(10)}

    assert len(running(work)) == 1


def test_coroutines_run_on_a_loop_of_their_own() -> None:
    """Neither the caller's thread nor the caller's loop; generators too."""

    async def where() -> tuple[Any, Any]:
        return asyncio.get_running_loop(), threading.current_thread()

    async def rows() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(0)
            yield number

    async def work(shop: Workshop) -> Any:
        here = asyncio.get_running_loop(), threading.current_thread()
        first, second = [await shop.run(where, finish=same) for _ in range(2)]
        assert first == second
        assert not set(first) & set(here)
        return await shop.run(rows, finish=same)

    assert running(work) == [0, 1, 2]


async def _fails() -> None:
    raise LookupError("own")


async def _exits() -> None:
    raise SystemExit(3)


def _raises() -> None:
    raise LookupError("own")


def _leaves() -> None:
    raise SystemExit(3)


def _has_no_more() -> None:
    next(iter(()))


def _was_cancelled() -> None:
    raise CancelledError


async def _awaits_what_was_cancelled() -> None:
    raise CancelledError


def _forgets_to_await() -> object:
    return _fails()


@pytest.mark.parametrize(
    ("function", "error"),
    [
        (_fails, LookupError),
        (_raises, LookupError),
        (_exits, Ended),
        (_leaves, Ended),
        (_has_no_more, Ended),
        (_was_cancelled, Ended),
        (_awaits_what_was_cancelled, Ended),
        (_forgets_to_await, Unawaited),
    ],
)
def test_what_is_raised_comes_back(function: Any, error: type[Exception]) -> None:
    """And the next call is served as if nothing had been; also after an exit."""

    async def work(shop: Workshop) -> Any:
        with pytest.raises(error):
            await shop.run(function, finish=same)
        return await shop.run(lambda: 1, finish=same)

    assert running(work) == 1


def test_a_coroutine_that_is_late_is_cancelled() -> None:
    """It learns of it, and its place is free again."""
    cancelled = threading.Semaphore(0)

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.release()
            raise

    async def work(shop: Workshop) -> None:
        for _ in range(4):
            with pytest.raises(Late, match="did not answer within"):
                await shop.run(waits, finish=same)
            assert cancelled.acquire(timeout=SECONDS)

    running(work, seconds=0.05)


def test_threads_that_hang_hold_their_places() -> None:
    """The next one is refused without a thread more, and served when one has come back."""
    gate, begun = threading.Event(), threading.Semaphore(0)

    def hangs() -> None:
        begun.release()
        gate.wait()

    async def work(shop: Workshop) -> Any:
        for _ in range(2):
            with pytest.raises(Late, match="did not answer"):
                await shop.run(hangs, finish=same)
            begun.acquire()
        before = threading.active_count()
        with pytest.raises(Late, match="2 of its calls are under way"):
            await shop.run(hangs, finish=same)
        assert threading.active_count() == before
        gate.set()
        shop.seconds = SECONDS
        return await shop.run(lambda: "served", finish=same)

    assert running(work, seconds=0.05) == "served"


def test_a_machine_without_threads_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call is refused by it, and served as soon as there are threads again."""

    def refuses(**_given: object) -> None:
        raise RuntimeError("can't start new thread")

    async def one() -> int:
        return 1

    async def work(shop: Workshop) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(workshop, "Thread", refuses)
            for _ in range(3):
                with pytest.raises(RuntimeError, match="can't start"):
                    await shop.run(lambda: 1, finish=same)
                with pytest.raises(RuntimeError, match="can't start"):
                    await shop.run(one, finish=same)
        return await shop.run(lambda: 1, finish=same), await shop.run(one, finish=same)

    assert running(work) == (1, 1)


def test_its_threads_end() -> None:
    """Idle ones, and the loop's."""

    async def nothing() -> None:
        pass

    async def work(shop: Workshop) -> None:
        await shop.run(nothing, finish=same)
        await shop.run(lambda: None, finish=same)

    before = set(threading.enumerate())
    running(work)
    eventually(lambda: set(threading.enumerate()) <= before)
