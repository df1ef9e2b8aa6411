"""Turns: who may change a domain. One at a time; others wait for a while, or are refused.

The rule: everything that changes a domain holds its turn from before it reads what it changes until
its effect can be read. A job holds it as long as it lives, and nobody waits for a job.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from virtcim.hypervisors.errors import Busy
from virtcim.hypervisors.model import DomainUUID

WAIT_SECONDS = 20.0
"""How long a change waits for another one; clients wait for their replies at least 30 s."""


@dataclass(slots=True, eq=False)
class _Queue:
    """Who holds a domain's turn, and who waits for it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    holder: str = ""
    is_job: bool = False
    waiting: int = 0


class Turns:
    """The turns of the domains of one host."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._queues: dict[DomainUUID, _Queue] = {}

    @asynccontextmanager
    async def held(self, uuid: DomainUUID, purpose: str) -> AsyncIterator[None]:
        """Hold the turn for one change; `purpose` is what others are told who have to wait.

        Raises Busy when a job holds it, or when it did not come in time.
        """
        await self._take(uuid, purpose, is_job=False)
        try:
            yield
        finally:
            self.release(uuid)

    async def claim(self, uuid: DomainUUID, purpose: str) -> None:
        """Take the turn for a job, which gives it back by `release`; raises Busy as `held`."""
        await self._take(uuid, purpose, is_job=True)

    def release(self, uuid: DomainUUID) -> None:
        """Give the turn to who waits."""
        queue = self._queues[uuid]
        queue.lock.release()
        if not queue.waiting:
            del self._queues[uuid]

    async def _take(self, uuid: DomainUUID, purpose: str, *, is_job: bool) -> None:
        queue = self._queues.setdefault(uuid, _Queue())
        if queue.is_job and queue.lock.locked():
            raise Busy(f"{queue.holder} is under way")
        queue.waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                await queue.lock.acquire()
        except TimeoutError:
            raise Busy(f"{queue.holder} is under way") from None
        finally:
            queue.waiting -= 1
            if not queue.waiting and not queue.lock.locked():
                self._queues.pop(uuid, None)
        queue.holder, queue.is_job = purpose, is_job
