"""The engine: states in order, durable before they are seen; what clients ask of jobs."""

import asyncio
from pathlib import Path

import pytest

from tests.inventory.scripted import A, B
from tests.jobs.scenes import Clock, Gate, Stage, play
from virtcim.hypervisors.errors import Busy, HypervisorFailure, InvalidState
from virtcim.hypervisors.model import Verb
from virtcim.infostore.errors import DiskFull, Late
from virtcim.infostore.job_table import JobWrite
from virtcim.infostore.jobs import Facts
from virtcim.jobs import JobFailed, NoSuchJob, Run
from virtcim.jobs.states import JobRequest
from virtcim.schema.valuemaps import JobState, JobStateChangeCode
from virtcim.wbem.status import NotFound

S, Code = JobState, JobStateChangeCode


def test_a_job_lives_through_its_states(tmp_path: Path) -> None:
    """Clients of libvirt-cim know the first three; the words are theirs."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await stage.engine.start(stage.plan(gate.work, parameters={"a": [1, None]}))
        assert (job.state, job.status, job.owner) == (S.STARTING, "Queued", "anna")
        await gate.began.wait()
        running = stage.engine.record(job.id)
        assert (running.state, running.status) == (S.RUNNING, "Running")
        assert running.started is not None
        gate.go.set()
        done = await stage.ended(job)
        assert (done.state, done.status, done.percent) == (S.COMPLETED, "Completed", 100)
        assert (done.result, done.error_code, done.error) == ({"answer": 42}, 0, None)
        assert [state for state, _ in stage.seen] == [S.STARTING, S.RUNNING, S.COMPLETED]
        assert await stage.store.jobs() == [done]

    play(tmp_path, scene)


def test_every_step_is_durable_before_it_is_seen(tmp_path: Path) -> None:
    """What listeners hear has been written."""

    async def scene(stage: Stage) -> None:
        written: list[tuple[str, int]] = []
        write = stage.store.write_job

        async def watched(step: JobWrite) -> None:
            await write(step)
            if step.job is not None:
                written.append((step.job.id, step.job.state))

        stage.store.write_job = watched
        unwritten: list[object] = []
        stage.engine.on_change(
            lambda _old, new: (
                unwritten.append(new)
                if new and (new.record.id, new.record.state) not in written
                else None
            )
        )
        gate = Gate()
        stop = gate.stopper(HypervisorFailure("aborted"))
        job = await stage.engine.start(stage.plan(gate.work, stop=stop))
        await gate.began.wait()
        await stage.engine.request(job.id, JobRequest.TERMINATE, "bob")
        await stage.ended(job)
        assert unwritten == []
        assert len(written) == 4

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (HypervisorFailure("qemu is gone"), 1, "qemu is gone"),
        (JobFailed(NotFound("no such pool")), 6, "no such pool"),
        (ZeroDivisionError("secret"), 1, "internal error; the server's log has more"),
    ],
)
def test_work_that_fails_is_an_exception_with_its_reason(
    tmp_path: Path, error: Exception, code: int, sentence: str
) -> None:
    """Never Completed; a defect tells the log and not the client."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        gate.failure = error
        gate.go.set()
        done = await stage.ended(await stage.engine.start(stage.plan(gate.work)))
        assert (done.state, done.status) == (S.EXCEPTION, "Failed")
        assert (done.error_code, done.error) == (code, sentence)
        assert done.percent < 100

    play(tmp_path, scene)


def test_a_job_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    """Nothing was done, and the domain is free."""

    async def scene(stage: Stage) -> None:
        async def full(_step: JobWrite) -> None:
            raise DiskFull("store")

        stage.store.write_job, write = full, stage.store.write_job
        gate = Gate()
        with pytest.raises(DiskFull):
            await stage.engine.start(stage.plan(gate.work, migrating=True))
        assert stage.engine.jobs("h") == ()
        assert not gate.began.is_set()
        assert not stage.host.listing.domains[A].record.migrating
        stage.store.write_job = write
        gate.go.set()
        await stage.ended(await stage.engine.start(stage.plan(gate.work)))

    play(tmp_path, scene)


def test_a_job_is_given_turns_that_are_held(tmp_path: Path) -> None:
    """It gives them back at its end; one that cannot be written leaves them with who has them."""

    async def scene(stage: Stage) -> None:
        turns, gate = stage.host.turns, Gate()
        for uuid in (A, B):
            await turns.take(uuid, "a change")
        plan = stage.plan(gate.work, parameters={"others": [B]}, held=(A, B))

        async def full(_step: JobWrite) -> None:
            raise DiskFull("store")

        stage.store.write_job, write = full, stage.store.write_job
        with pytest.raises(DiskFull):
            await stage.engine.start(plan)
        stage.store.write_job = write
        job = await stage.engine.start(plan)
        assert job.domains == (A, B)
        waiting = asyncio.create_task(turns.take(B, "another"))
        assert await stage.engine.end_of(job.id, 0.01) is None
        assert not waiting.done()
        gate.go.set()
        done = await stage.engine.end_of(job.id, None)
        assert done is not None
        assert done.state == S.COMPLETED
        await waiting
        turns.release(B)
        assert await stage.engine.end_of(job.id, None) == done

    play(tmp_path, scene)


def test_a_start_that_nobody_waits_for_any_more_is_taken_back(tmp_path: Path) -> None:
    """Its first step may be durable all the same; then it goes again, with the flag."""

    async def scene(stage: Stage) -> None:
        write, slow = stage.store.write_job, asyncio.Event()

        async def shielded(step: JobWrite) -> None:
            await asyncio.shield(asyncio.create_task(late(step)))

        async def late(step: JobWrite) -> None:
            await slow.wait()
            await write(step)

        stage.store.write_job = shielded
        plan = stage.plan(Gate().work, migrating=True)
        starting = asyncio.create_task(stage.engine.start(plan))
        await asyncio.sleep(0)
        await stage.until(lambda: A in stage.host.turns._queues)
        starting.cancel()
        await asyncio.wait([starting])
        assert starting.cancelled()
        slow.set()
        stage.store.write_job = write
        await stage.engine.close()
        assert await stage.store.jobs() == []
        assert not (await stage.store.records("h"))[A].migrating
        assert A not in stage.host.turns._queues

    play(tmp_path, scene)


def test_a_job_holds_its_domains_turn(tmp_path: Path) -> None:
    """A second one for the same domain is refused, one for another is not."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await stage.engine.start(stage.plan(gate.work, name="Migration"))
        with pytest.raises(Busy, match="Migration is under way"):
            await stage.engine.start(stage.plan(gate.work))
        await stage.engine.start(stage.plan(gate.work, domain=B))
        gate.go.set()
        await stage.ended(job)
        async with stage.host.turns.held(A, "change"):
            pass

    play(tmp_path, scene)


def test_a_domain_is_migrating_exactly_while_its_job_lives(tmp_path: Path) -> None:
    """In the snapshot and in the store; what else is remembered of the domain stays."""

    async def scene(stage: Stage) -> None:
        record = stage.host.record_of(A)
        await stage.host.record(A, record)
        gate = Gate()
        job = await stage.engine.start(stage.plan(gate.work, migrating=True))
        assert stage.host.listing.domains[A].record.migrating
        assert (await stage.store.records("h"))[A].migrating
        assert not stage.host.listing.domains[B].record.migrating
        gate.go.set()
        await stage.ended(job)
        assert stage.host.listing.domains[A].record == record
        assert (await stage.store.records("h"))[A] == record

    play(tmp_path, scene)


def test_work_is_asked_to_end_until_it_hears(tmp_path: Path) -> None:
    """A hypervisor may have no job to abort yet; the answer does not wait for ever."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        tries: list[int] = []
        heard = gate.stopper(HypervisorFailure("aborted"))

        async def stop() -> None:
            tries.append(1)
            if len(tries) < 3:
                raise InvalidState("no job is active")
            await heard()

        job = await stage.engine.start(stage.plan(gate.work, stop=stop))
        await gate.began.wait()
        code = await stage.engine.request(job.id, JobRequest.TERMINATE, "bob")
        assert code is Code.METHOD_PARAMETERS_CHECKED_TRANSITION_STARTED
        assert stage.state(job) is S.SHUTTING_DOWN
        done = await stage.ended(job)
        assert done.state == S.TERMINATED
        assert done.error == "terminated at the request of bob"
        code = await stage.engine.request(job.id, JobRequest.TERMINATE, "bob")
        assert code is Code.INVALID_STATE_TRANSITION

    play(tmp_path, scene)


def test_work_that_was_done_before_it_heard_is_done(tmp_path: Path) -> None:
    """A request to end is no end: the job tells what happened."""

    async def scene(stage: Stage) -> None:
        gate = Gate()

        async def stop() -> None:
            gate.go.set()

        job = await stage.engine.start(stage.plan(gate.work, stop=stop))
        await gate.began.wait()
        code = await stage.engine.request(job.id, JobRequest.KILL, "bob")
        done = await stage.ended(job)
        assert done.state == S.COMPLETED
        assert code in {
            Code.INVALID_STATE_TRANSITION,
            Code.METHOD_PARAMETERS_CHECKED_TRANSITION_STARTED,
        }

    play(tmp_path, scene)


def test_what_cannot_be_ended_says_so_and_can_be_killed(tmp_path: Path) -> None:
    """Work without a way to stop it is given up, and the job says what that means."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await stage.engine.start(stage.plan(gate.work))
        await gate.began.wait()
        for wanted, code in (
            (JobRequest.TERMINATE, Code.NOT_SUPPORTED),
            (JobRequest.SUSPEND, Code.INVALID_STATE_TRANSITION),
            (JobRequest.START, Code.INVALID_STATE_TRANSITION),
            (JobRequest.SERVICE, Code.NOT_SUPPORTED),
            (JobRequest.KILL, Code.COMPLETED_WITH_NO_ERROR),
        ):
            assert await stage.engine.request(job.id, wanted, "bob") is code
        done = await stage.ended(job)
        assert done.state == S.KILLED
        assert "may still be at work" in (done.error or "")

    play(tmp_path, scene)


def test_jobs_wait_for_each_other(tmp_path: Path) -> None:
    """More than a host can do at once are queued; they can be held, go on and be dropped."""

    async def scene(stage: Stage) -> None:
        gate, second, third = Gate(), Gate(), Gate()
        await stage.engine.start(stage.plan(gate.work, domain=A))
        await gate.began.wait()
        waiting = await stage.engine.start(stage.plan(second.work, domain=B))
        other = await stage.engine.start(stage.plan(third.work, domain=None))
        assert (waiting.state, other.state) == (S.NEW, S.NEW)
        request = stage.engine.request
        assert await request(waiting.id, JobRequest.SUSPEND, "bob") is Code.COMPLETED_WITH_NO_ERROR
        gate.go.set()
        await third.began.wait()
        assert stage.state(waiting) is S.SUSPENDED
        third.go.set()
        await stage.ended(other)
        assert not second.began.is_set()
        assert await request(waiting.id, JobRequest.START, "bob") is Code.COMPLETED_WITH_NO_ERROR
        await second.began.wait()
        last = await stage.engine.start(stage.plan(third.work, domain=None))
        assert await request(last.id, JobRequest.TERMINATE, "b") is Code.COMPLETED_WITH_NO_ERROR
        assert stage.state(last) is S.TERMINATED

    play(tmp_path, scene, at_once=1)


def test_progress_is_seen_and_never_goes_back(tmp_path: Path) -> None:
    """It is written now and then; the end alone is a hundred."""
    clock = Clock()

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await stage.engine.start(stage.plan(gate.work))
        await gate.began.wait()
        assert gate.run is not None
        gate.run.progress(30, bytes=10)
        gate.run.progress(20, rate=5)
        gate.run.progress(250)
        shown = stage.engine.record(job.id)
        assert (shown.percent, shown.details) == (99, {"bytes": 10, "rate": 5})
        assert (await stage.store.jobs())[0].percent == 0
        clock.pass_by(10)
        gate.run.progress(40)
        async with asyncio.timeout(60):
            while (await stage.store.jobs())[0].percent != 99:  # noqa: ASYNC110 - no event of a store
                await asyncio.sleep(0.001)
        await gate.run.note("Copying", disk="vda")
        noted = (await stage.store.jobs())[0]
        assert (noted.status, noted.notes, noted.details["rate"]) == (
            "Copying", {"disk": "vda"}, 5,
        )  # fmt: skip
        gate.go.set()
        assert (await stage.ended(job)).percent == 100

    play(tmp_path, scene, clock=clock)


def test_finished_jobs_go_as_their_properties_say(tmp_path: Path) -> None:
    """After their time, unless they are to be kept; unfinished ones cannot be deleted."""
    clock = Clock()

    async def scene(stage: Stage) -> None:
        gate = Gate()
        job = await stage.engine.start(stage.plan(gate.work))
        assert not await stage.engine.delete(job.id)
        gate.go.set()
        await stage.ended(job)
        await stage.engine.modify(job.id, delete_on_completion=False)
        clock.pass_by(301)
        kept = await stage.ended(await stage.engine.start(stage.plan(gate.work)))
        clock.pass_by(299)
        await stage.engine.modify(kept.id, notify="bob")
        assert stage.engine.record(kept.id).notify == "bob"
        clock.pass_by(2)
        await stage.engine.modify(job.id, removal_seconds=1)
        await stage.until(lambda: [one.record.id for one in stage.engine.jobs("h")] == [job.id])
        await stage.engine.modify(job.id, delete_on_completion=True)
        await stage.until(lambda: stage.engine.jobs("h") == ())
        assert await stage.store.jobs() == []
        with pytest.raises(NoSuchJob):
            await stage.engine.delete(job.id)

    play(tmp_path, scene, clock=clock)


def test_an_end_that_cannot_be_written_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is a fact; nobody sees it, and the domain is not free, before it is durable."""
    monkeypatch.setattr("virtcim.jobs.running.RETRY_SECONDS", 0.001)

    async def scene(stage: Stage) -> None:
        write, failures = stage.store.write_job, [1, 2, 3]

        async def sometimes(step: JobWrite) -> None:
            if step.job is not None and step.job.state == S.COMPLETED and failures:
                failures.pop()
                raise DiskFull("store")
            await write(step)

        stage.store.write_job = sometimes

        async def work(_run: Run) -> Facts | None:
            return None

        job = await stage.ended(await stage.engine.start(stage.plan(work)))
        assert (job.state, failures) == (S.COMPLETED, [])

    play(tmp_path, scene)


def test_a_request_that_meets_the_end_comes_too_late(tmp_path: Path) -> None:
    """The end is being written when it is asked for: that is an answer, and no defect."""

    async def scene(stage: Stage) -> None:
        write, writing, go = stage.store.write_job, asyncio.Event(), asyncio.Event()

        async def slow(step: JobWrite) -> None:
            if step.job is not None and step.job.state == S.COMPLETED:
                writing.set()
                await go.wait()
            await write(step)

        stage.store.write_job = slow
        gate = Gate()
        job = await stage.engine.start(stage.plan(gate.work, stop=gate.stopper(ValueError())))
        gate.go.set()
        await writing.wait()
        asking = asyncio.create_task(stage.engine.request(job.id, JobRequest.TERMINATE, "bob"))
        await asyncio.sleep(0)
        go.set()
        assert await asking is Code.INVALID_STATE_TRANSITION
        assert (await stage.ended(job)).state == S.COMPLETED

    play(tmp_path, scene)


def test_a_request_that_cannot_be_written_leaves_no_trace(tmp_path: Path) -> None:
    """Work that fails by itself later was ended by nobody; a job that was to be held goes on."""

    async def scene(stage: Stage) -> None:
        write = stage.store.write_job

        async def full(step: JobWrite) -> None:
            if step.job is not None and step.job.state in {S.SHUTTING_DOWN, S.SUSPENDED}:
                raise DiskFull("store")
            await write(step)

        stage.store.write_job = full
        gate, second = Gate(), Gate()
        job = await stage.engine.start(stage.plan(gate.work, stop=gate.stopper(ValueError())))
        await gate.began.wait()
        waiting = await stage.engine.start(stage.plan(second.work, domain=B))
        for one, wanted in ((job, JobRequest.TERMINATE), (waiting, JobRequest.SUSPEND)):
            with pytest.raises(DiskFull):
                await stage.engine.request(one.id, wanted, "bob")
        gate.failure = HypervisorFailure("qemu is gone")
        gate.go.set()
        done = await stage.ended(job)
        assert (done.state, done.error) == (S.EXCEPTION, "qemu is gone")
        await second.began.wait()

    play(tmp_path, scene, at_once=1)


def test_jobs_that_start_together_can_be_ended_while_they_wait(tmp_path: Path) -> None:
    """Two of them found the host free; the one that has to wait is not busy beginning."""

    async def scene(stage: Stage) -> None:
        gate = Gate()
        jobs = await asyncio.gather(
            *(stage.engine.start(stage.plan(gate.work, domain=one)) for one in (A, B))
        )
        await gate.began.wait()
        (waiting,) = (one for one in jobs if stage.state(one) is S.STARTING)
        code = await stage.engine.request(waiting.id, JobRequest.TERMINATE, "bob")
        assert code is Code.COMPLETED_WITH_NO_ERROR
        assert stage.state(waiting) is S.TERMINATED

    play(tmp_path, scene, at_once=1)


def test_a_plan_for_another_domain_than_it_is_now_is_refused(tmp_path: Path) -> None:
    """What changed while others had the turn, or while checks were made, is no basis."""

    async def scene(stage: Stage) -> None:
        seen = stage.host.listing.domains[A].facts
        await stage.host.change(A, Verb.SUSPEND)
        gate = Gate()
        with pytest.raises(Busy, match="changed meanwhile"):
            await stage.engine.start(stage.plan(gate.work, seen=seen))
        gate.go.set()
        now = stage.host.listing.domains[A].facts
        await stage.ended(await stage.engine.start(stage.plan(gate.work, seen=now)))

    play(tmp_path, scene)


def test_a_first_step_that_is_written_late_is_taken_back(tmp_path: Path) -> None:
    """Its client was told that there is no job."""

    async def scene(stage: Stage) -> None:
        write = stage.store.write_job

        async def late(step: JobWrite) -> None:
            stage.store.write_job = write
            await write(step)
            raise Late("store")

        stage.store.write_job = late
        with pytest.raises(Late):
            await stage.engine.start(stage.plan(Gate().work, migrating=True))
        async with asyncio.timeout(60):
            while await stage.store.jobs() or (await stage.store.records("h"))[A].migrating:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert stage.engine.jobs("h") == ()

    play(tmp_path, scene)


def test_what_came_of_work_may_be_unwritable(tmp_path: Path) -> None:
    """The job ends all the same, and the domain is free."""

    async def scene(stage: Stage) -> None:
        async def work(_run: Run) -> Facts | None:
            return {"odd": object()}  # type: ignore[dict-item]

        done = await stage.ended(await stage.engine.start(stage.plan(work)))
        assert (done.state, done.result) == (S.COMPLETED, {})

    play(tmp_path, scene)
