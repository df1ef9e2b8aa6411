"""Jobs on snapshots: making, applying and deleting them, saving and restoring memory.

The rule: what a job says of its end is what the hypervisor says. Where a call has broken off, the
job goes on until that is known.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import structlog

from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import (
    AbortJob,
    CreateSnapshot,
    DeleteSnapshot,
    ReadJob,
    RestoreMemory,
    RevertToSnapshot,
    SaveMemory,
)
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.jobs import Facts, JobKind, JobRecord
from virtcim.inventory.host import Host
from virtcim.jobs import plans
from virtcim.jobs.failures import JobFailed, wbem_error
from virtcim.jobs.phrases import what_is_now
from virtcim.jobs.plans import Plan, Run, Stop, Verdict
from virtcim.jobs.snapshot_outcomes import Assignment, Outcome, Seen, Task, outcome
from virtcim.wbem.status import Failed

log = structlog.get_logger("virtcim.jobs")

ASK_AGAIN_SECONDS = 1.0
"""How often a hypervisor that is at it, or out of reach, is asked how it stands."""

SETTLING_SECONDS = 0.5
SETTLING_LOOKS = 4
"""How often, and how many times, a guest is looked at that may be dying."""

_UNKNOWN = (errors.ConnectionLost, errors.DeadlineExceeded)
"""Errors after which nobody knows what was done."""
_ASK_AGAIN = (*_UNKNOWN, errors.ConnectionFailed, errors.Busy)
"""Errors that do not last."""

_SAVED = "saved"  # the note of it

_SAVING: Mapping[Task, int] = MappingProxyType({Task.SAVE: 100, Task.SAVE_AND_GO_ON: 50})
"""What of the whole, in percent, it is to save memory."""

# What the work is, as sentences go on. Total over Task.
_PHRASES: Mapping[Task, str] = MappingProxyType({
    Task.CREATE:         "make snapshot `{snapshot}' of domain `{domain}'",
    Task.APPLY:          "apply snapshot `{snapshot}' to domain `{domain}'",
    Task.DELETE:         "delete snapshot `{snapshot}' of domain `{domain}'",
    Task.SAVE:           "save the memory of domain `{domain}'",
    Task.SAVE_AND_GO_ON: "save and restore the memory of domain `{domain}'",
    Task.RESTORE:        "restore the memory of domain `{domain}'",
})  # fmt: skip


def plan(host: Host, task: Assignment, *, method: str, owner: str) -> Plan:
    """Return the plan of a job, for the domain as it is at this moment."""
    domain = host.listing.domains.get(task.uuid)
    return Plan(
        seen=None if domain is None else domain.facts,
        kind=JobKind.SNAPSHOT,
        host=host,
        domain=task.uuid,
        domain_name=task.domain,
        name=_NAMES[task.task],
        method=method,
        owner=owner,
        parameters=task.parameters(),
        work=partial(_work, host, task),
        stop=_stop(host, task),
    )


def _stop(host: Host, task: Assignment) -> Stop | None:
    """Return how work is ended: saving memory can be, and the guest runs on; all else cannot."""
    if task.task not in _SAVING or AbortJob not in host.hypervisor.actions:
        return None

    async def stop() -> None:
        await host.perform(AbortJob(uuid=task.uuid))

    return stop


async def recover(record: JobRecord, host: Host) -> Verdict:
    """Say what became of a job whose server ended under it (see plans.Recoverer)."""
    task = Assignment.of(record)
    seen = Seen(saved=bool(record.notes.get(_SAVED)))
    found = await outcome(host, task, seen)
    if found is Outcome.DONE:
        return plans.Completed(_result(task))
    if found is Outcome.TO_BE_DONE:
        return plans.Adopted(partial(_follow, host, task, _CRASH))
    return plans.Failed(_sentence(host, task, _CRASH.why))


async def _work(host: Host, task: Assignment, run: Run) -> Facts:
    try:
        await _DO[task.task](host, task, run)
    except _UNKNOWN as error:
        log.warning("snapshot_work_broke_off", job=run.record.id, error=error.detail)
        await run.note("Waiting for the hypervisor")
        return await _follow(host, task, _Break(error.detail, watched=True), run)
    except errors.HypervisorError as error:
        raise await _failure(host, task, error) from error
    return _result(task)


@dataclass(frozen=True, slots=True)
class _Break:
    """Why nobody saw the end; watched as in Seen."""

    why: str
    watched: bool


_CRASH = _Break("the server ended under it", watched=False)


async def _follow(host: Host, task: Assignment, gap: _Break, run: Run) -> Facts:
    """Ask until it is known what became of work that broke off, and do what is left of it."""
    while True:
        seen = Seen(saved=bool(run.record.notes.get(_SAVED)), watched=gap.watched)
        try:
            found = await outcome(host, task, seen)
            if found is Outcome.TO_BE_DONE:
                await _FINISH[task.task](host, task, run)
        except _ASK_AGAIN:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
        except errors.HypervisorError as error:
            raise await _failure(host, task, error) from error
        else:
            if found is Outcome.UNDONE:
                raise JobFailed(Failed(_sentence(host, task, gap.why)))
            return _result(task)


# What is done


async def _create(host: Host, task: Assignment, _run: Run) -> None:
    await host.perform(
        CreateSnapshot(
            uuid=task.uuid,
            name=task.snapshot,
            content=task.content,
            description=task.description,
        )
    )


async def _apply(host: Host, task: Assignment, _run: Run) -> None:
    await host.perform(RevertToSnapshot(uuid=task.uuid, name=task.snapshot))


async def _delete(host: Host, task: Assignment, _run: Run) -> None:
    await host.perform(DeleteSnapshot(uuid=task.uuid, name=task.snapshot))


async def _save(host: Host, task: Assignment, run: Run) -> None:
    watching = asyncio.create_task(_show_progress(host, task, run))
    try:
        await host.perform(SaveMemory(uuid=task.uuid))
    finally:
        watching.cancel()
    try:
        await run.note("Save finished", **{_SAVED: True})
    except InfostoreError as error:  # the guest must not stay off for it
        log.warning("progress_not_written", job=run.record.id, error=str(error))


async def _show_progress(host: Host, task: Assignment, run: Run) -> None:
    while ReadJob in host.hypervisor.actions:
        await asyncio.sleep(ASK_AGAIN_SECONDS)
        with suppress(errors.HypervisorError):  # it may be over, or not begun
            job = await host.hypervisor.perform(ReadJob(uuid=task.uuid))
            if job is not None and job.data_total:
                done = job.data_total - job.data_remaining
                run.progress(_SAVING[task.task] * done // job.data_total)


async def _save_and_go_on(host: Host, task: Assignment, run: Run) -> None:
    await _save(host, task, run)
    run.progress(_SAVING[task.task])
    try:
        await _restore(host, task, run)
    except errors.ConnectionFailed as error:  # half of it is done, so the job goes on
        raise errors.ConnectionLost(error.detail) from error


async def _restore(host: Host, task: Assignment, run: Run) -> None:
    await host.perform(RestoreMemory(uuid=task.uuid))
    await run.note("Restore finished")


_Step = Callable[[Host, Assignment, Run], Awaitable[None]]

_DO: Mapping[Task, _Step] = MappingProxyType({
    Task.CREATE:         _create,
    Task.APPLY:          _apply,
    Task.DELETE:         _delete,
    Task.SAVE:           _save,
    Task.SAVE_AND_GO_ON: _save_and_go_on,
    Task.RESTORE:        _restore,
})  # fmt: skip
_FINISH: Mapping[Task, _Step] = MappingProxyType({**_DO, Task.SAVE_AND_GO_ON: _restore})
"""What is done again, or what is left of it. Both are total over Task."""

# Clients of libvirt-cim know the first.
_NAMES: Mapping[Task, str] = MappingProxyType({
    Task.CREATE:         "Snapshot",
    Task.APPLY:          "Restore",
    Task.DELETE:         "Delete Snapshot",
    Task.SAVE:           "Snapshot",
    Task.SAVE_AND_GO_ON: "Snapshot",
    Task.RESTORE:        "Restore",
})  # fmt: skip
"""The jobs' names; total over Task."""


# What is said of it


def _result(task: Assignment) -> Facts:
    return {"task": task.task.value, "snapshot": task.snapshot}


async def _failure(host: Host, task: Assignment, error: errors.HypervisorError) -> JobFailed:
    with suppress(errors.HypervisorError):
        await host.refresh(task.uuid)
        if isinstance(error, errors.HypervisorFailure):
            await _settle(host, task)
    return JobFailed(type(wbem_error(error, ""))(_sentence(host, task, error.detail)))


async def _settle(host: Host, task: Assignment) -> None:
    """Wait a little: who called a guest that dies hears of it before the hypervisor says so."""
    for _ in range(SETTLING_LOOKS):
        domain = host.listing.domains.get(task.uuid)
        if domain is None or not domain.facts.active:
            return
        await asyncio.sleep(SETTLING_SECONDS)
        await host.refresh(task.uuid)


def _sentence(host: Host, task: Assignment, why: str) -> str:
    """Say what failed, why, and what the domain is now."""
    what = _PHRASES[task.task].format(snapshot=task.snapshot, domain=task.domain)
    return f"Unable to {what}: {why}; {what_is_now(host, task.uuid)}"
