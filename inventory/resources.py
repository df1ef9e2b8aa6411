"""Keeping what domains share, and their counters, without holding up the listing of domains.

The rules: what is kept is replaced as a whole and only when it differs; a read that fails changes
nothing. A request for a read is answered by one that began after it, and however many wait are
answered by one.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType

import structlog

from virtcim.hypervisors.errors import HypervisorError, HypervisorFailure
from virtcim.hypervisors.port import Hypervisor
from virtcim.hypervisors.resources import NO_RESOURCES, NO_SAMPLE, Sample
from virtcim.inventory.telling import tell

log = structlog.get_logger("virtcim.inventory")

RETRY_SECONDS = 1.0

Outcome = asyncio.Future[HypervisorError | None]
"""How a read went; None means success."""


class ResourceKeeper:
    """What the domains of one host share.

    facts: the last that were read. listeners: told when they have been replaced. A first failure is
    followed by another try, soon; the next ones are left to who asks again.
    """

    def __init__(self, name: str, hypervisor: Hypervisor) -> None:
        self.facts = NO_RESOURCES
        self.listeners: list[Callable[[], None]] = []
        self._name = name
        self._hypervisor = hypervisor
        self._failed = False
        self._closed = False
        self._waiting: Outcome | None = None
        self._running: asyncio.Task[None] | None = None
        self._retry: asyncio.TimerHandle | None = None

    def request(self) -> Outcome:
        """Have everything read; the future is to be shielded by who awaits it."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
            if self._closed:
                self._waiting.cancel()
            elif self._running is None:
                self._running = asyncio.create_task(self._run())
        return self._waiting

    async def close(self) -> None:
        """End reading; who waits, now or later, is cancelled."""
        self._closed = True
        if self._retry is not None:
            self._retry.cancel()
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        if self._waiting is not None:
            self._waiting.cancel()

    async def _run(self) -> None:
        answered: Outcome | None = None
        try:
            while (answered := self._waiting) is not None:
                self._waiting = None
                error = await self._read()
                self._retry_if_new(error)
                answered.set_result(error)
        finally:
            self._running = None
            if answered is not None:
                answered.cancel()

    async def _read(self) -> HypervisorError | None:
        try:
            facts = await self._hypervisor.resources()
        except HypervisorError as error:
            log.warning("resources_failed", host=self._name, error=str(error))
            return error
        except Exception:  # a defect of a driver; who waits must hear of it
            log.exception("driver_defect", host=self._name)
            return HypervisorFailure("internal error; the server's log has more")
        if facts != self.facts:
            self.facts = facts
            tell(self.listeners)
        return None

    def _retry_if_new(self, error: HypervisorError | None) -> None:
        if error is not None and not self._failed:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(RETRY_SECONDS, self.request)
        self._failed = error is not None


class Sampler:
    """The counters of the domains of one host, taken every `interval` seconds; None means never.

    sample: the last that was taken; while the hypervisor cannot be asked there is no new one.
    """

    def __init__(
        self,
        name: str,
        hypervisor: Hypervisor,
        interval: float | None,
        now: Callable[[], datetime],
    ) -> None:
        self.sample = NO_SAMPLE
        self._name = name
        self._hypervisor = hypervisor
        self._interval = interval
        self._now = now
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Take the first sample now, and go on."""
        if self._interval is not None:
            self._task = asyncio.create_task(self._run(self._interval))

    def wake(self) -> None:
        """Take the next sample now."""
        self._wake.set()

    async def close(self) -> None:
        """Take no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self, interval: float) -> None:
        while True:
            self._wake.clear()
            begin = time.monotonic()
            if self._hypervisor.connected:
                await self._take()
            rest = interval - (time.monotonic() - begin)
            # A sample that takes longer than the interval must not keep the hypervisor busy.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(rest, interval / 2)):
                    await self._wake.wait()

    async def _take(self) -> None:
        try:
            domains = await self._hypervisor.statistics()
        except HypervisorError as error:
            log.warning("sample_failed", host=self._name, error=str(error))
        except Exception:  # a defect of a driver must not end the sampling
            log.exception("driver_defect", host=self._name)
        else:
            self.sample = Sample(at=self._now(), domains=MappingProxyType(dict(domains)))
