"""Removing jobs that have ended, as their properties say (CIM_ConcreteJob.TimeBeforeRemoval)."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from virtcim.infostore.errors import InfostoreError
from virtcim.jobs.book import Book, Job

log = structlog.get_logger("virtcim.jobs")

LONGEST_SLEEP = 60.0
RETRY_SECONDS = 10.0


class Remover:
    """Forgets jobs when their time has come; `now` gives the time in UTC."""

    def __init__(self, book: Book, now: Callable[[], datetime]) -> None:
        self._book = book
        self._now = now
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._book.listeners.append(self._changed)
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def look(self) -> None:
        """Look again: a job's properties have changed."""
        self._wake.set()

    def _changed(self, _old: Job | None, new: Job | None) -> None:
        if new is not None and new.record.ended is not None:
            self._wake.set()

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            seconds = await self._remove()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()

    async def _remove(self) -> float:
        """Remove what is due; return how long nothing will be."""
        now = self._now()
        due = {
            job.id: job.ended + timedelta(seconds=job.removal_seconds)
            for job in self._book.all()
            if job.ended is not None and job.delete_on_completion
        }
        gone = [job_id for job_id, moment in due.items() if moment <= now]
        if gone:
            try:
                await self._book.remove(gone)
            except InfostoreError as error:
                log.warning("jobs_not_removed", jobs=len(gone), error=str(error))
                return RETRY_SECONDS
        later = [(moment - now).total_seconds() for moment in due.values() if moment > now]
        return min(later, default=LONGEST_SLEEP)
