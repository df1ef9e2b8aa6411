"""The engine: starts jobs, hears what they are asked, finds them again and forgets them.

The rules: a job holds its domain's turn as long as it lives. A step is durable before it is seen,
and the first before anything is done.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import structlog

from virtcim.hypervisors.errors import Busy
from virtcim.infostore.errors import Late
from virtcim.infostore.jobs import DEFAULT_REMOVAL_SECONDS, Facts, JobKind, JobRecord
from virtcim.inventory.host import Host
from virtcim.jobs.book import Book, Job, JobListener, JobStore
from virtcim.jobs.plans import Plan, Recoverer
from virtcim.jobs.recovery import Recovery
from virtcim.jobs.removal import Remover
from virtcim.jobs.running import ENDED_BY, Live, Runner, failed
from virtcim.jobs.states import FINAL, STATUS, IllegalTransition, JobRequest
from virtcim.schema.valuemaps import JobState, JobStateChangeCode

log = structlog.get_logger("virtcim.jobs")

AT_ONCE = 8
"""Jobs of one host whose work goes on at the same time; each has a thread and a connection."""
ANSWER_SECONDS = 5.0
"""How long a request to end a job waits for its end before it answers that it was heard."""

_Code = JobStateChangeCode


class Engine:
    """The jobs of all hosts.

    now: the time in UTC. removal_seconds: how long a job stays after its end, unless a client says
    otherwise.
    """

    def __init__(
        self,
        store: JobStore,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        at_once: int = AT_ONCE,
        removal_seconds: int = DEFAULT_REMOVAL_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._now = now
        self._answer_seconds = answer_seconds
        self._removal_seconds = removal_seconds
        self._book = Book(store, now)
        self._runner = Runner(self._book, now, at_once)
        self._recovery = Recovery(store, self._book, self._runner, now)
        self._remover = Remover(self._book, now)

    async def load(self, hosts: Iterable[str]) -> None:
        """Read what the last run left, and clear flags that no job owns, before hosts start.

        Raises InfostoreError.
        """
        await self._recovery.load(hosts)
        self._remover.start()

    async def recover(self, hosts: Iterable[Host], recoverers: Mapping[JobKind, Recoverer]) -> None:
        """Find out what became of unfinished jobs, once their hosts have been listed.

        Ends when all are resolved; may be cancelled. A kind without a recoverer has failed.
        """
        await self._recovery.recover(hosts, recoverers)

    async def close(self) -> None:
        """Leave every job as it is; the next start finds it again."""
        await self._remover.close()
        await self._runner.close()

    def on_change(self, listener: JobListener) -> None:
        """Tell (old, new) of every change of a job, in order."""
        self._book.listeners.append(listener)

    def jobs(self, host: str) -> tuple[Job, ...]:
        """Return the jobs of a host, the oldest first; the same object until one changes."""
        return self._book.of(host)

    def record(self, job_id: str) -> JobRecord:
        """Return a job; raises NoSuchJob."""
        return self._book.record(job_id)

    async def start(self, plan: Plan) -> JobRecord:
        """Start a job; it is durable on return.

        Raises Busy when the domain's turn cannot be had, InfostoreError; then nothing was done,
        and turns that were held still are.
        """
        claimed = () if plan.domain is None or plan.held else (plan.domain,)
        for uuid in claimed:
            await plan.host.turns.claim(uuid, plan.name)
        live = Live(
            id=str(uuid4()),
            host=plan.host,
            kind=plan.kind,
            domain=plan.domain,
            turns=plan.held or claimed,
            work=plan.work,
            stop=plan.stop,
            migrating=plan.migrating,
        )
        try:
            _check_unchanged(plan)
            record = self._first(live.id, plan)
            flags = live.flags(migrating=True)
            await self._book.add(record, flags)
        except BaseException as error:
            if isinstance(error, (Late, asyncio.CancelledError)):  # it may still be written
                self._book.take_back(live.id, live.flags(migrating=False, even_if_unset=True))
            for uuid in claimed:
                plan.host.turns.release(uuid)
            raise
        live.show(flags)
        self._runner.go(live)
        log.info("job_started", job=live.id, kind=plan.kind.value, domain=plan.domain)
        return record

    def _first(self, job_id: str, plan: Plan) -> JobRecord:
        state = JobState.NEW if self._runner.is_full(plan.host, plan.kind) else JobState.STARTING
        now = self._now()
        return JobRecord(
            id=job_id,
            host=plan.host.name,
            kind=plan.kind,
            domain=plan.domain,
            domain_name=plan.domain_name,
            name=plan.name,
            method=plan.method,
            owner=plan.owner,
            state=state,
            status=STATUS[state],
            submitted=now,
            changed=now,
            parameters=plan.parameters,
            removal_seconds=self._removal_seconds,
        )

    async def end_of(self, job_id: str, seconds: float | None) -> JobRecord | None:
        """Wait for the end of a job that was started here; None means that it has not come.

        seconds: None waits until it does.
        """
        live = self._runner.live.get(job_id)
        if live is None or live.task is None:
            return self.record(job_id)
        await asyncio.wait([live.task], timeout=seconds)
        return live.ended

    # What clients ask of a job

    async def request(self, job_id: str, wanted: JobRequest, user: str) -> JobStateChangeCode:
        """Ask a job to be held, to go on or to end; raises NoSuchJob, InfostoreError."""
        state, live = JobState(self.record(job_id).state), self._runner.live.get(job_id)
        if wanted is JobRequest.SERVICE:
            return _Code.NOT_SUPPORTED
        if state in FINAL:
            return _Code.INVALID_STATE_TRANSITION
        if live is None:
            return _Code.BUSY  # it is not known yet how it stands
        try:
            if wanted in ENDED_BY:
                return await self._end(live, state, wanted, user)
            return await self._hold(live, state, wanted)
        except IllegalTransition:  # another step was being written when this one was asked for
            return _Code.INVALID_STATE_TRANSITION

    async def _hold(self, live: Live, state: JobState, wanted: JobRequest) -> JobStateChangeCode:
        """Hold a job that waits, or let it wait again; work that has begun cannot be held."""
        if (wanted, state) == (JobRequest.SUSPEND, JobState.NEW) and not live.has_slot:
            live.may_begin.clear()
            try:
                await self._runner.step(live.id, JobState.SUSPENDED)
            except BaseException:
                live.may_begin.set()
                raise
        elif (wanted, state) == (JobRequest.START, JobState.SUSPENDED):
            await self._runner.step(live.id, JobState.NEW)
            live.may_begin.set()
        else:
            return _Code.INVALID_STATE_TRANSITION
        return _Code.COMPLETED_WITH_NO_ERROR

    async def _end(
        self, live: Live, state: JobState, wanted: JobRequest, user: str
    ) -> JobStateChangeCode:
        if not live.has_slot:
            return await self._drop(live, wanted, user)
        if live.stop is None and wanted is not JobRequest.KILL:
            return _Code.NOT_SUPPORTED
        if state not in {JobState.RUNNING, JobState.SHUTTING_DOWN}:
            return _Code.BUSY  # it will run in a moment
        asked: Facts = {"asked": wanted.value, "asked_by": user}  # recovery must know
        notes = {**self.record(live.id).notes, **asked}
        await self._runner.step(live.id, JobState.SHUTTING_DOWN, notes=notes)
        live.asked = (wanted, user)
        self._runner.end(live)
        return await self._answer(live, wanted)

    async def _answer(self, live: Live, wanted: JobRequest) -> JobStateChangeCode:
        if live.task is not None:
            await asyncio.wait([live.task], timeout=self._answer_seconds)
            if not live.task.done():
                return _Code.METHOD_PARAMETERS_CHECKED_TRANSITION_STARTED
        if self.record(live.id).state == ENDED_BY[wanted]:
            return _Code.COMPLETED_WITH_NO_ERROR
        return _Code.INVALID_STATE_TRANSITION  # it was done before it heard

    async def _drop(self, live: Live, wanted: JobRequest, user: str) -> JobStateChangeCode:
        """End a job that has not begun."""
        if live.task is not None:
            live.task.cancel()
            await asyncio.wait([live.task])
        state = ENDED_BY[wanted]
        if JobState(self.record(live.id).state) in FINAL:  # it had just begun
            return await self._answer(live, wanted)
        sentence = f"{STATUS[state].lower()} at the request of {user} before it began"
        await self._runner.finish(live, state, **failed(1, sentence))
        return _Code.COMPLETED_WITH_NO_ERROR

    async def modify(self, job_id: str, **changes: object) -> None:
        """Change what clients may of a job; raises NoSuchJob, InfostoreError."""
        await self._book.change(job_id, lambda one: replace(one, **changes))  # type: ignore[arg-type]
        self._remover.look()

    async def delete(self, job_id: str) -> bool:
        """Forget a job that has ended; False when it has not. Raises NoSuchJob, InfostoreError."""
        if JobState(self.record(job_id).state) not in FINAL:
            return False
        await self._book.remove([job_id])
        return True


_DECISIVE = ("name", "id", "state", "persistent", "managed_save")
"""Facts of a domain that plans are made from."""


def _check_unchanged(plan: Plan) -> None:
    """Raise Busy when the domain is not any more what the plan was made for."""
    if plan.domain is None or plan.seen is None:
        return
    domain = plan.host.listing.domains.get(plan.domain)
    if domain is None or any(
        getattr(domain.facts, name) != getattr(plan.seen, name) for name in _DECISIVE
    ):
        raise Busy("the domain has changed meanwhile")
