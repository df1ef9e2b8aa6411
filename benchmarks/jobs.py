"""Jobs: how many the engine takes from their start to their durable end in a second."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import ROUNDS, Row
from tests.hypervisors.standing import StandingHypervisor
from virtcim.infostore import Infostore, JobKind
from virtcim.infostore.jobs import Facts
from virtcim.inventory import Host
from virtcim.jobs import Engine, Plan, Run

JOBS = 1984
CLIENTS = 32


def persistence(directory: Path) -> Iterator[Row]:
    """Jobs that do nothing: three durable steps each, asked for by some clients at a time."""
    ours, theirs = [], []
    for number in range(ROUNDS):
        ours.append(JOBS / asyncio.run(_run(directory / f"jobs{number}.db")))
        theirs.append(_commits(directory / f"commits{number}.db"))
    rate, commits = statistics.median(ours), statistics.median(theirs)
    yield Row(
        f"jobs from start to end, {CLIENTS} clients, 3 durable steps each", f"{rate:.0f}/s",
        f"SQLite, commits of one row {commits:.0f}/s", f"{rate / commits:.2f} x", ">= 500/s",
        rate >= 500,
    )  # fmt: skip


async def _run(path: Path) -> float:
    store = Infostore(f"sqlite:///{path}")
    await store.open()
    engine = Engine(store)
    host = Host("h", StandingHypervisor(), store, prefix="KVM", namespace="root/virt")
    ended = asyncio.Event()
    left = [JOBS]

    async def work(_run: Run) -> Facts | None:
        return None

    def count() -> None:
        left[0] -= 1
        if not left[0]:
            ended.set()

    engine.on_change(lambda _old, new: count() if new and new.record.ended else None)
    plan = Plan(
        kind=JobKind.CONFIGURATION, host=host, domain=None, domain_name="d", name="Change",
        method="ModifyResourceSettings", owner="anna", work=work,
    )  # fmt: skip

    async def client() -> None:
        for _ in range(JOBS // CLIENTS):
            await engine.start(plan)

    left[0] = JOBS // CLIENTS * CLIENTS
    begun = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    await ended.wait()
    seconds = time.perf_counter() - begun
    await engine.close()
    await store.close()
    return seconds


def _commits(path: Path) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT)")
    begun = time.perf_counter()
    for number in range(JOBS):
        connection.execute("INSERT INTO t VALUES (?, ?)", (number, "x" * 500))
    seconds = time.perf_counter() - begun
    connection.close()
    return JOBS / seconds
