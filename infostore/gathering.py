"""Gathering: what is asked for while a write is under way is written together after it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Gathering(Generic[Item]):
    """Items in the order of asking, in as few writes as possible; a write's failure is theirs."""

    def __init__(self, write: Callable[[Sequence[Item]], Awaitable[None]]) -> None:
        self._write = write
        self._items: list[Item] = []
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> None:
        """Write it; raises what the write raises. Who is cancelled takes back nothing."""
        self._items.append(item)
        if self._next is None:
            self._next = asyncio.create_task(self._flush(self._running))
            self._next.add_done_callback(_heard)
        await asyncio.shield(self._next)

    async def _flush(self, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        items, self._items = self._items, []
        await self._write(items)


def _heard(write: "asyncio.Task[None]") -> None:
    """Take the failure that nobody waits for any more, so that asyncio does not report it lost."""
    if not write.cancelled():
        write.exception()
