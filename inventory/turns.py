"""Turns: who may change a domain. One at a time; others wait for a while, or are refused.

The rule: everything that changes a domain holds its turn from before it reads what it changes until
its effect can be read. A job holds it as long as it lives, and nobody waits for a job; a change is
waited for until it is handed over to one.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from virtcim.hypervisors.errors import Busy
from virtcim.hypervisors.model import DomainUUID

WAIT_SECONDS = 20.0
"""How long a change waits for another one; clients wait for their replies at least 30 s."""


@dataclass(frozen=True, slots=True)
class _Holder:
    """Who has a domain's turn; purpose is what others are told who have to wait."""

    purpose: str
    is_job: bool

    def refusal(self) -> Busy:
        """What others are told."""
        return Busy(f"{self.purpose} is under way")


@dataclass(slots=True, eq=False)
class _Queue:
    """Who holds a domain's turn, and who waits for it."""

    holder: _Holder
    waiting: deque[tuple["asyncio.Future[None]", _Holder]] = field(default_factory=deque)

    def refuse_all(self) -> None:
        """Let nobody wait any more."""
        for turn, _ in self.waiting:
            if not turn.done():
                turn.set_exception(self.holder.refusal())
        self.waiting.clear()


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
        await self.take(uuid, purpose)
        try:
            yield
        finally:
            self.release(uuid)

    async def take(self, uuid: DomainUUID, purpose: str) -> None:
        """Take the turn for one change, which gives it back by `release`; raises Busy as `held`."""
        await self._take(uuid, _Holder(purpose, is_job=False))

    async def claim(self, uuid: DomainUUID, purpose: str) -> None:
        """Take the turn for a job, which gives it back by `release`; raises Busy as `held`."""
        await self._take(uuid, _Holder(purpose, is_job=True))

    def hand_over(self, uuid: DomainUUID) -> None:
        """Let a turn that was taken for a change be that of a job from now on."""
        queue = self._queues[uuid]
        queue.holder = replace(queue.holder, is_job=True)
        queue.refuse_all()

    def release(self, uuid: DomainUUID) -> None:
        """Give the turn to who waits longest; when that is a job, nobody waits any more."""
        queue = self._queues[uuid]
        while queue.waiting:
            turn, holder = queue.waiting.popleft()
            if not turn.done():  # who waits has not given up
                queue.holder = holder
                turn.set_result(None)
                break
        else:
            del self._queues[uuid]
            return
        if queue.holder.is_job:
            queue.refuse_all()

    async def _take(self, uuid: DomainUUID, holder: _Holder) -> None:
        queue = self._queues.get(uuid)
        if queue is None:
            self._queues[uuid] = _Queue(holder)
            return
        if queue.holder.is_job:
            raise queue.holder.refusal()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiting.append((turn, holder))
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self.release(uuid)  # it came as we left
            if isinstance(error, TimeoutError):
                raise queue.holder.refusal() from None
            raise
