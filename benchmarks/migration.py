"""What a migration costs over what libvirt needs for it, between two real libvirtd."""

import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Row
from tests.clients.expected import NAMESPACE
from tests.clients.migrations import (
    FIRST_HOST,
    OTHER_HOST,
    OTHER_NAMESPACE,
    STREAM,
    Scene,
    answering,
    ended_labs,
    setting,
)
from tests.serving import let_in, serving
from virtcim.schema.valuemaps import JobState

ROUNDS = 8
"""There and back."""
NAME = "traveller"


def overhead(directory: Path) -> Iterator[Row]:
    """Migrate a small guest by a client and by virsh in turn, and take the medians."""
    pair = answering("virtcim-bench-a", "virtcim-bench-b")
    let_in(directory)
    try:
        with serving(pair.source.uri(), directory, pair.target.uri()) as server:
            scene = Scene(pair, server)
            scene.guest(NAME)
            ways = ((NAMESPACE, OTHER_HOST), (OTHER_NAMESPACE, FIRST_HOST))
            uris = (pair.source.uri(), pair.target.uri())
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours += [_by_client(scene, *way) for way in ways]
                theirs += [_by_virsh(*uris), _by_virsh(*reversed(uris))]
            scene.client.close()
    finally:
        ended_labs(pair)
    mine, other = statistics.median(ours) * 1000, statistics.median(theirs) * 1000
    yield Row(
        "migration of a small guest", f"{mine:.0f} ms", f"virsh migrate {other:.0f} ms",
        f"{mine - other:+.0f} ms", "<= 100 ms more", mine - other <= 100,
    )  # fmt: skip


def _by_client(scene: Scene, namespace: str, host: str) -> float:
    """Return the seconds from the request until a client sees that the job is completed."""
    begun = time.perf_counter()
    job = scene.migrate(NAME, setting(), host, namespace)
    while scene.job(job)["JobState"] < JobState.COMPLETED:
        time.sleep(0.002)
    seconds = time.perf_counter() - begun
    if scene.job(job)["JobState"] != JobState.COMPLETED:
        raise RuntimeError(scene.job(job)["Status"])
    return seconds


def _by_virsh(source: str, target: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        ["virsh", "-c", source, "migrate", "--live", "--persistent", "--undefinesource",
         "--unsafe", NAME, target, STREAM],
        check=True, capture_output=True,
    )  # fmt: skip
    return time.perf_counter() - begun
