"""Where the code of one plug-in runs: threads of its own, and an event loop of its own.

The rule: nobody waits for a call that outlived its deadline. A coroutine is cancelled then; a
thread that does not return is left behind, and holds its place among the calls of the plug-in, so
that a plug-in that hangs costs a bounded number of threads and then refuses at once.

Own threads, because the standard executor joins its threads at exit and would hang with them.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

MOST_CALLS = 8
"""Calls of one plug-in at a time; others wait for their turn within their own deadline."""

T = TypeVar("T")
Work = Callable[[], T]


class Late(Exception):
    """A call of a plug-in did not return in time; the text goes to the client."""


class Ended(Exception):
    """Code of a plug-in gave no answer: it was cancelled, or raised what cannot be passed on."""


class Unawaited(Exception):
    """A plain function of a plug-in gave what must be awaited; the text goes to the client."""


class Workshop:
    """Runs the calls of one plug-in, each within `seconds`."""

    def __init__(self, name: str, seconds: float, most: int = MOST_CALLS) -> None:
        self.seconds = seconds
        self._name = name
        self._most = most
        self._places = asyncio.Semaphore(most)
        self._idle: list[_Worker] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = Lock()

    async def run(
        self, function: Callable[..., Any], *arguments: Any, finish: Callable[[Any], T]
    ) -> T:
        """Call a function of the plug-in, and `finish` with what it gave, in the same thread.

        Raises Late, and whatever the two raise.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self.seconds
        await self._take_place()
        try:
            begun = self._begin(function, arguments, finish)
        except (RuntimeError, OSError):  # there is no thread or no loop to be had
            self._places.release()
            raise
        begun.done.add_done_callback(lambda _: self._leave_place(loop))
        waiting = asyncio.wrap_future(begun.done)
        waiting.add_done_callback(_forget)
        finished, _ = await asyncio.wait({waiting}, timeout=end - loop.time())
        if not finished:
            begun.cancel()
            raise Late(f"it did not answer within {self.seconds:g} s")
        result: T = waiting.result()
        return result

    async def _take_place(self) -> None:
        try:
            async with asyncio.timeout(self.seconds):
                await self._places.acquire()
        except TimeoutError:
            text = f"{self._most} of its calls are under way, no other began in {self.seconds:g} s"
            raise Late(text) from None

    def _leave_place(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the server has ended meanwhile
            loop.call_soon_threadsafe(self._places.release)

    def _begin(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], finish: Callable[[Any], T]
    ) -> "_Begun":
        if inspect.iscoroutinefunction(function):
            return self._on_loop(lambda: _awaited(function, arguments, finish))
        if inspect.isasyncgenfunction(function):
            return self._on_loop(lambda: _gathered(function, arguments, finish))
        with self._lock:
            worker = self._idle.pop() if self._idle else _Worker(self._name, self._free)
        return _Begun(worker.do(lambda: finish(_at_once(function(*arguments)))))

    def _on_loop(self, work: Work[Coroutine[Any, Any, Any]]) -> "_Begun":
        if self._loop is None:
            self._loop = self._turning()
        return _Begun.on(self._loop, work)

    def _turning(self) -> asyncio.AbstractEventLoop:
        """Return a new event loop that a thread runs."""
        loop = asyncio.new_event_loop()
        name = f"plug-in {self._name} loop"
        try:
            Thread(target=_turn, args=(loop,), name=name, daemon=True).start()
        except RuntimeError:
            loop.close()
            raise
        return loop

    def _free(self, worker: "_Worker") -> None:
        with self._lock:
            self._idle.append(worker)

    def close(self) -> None:
        """End all threads that are idle; those that hang are left."""
        with self._lock:
            for worker in self._idle:
                worker.dismiss()
            self._idle.clear()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped; what still waits there then is cancelled."""
    try:
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


class _Begun:
    """A call that is under way; it is done when the plug-in's code has ended."""

    def __init__(self, done: "Future[Any]") -> None:
        self.done = done
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    @classmethod
    def on(cls, loop: asyncio.AbstractEventLoop, work: Work[Coroutine[Any, Any, Any]]) -> "_Begun":
        """Begin a coroutine on the loop of another thread."""
        one = cls(Future())
        one._loop = loop

        def begin() -> None:
            one._task = loop.create_task(work())
            one._task.add_done_callback(one._ended)

        loop.call_soon_threadsafe(begin)
        return one

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        if task.cancelled():
            self.done.set_exception(Ended("it was cancelled"))
        elif (error := task.exception()) is not None:
            self.done.set_exception(_carried(error))
        else:
            self.done.set_result(task.result())

    def cancel(self) -> None:
        """Cancel a coroutine; a thread learns nothing of it, and goes on."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())


def _forget(waiting: "asyncio.Future[Any]") -> None:
    """Take what nobody waits for any more, so that nobody complains of it."""
    if not waiting.cancelled():
        waiting.exception()


def _carried(error: BaseException) -> Exception:
    """Return an exception as the one who waits for it can be given it.

    An exit would end the server, a cancellation the request, and asyncio refuses StopIteration.
    """
    if isinstance(error, Exception) and not isinstance(error, StopIteration | CancelledError):
        return error
    ended = Ended(f"it raised {type(error).__name__}")
    ended.__cause__ = error
    return ended


def _at_once(given: T) -> T:
    """Return what a plain function gave; nobody would wait for it."""
    if inspect.iscoroutine(given):
        given.close()
    if inspect.isawaitable(given):
        raise Unawaited("a plain function gave an awaitable, and is no coroutine function")
    return given


async def _awaited(
    function: Callable[..., Any], arguments: tuple[Any, ...], finish: Callable[[Any], T]
) -> T:
    try:
        return finish(await function(*arguments))
    except (SystemExit, KeyboardInterrupt) as error:  # they would end the loop
        raise _carried(error) from error


async def _gathered(
    function: Callable[..., Any], arguments: tuple[Any, ...], finish: Callable[[Any], T]
) -> T:
    async def gather() -> list[Any]:
        return [one async for one in function(*arguments)]

    return await _awaited(gather, (), finish)


class _Worker:
    """One thread that does one thing after the other."""

    def __init__(self, name: str, free: Callable[["_Worker"], None]) -> None:
        self._free = free
        self._jobs: SimpleQueue[tuple[Work[Any], Future[Any]] | None] = SimpleQueue()
        Thread(target=self._run, name=f"plug-in {name}", daemon=True).start()

    def do(self, work: Work[T]) -> "Future[T]":
        """Do it as soon as the thread has started."""
        future: Future[T] = Future()
        self._jobs.put((work, future))
        return future

    def dismiss(self) -> None:
        """End the thread."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, future = job
            self._do(work, future)
            del job, work, future  # they hold what was made

    def _do(self, work: Work[Any], future: "Future[Any]") -> None:
        future.set_running_or_notify_cancel()
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 (a plug-in's; an exit would end the thread)
            self._free(self)
            future.set_exception(_carried(error))
        else:
            self._free(self)
            future.set_result(result)


def within(name: str, seconds: float, work: Work[T]) -> T:
    """Do something of a plug-in before there is a loop; raises Late, and whatever it raises.

    An exit and what else would end the server becomes Ended.
    """
    future = _Worker(name, _Worker.dismiss).do(work)
    if not wait((future,), seconds).done:
        raise Late(f"it did not end within {seconds:g} s")
    return future.result()
