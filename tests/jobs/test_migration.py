"""The work of a migration against hypervisors that answer as a test says: each way to end."""

import asyncio
from dataclasses import replace
from typing import cast

import pytest

from tests.inventory.scripted import A, Store, facts
from tests.jobs.moving import ALIVE, WAITING, Scene, move, until
from virtcim.hypervisors.actions import (
    AutostartAt,
    BringBack,
    InspectDestination,
    JobStatistics,
    Migrate,
    MigrationFlag,
    ReadJob,
    RemoveLeftover,
    StartAt,
    StartPostCopy,
)
from virtcim.hypervisors.errors import (
    ConnectionFailed,
    ConnectionLost,
    HypervisorError,
    HypervisorFailure,
)
from virtcim.hypervisors.model import DomainState, Verb
from virtcim.infostore.errors import DiskFull
from virtcim.infostore.jobs import JSON
from virtcim.infostore.records import DomainRecord
from virtcim.jobs import Failed, JobFailed, Verdict, finding, migration
from virtcim.jobs.migration import Phase, recoverer
from virtcim.jobs.moves import MoveType
from virtcim.jobs.whereabouts import Place


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    for name in ("ASK_SECONDS", "PATIENT_SECONDS"):
        monkeypatch.setattr(finding, name, 0.001)
    for name in ("ASK_SECONDS", "POLL_SECONDS", "PATIENT_SECONDS"):
        monkeypatch.setattr(migration, name, 0.001)


def test_it_moves() -> None:
    """What is noted, what goes along, what is shown."""
    scene = Scene(move(autostart=True))
    assert scene.result() == {}
    assert scene.run.record.notes["phase"] == Phase.TRANSFER.value
    assert scene.here.listing.domains == {}
    assert scene.there.record_of(A) == DomainRecord(weight=7)
    assert scene.here.record_of(A) == DomainRecord()
    assert scene.count(AutostartAt) == 1
    assert scene.count(StartAt) == 0


def test_what_did_not_go_along_is_said() -> None:
    """A migration that has moved the domain has not failed."""
    scene = Scene(move(autostart=True))
    scene.source.fail[AutostartAt] = HypervisorFailure("no")
    assert scene.result() == {"Warnings": ["the domain does not start with its new host: no"]}


@pytest.mark.parametrize("error", [ConnectionLost("lost"), HypervisorFailure("internal")])
def test_an_error_after_the_move_is_none(error: HypervisorError) -> None:
    """The domain has arrived: what is left of it at the source is cleared away."""
    scene = Scene(move())

    def after() -> None:
        scene.source.there = ALIVE
        scene.source.now[A] = replace(facts(A), state=WAITING[0], reason=WAITING[1])

    scene.source.lost(error, after)
    assert scene.result() == {}
    assert scene.source.now == {}
    assert scene.source.there is ALIVE


def test_what_is_left_there_is_removed() -> None:
    """The domain runs on, and waits for nothing at the destination."""
    scene = Scene(move())
    scene.source.lost(
        HypervisorFailure("no space"), lambda: setattr(scene.source, "there", WAITING)
    )
    assert scene.failure() == "Migration Failed: no space"
    assert scene.source.there is None
    assert A in scene.source.now


def test_a_repair_is_tried_until_it_is_made() -> None:
    """The job lives as long as the domain is not at one place."""
    scene = Scene(move())
    scene.source.lost(HypervisorFailure("x"), lambda: setattr(scene.source, "there", WAITING))
    scene.source.fail[RemoveLeftover] = HypervisorFailure("not now")

    async def whole() -> None:
        playing = asyncio.create_task(scene.play())
        await until(lambda: scene.count(RemoveLeftover) >= 3)
        assert not playing.done()
        del scene.source.fail[RemoveLeftover]
        with pytest.raises(JobFailed):
            await playing

    asyncio.run(whole())
    assert scene.source.there is None


def test_nobody_knows_until_somebody_answers() -> None:
    """Then it is over."""
    scene = Scene(move())

    def after() -> None:
        scene.source.connected = False

    scene.source.lost(ConnectionLost("x"), after)

    async def whole() -> None:
        playing = asyncio.create_task(scene.play())
        await until(lambda: scene.count(ReadJob) >= 5)
        assert not playing.done()
        scene.source.connected = True
        with pytest.raises(JobFailed, match="Migration Failed: x"):
            await playing

    asyncio.run(whole())


def test_a_client_may_give_it_up() -> None:
    """After a while, when nobody answers; the job says what is known."""
    scene = Scene(move())

    def after() -> None:
        scene.source.reachable = False
        scene.source.now[A] = replace(facts(A), state=DomainState.SHUTOFF, id=None)

    scene.source.lost(HypervisorFailure("x"), after)
    scene.migration._given_up.set()
    assert scene.failure() == (
        f"given up: the domain is {Place.OFF} at the source, and {Place.UNKNOWN} at the destination"
    )


def test_what_cannot_be_put_right_is_left_alone() -> None:
    """And said."""
    scene = Scene(move())
    scene.source.lost(HypervisorFailure("x"), lambda: setattr(scene.source, "there", ALIVE))
    assert scene.failure() == (
        "Migration Failed: the domain is active at the source, and active at the destination"
    )
    assert scene.count(RemoveLeftover) == 0


def test_nothing_begun_needs_no_search() -> None:
    """A destination that cannot be reached has not changed anything."""
    scene = Scene(move())
    scene.source.lost(ConnectionFailed("no route"), lambda: None)
    assert scene.failure() == "Migration Failed: no route"
    assert scene.count(ReadJob) == 0


def test_who_is_there_already() -> None:
    """Nothing is begun, and nobody is removed."""
    scene = Scene(move())
    scene.source.there, scene.source.is_off_there = ALIVE, True
    assert scene.failure() == "Remote already has domain `a'"
    assert scene.count(Migrate) == scene.count(RemoveLeftover) == 0


def test_what_cannot_be_noted_is_not_begun() -> None:
    """A guest that was shut down for it runs again."""
    scene = Scene(move(MoveType.RESTART))
    note = scene.run.note

    async def full(status: str | None = None, **notes: JSON) -> None:
        if notes.get("phase") == Phase.TRANSFER.value:
            raise DiskFull("store")
        await note(status, **notes)

    scene.run.note = full  # type: ignore[method-assign]
    assert "no space is left" in scene.failure()
    assert scene.count(Migrate) == 0
    assert scene.source.now[A].state is DomainState.RUNNING


# Restart


def test_a_restart() -> None:
    """Down here, up there."""
    scene = Scene(move(MoveType.RESTART))
    assert scene.result() == {}
    assert scene.source.verbs_done == [Verb.SHUTDOWN]
    (migrated,) = (one for one in scene.source.done if isinstance(one, Migrate))
    assert MigrationFlag.OFFLINE in migrated.flags
    assert (scene.source.there, scene.source.is_off_there) == (ALIVE, False)


def test_a_restart_that_cannot_move() -> None:
    """The guest runs again where it was."""
    scene = Scene(move(MoveType.RESTART))
    scene.source.lost(HypervisorFailure("x"), lambda: None)
    assert scene.failure() == "Migration Failed: x"
    assert scene.source.verbs_done == [Verb.SHUTDOWN, Verb.START]
    assert scene.source.now[A].state is DomainState.RUNNING


def test_a_restart_that_cannot_start() -> None:
    """It comes back; where it cannot, the job says where it is."""
    scene = Scene(move(MoveType.RESTART))
    scene.source.fail[StartAt] = HypervisorFailure("no disk")
    assert scene.failure() == "Failed to start domain on remote host: no disk"
    assert scene.source.now[A].state is DomainState.RUNNING
    assert scene.source.there is None
    scene = Scene(move(MoveType.RESTART))
    scene.source.fail |= {StartAt: HypervisorFailure("no disk"), BringBack: HypervisorFailure("x")}
    assert scene.failure() == (
        "Failed to start domain on remote host: no disk; it stays there, and is off: x"
    )


def test_a_guest_does_not_wait_for_a_destination() -> None:
    """It runs again here; what may be there is removed as soon as the destination answers."""
    scene = Scene(move(MoveType.RESTART))

    def after() -> None:
        scene.source.reachable = False
        scene.source.there, scene.source.is_off_there = ALIVE, True

    scene.source.lost(HypervisorFailure("x"), after)

    async def whole() -> None:
        playing = asyncio.create_task(scene.play())
        await until(lambda: scene.source.verbs_done == [Verb.SHUTDOWN, Verb.START])
        asked = scene.count(InspectDestination)
        await until(lambda: scene.count(InspectDestination) > asked + 5)
        assert not playing.done()
        scene.source.reachable = True
        with pytest.raises(JobFailed, match="Migration Failed: x"):
            await playing

    asyncio.run(whole())
    assert scene.source.there is None
    assert scene.source.now[A].state is DomainState.RUNNING


def test_a_guest_that_cannot_run_again() -> None:
    """The job says both: why it did not move, and that it is off."""
    scene = Scene(move(MoveType.RESTART))
    scene.source.lost(ConnectionFailed("no route"), lambda: None)
    scene.source.cannot_start = True
    assert scene.failure() == (
        "Migration Failed: no route; it is off, and cannot be started again: no memory"
    )


def test_a_restart_is_given_up_while_the_guest_ends() -> None:
    """And the guest runs on."""
    scene = Scene(move(MoveType.RESTART))
    scene.source.is_deaf = True
    scene.migration._given_up.set()
    assert scene.failure() == "given up while the guest was shutting down"


# Watching


def test_post_copy_begins_after_one_pass() -> None:
    """Once."""
    scene = Scene(move(flags=frozenset({MigrationFlag.POSTCOPY})))
    first = JobStatistics(data_processed=1, data_remaining=3, iteration=1)
    scene.source.jobs = [None, first, *(replace(first, iteration=2) for _ in range(3))]

    async def migrate() -> None:
        await until(lambda: not scene.source.jobs)
        await scene.source.arrive()

    scene.source.migrate = migrate
    assert scene.result() == {}
    assert scene.count(StartPostCopy) == 1
    assert scene.run.shown[0]["percent"] == 25
    assert scene.run.shown[0]["iteration"] == 1


def test_at_the_end_nothing_remains() -> None:
    """As the hypervisor tells what it was in all, or because it has arrived."""
    known = Scene(move())
    known.source.finished_job = JobStatistics(
        data_total=9, data_processed=9, data_remaining=5, downtime_ms=3
    )
    assert known.result() == {}
    told = ("data_total", "data_processed", "data_remaining", "downtime_ms")
    assert [known.run.shown[-1][name] for name in told] == [9, 9, 0, 3]
    unknown = Scene(move(flags=frozenset({MigrationFlag.POSTCOPY})))
    assert unknown.result() == {}
    assert unknown.run.shown == [{"percent": 100, "data_remaining": 0}]
    without_memory = Scene(move(MoveType.OFFLINE))
    assert without_memory.result() == {}
    assert without_memory.run.shown == []


# After a crash


def test_a_new_server_goes_on() -> None:
    """From each phase that was noted."""
    arrived = Scene(move(MoveType.RESTART), Phase.TRANSFER)
    arrived.source.there, arrived.source.is_off_there = ALIVE, True
    del arrived.source.now[A]
    assert arrived.result() == {}
    assert not arrived.source.is_off_there
    moved = Scene(move(), Phase.TRANSFER)
    moved.source.there = ALIVE
    del moved.source.now[A]
    moved.source.jobs = [JobStatistics(data_processed=1)]
    assert moved.result() == {}
    assert [one["data_remaining"] for one in moved.run.shown] == [0, 0]
    stayed = Scene(move(), Phase.TRANSFER)
    assert "the server ended while it was under way" in stayed.failure()
    begun = Scene(move(MoveType.RESTART), Phase.BEGINNING)
    assert begun.result() == {}


def test_what_was_recovered_twice_is_moved_once() -> None:
    """A record that went along before the crash is not written over."""
    scene = Scene(move(), Phase.TRANSFER)
    scene.source.there = ALIVE
    del scene.source.now[A]
    cast("Store", scene.here._memory._store).held = {}
    cast("Store", scene.there._memory._store).held = {A: DomainRecord(weight=7)}
    assert scene.result() == {}
    assert scene.there.record_of(A) == DomainRecord(weight=7)


def test_what_had_noted_nothing_has_done_nothing() -> None:
    """There is nothing to go on with."""
    scene = Scene(move())

    async def ask() -> Verdict:
        return await recoverer({})(scene.run.record, scene.here)

    assert isinstance(asyncio.run(ask()), Failed)


def test_a_guest_that_was_shut_down_before_a_crash_is_started_again() -> None:
    """Also when the destination cannot even be looked at any more."""
    scene = Scene(move(MoveType.RESTART), Phase.BEGINNING)
    scene.source.now[A] = replace(facts(A), state=DomainState.SHUTOFF, id=None)
    scene.source.reachable = False
    assert "unreachable" in scene.failure()
    assert scene.source.verbs_done == [Verb.START]


def test_an_answer_that_was_lost_after_the_start_is_no_failure() -> None:
    """The guest runs at the destination, whatever became of the call."""
    scene = Scene(move(MoveType.RESTART))
    scene.source.fail[StartAt] = ConnectionLost("gone")
    arrive = scene.source.migrate

    async def arrive_and_run() -> None:
        await arrive()
        scene.source.is_off_there = False

    scene.source.migrate = arrive_and_run
    assert scene.result() == {}
    assert scene.count(BringBack) == 0


def test_a_migration_that_goes_on_waits_for_the_turn_at_the_destination() -> None:
    """Somebody else has it after a crash; the domain is where it is, and must be found."""
    scene = Scene(move(), Phase.TRANSFER)

    async def whole() -> None:
        await scene.there.turns.claim(A, "another job")
        playing = asyncio.create_task(scene.play())
        await asyncio.sleep(0.02)
        assert not playing.done()
        scene.there.turns.release(A)
        with pytest.raises(JobFailed):
            await playing

    asyncio.run(whole())
