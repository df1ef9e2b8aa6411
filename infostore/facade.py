"""The infostore as the event loop sees it: awaitable, each call under a deadline.

One worker thread serves one call after the other, in the order of asking. A call that outlives its
deadline raises ``Late``; it goes on in the worker, and what is asked after it waits for it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from virtcim.infostore.errors import Closed, Late
from virtcim.infostore.gathering import Gathering
from virtcim.infostore.job_table import JobWrite
from virtcim.infostore.jobs import JobRecord
from virtcim.infostore.objects import CIMObject, ObjectKey
from virtcim.infostore.records import DomainRecord
from virtcim.infostore.store import Store

T = TypeVar("T")


class Infostore:
    """Durable records per (host, domain UUID). Every method raises leaves of InfostoreError."""

    def __init__(self, url: str, *, deadline_seconds: float = 15.0) -> None:
        # The lock time-out is the shorter: "locked" says more than "late".
        self._store = Store(url, busy_seconds=deadline_seconds / 3)
        self._deadline_seconds = deadline_seconds
        self._worker: ThreadPoolExecutor | None = None
        self._steps = Gathering(self._write_jobs)

    @property
    def place(self) -> str:
        """Name the store for people: a path, or a URL without password."""
        return self._store.place

    async def open(self) -> None:
        """Open the store; creates or migrates it as needed."""
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="infostore")
        try:
            await self._call(self._store.open)
        except BaseException:
            self._dismiss()
            raise

    async def close(self) -> None:
        """Finish what was asked for, then close; a second time does nothing."""
        if self._worker is not None:
            try:
                await self._call(self._store.close)
            finally:
                self._dismiss()

    async def records(self, host: str) -> Mapping[str, DomainRecord]:
        """Read every record of a host, by domain UUID."""
        return await self._call(lambda: self._store.records(host))

    async def put(self, host: str, uuid: str, record: DomainRecord) -> None:
        """Write one record over the former one; durable when this returns."""
        await self._call(lambda: self._store.put(host, {uuid: record}))

    async def put_all(self, host: str, records: Mapping[str, DomainRecord]) -> None:
        """Write records by domain UUID in one transaction; durable when this returns."""
        await self._call(lambda: self._store.put(host, records))

    async def remove(self, host: str, uuid: str) -> None:
        """Forget a domain; durable when this returns, and no error when it is not known."""
        await self._call(lambda: self._store.remove(host, [uuid]))

    async def jobs(self) -> list[JobRecord]:
        """Read every job, the oldest first."""
        return await self._call(self._store.jobs)

    async def write_job(self, write: JobWrite) -> None:
        """Write one step of a job; durable when this returns.

        Steps that are asked for while others are being written share a transaction: a disk that
        syncs a hundred times a second takes thousands of steps.
        """
        await self._steps.put(write)

    async def objects(self) -> list[CIMObject]:
        """Read every CIM object that clients made, in the order of making."""
        return await self._call(self._store.objects)

    async def write_objects(
        self, made: Iterable[CIMObject] = (), removed: Iterable[ObjectKey] = ()
    ) -> None:
        """Remove CIM objects, then write others: all, or none; durable when this returns."""
        rows, gone = list(made), list(removed)
        await self._call(lambda: self._store.write_objects(rows, gone))

    async def _write_jobs(self, writes: Sequence[JobWrite]) -> None:
        await self._call(lambda: self._store.write_jobs(writes))

    async def _call(self, work: Callable[[], T]) -> T:
        if self._worker is None:
            raise Closed(self.place)
        running = asyncio.get_running_loop().run_in_executor(self._worker, work)
        try:
            # Shielded: cancelling the caller must not take a queued write out of the queue.
            return await asyncio.wait_for(asyncio.shield(running), self._deadline_seconds)
        except TimeoutError:
            running.add_done_callback(_heard)
            raise Late(self.place, f"{self._deadline_seconds:g} seconds") from None

    def _dismiss(self) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=False)
            self._worker = None


def _heard(late: "asyncio.Future[T]") -> None:
    """Take the result that came after the deadline, so that asyncio does not report it lost."""
    if not late.cancelled():
        late.exception()
