"""CIM objects, which one change at a time may change (objects.Keeper)."""

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

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Change them: nobody else does meanwhile."""
        async with self._lock:
            yield

    async def objects(self) -> Sequence[CIMObject]:
        """Read all objects, in the order in which they were made."""
        return await self._store.objects()

    async def write(
        self, made: Iterable[CIMObject] = (), removed: Iterable[ObjectKey] = ()
    ) -> None:
        """Remove objects, then write others; a write that was asked for is not given up."""
        await asyncio.shield(self._store.write_objects(made, removed))
