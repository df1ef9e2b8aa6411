"""Finding a domain whose migration ended in a way that says nothing: by asking both ends.

The rule: an answer counts when it is given twice. Hypervisors are asked until they answer, for no
other way leads to the truth; meanwhile a job of theirs that goes on is shown.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType

import structlog

from virtcim.hypervisors.actions import (
    InspectDestination,
    JobStatistics,
    ReadJob,
    RemoveLeftover,
)
from virtcim.hypervisors.errors import Busy, DeadlineExceeded, HypervisorError
from virtcim.hypervisors.model import Verb
from virtcim.inventory.host import Host
from virtcim.jobs.failures import JobFailed
from virtcim.jobs.moves import Move
from virtcim.jobs.plans import Run
from virtcim.jobs.whereabouts import FINDINGS, OPEN, Finding, Outcome, Place, Repair, place_of
from virtcim.wbem.status import Failed

log = structlog.get_logger("virtcim.jobs")

ASK_SECONDS = 0.5
PATIENT_SECONDS = 30.0
"""After a question that was not answered in time: it may have cost a thread."""
OPEN_ANSWERS = 20
"""How often hypervisors are asked in vain before a job that was asked to end does so."""

Repairing = Callable[[Host, Move], Awaitable[None]]


async def _nothing(_source: Host, _move: Move) -> None:
    pass


async def _clear_source(source: Host, move: Move) -> None:
    await source.perform(RemoveLeftover(uri=None, uuid=move.uuid))


async def _clear_destination(source: Host, move: Move) -> None:
    await source.perform(RemoveLeftover(uri=move.destination, uuid=move.uuid))


async def _resume_source(source: Host, move: Move) -> None:
    await source.change(move.uuid, Verb.RESUME)


# Total over Repair.
# fmt: off
REPAIRS: Mapping[Repair, Repairing] = MappingProxyType({
    Repair.NONE:              _nothing,
    Repair.CLEAR_SOURCE:      _clear_source,
    Repair.CLEAR_DESTINATION: _clear_destination,
    Repair.RESUME_SOURCE:     _resume_source,
})
# fmt: on


def show(run: Run, job: JobStatistics) -> None:
    """Show how far a hypervisor's job is."""
    done, left = job.data_processed, job.data_remaining
    percent = done * 100 // (done + left) if done else 0
    run.progress(percent, **asdict(job))


class Finder:
    """Looks for the domain of a move; `given_up` is set when a client wants the job to end."""

    def __init__(self, move: Move, source: Host, given_up: asyncio.Event) -> None:
        self._move = move
        self._source = source
        self._given_up = given_up

    async def find(self, run: Run) -> Outcome:
        """Return where it is, MOVED or STAYED, when it is there and nowhere else.

        Raises JobFailed when that cannot be brought about.
        """
        before: tuple[Place, Place] | None = None
        in_vain = 0
        while True:
            places = None if await self._is_under_way(run) else await self._places()
            if places is not None and places == before:
                finding = FINDINGS[places]
                if finding is not OPEN and await self._repaired(finding):
                    return _settled(finding, places)
                in_vain += 1
                self._stay_patient(in_vain, places)
            before = places
            await asyncio.sleep(ASK_SECONDS)

    def _stay_patient(self, in_vain: int, places: tuple[Place, Place]) -> None:
        if in_vain == OPEN_ANSWERS:
            log.warning("migration_open", domain=self._move.uuid, places=_said(places))
        if in_vain >= OPEN_ANSWERS and self._given_up.is_set():
            raise JobFailed(Failed(f"given up: {_said(places)}"))

    async def _is_under_way(self, run: Run) -> bool:
        try:
            job = await self._source.perform(ReadJob(uuid=self._move.uuid))
        except (DeadlineExceeded, Busy):
            await asyncio.sleep(PATIENT_SECONDS)
            return False
        except HypervisorError:
            return False
        if job is not None:
            show(run, job)
        return job is not None

    async def _places(self) -> tuple[Place, Place]:
        return await self.here(), await self.there()

    async def here(self) -> Place:
        """Return how the domain is at the source."""
        try:
            facts = await self._source.hypervisor.domain(self._move.uuid)
        except HypervisorError:
            return Place.UNKNOWN
        if facts is None:
            return Place.ABSENT
        place = place_of(facts.state, facts.reason, active=facts.active)
        # A guest that was restored and never resumed looks like one that waits.
        as_before = place is Place.WAITING and self._move.was_paused
        return Place.ALIVE if as_before else place

    async def there(self) -> Place:
        """Return how the domain is at the destination."""
        move = self._move
        inspection = InspectDestination(
            uri=move.destination, uuid=move.uuid, name=move.new_name or move.name
        )
        try:
            there = (await self._source.perform(inspection)).same_uuid
        except HypervisorError:
            return Place.UNKNOWN
        if there is None:
            return Place.ABSENT
        return place_of(there.state, there.reason, active=there.active)

    async def _repaired(self, finding: Finding) -> bool:
        """Do what follows from the places; False when it must be tried again."""
        try:
            await REPAIRS[finding.repair](self._source, self._move)
        except HypervisorError as error:
            log.warning("migration_not_repaired", domain=self._move.uuid, error=error.detail)
            return False
        return True


def _settled(finding: Finding, places: tuple[Place, Place]) -> Outcome:
    if finding.outcome is Outcome.BROKEN:
        raise JobFailed(Failed(f"Migration Failed: {_said(places)}"))
    return finding.outcome


def _said(places: tuple[Place, Place]) -> str:
    return f"the domain is {places[0]} at the source, and {places[1]} at the destination"
