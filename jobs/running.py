"""Running: one job from its first step to its last.

The rules: how a job ends is its work's to say; a request to end it is no end, and is repeated until
the work has heard. The domain's turn is given back after the end is durable.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from virtcim.hypervisors.errors import HypervisorError
from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.job_table import DomainKey
from virtcim.infostore.jobs import JSON, NO_FACTS, JobKind, JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.host import Host
from virtcim.jobs.book import NO_DOMAINS, Book
from virtcim.jobs.failures import JobFailed, told
from virtcim.jobs.plans import Stop, Work
from virtcim.jobs.states import STATUS, JobRequest, check_transition
from virtcim.schema.valuemaps import JobState

log = structlog.get_logger("virtcim.jobs")

KILL_SECONDS = 15.0
"""How long work that is killed may take to hear of it."""
STOP_AGAIN_SECONDS = 0.5
RETRY_SECONDS = 2.0

ENDED_BY: Mapping[JobRequest | None, JobState] = {
    # how work that fails ends when it was asked to
    None:                 JobState.EXCEPTION,
    JobRequest.TERMINATE: JobState.TERMINATED,
    JobRequest.KILL:      JobState.KILLED,
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Live:
    """A job whose work goes on here.

    turns: of the domains that it has for itself.
    asked: how it was asked to end, and by whom. may_begin: cleared while it is suspended.
    has_slot: it has begun, or does so at this moment. ended: its last step.
    """

    id: str
    host: Host
    kind: JobKind
    domain: DomainUUID | None
    turns: tuple[DomainUUID, ...]
    work: Work
    stop: Stop | None
    migrating: bool
    asked: tuple[JobRequest, str] | None = None
    may_begin: asyncio.Event = field(default_factory=asyncio.Event)
    has_slot: bool = False
    task: "asyncio.Task[None] | None" = None
    stopping: "asyncio.Task[None] | None" = None
    ended: JobRecord | None = None

    @property
    def request(self) -> JobRequest | None:
        """How it was asked to end."""
        return None if self.asked is None else self.asked[0]

    def release(self) -> None:
        """Give the domains' turns back."""
        for uuid in self.turns:
            self.host.turns.release(uuid)

    def flags(
        self, *, migrating: bool, even_if_unset: bool = False
    ) -> Mapping[DomainKey, DomainRecord]:
        """Return the domain's record that goes with the first step, or with the last."""
        if self.domain is None or not self.migrating:
            return NO_DOMAINS
        record = self.host.record_of(self.domain)
        if not (migrating or even_if_unset or record.migrating):
            return NO_DOMAINS  # the domain has left, and its record with it
        return {(self.host.name, self.domain): replace(record, migrating=migrating)}

    def show(self, flags: Mapping[DomainKey, DomainRecord]) -> None:
        """Show records that are durable now."""
        for (_, uuid), record in flags.items():
            self.host.recorded(DomainUUID(uuid), record)


class Runner:
    """Takes jobs from state to state.

    at_once: how many of a kind, of one host, have their work done at the same time.
    """

    def __init__(self, book: Book, now: Callable[[], datetime], at_once: int) -> None:
        self.live: dict[str, Live] = {}
        self._book = book
        self._now = now
        self._at_once = at_once
        self._slots: dict[tuple[str, JobKind], asyncio.Semaphore] = {}
        self._closing = False

    def is_full(self, host: Host, kind: JobKind) -> bool:
        """Tell whether a new job of a host has to wait."""
        return self._slot(host, kind).locked()

    def go(self, live: Live) -> None:
        """Run a job that is in the book."""
        live.may_begin.set()
        self.live[live.id] = live
        live.task = asyncio.create_task(self._run(live))

    async def close(self) -> None:
        """Leave every job as it is."""
        self._closing = True
        lives = tuple(self.live.values())
        tasks = [task for one in lives for task in (one.task, one.stopping) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _slot(self, host: Host, kind: JobKind) -> asyncio.Semaphore:
        return self._slots.setdefault((host.name, kind), asyncio.Semaphore(self._at_once))

    async def _run(self, live: Live) -> None:
        slot = self._slot(live.host, live.kind)
        await self._wait_for(live, slot)
        try:
            state, changes = await self._outcome(live)
        finally:
            slot.release()
        await self.finish(live, state, **changes)

    async def _wait_for(self, live: Live, slot: asyncio.Semaphore) -> None:
        """Wait for a slot, and hold none while the job is suspended."""
        while True:
            await live.may_begin.wait()
            await slot.acquire()
            if live.may_begin.is_set():
                live.has_slot = True
                return
            slot.release()

    async def _outcome(self, live: Live) -> tuple[JobState, dict[str, object]]:
        try:
            await self._begin(live)
            result = await live.work(Handle(self._book, live.id))
        except asyncio.CancelledError:
            if self._closing:
                raise
            return JobState.KILLED, failed(1, "killed; the hypervisor may still be at work on it")
        except (HypervisorError, InfostoreError, JobFailed) as error:
            return self._failure(live, error)
        except Exception:  # a defect must end the job, not the server
            log.exception("job_defect", job=live.id)
            return JobState.EXCEPTION, failed(1, "internal error; the server's log has more")
        return JobState.COMPLETED, {"result": result or {}, "percent": 100}

    async def _begin(self, live: Live) -> None:
        if self._book.record(live.id).state == JobState.NEW:
            await self.step(live.id, JobState.STARTING)
        if self._book.record(live.id).state == JobState.STARTING:
            await self.step(live.id, JobState.RUNNING, started=self._now())

    def _failure(self, live: Live, error: Exception) -> tuple[JobState, dict[str, object]]:
        state = ENDED_BY[live.request]
        if live.asked is None:
            return state, failed(*told(error))
        sentence = f"{STATUS[state].lower()} at the request of {live.asked[1]}"
        if isinstance(error, JobFailed):  # how the work left the domain
            sentence += f": {error.error.reason}"
        return state, failed(1, sentence)

    async def finish(self, live: Live, state: JobState, **changes: object) -> None:
        """Write the end; a store that fails is asked until it does not, since the end is a fact."""
        if live.stopping is not None:
            live.stopping.cancel()
        flags = live.flags(migrating=False)
        changes["notes"] = NO_FACTS  # they were for its work, and may hold secrets
        try:
            record = await self._last_step(live, state, flags, changes)
            live.show(flags)
            live.ended = record
            log.info("job_ended", job=live.id, state=state.name, error=record.error)
        finally:
            self.live.pop(live.id, None)
            live.release()

    async def _last_step(
        self,
        live: Live,
        state: JobState,
        flags: Mapping[DomainKey, DomainRecord],
        changes: dict[str, object],
    ) -> JobRecord:
        while True:
            try:
                return await self.step(live.id, state, flags, ended=self._now(), **changes)
            except InfostoreError as error:
                log.warning("job_not_written", job=live.id, error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            except (TypeError, ValueError):  # a defect: what came of it cannot be written
                log.exception("job_defect", job=live.id)
                if changes.get("result") == {}:
                    raise
                changes = {**changes, "result": {}, "details": {}}

    async def step(
        self,
        job_id: str,
        state: JobState,
        flags: Mapping[DomainKey, DomainRecord] = NO_DOMAINS,
        **changes: object,
    ) -> JobRecord:
        """Take a job to a state; raises InfostoreError, IllegalTransition."""

        def make(record: JobRecord) -> JobRecord:
            check_transition(JobState(record.state), state)
            stepped = {"state": state, "changed": self._now(), "status": STATUS[state]}
            return replace(record, **(stepped | changes))  # type: ignore[arg-type]

        return await self._book.change(job_id, make, flags)

    def end(self, live: Live) -> None:
        """Begin to ask a job's work to end."""
        if live.stopping is None or live.stopping.done():
            live.stopping = asyncio.create_task(self._stop(live))

    async def _stop(self, live: Live) -> None:
        """Ask until it does, since it may be at a place where it cannot hear; then give it up."""
        killed_for, said = 0.0, False
        while killed_for < KILL_SECONDS and live.stop is not None:
            try:
                await live.stop()
            except HypervisorError as error:
                if not said:
                    log.info("job_does_not_stop_yet", job=live.id, error=str(error))
                said = True
            await asyncio.sleep(STOP_AGAIN_SECONDS)
            if live.request is JobRequest.KILL:
                killed_for += STOP_AGAIN_SECONDS
        if live.task is not None:
            live.task.cancel()


class Handle:
    """What the work of a job gets (plans.Run)."""

    def __init__(self, book: Book, job_id: str) -> None:
        self._book = book
        self._id = job_id

    @property
    def record(self) -> JobRecord:
        """The job as it is."""
        return self._book.record(self._id)

    async def note(self, status: str | None = None, **notes: JSON) -> None:
        """Remember this, durable on return."""

        def make(record: JobRecord) -> JobRecord:
            sentence = record.status if status is None else status
            return replace(record, notes={**record.notes, **notes}, status=sentence)

        await self._book.change(self._id, make)

    def progress(self, percent: int, **details: JSON) -> None:
        """Show how far it is; never backwards, and 100 only at the end."""
        record = self.record
        shown = max(record.percent, min(percent, 99))
        self._book.show(replace(record, percent=shown, details={**record.details, **details}))


def failed(code: int, sentence: str) -> dict[str, object]:
    """Return the fields of a record that say how it failed."""
    return {"error_code": code, "error": sentence}
