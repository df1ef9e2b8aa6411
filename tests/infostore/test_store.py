"""What was put is what is read, on SQLite and on PostgreSQL alike."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from virtcim.infostore import DomainRecord, Infostore
from virtcim.infostore.errors import Closed
from virtcim.infostore.records import BOUNDS
from virtcim.infostore.store import VALUES, Store
from virtcim.infostore.tables import DOMAIN_RECORD

A = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
B = "6695eb01-f6a4-8304-79aa-97f2502e193f"


def used(url: str, use: Callable[[Infostore], Awaitable[object]]) -> None:
    """Open the store, use it, close it."""

    async def run() -> None:
        store = Infostore(url)
        await store.open()
        try:
            await use(store)
        finally:
            await store.close()

    asyncio.run(run())


def read(url: str, host: str = "default") -> Mapping[str, DomainRecord]:
    """Read a host's records through a connection of their own."""
    store = Store(url)
    store.open()
    try:
        return store.records(host)
    finally:
        store.close()


def test_an_empty_store_has_no_records(url: str) -> None:
    """A store that was never written has no record of any host."""
    used(url, lambda store: store.records("default"))
    assert read(url) == {}


def test_a_put_record_is_read_again(url: str) -> None:
    """A record is what it was after closing and opening."""
    record = DomainRecord(requested_state=2, migrating=True, weight=512, limit=90)
    used(url, lambda store: store.put("default", A, record))
    assert read(url) == {A: record}


def test_a_put_replaces_the_former_record_whole(url: str) -> None:
    """Nothing of the former record shines through, None included."""

    async def twice(store: Infostore) -> None:
        await store.put("default", A, DomainRecord(requested_state=2, weight=7))
        await store.put("default", A, DomainRecord(migrating=True))

    used(url, twice)
    assert read(url) == {A: DomainRecord(migrating=True)}


def test_records_belong_to_a_host(url: str) -> None:
    """The same UUID on two hosts is two records."""

    async def both(store: Infostore) -> None:
        await store.put("default", A, DomainRecord(requested_state=2))
        await store.put("other", A, DomainRecord(requested_state=3))
        await store.remove("default", A)

    used(url, both)
    assert read(url) == {}
    assert read(url, "other") == {A: DomainRecord(requested_state=3)}


def test_removing_what_is_not_there_is_no_error(url: str) -> None:
    """An undefine is followed by a removal whether or not there was a record."""
    used(url, lambda store: store.remove("default", A))
    assert read(url) == {}


def test_many_records_are_put_at_once(url: str) -> None:
    """One transaction writes new records and overwrites old ones; none at all is fine."""

    async def at_once(store: Infostore) -> None:
        await store.put("default", A, DomainRecord(requested_state=2))
        await store.put_all("default", {})
        await store.put_all(
            "default", {A: DomainRecord(limit=1), B: DomainRecord(requested_state=9)}
        )

    used(url, at_once)
    assert read(url) == {A: DomainRecord(limit=1), B: DomainRecord(requested_state=9)}


def test_concurrent_puts_are_all_kept_in_the_order_asked(url: str) -> None:
    """The last put that was asked for is the one that stays."""

    async def storm(store: Infostore) -> None:
        puts = [store.put("default", A, DomainRecord(requested_state=n)) for n in range(50)]
        await asyncio.gather(*puts)

    used(url, storm)
    assert read(url) == {A: DomainRecord(requested_state=49)}


def test_a_closed_infostore_answers_nothing(url: str) -> None:
    """Before open and after close every call is refused; closing twice is not."""

    async def run() -> None:
        store = Infostore(url)
        with pytest.raises(Closed):
            await store.records("default")
        await store.open()
        await store.close()
        await store.close()
        with pytest.raises(Closed):
            await store.put("default", A, DomainRecord())

    asyncio.run(run())
    with pytest.raises(Closed):
        Store(url).records("default")


def numbers(name: str) -> st.SearchStrategy[int | None]:
    """Draw every legal value of one of the numbers."""
    return st.none() | st.integers(min_value=0, max_value=BOUNDS[name])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    record=st.builds(
        DomainRecord,
        requested_state=numbers("requested_state"),
        migrating=st.booleans(),
        weight=numbers("weight"),
        limit=numbers("limit"),
    ),
    host=st.from_regex(r"[A-Za-z0-9._-]{1,255}", fullmatch=True),
)
def test_every_legal_record_survives(url: str, record: DomainRecord, host: str) -> None:
    """No legal value is cut, rounded or refused by either database."""
    store = Store(url)
    store.open()
    try:
        store.put(host, {A: record})
        assert store.records(host)[A] == record
    finally:
        store.close()


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_a_number_out_of_bounds_is_no_record(name: str) -> None:
    """What a column could not hold is refused before it reaches the database."""
    for number in (-1, BOUNDS[name] + 1):
        with pytest.raises(ValueError, match=name):
            replace(DomainRecord(), **{name: number})  # type: ignore[arg-type]  # any number field


def test_every_field_of_a_record_has_its_column() -> None:
    """A field added to the record without a column would be forgotten at every restart."""
    assert set(VALUES) == set(DomainRecord.__slots__)
    assert {column.name for column in DOMAIN_RECORD.columns} == {"host", "uuid", *VALUES}
