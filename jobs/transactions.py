"""Changes that are made whole or not at all: each step has a way back, kept before it is taken.

The rule: what was done is taken back in reverse order when a later step fails, and what cannot be
taken back is said.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from virtcim.hypervisors import errors
from virtcim.infostore.errors import InfostoreError, Late
from virtcim.infostore.jobs import JSON
from virtcim.inventory.host import Host
from virtcim.jobs.undoing import Undo, from_json, take_back, to_json

log = structlog.get_logger("virtcim.jobs")

UNCERTAIN = (errors.DeadlineExceeded, errors.ConnectionLost, Late, asyncio.CancelledError)
"""After these a step may have been taken, and is taken back as if it had been."""

PASSING = (
    errors.DeadlineExceeded, errors.ConnectionLost, errors.ConnectionFailed, errors.Busy,
)  # fmt: skip
"""Failures that do not last: what failed so is worth another try."""

Keep = Callable[[list[JSON]], Awaitable[None]]
"""Keeps the ways back, durable on return; raises InfostoreError."""


async def _keep_nothing(_steps: list[JSON]) -> None:
    """Forget the ways back with the server: there is one step, which is atomic."""


@dataclass(slots=True, eq=False)
class Step:
    """A step that is being taken.

    certain: it has been taken; otherwise it may have been. taken: cleared by who finds that it is
    not to be taken.
    """

    what: str
    undo: Undo
    certain: bool = False
    taken: bool = True


class Transaction:
    """Steps that are taken back together.

    unsettled: something was asked for that may still happen. stopped: it is to be taken back.
    """

    def __init__(self, host: Host) -> None:
        self.host = host
        self.unsettled = False
        self.stopped = False
        self._keep: Keep = _keep_nothing
        self._steps: list[Step] = []

    @classmethod
    def of(cls, host: Host, kept: Iterable[JSON]) -> "Transaction":
        """Return the one whose steps were kept; raises LookupError, TypeError, ValueError."""
        found = cls(host)
        for one in kept:
            if not isinstance(one, dict):
                raise TypeError("a step is an object")
            undo = from_json({name: value for name, value in one.items() if name != "what"})
            found._steps.append(Step(str(one["what"]), undo))
        for step in found._steps[:-1]:
            step.certain = True  # the next is kept after it was taken
        return found

    def keep_by(self, keep: Keep) -> None:
        """Keep the ways back by this, before a step is taken."""
        self._keep = keep

    @property
    def outlives_us(self) -> bool:
        """Its steps are kept for who comes after this server."""
        return self._keep is not _keep_nothing

    @property
    def last(self) -> Undo | None:
        """The way back of the step that was taken last."""
        return self._steps[-1].undo if self._steps else None

    def check(self, rest: str = "") -> None:
        """Raise HypervisorFailure when somebody has asked for the end of the change.

        rest: what is said of it then, as the end of a sentence.
        """
        if self.stopped:
            raise errors.HypervisorFailure(f"it was stopped{rest}")

    @asynccontextmanager
    async def step(self, what: str, undo: Undo) -> AsyncIterator[Step]:
        """Take a step, in the body, that `undo` takes back; `what` names it.

        Raises HypervisorFailure when it was stopped, InfostoreError; then it is not taken.
        """
        self.check()
        step = Step(what, undo)
        self._steps.append(step)
        try:
            await self.keep()
        except BaseException:
            self._steps.remove(step)
            raise
        try:
            yield step
        except UNCERTAIN:
            raise
        except BaseException:
            self._steps.remove(step)
            raise
        step.certain = True
        if not step.taken:
            self._steps.remove(step)

    async def keep(self) -> None:
        """Keep the steps as they are now; raises InfostoreError."""
        await self._keep([{"what": step.what, **to_json(step.undo)} for step in self._steps])

    async def roll_back(self, again: tuple[type[Exception], ...] = ()) -> str:
        """Take every step back; returns what could not be, as the end of a sentence.

        again: failures that are raised instead, with which the rest can be taken back later.
        """
        done: list[str] = []
        unknown: list[str] = []
        for step in reversed(self._steps[:]):
            failure = await self._failure_of(step, again)
            if failure is not None:
                (done if step.certain else unknown).append(failure)
        self._steps.clear()
        text = f"; this was done and could not be undone: {', '.join(done)}" if done else ""
        if unknown:
            text += f"; it is not known whether this was done: {', '.join(unknown)}"
        return text or f"; nothing{' else' if self.unsettled else ''} was changed"

    async def _failure_of(self, step: Step, again: tuple[type[Exception], ...]) -> str | None:
        try:
            await take_back(self.host, step.undo)
        except again:
            raise
        except errors.HypervisorError as error:
            log.warning("not_rolled_back", host=self.host.name, what=step.what, error=error.detail)
            return f"{step.what} ({error.detail})"
        except InfostoreError as error:
            log.warning("not_rolled_back", host=self.host.name, what=step.what, error=str(error))
            return step.what
        return None
