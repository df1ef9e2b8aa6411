"""After a crash: every job is found again and tells the truth, and no flag is left."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.inventory.scripted import A, B
from tests.jobs.scenes import Clock, Gate, Stage, server
from virtcim.hypervisors.errors import Busy, ConnectionLost
from virtcim.infostore.errors import Locked
from virtcim.infostore.job_table import JobWrite
from virtcim.infostore.jobs import JobKind, JobRecord
from virtcim.infostore.records import DomainRecord
from virtcim.inventory import Host
from virtcim.jobs import Adopted, Completed, Failed, Verdict
from virtcim.jobs.states import UNFINISHED, JobRequest
from virtcim.schema.valuemaps import JobState

S = JobState


def left_behind(state: JobState, **given: object) -> JobRecord:
    """Return the record of a job in some state."""
    now = Clock()()
    record = JobRecord(
        id="j", host="h", kind=JobKind.MIGRATION, domain=A, domain_name="a", name="Migration",
        method="MigrateVirtualSystemToHost", owner="anna", state=state, status="", submitted=now,
        changed=now, started=now,
    )  # fmt: skip
    return replace(record, **given)  # type: ignore[arg-type]


def resume(
    url: str,
    record: JobRecord,
    verdict: Verdict | Exception,
    scene: Callable[[Stage], Awaitable[None]],
) -> None:
    """Start a server over what a crashed one has left."""

    async def recoverer(_record: JobRecord, _host: Host) -> Verdict:
        if isinstance(verdict, Exception):
            raise verdict
        return verdict

    async def whole() -> None:
        async with server(url) as stage:
            flagged = DomainRecord(requested_state=2, migrating=True)
            await stage.store.write_job(JobWrite(record, domains={("h", A): flagged}))
        async with server(url, {JobKind.MIGRATION: recoverer}) as stage:
            await scene(stage)

    asyncio.run(whole())


@pytest.mark.parametrize("state", sorted(UNFINISHED))
@pytest.mark.parametrize("verdict", [Completed({"x": 1}), Failed("the daemon died")])
def test_every_state_is_resolved(url: str, state: JobState, verdict: Verdict) -> None:
    """What had not begun has failed; of the rest the hypervisor decides; no flag stays."""

    async def scene(stage: Stage) -> None:
        job = await stage.ended(left_behind(state))
        began = state in {S.RUNNING, S.SHUTTING_DOWN}
        if began and isinstance(verdict, Completed):
            assert (job.state, job.result, job.percent) == (S.COMPLETED, {"x": 1}, 100)
        elif state is S.SHUTTING_DOWN:
            assert (job.state, job.error) == (S.TERMINATED, "the daemon died")
        else:
            assert job.state == S.EXCEPTION
            assert job.error == ("the daemon died" if began else job.error)
            assert began or "before the job began" in (job.error or "")
        record = (await stage.store.records("h"))[A]
        assert record == DomainRecord(requested_state=2)
        assert stage.host.listing.domains[A].record == record

    resume(url, left_behind(state), verdict, scene)


@pytest.mark.parametrize("state", [S.RUNNING, S.SHUTTING_DOWN])
def test_work_that_goes_on_is_followed(url: str, state: JobState) -> None:
    """An adopted job holds its turn and can be ended; one that was to end is asked again."""

    async def scene(stage: Stage) -> None:
        await gate.began.wait()
        assert stage.host.listing.domains[A].record.migrating
        with pytest.raises(Busy):
            await stage.engine.start(stage.plan(gate.work))
        if state is S.RUNNING:
            await stage.engine.request("j", JobRequest.TERMINATE, "bob")
        job = await stage.ended(left_behind(state))
        assert job.state == S.TERMINATED
        assert not stage.host.listing.domains[A].record.migrating

    gate = Gate()
    adopted = Adopted(gate.work, gate.stopper(ConnectionLost("aborted")))
    resume(url, left_behind(state), adopted, scene)


def test_who_cannot_know_asks_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the hypervisor answers the job stands as it stood, and nobody may change the domain."""
    monkeypatch.setattr("virtcim.jobs.recovery.RETRY_SECONDS", 0.001)
    asked: list[str] = []

    async def recoverer(record: JobRecord, _host: Host) -> Verdict:
        asked.append(record.id)
        if len(asked) < 5:
            raise ConnectionLost("gone") if len(asked) % 2 else Locked("the store")
        return Completed()

    async def whole() -> None:
        async with server(url) as stage:
            await stage.store.write_job(JobWrite(left_behind(S.RUNNING)))
        async with server(url, {JobKind.MIGRATION: recoverer}) as stage:
            job = await stage.ended(left_behind(S.RUNNING))
            assert (job.state, len(asked)) == (S.COMPLETED, 5)

    asyncio.run(whole())


def test_flags_that_no_job_owns_are_cleared(url: str) -> None:
    """Also when a job of another kind, or of another domain, is unfinished."""

    async def whole() -> None:
        async with server(url) as stage:
            snapshot = left_behind(S.RUNNING, kind=JobKind.SNAPSHOT)
            flag = DomainRecord(requested_state=3, migrating=True)
            await stage.store.write_job(
                JobWrite(snapshot, domains={("h", A): flag, ("h", B): flag})
            )
        async with server(url) as stage:
            for uuid in (A, B):
                assert stage.host.listing.domains[uuid].record == DomainRecord(requested_state=3)
            job = await stage.ended(left_behind(S.RUNNING))
            assert job.error == "the server ended during the job"

    asyncio.run(whole())


def test_jobs_of_hosts_that_are_gone_have_failed(url: str) -> None:
    """Nobody can be asked any more."""

    async def scene(stage: Stage) -> None:
        await stage.until(lambda: stage.engine.record("j").state == S.EXCEPTION)
        assert "not configured any more" in (stage.engine.record("j").error or "")
        (kept,) = await stage.store.jobs()
        assert kept.notes == {}  # they may hold secrets

    left = left_behind(S.RUNNING, host="gone", notes={"steps": ["a definition"]})
    resume(url, left, Completed(), scene)


def test_a_job_that_never_began_is_in_nobodys_way(url: str) -> None:
    """Its first step was written after the store was given up; another of its domain then ran."""

    async def whole() -> None:
        async with server(url) as stage:
            flag = DomainRecord(migrating=True)
            phantom = left_behind(S.STARTING, id="phantom")
            for record in (phantom, left_behind(S.RUNNING)):
                await stage.store.write_job(JobWrite(record, domains={("h", A): flag}))
        async with server(url, {JobKind.MIGRATION: adopting}) as stage:
            await gate.began.wait()
            await stage.until(lambda: stage.engine.record("phantom").state == S.EXCEPTION)
            assert stage.host.listing.domains[A].record.migrating
            gate.go.set()
            assert (await stage.ended(left_behind(S.RUNNING))).state == S.COMPLETED

    async def adopting(_record: JobRecord, _host: Host) -> Verdict:
        return Adopted(gate.work)

    gate = Gate()
    asyncio.run(whole())


def test_what_cannot_be_ended_is_not_killed_for_it(url: str) -> None:
    """It was asked to end before the crash; the rest of its work has no way to be stopped."""

    async def scene(stage: Stage) -> None:
        await gate.began.wait()
        gate.go.set()
        assert (await stage.ended(left_behind(S.SHUTTING_DOWN))).state == S.COMPLETED

    gate = Gate()
    resume(url, left_behind(S.SHUTTING_DOWN), Adopted(gate.work), scene)
