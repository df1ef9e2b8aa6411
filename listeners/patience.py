"""How long somebody who fails to log in has to wait before the next try is looked at.

The first slips cost what any failure costs; then pauses grow, and those who try at the same time
wait one behind the other, so that many connections guess no faster than one. A stranger who guesses
at a user's password from elsewhere must not lock that user out: such pauses stay short.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Key = tuple[str | None, str | None]
"""Address and user; None stands for any."""

MOST_KEYS = 4096
"""Keys that are remembered; a flood of made-up names pushes out the oldest."""
FORGET_SECONDS = 900.0
"""Without a failure for so long everything is forgotten."""


@dataclass(frozen=True, slots=True)
class Growth:
    """After `free` failures a pause, doubled with each further one up to `longest` times it."""

    free: int
    longest: int

    def pauses(self, failures: int) -> int:
        """Return how many pauses long one has to wait after so many failures."""
        over = failures - self.free
        return 0 if over <= 0 else min(1 << min(over - 1, 30), self.longest)


# A user from one address; an address; a user from anywhere.
PAIR = Growth(free=3, longest=16)
ADDRESS = Growth(free=20, longest=8)
USER = Growth(free=20, longest=4)


@dataclass(slots=True)
class _Record:
    failures: int
    free_at: float
    last: float


class Patience:
    """Counts failures; `pause` is the shortest pause in seconds, 0 for none at all."""

    def __init__(self, pause: float, clock: Callable[[], float]) -> None:
        self._pause = pause
        self._clock = clock
        self._records: dict[Key, _Record] = {}

    def wait(self, address: str, user: str) -> float | None:
        """Return the seconds until this try may be looked at; None when too many wait already.

        Whoever is given a time has it for itself: the next one comes a pause later.
        """
        now = self._clock()
        found = [(g, r) for _, g, r in self._found(address, user, now) if g.pauses(r.failures)]
        until = max((record.free_at for _, record in found), default=now)
        longest = max((growth.longest for growth, _ in found), default=0) * self._pause
        if until - now > longest:
            return None
        for growth, record in found:
            record.free_at = max(now, until) + growth.pauses(record.failures) * self._pause
        return max(0.0, until - now)

    def failed(self, address: str, user: str) -> int:
        """Count a failure; return how many there were of this user from this address."""
        now = self._clock()
        for key, growth in _keys(address, user):
            record = self._record(key, now)
            record.failures += 1
            record.last = now
            pause = growth.pauses(record.failures) * self._pause
            record.free_at = max(record.free_at, now + pause)
        return self._records[address, user].failures

    def succeeded(self, address: str, user: str) -> None:
        """Forget the slips of a user at an address; what others tried there stays counted."""
        self._records.pop((address, user), None)

    def _found(self, address: str, user: str, now: float) -> Iterator[tuple[Key, Growth, _Record]]:
        for key, growth in _keys(address, user):
            record = self._records.get(key)
            if record is not None and now - record.last < FORGET_SECONDS:
                yield key, growth, record

    def _record(self, key: Key, now: float) -> _Record:
        record = self._records.pop(key, None)  # put at the end: the first is the oldest
        if record is None or now - record.last >= FORGET_SECONDS:
            record = _Record(0, now, now)
        while len(self._records) >= MOST_KEYS:
            del self._records[next(iter(self._records))]
        self._records[key] = record
        return record


def _keys(address: str, user: str) -> tuple[tuple[Key, Growth], ...]:
    return ((None, user), USER), ((address, None), ADDRESS), ((address, user), PAIR)
