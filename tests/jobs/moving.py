"""Migrations against hypervisors that answer as a test says: both ends in one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

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
    ReadFinishedJob,
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
from virtcim.infostore.jobs import JSON, JobKind, JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.inventory import Host
from virtcim.jobs import JobFailed
from virtcim.jobs.migration import Migration, Phase
from virtcim.jobs.moves import Move, MoveType

WAITING = (DomainState.PAUSED, StateReason.MIGRATION)
ALIVE = (DomainState.RUNNING, StateReason.MIGRATED)


class Source(Scripted):
    """A source whose destination is played, too; `there` is the domain at it, None means none.

    migrate: what the migration does; raises what it raises. fail: errors by kind of action.
    """

    def __init__(self) -> None:
        super().__init__(facts(A))
        self.there: tuple[DomainState, StateReason] | None = None
        self.is_off_there = False
        self.reachable = True
        self.is_deaf = self.cannot_start = False
        self.migrate: Callable[[], Awaitable[None]] = self.arrive
        self.fail: dict[type[Action[Any]], HypervisorError] = {}
        self.jobs: list[JobStatistics | None] = []
        self.finished_job: JobStatistics | None = None
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
        elif verb is Verb.START and self.cannot_start:
            raise HypervisorFailure("no memory")
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


async def _read_finished_job(source: Source, _action: ReadFinishedJob) -> JobStatistics | None:
    return source.finished_job


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
    ReadFinishedJob: _read_finished_job,
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
