"""Fuzzes a server of its own: `python -m tests.fuzz [REQUESTS] [--seed N] [--first N]`.

A run that was interrupted, or that failed, is taken up at the number that it names.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.fuzzing import KINDS, fuzz, resident_megabytes, untouched
from tests.serving import EIGHT_STATES, RunningServer, serving

PORTION = 10_000
WARM = 40_000
"""Requests after which the server has what it keeps, and should not grow any more."""
MOST_GROWTH = 32.0


def run(server: RunningServer, requests: int, seed: int, first: int) -> float:
    """Send the requests, the kinds in turn; return the megabytes by which the server has grown."""
    begun = time.monotonic()
    warm = resident_megabytes(server)
    print(f"seed {seed}, {requests} requests from {first}, {warm:.0f} MB at the start", flush=True)
    for start in range(first, first + requests, PORTION):
        end = min(start + PORTION, first + requests)
        for number, kind in enumerate(KINDS):
            fuzz(server, kind, seed, range(start + number, end, len(KINDS)))
        untouched(server)
        done = end - first
        size, rate = resident_megabytes(server), done / (time.monotonic() - begun)
        if done <= WARM:
            warm = size
        print(f"{end} requests, {rate:.0f} a second, {size:.0f} MB", flush=True)
    return size - warm


def main() -> int:
    """Run, and fail when the server has grown."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("requests", nargs="?", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=200)
    options.add_argument("--first", type=int, default=0)
    given = options.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="virtcim-fuzz-") as directory,
        serving(EIGHT_STATES, Path(directory), log_level="warning") as server,
    ):
        growth = run(server, given.requests, given.seed, given.first)
    print(f"grown by {growth:.1f} MB since it was warm, at most {MOST_GROWTH:.0f}")
    return int(growth > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
