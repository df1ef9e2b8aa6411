"""Worker threads, each with a connection of its own, and calls with deadlines.

The rule: nobody waits for a call that outlived its deadline. Such a call costs its worker: the
thread is dismissed, and closes its connection and ends whenever the library lets it go. How many
threads may hang so is bounded; at the bound calls are refused instead of hanging more.

Own threads, because the standard executor joins its threads at exit and would hang with them.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from virtcim.hypervisors.errors import (
    Busy,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    HypervisorError,
)
from virtcim.hypervisors.libvirt.connections import Opener
from virtcim.hypervisors.libvirt.native import NativeConnection, is_alive

T = TypeVar("T")
Work = Callable[[NativeConnection], T]

_WORKER_IS_LOST = (DeadlineExceeded, ConnectionLost, ConnectionFailed, asyncio.CancelledError)


class FoundDead(ConnectionLost):
    """The connection had died before the call began: nothing was done."""


class _Job:
    __slots__ = ("future", "work")

    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.future: Future[Any] = Future()


class Worker:
    """One thread and, from its first call on, one connection."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._connection: NativeConnection | None = None
        self._farewell: Work[None] | None = None
        self.ended: Future[None] = Future()
        self.ended.set_running_or_notify_cancel()
        Thread(target=self._run, name="libvirt-worker", daemon=True).start()

    async def call(self, work: Work[T], deadline: float) -> T:
        """Run work in the thread; raises DeadlineExceeded after so many seconds, and its errors."""
        job = _Job(work)
        self._jobs.put(job)
        try:
            async with asyncio.timeout(deadline):
                result: T = await asyncio.wrap_future(job.future)
        except TimeoutError:
            raise DeadlineExceeded(f"no answer within {deadline:g} s") from None
        return result

    def dismiss(self, farewell: Work[None] | None = None) -> None:
        """End the thread after what it is doing; nothing waits for it.

        farewell: the last work on the connection, even on a dead one.
        """
        self._farewell = farewell
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if job.future.set_running_or_notify_cancel():
                self._do(job)
            del job  # it holds the last result
        if self._connection is not None:
            if self._farewell is not None:
                self._farewell(self._connection)
            self._opener.close(self._connection)
        self.ended.set_result(None)

    def _do(self, job: _Job) -> None:
        try:
            result = job.work(self._live_connection())
        except HypervisorError as error:
            # Tracebacks would keep native objects, and with them the connection, alive.
            error.__cause__ = error.__context__ = None
            job.future.set_exception(error.with_traceback(None))
        except BaseException as error:  # noqa: BLE001 - the caller's, whatever it is
            job.future.set_exception(error)
        else:
            job.future.set_result(result)

    def _live_connection(self) -> NativeConnection:
        if self._connection is None:
            self._connection = self._opener.open()
        elif not is_alive(self._connection):
            raise FoundDead("the connection to the hypervisor was closed")
        return self._connection


def _nothing(_connection: NativeConnection) -> None:
    """The first call only opens."""


class Crew:
    """All workers of one hypervisor, and the bound on those that hang."""

    def __init__(self, opener: Opener, most_stuck: int, open_deadline: float) -> None:
        self._opener = opener
        self._open_deadline = open_deadline
        self._most_stuck = most_stuck
        self._dismissed: list[Worker] = []

    @property
    def stuck(self) -> int:
        """How many dismissed threads have not ended."""
        self._dismissed = [worker for worker in self._dismissed if not worker.ended.done()]
        return len(self._dismissed)

    async def hire(self) -> Worker:
        """A new worker with an open connection; raises Busy at the bound, ConnectionFailed.

        No keep-alive guards an open, so it has a deadline of its own.
        """
        if self.stuck >= self._most_stuck:
            raise Busy(f"{self.stuck} calls of the hypervisor do not return")
        worker = Worker(self._opener)
        try:
            await worker.call(_nothing, self._open_deadline)
        except DeadlineExceeded as error:
            self.dismiss(worker)
            raise ConnectionFailed(f"no connection: {error.detail}") from None
        except BaseException:
            self.dismiss(worker)
            raise
        return worker

    def dismiss(self, worker: Worker, farewell: Work[None] | None = None) -> None:
        """Never use this worker again."""
        worker.dismiss(farewell)
        self._dismissed.append(worker)

    async def disband(self, seconds: float) -> None:
        """Give dismissed workers this long to end; those that hang are left."""
        ends = [asyncio.wrap_future(worker.ended) for worker in self._dismissed]
        if ends:
            _, hanging = await asyncio.wait(ends, timeout=seconds)
            for end in hanging:
                end.cancel()


class Pool:
    """A bounded number of workers that take calls as they come."""

    def __init__(self, crew: Crew, size: int) -> None:
        self._crew = crew
        self._idle: list[Worker] = []
        self._slots = asyncio.Semaphore(size)

    async def call(self, work: Work[T], deadline: float) -> T:
        """Run work on some worker, within `deadline` seconds including the wait for the worker.

        Raises Busy when no worker came free, DeadlineExceeded, ConnectionFailed, ConnectionLost,
        and what work raises.
        """
        end = asyncio.get_running_loop().time() + deadline
        try:
            async with asyncio.timeout(deadline):
                await self._slots.acquire()
        except TimeoutError:
            raise Busy(f"all workers were busy for {deadline:g} s") from None
        try:
            return await self._on_a_live_worker(work, end)
        finally:
            self._slots.release()

    def close(self) -> None:
        """Dismiss every idle worker."""
        while self._idle:
            self._crew.dismiss(self._idle.pop())

    async def _on_a_live_worker(self, work: Work[T], end: float) -> T:
        while True:
            worker = self._idle.pop() if self._idle else await self._crew.hire()
            try:
                result = await worker.call(work, end - asyncio.get_running_loop().time())
            except FoundDead:
                self._crew.dismiss(worker)
            except _WORKER_IS_LOST:
                self._crew.dismiss(worker)
                raise
            except BaseException:
                self._idle.append(worker)
                raise
            else:
                self._idle.append(worker)
                return result
