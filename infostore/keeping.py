"""CIM objects, which one change at a time may change (objects.Keeper).

The rule: what was written is seen. Who is cancelled while a write is under way ends the turn, so
that the change is shown, and is cancelled then; the store's own deadline says how long that takes.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from virtcim.infostore.objects import CIMObject, ObjectKey


class ObjectStore(Protocol):
    """The infostore, as far as CIM objects need it."""

    async def objects(self) -> Sequence[CIMObject]:
        """Read all objects, in the order in which they were made."""

    async def write_objects(
        self, made: Iterable[CIMObject] = (), removed: Iterable[ObjectKey] = ()
    ) -> None:
        """Remove objects, then write others: all, or none; durable when this returns."""


class ObjectKeeper:
    """The objects of a store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._lock = asyncio.Lock()
        self._cancelled: asyncio.CancelledError | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Change them: nobody else does meanwhile."""
        async with self._lock:
            self._cancelled = None
            try:
                yield
            finally:
                if self._cancelled is not None:
                    raise self._cancelled

    async def objects(self) -> Sequence[CIMObject]:
        """Read all objects, in the order in which they were made."""
        return await self._store.objects()

    async def write(
        self, made: Iterable[CIMObject] = (), removed: Iterable[ObjectKey] = ()
    ) -> None:
        """Remove objects, then write others; a write that was asked for is not given up."""
        writing = asyncio.ensure_future(self._store.write_objects(made, removed))
        while not writing.done():
            try:
                await asyncio.wait({writing})
            except asyncio.CancelledError as error:
                self._cancelled = error
        writing.result()
