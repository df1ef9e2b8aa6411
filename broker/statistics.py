"""How often each operation was asked for, and what that took: the counters behind statistics.

The rule: who answers a request notes it here, once; whoever wants to know reads. Counting costs
nothing beside an operation of fifty microseconds.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]
"""Seconds since the epoch."""


@dataclass(slots=True)
class Tally:
    """What was counted of one kind of operation; `last` is when, in seconds since the epoch."""

    last: float
    count: int = 0
    seconds: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0


class OperationStatistics:
    """The tallies of all operations since the start, by name."""

    def __init__(self, now: Clock = time.time) -> None:
        self._now = now
        self.since = now()
        self._tallies: dict[str, Tally] = {}

    def note(
        self, operation: str, *, seconds: float, request_bytes: int, response_bytes: int
    ) -> None:
        """Count one operation that was answered."""
        tally = self._tallies.get(operation)
        if tally is None:
            tally = self._tallies[operation] = Tally(self.since)
        tally.last = self._now()
        tally.count += 1
        tally.seconds += seconds
        tally.request_bytes += request_bytes
        tally.response_bytes += response_bytes

    def of(self, operation: str) -> Tally:
        """Return what was counted of one kind of operation so far."""
        return self._tallies.get(operation) or Tally(self.since)
