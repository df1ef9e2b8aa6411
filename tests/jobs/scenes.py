"""Scenes with an engine over a real store, on hosts whose hypervisor is scripted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.inventory.scripted import A, B, Scripted, facts
from virtcim.infostore import Infostore
from virtcim.infostore.jobs import Facts, JobKind, JobRecord
from virtcim.inventory import Host
from virtcim.jobs import Engine, Plan, Recoverer, Run
from virtcim.jobs.book import Job
from virtcim.jobs.plans import Stop, Work
from virtcim.jobs.states import FINAL
from virtcim.schema.valuemaps import JobState

NO_RECOVERERS: Mapping[JobKind, Recoverer] = {}
PATIENT = 60


class Clock:
    """A time that passes when the test says so."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.time += timedelta(seconds=seconds)


class Stage:
    """One run of a server, as far as jobs are concerned: `crash` ends it without a farewell."""

    def __init__(self, store: Infostore, clock: Clock, at_once: int) -> None:
        self.store: Any = store  # tests put their own methods in it
        self.clock = clock
        self.engine = Engine(store, now=clock, at_once=at_once, answer_seconds=0.05)
        self.host = Host(
            "h", Scripted(facts(A), facts(B)), store, prefix="S", namespace="root/virt"
        )
        self.seen: list[tuple[JobState, str]] = []
        self.engine.on_change(self._saw)

    def _saw(self, _old: Job | None, new: Job | None) -> None:
        if new is not None:
            self.seen.append((JobState(new.record.state), new.record.id))

    def plan(self, work: Work, **given: Any) -> Plan:
        """Return a plan for a domain."""
        usual: dict[str, Any] = {
            "kind": JobKind.CONFIGURATION,
            "domain": A,
            "domain_name": "a",
            "name": "Change",
            "method": "ModifySomething",
            "owner": "anna",
        }
        return Plan(host=self.host, work=work, **(usual | given))

    def state(self, job: JobRecord) -> JobState:
        """Return the state of a job."""
        return JobState(self.engine.record(job.id).state)

    async def until(self, claim: Callable[[], bool]) -> None:
        """Wait for the claim, not for ever."""
        async with asyncio.timeout(PATIENT):
            while not claim():  # noqa: ASYNC110 - the claim may be about anything
                await asyncio.sleep(0.001)

    async def ended(self, job: JobRecord) -> JobRecord:
        """Wait for the end of a job, and until its turn has been given back."""
        await self.until(lambda: self.state(job) in FINAL)
        await self.until(lambda: str(job.domain) not in self.host.turns._queues)
        return self.engine.record(job.id)


class Gate:
    """Work that waits until it is let go, or told to fail."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.began = asyncio.Event()
        self.failure: Exception | None = None
        self.run: Run | None = None

    async def work(self, run: Run) -> Facts | None:
        """Wait."""
        self.run = run
        self.began.set()
        await self.go.wait()
        if self.failure is not None:
            raise self.failure
        return {"answer": 42}

    def stopper(self, failure: Exception) -> Stop:
        """Return what ends the work with a failure."""

        async def stop() -> None:
            self.failure = failure
            self.go.set()

        return stop


@asynccontextmanager
async def server(
    url: str,
    recoverers: Mapping[JobKind, Recoverer] = NO_RECOVERERS,
    *,
    clock: Clock | None = None,
    at_once: int = 8,
) -> AsyncIterator[Stage]:
    """One run of a server; what is unfinished when it ends is left as it is."""
    store = Infostore(url)
    await store.open()
    stage = Stage(store, clock or Clock(), at_once)
    await stage.engine.load(["h"])
    await stage.host.start()
    recovering = asyncio.create_task(stage.engine.recover([stage.host], recoverers))
    try:
        yield stage
    finally:
        recovering.cancel()
        await asyncio.gather(recovering, return_exceptions=True)
        await stage.engine.close()
        await stage.host.close()
        await store.close()


def play(tmp_path: Path, scene: Callable[[Stage], Awaitable[None]], **given: Any) -> None:
    """Play a scene on a server with an empty store."""

    async def whole() -> None:
        async with server(f"sqlite:///{tmp_path}/store.db", **given) as stage:
            await scene(stage)

    asyncio.run(whole())
