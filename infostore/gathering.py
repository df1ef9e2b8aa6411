"""Gathering: what is asked for while a write is under way is written together after it.

A write that fails for what one item holds costs the others nothing: they are written one by one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from virtcim.infostore.errors import Closed, DiskFull, Late, Locked, NotWritable

Item = TypeVar("Item")

_OF_THE_STORE = (Closed, DiskFull, Late, Locked, NotWritable)
"""What no item is to blame for."""


class Gathering(Generic[Item]):
    """Items in the order of asking, in as few writes as possible."""

    def __init__(self, write: Callable[[Sequence[Item]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> None:
        """Write it; raises what the write raises. Who is cancelled takes back nothing."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        written.add_done_callback(_heard)
        self._waiting.append((item, written))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        await asyncio.shield(written)

    async def _run(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting, []
                await self._write_all(together)
        finally:
            self._running = None

    async def _write_all(self, together: Sequence[tuple[Item, "asyncio.Future[None]"]]) -> None:
        try:
            await self._write([item for item, _ in together])
        except Exception as error:  # noqa: BLE001 - theirs who asked
            if len(together) > 1 and not isinstance(error, _OF_THE_STORE):
                for one in together:
                    await self._write_all([one])
                return
            for _, written in together:
                written.set_exception(error)
        else:
            for _, written in together:
                written.set_result(None)


def _heard(written: "asyncio.Future[None]") -> None:
    """Take the failure that nobody waits for any more, so that asyncio does not report it lost."""
    if not written.cancelled():
        written.exception()
