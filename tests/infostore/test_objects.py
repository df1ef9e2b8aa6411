"""CIM objects in the store: all or none, in the order of making, on both databases alike."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import pytest

from virtcim.infostore import Infostore
from virtcim.infostore.errors import DiskFull, InfostoreError
from virtcim.infostore.keeping import ObjectKeeper
from virtcim.infostore.objects import CIMObject, ObjectKey, ObjectKind

LONG = '<CLASS NAME="Ä"><QUALIFIER>' + "x" * 200_000 + "</QUALIFIER></CLASS>"


def made(name: str, text: str = "<CLASS/>", kind: ObjectKind = ObjectKind.CLASS) -> CIMObject:
    """Return an object."""
    return CIMObject(ObjectKey("root/a", kind, name), text)


def used(url: str, use: Callable[[Infostore], Awaitable[None]]) -> None:
    """Open the store, use it, close it."""

    async def run() -> None:
        store = Infostore(url)
        await store.open()
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(run())


def test_what_was_written_is_read_in_the_order_of_making(url: str) -> None:
    """By the next run, too; one that is written again stands behind the others."""
    rows = [made("b", LONG), made("a"), made("a", "<INSTANCE/>", ObjectKind.INSTANCE)]

    async def write(store: Infostore) -> None:
        await store.write_objects(rows)
        assert await store.objects() == rows

    async def change(store: Infostore) -> None:
        assert await store.objects() == rows
        await store.write_objects([made("c"), made("b", "<CLASS NAME='b'/>")], [rows[1].key])
        assert await store.objects() == [rows[2], made("c"), made("b", "<CLASS NAME='b'/>")]
        await store.write_objects(removed=[rows[1].key])  # it has gone already
        await store.write_objects()
        assert len(await store.objects()) == 3

    used(url, write)
    used(url, change)


def test_the_same_name_in_two_places(url: str) -> None:
    """A key is the namespace, the kind and the name."""

    async def use(store: Infostore) -> None:
        one, other = made("a"), CIMObject(ObjectKey("root/b", ObjectKind.CLASS, "a"), "<X/>")
        await store.write_objects([one, other])
        await store.write_objects(removed=[one.key])
        assert await store.objects() == [other]

    used(url, use)


def test_all_or_none(url: str) -> None:
    """What cannot be kept takes nothing with it."""

    async def use(store: Infostore) -> None:
        await store.write_objects([made("a")])
        with pytest.raises(InfostoreError):
            await store.write_objects([made("b"), made("c", None)], [made("a").key])  # type: ignore[arg-type]
        assert await store.objects() == [made("a")]

    used(url, use)


def test_one_change_at_a_time(url: str) -> None:
    """Who has the turn sees what the one before has written."""

    async def use(store: Infostore) -> None:
        keeper = ObjectKeeper(store)

        async def add() -> None:
            async with keeper.turn():
                count = len(await keeper.objects())
                await keeper.write([made(f"c{count}")])

        await asyncio.gather(*(add() for _ in range(5)))
        assert [one.key.name for one in await keeper.objects()] == [f"c{n}" for n in range(5)]

    used(url, use)


class Slow:
    """A store that writes when it is told to, or fails."""

    def __init__(self, fault: InfostoreError | None = None) -> None:
        self.written: list[CIMObject] = []
        self.fault = fault
        self.may = asyncio.Event()
        self.asked = asyncio.Event()

    async def objects(self) -> Sequence[CIMObject]:
        """Return what was written."""
        return self.written

    async def write_objects(
        self, made: Iterable[CIMObject] = (), removed: Iterable[ObjectKey] = ()
    ) -> None:
        """Write when it may."""
        self.asked.set()
        await self.may.wait()
        if self.fault is not None:
            raise self.fault
        gone = set(removed)
        self.written = [one for one in self.written if one.key not in gone] + [*made]


@pytest.mark.parametrize("fault", [None, DiskFull("store")])
def test_what_was_written_is_seen(fault: InfostoreError | None) -> None:
    """Who is cancelled while it writes ends its turn first; the next sees what came of it."""

    async def run() -> None:
        store, seen = Slow(fault), list[str]()
        keeper = ObjectKeeper(store)

        async def add(name: str) -> None:
            async with keeper.turn():
                assert len(seen) == len(store.written)
                await keeper.write([made(name)])
                seen.append(name)

        first = asyncio.create_task(add("a"))
        second = asyncio.create_task(add("b"))
        await store.asked.wait()
        for _ in range(2):
            first.cancel()
            await asyncio.sleep(0)
        assert not first.done()
        store.may.set()
        await asyncio.wait({first, second})
        assert first.cancelled()
        if fault is None:
            assert seen == ["a", "b"]
        else:
            assert second.exception() is fault

    asyncio.run(run())
