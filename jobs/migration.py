"""The work of a migration: from the first step to the domain being at one place, and only there.

The rule: however the hypervisors' calls end, both ends are asked where the domain is before the job
says so, and what is half done is completed or undone. As long as they do not say it, the job lives.
What must be known after a crash is noted before it is done; a new server goes on from there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from enum import StrEnum

import structlog

from virtcim.hypervisors.actions import (
    AbortJob,
    AutostartAt,
    BringBack,
    InspectDestination,
    JobStatistics,
    MigrationFlag,
    ReadFinishedJob,
    ReadJob,
    StartAt,
    StartPostCopy,
)
from virtcim.hypervisors.errors import (
    Busy,
    ConnectionFailed,
    DomainNotFound,
    HypervisorError,
    InvalidState,
    NotSupported,
)
from virtcim.hypervisors.model import DomainUUID, Verb
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.jobs import JSON, Facts, JobRecord
from virtcim.inventory.host import Host
from virtcim.jobs.failures import JobFailed, wbem_error
from virtcim.jobs.finding import ASK_SECONDS, PATIENT_SECONDS, Finder, show
from virtcim.jobs.moves import Move, move_of
from virtcim.jobs.plans import Adopted, Recoverer, Run, Verdict
from virtcim.jobs.plans import Failed as NotDone
from virtcim.jobs.whereabouts import Outcome, Place
from virtcim.wbem.status import AlreadyExists, Failed, WBEMError

log = structlog.get_logger("virtcim.jobs")

POLL_SECONDS = 0.5
ALL = 100
"""Percent."""

PASSES_BEFORE_POST_COPY = 2
"""Post-copy begins with the second pass over the memory: the first finds most of it at rest."""

_NEVER_BEGAN = NotDone("Migration Failed: the server ended before it began")


class Phase(StrEnum):
    """What a migration is doing; noted before it does it."""

    BEGINNING = "beginning"  # at most the guest was asked to end
    TRANSFER = "transfer"  # the domain is at one place, or in between


class Migration:
    """One migration; target is the destination when it is a host of ours."""

    def __init__(self, move: Move, source: Host, target: Host | None) -> None:
        self.move = move
        self._source = source
        self._target = target
        self._given_up = asyncio.Event()
        self._finder = Finder(move, source, self._given_up)
        self._warnings: list[JSON] = []
        self._goes_on = False  # after a crash of the server

    async def work(self, run: Run) -> Facts:
        """Do it, or go on after a crash of the server from what was noted."""
        claim = _claim_again if "phase" in run.record.notes else _claim
        if "phase" not in run.record.notes:
            await run.note(move=self.move.facts(), phase=Phase.BEGINNING.value)
        else:
            self._goes_on = True
        phase = Phase(str(run.record.notes["phase"]))
        steps: Mapping[Phase, Callable[[Run], Awaitable[Facts]]] = {
            Phase.BEGINNING: self._begin,
            Phase.TRANSFER: self._find_again,
        }
        if self._target is None:
            return await steps[phase](run)
        await claim(self._target, self.move.uuid, f"Migration from {self._source.name}")
        try:
            return await steps[phase](run)
        finally:
            self._target.turns.release(self.move.uuid)

    async def stop(self) -> None:
        """Ask the hypervisor to abort it, or stop waiting for the guest."""
        self._given_up.set()
        if self.move.copies_memory:
            await self._source.perform(AbortJob(uuid=self.move.uuid))

    # Before

    async def _begin(self, run: Run) -> Facts:
        try:
            await self._check_absence()
        except JobFailed as failure:
            if self._goes_on:  # the guest may have been shut down already
                return await self._stay(failure.error)
            raise
        try:
            if self.move.restarts:
                await run.note("Waiting for the guest to shut down")
                await self._shut_down()
                await run.note("Running")
            await run.note(phase=Phase.TRANSFER.value)
        except JobFailed as failure:
            return await self._stay(failure.error)
        except InfostoreError as error:
            return await self._stay(Failed(f"Migration Failed: {error}"))
        return await self._transfer(run)

    async def _check_absence(self) -> None:
        """Raise when the destination has the domain or its name: later nobody could tell whose."""
        move = self.move
        name = move.new_name or move.name
        inspection = InspectDestination(uri=move.destination, uuid=move.uuid, name=name)
        try:
            there = await self._source.perform(inspection)
        except HypervisorError as error:
            raise JobFailed(wbem_error(error, "Migration Failed")) from error
        if there.same_uuid is not None or there.same_name is not None:
            raise JobFailed(AlreadyExists(f"Remote already has domain `{name}'"))

    async def _shut_down(self) -> None:
        """Ask the guest to end, and wait; what does not obey runs on."""
        seconds = self.move.shutdown_seconds
        try:
            async with asyncio.timeout(seconds):
                if await self._finder.here() is not Place.OFF:
                    await self._source.change(self.move.uuid, Verb.SHUTDOWN)
                while await self._finder.here() is not Place.OFF:
                    await self._pause_unless_given_up()
        except HypervisorError as error:
            raise JobFailed(wbem_error(error, "Unable to shutdown guest")) from error
        except TimeoutError:
            text = f"Domain failed to shutdown in {seconds:g} seconds"
            raise JobFailed(Failed(text)) from None

    async def _pause_unless_given_up(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(ASK_SECONDS):
                await self._given_up.wait()
        if self._given_up.is_set():
            raise JobFailed(Failed("given up while the guest was shutting down"))

    # The move itself

    async def _transfer(self, run: Run) -> Facts:
        watching = asyncio.create_task(self._watch(run))
        try:
            await self._source.perform(self.move.action())
        except ConnectionFailed as error:  # nothing was begun
            return await self._stay(wbem_error(error, "Migration Failed"))
        except HypervisorError as error:
            return await self._settle(run, wbem_error(error, "Migration Failed"))
        finally:
            watching.cancel()
        return await self._arrive(run)

    async def _find_again(self, run: Run) -> Facts:
        text = "Migration Failed: the server ended while it was under way"
        return await self._settle(run, Failed(text))

    async def _settle(self, run: Run, error: WBEMError) -> Facts:
        """End as it has ended, whatever the hypervisor's call said; `error` when it failed."""
        try:
            outcome = await self._finder.find(run, self._start_again)
        except JobFailed as failure:
            return await self._stay(failure.error)
        if outcome is Outcome.MOVED:
            return await self._arrive(run)
        return await self._stay(error)

    async def _watch(self, run: Run) -> None:
        """Show how far it is, and switch to post-copy when that is wanted and sensible."""
        waits = MigrationFlag.POSTCOPY in self.move.flags
        while self.move.copies_memory:
            await asyncio.sleep(POLL_SECONDS)
            try:
                waits = await self._look(run, waits_for_post_copy=waits)
            except NotSupported:
                return
            except (DomainNotFound, InvalidState):
                continue  # it is about to end
            except HypervisorError as error:
                log.info("migration_not_watched", job=run.record.id, error=error.detail)
                await asyncio.sleep(PATIENT_SECONDS)

    async def _look(self, run: Run, *, waits_for_post_copy: bool) -> bool:
        job = await self._source.perform(ReadJob(uuid=self.move.uuid))
        if job is None:
            return waits_for_post_copy
        show(run, job)
        if waits_for_post_copy and job.iteration >= PASSES_BEFORE_POST_COPY:
            await self._source.perform(StartPostCopy(uuid=self.move.uuid))
            return False
        return waits_for_post_copy

    # After

    async def _stay(self, error: WBEMError) -> Facts:
        """Raise the error, after the guest goes on where it was."""
        reason = error.reason
        try:
            await self._start_again()
        except HypervisorError as refusal:
            reason += f"; it is off, and cannot be started again: {refusal.detail}"
        await self._look_again()
        raise JobFailed(type(error)(reason))

    async def _start_again(self) -> None:
        """Start a guest that was shut down in order to move."""
        if self.move.restarts and await self._finder.here() is Place.OFF:
            await self._source.change(self.move.uuid, Verb.START)

    async def _arrive(self, run: Run) -> Facts:
        """Let the destination have what no migration carries along."""
        await self._show_all(run)
        if self.move.restarts:
            await self._start_there()
        if self.move.autostart:
            await self._autostart_there()
        await self._look_again()
        if self._target is not None:
            await self._move_record(self._target)
        return {"Warnings": self._warnings} if self._warnings else {}

    async def _show_all(self, run: Run) -> None:
        """Show what was moved in the end; where nobody knows that, nothing remains to be."""
        if not self.move.copies_memory:
            return
        run.progress(ALL, data_remaining=0)
        for host in (self._target, self._source):
            job = None if host is None else await self._finished_at(host)
            if job is not None:
                show(run, replace(job, data_remaining=0))  # of post-copy it may tell otherwise
                return

    async def _finished_at(self, host: Host) -> JobStatistics | None:
        with suppress(HypervisorError):  # the domain is not there, or it cannot tell
            return await host.perform(ReadFinishedJob(uuid=self.move.uuid))
        return None

    async def _start_there(self) -> None:
        """Start it; where it cannot be, bring it back."""
        uri, uuid = self.move.destination, self.move.uuid
        try:
            await self._source.perform(StartAt(uri=uri, uuid=uuid))
        except HypervisorError as error:
            if await self._finder.there() is Place.ALIVE:
                return  # it runs, whatever became of the call
            await self._bring_back(Failed(f"Failed to start domain on remote host: {error.detail}"))

    async def _bring_back(self, failure: WBEMError) -> None:
        """Raise the failure, after the domain is back where it was."""
        move = self.move
        action = BringBack(uri=move.destination, uuid=move.uuid, name=move.name)
        try:
            await self._source.perform(action)
        except HypervisorError as error:
            if await self._finder.here() is not Place.OFF:  # whatever became of the call
                await self._look_again()
                if self._target is not None:
                    await self._move_record(self._target)
                reason = f"{failure.reason}; it stays there, and is off: {error.detail}"
                raise JobFailed(Failed(reason)) from error
        await self._stay(failure)

    async def _autostart_there(self) -> None:
        action = AutostartAt(uri=self.move.destination, uuid=self.move.uuid)
        try:
            await self._source.perform(action)
        except HypervisorError as error:
            log.warning("autostart_not_moved", domain=self.move.uuid, error=error.detail)
            self._warnings.append(f"the domain does not start with its new host: {error.detail}")

    async def _move_record(self, target: Host) -> None:
        """What is remembered of the domain goes where it is."""
        uuid, record = self.move.uuid, self._source.record_of(self.move.uuid)
        if not record.migrating:
            return  # it went before the server ended
        try:
            await target.record(uuid, replace(record, migrating=False))
            if uuid not in self._source.listing.domains:
                await self._source.forget(uuid)
        except InfostoreError as error:
            log.warning("record_not_moved", domain=uuid, error=str(error))
            self._warnings.append("what was remembered of the domain did not move with it")

    async def _look_again(self) -> None:
        """No event tells that a migration undefined a domain, nor that one came that is off."""
        for host in (self._source, self._target):
            if host is not None:
                await self._refresh(host)

    async def _refresh(self, host: Host) -> None:
        try:
            await host.refresh(self.move.uuid)
        except HypervisorError as error:  # the next listing will see it
            log.info("not_refreshed", host=host.name, domain=self.move.uuid, error=error.detail)


async def _claim(host: Host, uuid: DomainUUID, purpose: str) -> None:
    """Keep others from changing the domain at the destination while it arrives there."""
    await host.turns.claim(uuid, purpose)


async def _claim_again(host: Host, uuid: DomainUUID, purpose: str) -> None:
    """Do it however long it takes: what is under way does not end because others were faster."""
    while True:
        try:
            return await _claim(host, uuid, purpose)
        except Busy as error:
            log.info("destination_busy", host=host.name, domain=uuid, error=error.detail)
            await asyncio.sleep(ASK_SECONDS)


def recoverer(hosts: Mapping[str, Host]) -> Recoverer:
    """Return what finds migrations again: both ends are asked, and a daemon's job is followed."""

    async def recover(record: JobRecord, source: Host) -> Verdict:
        noted = record.notes.get("move")
        if not isinstance(noted, dict):
            return _NEVER_BEGAN
        move = move_of(noted)
        target = None if move.host is None else hosts.get(move.host)
        migration = Migration(move, source, target)
        return Adopted(migration.work, migration.stop)

    return recover
