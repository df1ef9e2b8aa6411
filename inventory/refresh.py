"""Reading domains again, coalesced: per domain at most one read runs and one waits.

The rule: a request is answered by a read that began after it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from virtcim.hypervisors.errors import HypervisorError, HypervisorFailure
from virtcim.hypervisors.model import DomainUUID
from virtcim.inventory.invalidation import Scope

log = structlog.get_logger("virtcim.inventory")

Outcome = asyncio.Future[HypervisorError | None]


@dataclass(slots=True, eq=False)
class Request:
    """One read to be done for everyone who asked for it.

    since: monotonic seconds of the oldest event behind it; None means that none is.
    done: None means success.
    """

    scope: Scope
    since: float | None
    done: Outcome = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def merge(self, scope: Scope, since: float | None) -> None:
        """Answer one more."""
        self.scope = max(self.scope, scope)
        self.since = min((at for at in (self.since, since) if at is not None), default=None)


class Refresher:
    """The reads of one host."""

    def __init__(self, read: Callable[[DomainUUID, Request], Awaitable[None]]) -> None:
        self._read = read
        self._running: dict[DomainUUID, asyncio.Task[None]] = {}
        self._waiting: dict[DomainUUID, Request] = {}

    def busy(self, uuid: DomainUUID) -> bool:
        """A read of this domain runs."""
        return uuid in self._running

    def request(self, uuid: DomainUUID, scope: Scope, since: float | None = None) -> Outcome:
        """Have a domain read; the future tells how it went, to be shielded by who awaits it."""
        if (waiting := self._waiting.get(uuid)) is not None:
            waiting.merge(scope, since)
            return waiting.done
        request = Request(scope, since)
        if uuid in self._running:
            self._waiting[uuid] = request
        else:
            self._running[uuid] = asyncio.create_task(self._run(uuid, request))
        return request.done

    async def close(self) -> None:
        """End every read."""
        tasks = tuple(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, uuid: DomainUUID, request: Request | None) -> None:
        try:
            while request is not None:
                await self._answer(uuid, request)
                request = self._waiting.pop(uuid, None)
        finally:
            del self._running[uuid]
            if (waiting := self._waiting.pop(uuid, None)) is not None:
                waiting.done.cancel()

    async def _answer(self, uuid: DomainUUID, request: Request) -> None:
        try:
            await self._read(uuid, request)
        except HypervisorError as error:
            request.done.set_result(error)
        except Exception:  # a defect of a driver; who waits must hear of it
            log.exception("driver_defect", domain=uuid)
            request.done.set_result(HypervisorFailure("internal error; the server's log has more"))
        except BaseException:
            request.done.cancel()
            raise
        else:
            request.done.set_result(None)
