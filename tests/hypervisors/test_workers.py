"""Workers, their deadlines, and whose connection is whose."""

import asyncio
import socket
from pathlib import Path
from threading import Event

import pytest

from virtcim.hypervisors.errors import (
    Busy,
    ConnectionFailed,
    DeadlineExceeded,
    HypervisorFailure,
    InvalidState,
)
from virtcim.hypervisors.libvirt.connections import KeepAlive, Opener
from virtcim.hypervisors.libvirt.eventloop import ensure_event_loop
from virtcim.hypervisors.libvirt.native import NativeConnection
from virtcim.hypervisors.libvirt.schemes import Sharing
from virtcim.hypervisors.libvirt.workers import Crew, Pool

SOON = 0.05


def crew(most_stuck: int = 2, uri: str = "test:///default") -> Crew:
    """Workers of the test driver, each with a connection of its own."""
    ensure_event_loop()
    return Crew(Opener(uri, Sharing.PER_WORKER, KeepAlive()), most_stuck, open_deadline=5.0)


def identity(connection: NativeConnection) -> int:
    """Which connection it is."""
    return id(connection)


def test_a_worker_keeps_its_connection() -> None:
    """Calls one after the other use one connection, also after an error of the hypervisor."""

    def refuse(_connection: NativeConnection) -> None:
        raise InvalidState("no")

    async def scene() -> None:
        people = crew()
        pool = Pool(people, 4)
        first = await pool.call(identity, 5)
        with pytest.raises(InvalidState):
            await pool.call(refuse, 5)
        assert await pool.call(identity, 5) == first
        pool.close()
        await people.disband(5)
        assert people.stuck == 0

    asyncio.run(scene())


def test_a_call_beyond_its_deadline_costs_its_worker_and_nothing_else() -> None:
    """Others go on meanwhile; at the bound calls are refused; the thread ends when it can."""
    release = Event()

    def hang(_connection: NativeConnection) -> None:
        release.wait()

    async def scene() -> None:
        people = crew(most_stuck=2)
        pool = Pool(people, 4)
        for stuck in (1, 2):
            with pytest.raises(DeadlineExceeded):
                await pool.call(hang, SOON)
            assert people.stuck == stuck
        with pytest.raises(Busy):
            await pool.call(identity, SOON)
        await people.disband(SOON)
        assert people.stuck == 2
        release.set()
        await people.disband(5)
        assert people.stuck == 0
        await pool.call(identity, 5)
        pool.close()
        await people.disband(5)

    asyncio.run(scene())


def test_a_cancelled_call_costs_its_worker() -> None:
    """Its thread may be anywhere in the library, so the next call gets another."""
    release, begun = Event(), Event()

    def hang(_connection: NativeConnection) -> None:
        begun.set()
        release.wait()

    async def scene() -> None:
        people = crew()
        pool = Pool(people, 1)
        call = asyncio.create_task(pool.call(hang, 60))
        await asyncio.to_thread(begun.wait)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await pool.call(identity, 5)
        release.set()
        pool.close()
        await people.disband(5)

    asyncio.run(scene())


def test_a_call_that_finds_no_worker_in_time_is_refused() -> None:
    """Busy: nothing was done."""
    release, begun = Event(), Event()

    def hang(_connection: NativeConnection) -> str:
        begun.set()
        release.wait()
        return "done"

    async def scene() -> None:
        people = crew()
        pool = Pool(people, 1)
        call = asyncio.create_task(pool.call(hang, 60))
        await asyncio.to_thread(begun.wait)
        with pytest.raises(Busy):
            await pool.call(identity, SOON)
        release.set()
        assert await call == "done"
        pool.close()
        await people.disband(5)

    asyncio.run(scene())


def test_a_failing_open_is_told_and_tried_again() -> None:
    """ConnectionFailed each time, and no thread is left."""

    async def scene() -> None:
        people = crew(uri="qemu+unix:///system?socket=/nowhere")
        pool = Pool(people, 1)
        for _ in range(3):
            with pytest.raises(ConnectionFailed) as caught:
                await pool.call(identity, 5)
            assert "/nowhere" in caught.value.detail
        await people.disband(5)
        assert people.stuck == 0

    asyncio.run(scene())


def test_an_open_has_a_deadline_of_its_own(tmp_path: Path) -> None:
    """A daemon that accepts and says nothing: ConnectionFailed, long before the call's deadline."""

    async def scene() -> None:
        ensure_event_loop()
        with socket.socket(socket.AF_UNIX) as mute:
            mute.bind(str(tmp_path / "mute"))
            mute.listen()
            opener = Opener(
                f"qemu+unix:///system?socket={tmp_path}/mute", Sharing.PER_WORKER, KeepAlive()
            )
            people = Crew(opener, 2, open_deadline=SOON)
            with pytest.raises(ConnectionFailed):
                await Pool(people, 1).call(identity, 3600)
            assert people.stuck == 1
        await people.disband(5)
        assert people.stuck == 0

    asyncio.run(scene())


def test_a_programming_error_keeps_its_traceback() -> None:
    """It is the caller's, and the worker lives on."""

    async def scene() -> None:
        people = crew()
        pool = Pool(people, 1)
        with pytest.raises(ZeroDivisionError):
            await pool.call(lambda _connection: 1 // 0, 5)
        await pool.call(identity, 5)
        pool.close()
        await people.disband(5)

    asyncio.run(scene())


def test_a_shared_connection_is_one_until_its_last_user_closes_it(tmp_path: Path) -> None:
    """The state of a test:///file.xml lives in it."""
    ensure_event_loop()
    path = tmp_path / "node.xml"
    path.write_text("<node/>")
    opener = Opener(f"test://{path}", Sharing.SHARED, KeepAlive())
    first, second = opener.open(), opener.open()
    assert first is second
    opener.close(first)
    assert second.isAlive()
    assert opener.open() is second
    opener.close(second)
    opener.close(second)
    assert opener.open() is not second


def test_separate_connections_are_separate() -> None:
    """Each open gives a new one."""
    ensure_event_loop()
    opener = Opener("test:///default", Sharing.PER_WORKER, KeepAlive())
    first, second = opener.open(), opener.open()
    assert first is not second
    opener.close(first)
    assert second.isAlive()
    opener.close(second)


def test_every_error_has_its_detail() -> None:
    """The hypervisor's own text."""
    assert HypervisorFailure("text").detail == str(HypervisorFailure("text")) == "text"
