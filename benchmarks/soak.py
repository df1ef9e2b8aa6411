"""Migrates one guest back and forth, again and again, and looks what is left behind.

python -m benchmarks.soak [how often]
"""

import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import cycle
from pathlib import Path

import libvirt
import psutil

from tests.clients.expected import NAMESPACE
from tests.clients.migrations import (
    FIRST_HOST,
    JOB,
    LIVE,
    OTHER_HOST,
    OTHER_NAMESPACE,
    RESTART,
    RESUME,
    Scene,
    answering,
    ended_labs,
    setting,
)
from tests.lab import eventually
from tests.serving import let_in, serving
from virtcim.schema.valuemaps import JobState

TIMES = 200
WARM = 40
"""Migrations before the first look: until then caches and heaps fill."""
NAME = "traveller"
REMOVAL_SECONDS = 400
"""Finished jobs stay for 300 s."""

WAYS = (
    setting(LIVE), setting(LIVE, PeerToPeer=True), setting(RESUME), setting(LIVE, Tunnelled=True),
    setting(LIVE, PostCopy=True, AutoConverge=True), setting(RESTART),
)  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """What there is at one moment."""

    memory_mb: float
    threads: int
    server_files: int
    source_files: int
    target_files: int
    state_files: int
    temporary_files: int


ALLOWED: Mapping[str, float] = {
    # more than at the first look
    "memory_mb":       8.0,
    "threads":         2,
    "server_files":    4,
    "source_files":    4,
    "target_files":    4,
    "state_files":     0,
    "temporary_files": 0,
}  # fmt: skip
"""Total over the fields of Figures."""


def figures(scene: Scene, directory: Path) -> Figures:
    """Count."""
    server = psutil.Process(scene.server.process.pid)
    return Figures(
        memory_mb=server.memory_info().rss / 1e6,
        threads=server.num_threads(),
        server_files=server.num_fds(),
        source_files=scene.pair.source.open_files(),
        target_files=scene.pair.target.open_files(),
        state_files=len(list((directory / "state").iterdir())),
        temporary_files=len(list(Path(tempfile.gettempdir()).glob("virtcim-check-*"))),
    )


def travel(scene: Scene, times: int, directory: Path) -> Figures:
    """Migrate so often; after each the domain is at one place, and nothing migrates."""
    uuid = scene.guest(NAME)
    first = figures(scene, directory)
    ends = cycle(((NAMESPACE, OTHER_HOST), (OTHER_NAMESPACE, FIRST_HOST)))
    for number, way, (namespace, host) in zip(range(times), cycle(WAYS), ends, strict=False):
        if number == min(WARM, times // 2):
            first = figures(scene, directory)
        job = scene.migrate(NAME, way, host, namespace)
        scene.ended(job, JobState.COMPLETED)
        before, after = scene.pair.source, scene.pair.target
        if host == FIRST_HOST:
            before, after = after, before
        if scene.pair.situation(before, uuid) or not scene.pair.situation(after, uuid):
            raise RuntimeError(f"migration {number} did not leave the domain at one place")
        if number % 20 == 19:
            print(f"{number + 1} migrations: {figures(scene, directory)}", flush=True)
    return first


def left_jobs(scene: Scene) -> int:
    """Return how many jobs there are."""
    spaces = (NAMESPACE, OTHER_NAMESPACE)
    return sum(len(scene.client.EnumerateInstanceNames(JOB, space)) for space in spaces)


def main() -> int:
    """Travel, wait until finished jobs are forgotten, and say what is left."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    libvirt.registerErrorHandler(lambda *_: None, None)  # it would say each time who has left
    pair = answering("virtcim-soak-a", "virtcim-soak-b")
    try:
        with tempfile.TemporaryDirectory(prefix="soak-") as name:
            directory = Path(name)
            let_in(directory)
            with serving(pair.source.uri(), directory, pair.target.uri()) as server:
                scene = Scene(pair, server)
                begun = time.perf_counter()
                first = travel(scene, times, directory)
                print(f"{times} migrations in {time.perf_counter() - begun:.0f} s", flush=True)
                eventually(lambda: not left_jobs(scene), REMOVAL_SECONDS)
                last = figures(scene, directory)
                scene.client.close()
    finally:
        ended_labs(pair)
    return _judge(first, last)


def _judge(first: Figures, last: Figures) -> int:
    failed = 0
    for one in fields(Figures):
        before, after = getattr(first, one.name), getattr(last, one.name)
        holds = after - before <= ALLOWED[one.name]
        failed |= not holds
        print(f"{one.name}: {before:g}, at the end {after:g}: {'well' if holds else 'LEFT BEHIND'}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
