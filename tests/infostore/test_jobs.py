"""Jobs in the store: what was written is what is read, on SQLite and on PostgreSQL alike."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from virtcim.infostore import DomainRecord, Infostore, JobKind, JobRecord, JobWrite
from virtcim.infostore.errors import DiskFull
from virtcim.infostore.gathering import Gathering
from virtcim.infostore.tables import JOB

MOMENT = datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC)
UUID = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
OTHER = "6695eb01-f6a4-8304-79aa-97f2502e193f"


def job(job_id: str = "j", **given_: object) -> JobRecord:
    """Return a job."""
    record = JobRecord(
        id=job_id, host="h", kind=JobKind.MIGRATION, domain=UUID, domain_name="web", name="n",
        method="m", owner="anna", state=3, status="Queued", submitted=MOMENT, changed=MOMENT,
    )  # fmt: skip
    return replace(record, **given_)  # type: ignore[arg-type]


def used(url: str, use: Callable[[Infostore], Awaitable[None]]) -> None:
    """Open the store, use it, close it."""

    async def run() -> None:
        store = Infostore(url)
        await store.open()
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(run())


def test_every_field_has_its_column() -> None:
    """None is forgotten."""
    assert {column.name for column in JOB.columns} == {one.name for one in fields(JobRecord)}


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
FACTS = st.dictionaries(
    TEXTS,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
JOBS = st.builds(
    JobRecord,
    id=st.just("j"), host=TEXTS, kind=st.sampled_from(JobKind), domain=st.none() | st.just(UUID),
    domain_name=TEXTS, name=TEXTS, method=st.just("m"), owner=TEXTS, state=st.integers(2, 12),
    status=TEXTS, submitted=MOMENTS, changed=MOMENTS, started=st.none() | MOMENTS,
    ended=st.none() | MOMENTS, percent=st.integers(0, 100),
    priority=st.none() | st.integers(0, 2**32 - 1), notify=st.none() | TEXTS,
    error_code=st.integers(0, 29), error=st.none() | TEXTS, delete_on_completion=st.booleans(),
    removal_seconds=st.integers(0, 2**40), parameters=FACTS, notes=FACTS, details=FACTS,
    result=FACTS,
)  # fmt: skip


@given(record=JOBS)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_job_is_what_was_written(url: str, record: JobRecord) -> None:
    """Times to the microsecond, numbers of any size, any text, facts of any depth."""

    async def use(store: Infostore) -> None:
        await store.write_job(JobWrite(record))
        assert await store.jobs() == [record]

    used(url, use)


def test_the_oldest_job_is_first(url: str) -> None:
    """Whatever the order of writing."""

    async def use(store: Infostore) -> None:
        for number in (2, 0, 1):
            later = MOMENT + timedelta(microseconds=number)
            await store.write_job(JobWrite(job(f"j{number}", submitted=later)))
        assert [one.id for one in await store.jobs()] == ["j0", "j1", "j2"]

    used(url, use)


def test_a_step_and_its_domain_are_one_transaction(url: str) -> None:
    """Both are there, or neither; and what cannot be written costs its neighbours nothing."""

    async def use(store: Infostore) -> None:
        flagged = DomainRecord(migrating=True)
        await store.write_job(JobWrite(job(), domains={("h", UUID): flagged}))
        assert await store.records("h") == {UUID: flagged}
        nobody: Any = replace(job("k"), owner=None)  # type: ignore[arg-type]
        outcomes = await asyncio.gather(
            store.write_job(JobWrite(nobody, domains={("h", OTHER): flagged})),
            store.write_job(JobWrite(job(state=4))),
            return_exceptions=True,
        )
        assert [(one is None) for one in outcomes] == [False, True]
        assert await store.jobs() == [job(state=4)]
        assert await store.records("h") == {UUID: flagged}

    used(url, use)


def test_jobs_are_forgotten(url: str) -> None:
    """Those that are named, and no error where one is not there."""

    async def use(store: Infostore) -> None:
        for name in "abc":
            await store.write_job(JobWrite(job(name)))
        await store.write_job(JobWrite(removed=("a", "c", "never")))
        assert [one.id for one in await store.jobs()] == ["b"]

    used(url, use)


def test_steps_that_are_asked_for_together_are_one_write() -> None:
    """In the order of asking; the last of a job counts."""
    written: list[list[int]] = []

    async def run() -> None:
        gate = asyncio.Event()

        async def write(items: object) -> None:
            await gate.wait()
            written.append(list(items))  # type: ignore[call-overload]

        gathering: Gathering[int] = Gathering(write)
        puts = [asyncio.create_task(gathering.put(0))]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        puts += [asyncio.create_task(gathering.put(number)) for number in range(1, 100)]
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(*puts)

    asyncio.run(run())
    assert written == [[0], list(range(1, 100))]


def test_a_failure_is_that_of_all_who_were_written_together() -> None:
    """And of nobody who asks later."""

    async def run() -> None:
        failures = [DiskFull("store")]

        async def write(_items: object) -> None:
            if failures:
                raise failures.pop()

        gathering: Gathering[int] = Gathering(write)
        outcomes = await asyncio.gather(gathering.put(1), gathering.put(2), return_exceptions=True)
        assert [type(one) for one in outcomes] == [DiskFull, DiskFull]
        await gathering.put(3)

    asyncio.run(run())
