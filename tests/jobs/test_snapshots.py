"""Jobs on snapshots over a hypervisor that breaks off where the test wants it to."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.inventory.scripted import A, Scripted, facts
from tests.jobs.scenes import Stage, play
from tests.jobs.test_snapshot_outcomes import CURRENT
from virtcim.hypervisors.actions import (
    AbortJob,
    Action,
    CreateSnapshot,
    DeleteSnapshot,
    IsBusy,
    JobStatistics,
    ReadJob,
    RestoreMemory,
    RevertToSnapshot,
    SaveMemory,
)
from virtcim.hypervisors.errors import (
    Busy,
    ConnectionFailed,
    ConnectionLost,
    DeadlineExceeded,
    HypervisorError,
    HypervisorFailure,
    InvalidState,
)
from virtcim.hypervisors.model import DomainState, StateReason
from virtcim.infostore import JobRecord
from virtcim.jobs import snapshots
from virtcim.jobs.snapshot_outcomes import Assignment, Task
from virtcim.jobs.states import JobRequest
from virtcim.schema.valuemaps import JobState, JobStateChangeCode

OFF: dict[str, Any] = {"id": None, "state": DomainState.SHUTOFF}
SAVED = OFF | {"managed_save": True}
ON = {"id": 2, "state": DomainState.RUNNING, "managed_save": False}
Answer = Callable[[], Awaitable[Any]]


class Breaking(Scripted):
    """Answers each kind of action as the test says, and remembers their order."""

    actions = frozenset({
        CreateSnapshot, RevertToSnapshot, DeleteSnapshot, SaveMemory, RestoreMemory, IsBusy,
        ReadJob, AbortJob,
    })  # fmt: skip

    def __init__(self) -> None:
        super().__init__(facts(A))
        self.done: list[type[Action[Any]]] = []
        self.answers: dict[type[Action[Any]], list[Answer]] = {}

    async def perform(self, action: Any, *, deadline: float | None = None) -> Any:  # noqa: ARG002
        """Answer."""
        kind = type(action)
        if kind not in {IsBusy, ReadJob}:
            self.done.append(kind)
        answers = self.answers.get(kind, [])
        return await answers.pop(0)() if answers else None

    def becomes(self, **changes: Any) -> None:
        """Change the domain."""
        self.now[A] = replace(self.now[A], **changes)


def raises(error: HypervisorError) -> Answer:
    """Return an answer that is an error."""

    async def answer() -> None:
        raise error

    return answer


def then(
    hypervisor: Breaking, changes: Mapping[str, Any], error: HypervisorError | None = None
) -> Answer:
    """Return an answer that changes the domain, and breaks off."""

    async def answer() -> None:
        hypervisor.becomes(**changes)
        if error is not None:
            raise error

    return answer


def staged(
    tmp_path: Path, task: Task, scene: Callable[[Stage, Breaking, JobRecord], Awaitable[None]],
    arrange: Callable[[Breaking], None],
) -> None:  # fmt: skip
    """Start a job on a host whose hypervisor was arranged, and play a scene."""

    async def play_it(stage: Stage) -> None:
        hypervisor = Breaking()
        arrange(hypervisor)
        whole, stage.host.hypervisor = stage.host.hypervisor, hypervisor
        now = hypervisor.now[A]
        assignment = Assignment(
            task=task, uuid=A, domain="a", run=now.id, running=now.active, snapshot="s"
        )
        plan = snapshots.plan(stage.host, assignment, method="M", owner="anna")
        try:
            await scene(stage, hypervisor, await stage.engine.start(plan))
        finally:
            stage.host.hypervisor = whole  # which has the host's subscriptions

    play(tmp_path, play_it)


def ended(
    tmp_path: Path, task: Task, arrange: Callable[[Breaking], None]
) -> tuple[JobRecord, Breaking]:
    """Return how a job ends, and what was done."""
    found: list[tuple[JobRecord, Breaking]] = []

    async def scene(stage: Stage, hypervisor: Breaking, job: JobRecord) -> None:
        found.append((await stage.ended(job), hypervisor))

    staged(tmp_path, task, scene, arrange)
    return found[0]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a second here."""
    monkeypatch.setattr(snapshots, "ASK_AGAIN_SECONDS", 0.001)


def test_memory_that_cannot_be_restored_is_told(tmp_path: Path) -> None:
    """The domain is off, and its next start goes on."""

    def arrange(hypervisor: Breaking) -> None:
        hypervisor.answers = {
            SaveMemory: [then(hypervisor, SAVED)],
            RestoreMemory: [raises(HypervisorFailure("no room"))],
        }

    job, _ = ended(tmp_path, Task.SAVE_AND_GO_ON, arrange)
    assert job.state == JobState.EXCEPTION
    assert job.error == (
        "Unable to save and restore the memory of domain `a': no room; the domain is off, "
        "and its memory is saved: its next start goes on from there"
    )


@pytest.mark.parametrize("error", [ConnectionFailed("down"), ConnectionLost("gone")])
def test_a_guest_whose_memory_is_saved_is_restored_later(
    tmp_path: Path, error: HypervisorError
) -> None:
    """A daemon that dies between the two halves does not leave the guest off."""

    def arrange(hypervisor: Breaking) -> None:
        on = then(hypervisor, ON)
        hypervisor.answers = {
            SaveMemory: [then(hypervisor, SAVED)],
            RestoreMemory: [raises(error), raises(ConnectionFailed("down")), on],
        }

    job, hypervisor = ended(tmp_path, Task.SAVE_AND_GO_ON, arrange)
    assert (job.state, job.error) == (JobState.COMPLETED, None)
    assert hypervisor.done == [SaveMemory, RestoreMemory, RestoreMemory, RestoreMemory]


def test_a_hypervisor_that_is_still_at_it_is_asked_again(tmp_path: Path) -> None:
    """A call that outlived its deadline may have its effect yet."""

    def arrange(hypervisor: Breaking) -> None:
        async def busy() -> bool:
            return True

        async def saved() -> bool:
            hypervisor.becomes(**SAVED)
            return False

        hypervisor.answers = {
            SaveMemory: [raises(DeadlineExceeded("slow"))],
            IsBusy: [busy, raises(ConnectionLost("gone")), busy, saved],
        }

    job, hypervisor = ended(tmp_path, Task.SAVE, arrange)
    assert job.state == JobState.COMPLETED
    assert hypervisor.done == [SaveMemory]


def test_what_was_not_done_has_failed(tmp_path: Path) -> None:
    """With the reason for which the call broke off, and with what is now."""

    def arrange(hypervisor: Breaking) -> None:
        hypervisor.answers = {CreateSnapshot: [raises(ConnectionLost("end of file"))]}

    job, _ = ended(tmp_path, Task.CREATE, arrange)
    assert (job.state, job.error) == (
        JobState.EXCEPTION,
        "Unable to make snapshot `s' of domain `a': end of file; the domain is running",
    )


def test_what_is_done_again_may_fail(tmp_path: Path) -> None:
    """Then the hypervisor's last word is told."""

    def arrange(hypervisor: Breaking) -> None:
        hypervisor.becomes(**SAVED)
        hypervisor.answers = {
            RestoreMemory: [raises(ConnectionLost("gone")), raises(Busy("not now")),
                            raises(InvalidState("no image"))],
        }  # fmt: skip

    job, _ = ended(tmp_path, Task.RESTORE, arrange)
    assert job.state == JobState.EXCEPTION
    assert "no image; the domain is off" in str(job.error)


def test_a_domain_that_has_gone_is_told(tmp_path: Path) -> None:
    """It cannot have a snapshot."""

    def arrange(hypervisor: Breaking) -> None:
        async def vanish() -> None:
            del hypervisor.now[A]
            raise ConnectionLost("gone")

        hypervisor.answers = {CreateSnapshot: [vanish]}

    job, _ = ended(tmp_path, Task.CREATE, arrange)
    assert "the domain does not exist any more" in str(job.error)


def test_saving_memory_can_be_ended(tmp_path: Path) -> None:
    """The hypervisor is asked to, and the call that saves says that it was."""
    aborted = asyncio.Event()

    def arrange(hypervisor: Breaking) -> None:
        async def save() -> None:
            await aborted.wait()
            raise HypervisorFailure("aborted")

        async def abort() -> None:
            aborted.set()

        async def half() -> JobStatistics:
            return JobStatistics(data_total=200, data_remaining=100)

        hypervisor.answers = {SaveMemory: [save], AbortJob: [abort], ReadJob: [half]}

    async def scene(stage: Stage, hypervisor: Breaking, job: JobRecord) -> None:
        await stage.until(lambda: stage.engine.record(job.id).percent == 25)
        answer = await stage.engine.request(job.id, JobRequest.TERMINATE, "bob")
        assert answer in {
            JobStateChangeCode.COMPLETED_WITH_NO_ERROR,
            JobStateChangeCode.METHOD_PARAMETERS_CHECKED_TRANSITION_STARTED,
        }
        assert (await stage.ended(job)).state == JobState.TERMINATED
        assert hypervisor.done[0] is SaveMemory
        assert set(hypervisor.done[1:]) == {AbortJob}  # asked until the work has ended

    staged(tmp_path, Task.SAVE_AND_GO_ON, scene, arrange)


def test_a_snapshot_that_is_being_made_cannot_be_ended(tmp_path: Path) -> None:
    """The answer says so, and the job goes on."""
    go = asyncio.Event()

    def arrange(hypervisor: Breaking) -> None:
        async def create() -> None:
            await go.wait()

        hypervisor.answers = {CreateSnapshot: [create]}

    async def scene(stage: Stage, _hypervisor: Breaking, job: JobRecord) -> None:
        await stage.until(lambda: stage.state(job) is JobState.RUNNING)
        answer = await stage.engine.request(job.id, JobRequest.TERMINATE, "bob")
        assert answer is JobStateChangeCode.NOT_SUPPORTED
        go.set()
        assert (await stage.ended(job)).state == JobState.COMPLETED

    staged(tmp_path, Task.CREATE, scene, arrange)


def test_a_guest_left_off_by_a_dying_daemon_is_put_back(tmp_path: Path) -> None:
    """Applying a snapshot ends a guest first; what ended it is not known to the next daemon."""

    def arrange(hypervisor: Breaking) -> None:
        off = OFF | {"reason": StateReason.UNKNOWN}
        hypervisor.becomes(snapshots=(CURRENT,))
        hypervisor.answers = {
            RevertToSnapshot: [
                then(hypervisor, off, ConnectionLost("gone")),
                then(hypervisor, ON),
            ]
        }

    job, hypervisor = ended(tmp_path, Task.APPLY, arrange)
    assert job.state == JobState.COMPLETED
    assert hypervisor.done == [RevertToSnapshot, RevertToSnapshot]
