"""Finding jobs again whose server ended under them.

The rules: a job of which it is not known how it stands keeps its domain's turn until it is. Work
that had not begun has failed; of all other work the hypervisors are asked. A domain is migrating
only while a job says so.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from virtcim.hypervisors.errors import HypervisorError
from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.job_table import DomainKey, JobWrite
from virtcim.infostore.jobs import NO_FACTS, JobKind, JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.host import Communication, Host
from virtcim.jobs.book import NO_DOMAINS, Book, JobStore
from virtcim.jobs.plans import Adopted, Completed, Failed, Recoverer, Verdict
from virtcim.jobs.running import ENDED_BY, Live, Runner, failed
from virtcim.jobs.states import UNFINISHED, JobRequest
from virtcim.schema.valuemaps import JobState

log = structlog.get_logger("virtcim.jobs")

RETRY_SECONDS = 2.0

_NOT_BEGUN = frozenset({JobState.NEW, JobState.STARTING, JobState.SUSPENDED})
_NEVER_BEGAN = Failed("the server ended before the job began; nothing was changed")
_NO_HOST = Failed("the server ended, and its host is not configured any more")
_LOST = Failed("the server ended during the job")


async def _nothing(_run: object) -> None:
    """Do the work of a job that is only to be ended."""


class Recovery:
    """The unfinished jobs that the last run of the server left."""

    def __init__(
        self, store: JobStore, book: Book, runner: Runner, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._now = now
        self._book = book
        self._runner = runner
        self._unfinished: list[JobRecord] = []

    async def load(self, hosts: Iterable[str]) -> None:
        """Read all jobs, and clear the flags of domains that no unfinished job owns."""
        records = await self._book.load()
        self._unfinished = [one for one in records if JobState(one.state) in UNFINISHED]
        owned = {
            (one.host, one.domain)
            for one in self._unfinished
            if one.kind is JobKind.MIGRATION and JobState(one.state) not in _NOT_BEGUN
        }
        stale: dict[DomainKey, DomainRecord] = {}
        for host in hosts:
            for uuid, record in (await self._store.records(host)).items():
                if record.migrating and (host, uuid) not in owned:
                    stale[host, uuid] = replace(record, migrating=False)
        if stale:
            log.warning("stale_migrations_cleared", domains=len(stale))
            await self._store.write_job(JobWrite(domains=stale))

    async def recover(self, hosts: Iterable[Host], recoverers: Mapping[JobKind, Recoverer]) -> None:
        """Resolve every unfinished job."""
        known = {host.name: host for host in hosts}
        unfinished, self._unfinished = self._unfinished, []
        lives = [await self._taken(one, known[one.host]) for one in unfinished if one.host in known]
        async with asyncio.TaskGroup() as group:
            for live in lives:
                group.create_task(self._resolve(live, recoverers))
            for record in unfinished:
                if record.host not in known:
                    group.create_task(self._give_up(record))

    async def _give_up(self, record: JobRecord) -> None:
        """End a job whose host is not ours any more; a store that fails is asked again."""
        ending = {"notes": NO_FACTS, **failed(1, _NO_HOST.reason)}
        while True:
            try:
                await self._runner.step(
                    record.id, JobState.EXCEPTION, NO_DOMAINS, ended=self._now(), **ending
                )
            except InfostoreError as error:
                log.warning("job_not_written", job=record.id, error=str(error))
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _taken(self, record: JobRecord, host: Host) -> Live:
        """Take the turns of a job's domains again; nothing else can have them yet.

        A job that had not begun needs none, and has left no flag: beside it there can be another
        of the same domain, when its first step was written after the store was given up.
        """
        begun = JobState(record.state) not in _NOT_BEGUN
        turns = tuple(DomainUUID(one) for one in record.domains if begun)
        for uuid in turns:
            await host.turns.claim(uuid, record.name)
        live = Live(
            id=record.id,
            host=host,
            kind=record.kind,
            domain=next(iter(turns), None),
            turns=turns,
            work=_nothing,
            stop=None,
            migrating=record.kind is JobKind.MIGRATION,
        )
        if record.state == JobState.SHUTTING_DOWN:
            killed = record.notes.get("asked") == JobRequest.KILL.value
            wanted = JobRequest.KILL if killed else JobRequest.TERMINATE
            live.asked = (wanted, str(record.notes.get("asked_by", "a client")))
        return live

    async def _resolve(self, live: Live, recoverers: Mapping[JobKind, Recoverer]) -> None:
        record = self._book.record(live.id)
        if JobState(record.state) in _NOT_BEGUN:
            verdict: Verdict = _NEVER_BEGAN
        elif record.kind in recoverers:
            verdict = await self._verdict(recoverers[record.kind], record, live.host)
        else:
            verdict = _LOST
        log.info("job_recovered", job=live.id, verdict=type(verdict).__name__)
        if isinstance(verdict, Adopted):
            live.work, live.stop = verdict.work, verdict.stop
            self._runner.go(live)
            if live.asked is not None and live.stop is not None:
                self._runner.end(live)
        elif isinstance(verdict, Completed):
            result: dict[str, object] = {"result": verdict.result, "percent": 100}
            await self._runner.finish(live, JobState.COMPLETED, **result)
        else:
            state = ENDED_BY[live.request]
            await self._runner.finish(live, state, **failed(1, verdict.reason))

    async def _verdict(self, recoverer: Recoverer, record: JobRecord, host: Host) -> Verdict:
        """Ask until there is an answer: only the hypervisor knows."""
        while True:
            if host.communication is Communication.OK:
                try:
                    return await recoverer(record, host)
                except (HypervisorError, InfostoreError) as error:
                    log.warning("job_not_recovered_yet", job=record.id, error=str(error))
                except Exception:  # a defect must not keep a domain's turn for ever
                    log.exception("job_defect", job=record.id)
                    return _LOST
            await asyncio.sleep(RETRY_SECONDS)
