"""Open enumerations: who may continue them, what was delivered of each, when they end.

The rules: an object is delivered when its piece of a reply is made, and it is never made twice. A
reply that is not written to its end ends its enumeration, since nobody knows what arrived. Each
complete reply gives a new context and makes the one before invalid, so a request that a client
sends again is refused and loses nothing silently.

Nobody continues what ran out of time. It is removed when room is needed, and by `sweep`, which the
server calls again and again: what a client left behind must not stay until another one comes.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from virtcim.wbem.status import (
    InvalidEnumerationContext,
    InvalidOperationTimeout,
    PullCannotBeAbandoned,
    PullHasBeenAbandoned,
    ServerLimitsExceeded,
)

Clock = Callable[[], float]
"""Seconds from some moment on."""

_SECRET_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PullLimits:
    """What clients may ask of enumerations.

    timeout, longest_timeout: seconds between two operations on one, if the client says nothing and
        at most.
    objects: of one reply; more may be asked for, and fewer come.
    open, open_of_user: enumerations at a time, of all users and of one.
    keep_alives: operations without objects that one enumeration takes one after the other.
    """

    timeout: int = 30
    longest_timeout: int = 300
    objects: int = 10_000
    open: int = 1000
    open_of_user: int = 200
    keep_alives: int = 100

    def seconds(self, asked: int | None) -> int:
        """Return the time between two operations; raises InvalidOperationTimeout."""
        seconds = self.timeout if asked is None else asked
        if not 0 < seconds <= self.longest_timeout:
            raise InvalidOperationTimeout(
                f"an OperationTimeout is from 1 to {self.longest_timeout} seconds, not {asked}"
            )
        return seconds


class Kind(Enum):
    """Which pull operation continues an enumeration."""

    INSTANCES_WITH_PATH = "PullInstancesWithPath"
    PATHS = "PullInstancePaths"
    INSTANCES = "PullInstances"


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may continue an enumeration: only an equal one may."""

    user: str
    namespace: str
    kind: Kind | None


class Cursor:
    """Objects in order, a batch at a time, and how far they were delivered.

    `batches` may yield empty ones, which say that looking for objects takes its time.
    """

    def __init__(
        self,
        batches: Iterator[Sequence[Any]],
        write: Callable[[Any], bytes],
        size: Callable[[], int | None] = lambda: None,
    ) -> None:
        self.delivered = 0
        self._batches = batches
        self._write = write
        self._size = size
        self._batch: Sequence[Any] = ()
        self._next = 0
        self.ended = False

    @property
    def left(self) -> int | None:
        """How many objects are left, None when nobody has counted them."""
        size = self._size()
        return None if size is None else size - self.delivered

    def take(self, most: int) -> Iterator[bytes]:
        """Yield the next objects, at most so many, then see whether others are left."""
        while most and not self.ended:
            if self._next == len(self._batch):
                yield from self._look_further()
                continue
            taken = self._batch[self._next : self._next + most]
            self._next += len(taken)
            self.delivered += len(taken)
            most -= len(taken)
            yield b"".join(map(self._write, taken))
        yield from self._look_further()

    def _look_further(self) -> Iterator[bytes]:
        """Get batches until one has an object or there are none; others have their turn."""
        while self._next == len(self._batch) and not self.ended:
            batch = next(self._batches, None)
            self.ended = batch is None
            self._batch, self._next = batch or (), 0
            yield b""


@dataclass(slots=True)
class _Enumeration:
    """An open enumeration; `turn` counts its complete replies, `idle` those without objects."""

    secret: str
    owner: Owner
    cursor: Cursor
    seconds: int
    deadline: float
    turn: int = 0
    idle: int = 0
    busy: bool = False

    @property
    def context(self) -> str:
        return f"{self.secret}.{self.turn}"


class Enumerations:
    """All open enumerations of a server."""

    def __init__(self, limits: PullLimits, now: Clock = time.monotonic) -> None:
        self.limits = limits
        self._now = now
        self._open: dict[str, _Enumeration] = {}

    def __len__(self) -> int:
        return len(self._open)

    def open(self, owner: Owner, cursor: Cursor, *, seconds: int, most: int) -> "DeliveredPortion":
        """Open an enumeration and return its first objects; raises ServerLimitsExceeded."""
        if self._full(owner):
            self.sweep()
        if whose := self._full(owner):
            raise ServerLimitsExceeded(
                f"{whose} as many open enumerations as are allowed; close one, or try again later"
            )
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        one = _Enumeration(secret, owner, cursor, seconds, self._now() + seconds)
        self._open[secret] = one
        return self._portion(one, most)

    def _full(self, owner: Owner) -> str:
        """Tell whether one more is too many; of whom there are too many, as a sentence begins."""
        of_user = sum(one.owner.user == owner.user for one in self._open.values())
        if of_user >= self.limits.open_of_user:
            return "you have"
        return "there are" if len(self._open) >= self.limits.open else ""

    def pull(self, context: str, owner: Owner, most: int) -> "DeliveredPortion":
        """Return the next objects.

        Raises InvalidEnumerationContext, PullCannotBeAbandoned while a reply is being written, and
        ServerLimitsExceeded when nothing is asked for again and again.
        """
        one = self._find(context, owner)
        if context.strip() != one.context:
            raise InvalidEnumerationContext
        if one.busy:
            raise PullCannotBeAbandoned("another pull of this enumeration is being answered")
        if not most and one.idle >= self.limits.keep_alives:
            raise ServerLimitsExceeded(
                f"an enumeration is kept alive {self.limits.keep_alives} times at most"
            )
        one.idle = 0 if most else one.idle + 1
        return self._portion(one, most)

    def close(self, context: str, owner: Owner) -> None:
        """End an enumeration, also one of which a reply is being written.

        Any context that it ever had will do, since the last one may not have arrived.
        """
        self.abandon(self._find(context, owner))

    def left(self, context: str, owner: Owner) -> int | None:
        """Return how many objects are left, None when nobody has counted them."""
        return self._find(context, owner).cursor.left

    def _find(self, context: str, owner: Owner) -> _Enumeration:
        one = self._open.get(context.strip().rpartition(".")[0])
        if one is None or one.deadline < self._now() or not _fits(owner, one.owner):
            raise InvalidEnumerationContext
        return one

    def _portion(self, one: _Enumeration, most: int) -> "DeliveredPortion":
        one.busy = True
        self.touch(one)
        return DeliveredPortion(self, one, min(most, self.limits.objects))

    def touch(self, one: _Enumeration) -> None:
        """Let the time of an enumeration begin again; raises PullHasBeenAbandoned."""
        if self._open.get(one.secret) is not one:
            raise PullHasBeenAbandoned("the enumeration was closed while it was being read")
        one.deadline = self._now() + one.seconds

    def finish(self, one: _Enumeration) -> str:
        """Note that a reply was written to its end; return what continues the enumeration."""
        self.touch(one)
        one.busy = False
        one.turn += 1
        if one.cursor.ended:
            self.abandon(one)
            return ""
        return one.context

    def abandon(self, one: _Enumeration) -> None:
        """End an enumeration; a reply of it that is being written ends with an error."""
        self._open.pop(one.secret, None)

    def sweep(self) -> None:
        """Remove what ran out of time."""
        now = self._now()
        for one in [one for one in self._open.values() if one.deadline < now]:
            self.abandon(one)


def _fits(asking: Owner, owner: Owner) -> bool:
    """Tell whether an enumeration is of this owner; operations on all kinds name none."""
    same = (asking.user, asking.namespace) == (owner.user, owner.namespace)
    return same and asking.kind in {None, owner.kind}


class DeliveredPortion:
    """The objects of one reply."""

    def __init__(self, enumerations: Enumerations, one: _Enumeration, most: int) -> None:
        self._enumerations = enumerations
        self._one = one
        self._most = most
        self._context: str | None = None

    @property
    def context(self) -> str:
        """What continues the enumeration; known when the pieces have been read."""
        if self._context is None:
            raise RuntimeError("the objects come before the context")
        return self._context

    def pieces(self) -> Iterator[bytes]:
        """Yield the elements; raises PullHasBeenAbandoned."""
        try:
            for piece in self._one.cursor.take(self._most):
                self._enumerations.touch(self._one)
                yield piece
            self._context = self._enumerations.finish(self._one)
        finally:
            if self._context is None:
                self._enumerations.abandon(self._one)
