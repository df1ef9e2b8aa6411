"""The work of a migration against hypervisors that answer as a test says: each way to end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.inventory.scripted import A, Scripted, Store, facts
from tests.jobs.scenes import Clock
from virtcim.hypervisors.actions import (
    AbortJob,
    Action,
    AutostartAt,
    BringBack,
    DestinationFacts,
    DomainThere,
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
    InvalidState,
)
from virtcim.hypervisors.model import DomainState, StateReason, Verb
from virtcim.infostore.errors import DiskFull
from virtcim.infostore.jobs import JSON, JobKind, JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.inventory import Host
from virtcim.jobs import Failed, JobFailed, Verdict, finding, migration
from virtcim.jobs.migration import Migration, Phase, recoverer
from virtcim.jobs.moves import Move, MoveType
from virtcim.jobs.whereabouts import Place

WAITING = (DomainState.PAUSED, StateReason.MIGRATION)
ALIVE = (DomainState.RUNNING, StateReason.MIGRATED)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once."""
    for name in ("ASK_SECONDS", "PATIENT_SECONDS"):
        monkeypatch.setattr(finding, name, 0.001)
    for name in ("ASK_SECONDS", "POLL_SECONDS", "PATIENT_SECONDS"):
        monkeypatch.setattr(migration, name, 0.001)


class Source(Scripted):
    """A source whose destination is played, too; `there` is the domain at it, None means none.

    migrate: what the migration does; raises what it raises. fail: errors by kind of action.
    """

    def __init__(self) -> None:
        super().__init__(facts(A))
        self.there: tuple[DomainState, StateReason] | None = None
        self.is_off_there = False
        self.reachable = True
        self.is_deaf = False
        self.migrate: Callable[[], Awaitable[None]] = self.arrive
        self.fail: dict[type[Action[Any]], HypervisorError] = {}
        self.jobs: list[JobStatistics | None] = []
        self.done: list[Action[Any]] = []
        self.verbs_done: list[Verb] = []

    async def arrive(self) -> None:
        """The domain moves, as libvirt says it does."""
        self.there = ALIVE
        self.is_off_there = self.now[A].id is None
        del self.now[A]

    def lost(self, error: HypervisorError, after: Callable[[], None]) -> None:
        """Let the migration end with an error, and the world be so."""

        async def migrate() -> None:
            after()
            raise error

        self.migrate = migrate

    async def change(self, uuid: Any, verb: Verb, *, deadline: float | None = None) -> None:
        """Start and stop it."""
        self.verbs_done.append(verb)
        if verb is Verb.SHUTDOWN and self.is_deaf:
            return
        if verb is Verb.SHUTDOWN:
            self.now[A] = replace(self.now[A], state=DomainState.SHUTOFF, id=None)
        elif verb in {Verb.START, Verb.RESUME}:
            if self.now[A].id is not None and self.now[A].state is DomainState.RUNNING:
                raise InvalidState("it runs")
            self.now[A] = replace(self.now[A], state=DomainState.RUNNING, id=1)
        else:
            await super().change(uuid, verb, deadline=deadline)

    async def perform(self, action: Action[Any], *, deadline: float | None = None) -> Any:  # noqa: ARG002
        """Do what hypervisors do."""
        self.done.append(action)
        if not self.connected:
            raise ConnectionLost("gone")
        if type(action) in self.fail:
            raise self.fail[type(action)]
        return await DOINGS[type(action)](self, action)


async def _inspect(source: Source, action: InspectDestination) -> DestinationFacts:
    if not source.reachable:
        raise ConnectionFailed("unreachable")
    there = None
    if source.there is not None:
        state, reason = source.there
        there = DomainThere(
            name=action.name, uuid=A, state=state, reason=reason,
            active=not source.is_off_there, persistent=True,
        )  # fmt: skip
    return DestinationFacts(
        hostname="there", hypervisor_type="S", version=(1, 0, 0), host_uuid=None,
        same_uuid=there, same_name=there,
    )  # fmt: skip


async def _migrate(source: Source, _action: Migrate) -> None:
    await source.migrate()


async def _read_job(source: Source, _action: ReadJob) -> JobStatistics | None:
    return source.jobs.pop(0) if source.jobs else None


async def _remove(source: Source, action: RemoveLeftover) -> None:
    if action.uri is None:
        source.now.pop(A, None)
    else:
        source.there = None


async def _start(source: Source, _action: StartAt) -> None:
    source.is_off_there = False


async def _bring_back(source: Source, _action: BringBack) -> None:
    source.there = None
    source.now[A] = replace(facts(A), state=DomainState.SHUTOFF, id=None)


async def _nothing(_source: Source, _action: object) -> None:
    pass


DOINGS: Mapping[type[Action[Any]], Callable[[Source, Any], Awaitable[Any]]] = {
    InspectDestination: _inspect,
    Migrate: _migrate,
    ReadJob: _read_job,
    RemoveLeftover: _remove,
    StartAt: _start,
    BringBack: _bring_back,
    AutostartAt: _nothing,
    AbortJob: _nothing,
    StartPostCopy: _nothing,
}


class Run:
    """What the engine gives to work."""

    def __init__(self, notes: Mapping[str, JSON]) -> None:
        now = Clock()()
        self.record = JobRecord(
            id="j", host="h", kind=JobKind.MIGRATION, domain=A, domain_name="a", name="Migration",
            method="M", owner="-", state=4, status="", submitted=now, changed=now, notes=notes,
        )  # fmt: skip
        self.shown: list[dict[str, JSON]] = []

    async def note(self, status: str | None = None, **notes: JSON) -> None:  # noqa: ARG002
        """Remember."""
        self.record = replace(self.record, notes={**self.record.notes, **notes})

    def progress(self, percent: int, **details: JSON) -> None:
        """Show."""
        self.shown.append({"percent": percent, **details})


def move(kind: MoveType = MoveType.LIVE, **given: Any) -> Move:
    """Return a migration of the one domain."""
    usual: dict[str, Any] = {"uuid": A, "name": "a", "destination": "qemu+tcp://b/system",
                             "place": "b"}  # fmt: skip
    return Move(type=kind, **(usual | given))


async def until(claim: Callable[[], bool]) -> None:
    """Wait for the claim, not for ever."""
    async with asyncio.timeout(60):
        while not claim():  # noqa: ASYNC110 - the claim may be about anything
            await asyncio.sleep(0.001)


class Scene:
    """One migration between two hosts."""

    def __init__(self, wanted: Move, phase: Phase | None = None) -> None:
        self.source, self.target = Source(), Scripted()
        self.here = Host("h", self.source, Store({A: DomainRecord(weight=7, migrating=True)}),
                         prefix="S", namespace="n")  # fmt: skip
        self.there = Host("t", self.target, Store(), prefix="S", namespace="m")
        notes: dict[str, JSON] = {} if phase is None else {"phase": phase.value}
        self.run = Run(notes)
        self.migration = Migration(wanted, self.here, self.there)

    async def play(self) -> dict[str, Any]:
        """Do it."""
        await self.here.start()
        await self.there.start()
        try:
            return dict(await self.migration.work(self.run))
        finally:
            await self.here.close()
            await self.there.close()

    def result(self) -> dict[str, Any]:
        """Return what comes of it."""
        return asyncio.run(self.play())

    def failure(self) -> str:
        """Return how it fails."""
        with pytest.raises(JobFailed) as caught:
            asyncio.run(self.play())
        return caught.value.error.reason

    def count(self, kind: type[Action[Any]]) -> int:
        """Return how often something was done."""
        return sum(type(one) is kind for one in self.source.done)


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
    with pytest.raises(DiskFull):
        asyncio.run(scene.play())
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
    assert len(moved.run.shown) == 1
    stayed = Scene(move(), Phase.TRANSFER)
    assert "the server ended while it was under way" in stayed.failure()
    begun = Scene(move(MoveType.RESTART), Phase.BEGINNING)
    assert begun.result() == {}


def test_what_was_recovered_twice_is_moved_once() -> None:
    """A record that went along before the crash is not written over."""
    scene = Scene(move(), Phase.TRANSFER)
    scene.source.there = ALIVE
    del scene.source.now[A]
    cast("Store", scene.here._store).held = {}
    cast("Store", scene.there._store).held = {A: DomainRecord(weight=7)}
    assert scene.result() == {}
    assert scene.there.record_of(A) == DomainRecord(weight=7)


def test_what_had_noted_nothing_has_done_nothing() -> None:
    """There is nothing to go on with."""
    scene = Scene(move())

    async def ask() -> Verdict:
        return await recoverer({})(scene.run.record, scene.here)

    assert isinstance(asyncio.run(ask()), Failed)
