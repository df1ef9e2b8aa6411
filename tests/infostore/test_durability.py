"""What was acknowledged is durable: the writer is killed again and again, nothing is lost."""

import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Mapping

from virtcim.infostore import DomainRecord
from virtcim.infostore.store import Store

ROUNDS = 12

# Puts ever larger numbers over the same few domains and says so after each acknowledgement.
WRITER = """
import asyncio, sys
from virtcim.infostore import DomainRecord, Infostore

async def write(url, start):
    store = Infostore(url)
    await store.open()
    for number in range(start, start + 1_000_000):
        await store.put("default", f"domain-{number % 7}", DomainRecord(weight=number))
        print(number, flush=True)

asyncio.run(write(sys.argv[1], int(sys.argv[2])))
"""


def acknowledged_until_killed(url: str, start: int, milliseconds: float) -> list[int]:
    """Run a writer, kill it so long after its first acknowledgement, give what it acknowledged."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url, str(start)], stdout=-1)
    assert writer.stdout is not None
    ready, _, _ = select.select([writer.stdout], [], [], 60)
    assert ready, "the writer never started"
    time.sleep(milliseconds / 1000)
    writer.kill()
    output = writer.stdout.read()
    writer.stdout.close()
    writer.wait()
    # A line that the kill tore was not read by anybody: it acknowledges nothing.
    return [int(line) for line in output.split(b"\n")[:-1] if line]


def records(url: str) -> Mapping[str, DomainRecord]:
    """Read what the killed writer left."""
    store = Store(url)
    store.open()
    try:
        return store.records("default")
    finally:
        store.close()


def test_no_acknowledged_record_is_lost_when_the_server_is_killed(url: str) -> None:
    """After each kill -9 every record is the acknowledged one, or the one put next to it."""
    moments = random.Random(20)
    start = 0
    expected: dict[str, int] = {}
    for _ in range(ROUNDS):
        numbers = acknowledged_until_killed(url, start, moments.uniform(0, 60))
        assert numbers, "a round without a write proves nothing"
        expected |= {f"domain-{number % 7}": number for number in numbers}
        last = numbers[-1]
        found = {uuid: record.weight for uuid, record in records(url).items()}
        unacknowledged = {f"domain-{(last + 1) % 7}": last + 1}
        assert found in (expected, expected | unacknowledged)
        expected = {uuid: weight for uuid, weight in found.items() if weight is not None}
        start = last + 2


def test_commits_reach_the_disk(url: str) -> None:
    """The settings that make a commit wait for the disk are on: WAL alone would not wait."""
    store = Store(url)
    store.open()
    questions: dict[str, dict[str, object]] = {
        "sqlite": {"PRAGMA journal_mode": "wal", "PRAGMA synchronous": 2},
        "postgresql": {"SHOW synchronous_commit": "on"},
    }
    with store._engine.connect() as connection:
        for question, answer in questions[connection.dialect.name].items():
            assert connection.exec_driver_sql(question).scalar_one() == answer
    store.close()


def test_the_worker_does_not_outlive_its_store() -> None:
    """A process that closed its infostore ends by itself."""
    program = (
        "import asyncio\nfrom virtcim.infostore import Infostore\n"
        "async def run():\n    store = Infostore('sqlite:////dev/null/nowhere')\n"
        "    try:\n        await store.open()\n    except Exception as error:\n"
        "        print(type(error).__name__)\nasyncio.run(run())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=dict(os.environ),
    )
    assert ended.stdout == "DirectoryMissing\n"
