"""Configuration jobs: changes of what a host has, which are whole or not at all, crashes included.

The rules: steps that can be taken back are, in the order and by the words of a transaction. What is
one deed of the hypervisor, or cannot be taken back, is looked for where nobody saw its end.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

import structlog

from virtcim.hypervisors.errors import DomainNotFound, HypervisorError
from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.jobs import JSON, Facts, JobKind, JobRecord
from virtcim.inventory.host import Host
from virtcim.jobs.deeds import Deed, Task, outcome
from virtcim.jobs.failures import JobFailed
from virtcim.jobs.plans import Completed, Failed, Plan, Run, Stop, Verdict
from virtcim.jobs.transactions import PASSING, Transaction
from virtcim.jobs.undoing import Present, has_device
from virtcim.wbem.status import WBEMError

log = structlog.get_logger("virtcim.jobs")

ASK_AGAIN_SECONDS = 1.0
"""How often a hypervisor out of reach is asked again."""

Body = Callable[[Transaction], Awaitable[Facts]]
"""Takes the steps; returns what came of them."""

Explain = Callable[[Exception, str], WBEMError]
"""Returns what a client is told: of a failure, and of what could not be taken back."""

_CRASH = "the server ended under it"

_AGAIN = (*PASSING, InfostoreError)
"""After these it is tried again to take a change back."""


class Attempt(ABC):
    """Work that says in CIM's words why it failed: `error`, None while it has not.

    stop: how it is ended; None means that it cannot be.
    """

    stop: Stop | None = None

    def __init__(self, host: Host) -> None:
        self.host = host
        self.error: WBEMError | None = None

    @abstractmethod
    async def work(self, run: Run) -> Facts:
        """Do it (see plans.Work)."""

    def failed(self, error: WBEMError, cause: Exception) -> JobFailed:
        """Return the end of the job, and remember why."""
        error.__cause__ = cause
        self.error = error
        return JobFailed(error)

    async def wait(self, run: Run) -> None:
        """Wait a little for a hypervisor, or a store, that cannot be had now."""
        if run.record.status != _WAITING:
            with suppress(InfostoreError):
                await run.note(_WAITING)
        await asyncio.sleep(ASK_AGAIN_SECONDS)


_WAITING = "Waiting for the hypervisor"


class Change(Attempt):
    """Steps that are taken back together; `steps` is how many there are to take."""

    def __init__(self, host: Host, body: Body, explain: Explain, steps: int) -> None:
        super().__init__(host)
        self._body = body
        self._explain = explain
        self._steps = max(steps, 1)
        self._transaction = Transaction(host)
        self.stop = self._stop

    async def work(self, run: Run) -> Facts:
        """Take the steps."""

        async def keep(steps: list[JSON]) -> None:
            await run.note(steps=steps)
            run.progress(100 * (len(steps) - 1) // self._steps)

        self._transaction.keep_by(keep)
        try:
            return await self._body(self._transaction)
        except (HypervisorError, InfostoreError) as error:
            rest = await self._taken_back(run)
            raise self.failed(self._explain(error, rest), error) from error
        except Exception:  # a defect: its steps are taken back as well
            await self._taken_back(run)
            raise

    async def _stop(self) -> None:
        """Take no further step, and wait for no guest."""
        self._transaction.stopped = True

    async def _taken_back(self, run: Run) -> str:
        while True:
            try:
                return await self._transaction.roll_back(_AGAIN)
            except _AGAIN as error:
                log.info("not_rolled_back_yet", job=run.record.id, error=str(error))
            await self.wait(run)


class Doing(Attempt):
    """One deed; where a connection breaks under it, it is looked for. `result`: what it gives."""

    def __init__(
        self,
        host: Host,
        deed: Deed,
        do: Callable[[], Awaitable[object]],
        explain: Callable[[HypervisorError, str], WBEMError],
        result: Callable[[], Facts],
    ) -> None:
        super().__init__(host)
        self._deed = deed
        self._do = do
        self._explain = explain
        self._result = result

    async def work(self, run: Run) -> Facts:
        """Do it."""
        try:
            await self._do()
            return self._result()
        except UNSEEN as error:
            await self._look_for_it(run, error)
            return self._result()
        except HypervisorError as error:
            raise self.failed(self._explain(error, ""), error) from error

    async def _look_for_it(self, run: Run, broken: HypervisorError) -> None:
        while True:
            await self.wait(run)
            try:
                verdict = await outcome(self.host, self._deed)
            except HypervisorError as error:
                log.info("not_known_yet", job=run.record.id, error=error.detail)
                continue
            if isinstance(verdict, Completed):
                return
            raise self.failed(self._explain(broken, f"; {verdict.reason}"), broken) from broken


UNSEEN = PASSING[:2]
"""After these nobody knows what was done."""


def plan(
    attempt: Attempt,
    deed: Deed,
    *,
    method: str,
    owner: str,
    domains: tuple[DomainUUID, ...] = (),
) -> Plan:
    """Return the plan of a job; the turns of `domains` are held, and given to it."""
    others: list[JSON] = list(domains[1:])
    return Plan(
        kind=JobKind.CONFIGURATION,
        host=attempt.host,
        domain=domains[0] if domains else None,
        domain_name=deed.name,
        name="Configuration",
        method=method,
        owner=owner,
        work=attempt.work,
        stop=attempt.stop,
        parameters={**deed.parameters(), **({"others": others} if others else {})},
        held=domains,
    )


# After a crash of the server


async def recover(record: JobRecord, host: Host) -> Verdict:
    """Say what became of a job whose server ended under it (see plans.Recoverer)."""
    deed = Deed.of(record)
    return await _RECOVERED[deed.task](record, host, deed)


async def _taken_back(record: JobRecord, host: Host, _deed: Deed) -> Verdict:
    kept = record.notes.get("steps")
    try:
        transaction = Transaction.of(host, kept if isinstance(kept, list) else [])
    except (LookupError, TypeError, ValueError) as error:  # another release has written it
        log.warning("steps_unreadable", job=record.id, error=repr(error))
        return Failed(f"{_CRASH}; what was done of it stays, since its notes cannot be read")
    asked = await _asked_of_the_guest(host, transaction)
    return Failed(f"{_CRASH}{asked}{await transaction.roll_back(_AGAIN)}")


async def _asked_of_the_guest(host: Host, transaction: Transaction) -> str:
    """Say what a guest may do yet, which nobody can take back."""
    last = transaction.last
    if not isinstance(last, Present):
        return ""
    with suppress(DomainNotFound):
        if await has_device(host, last.uuid, last.device, last.xml):
            transaction.unsettled = True
            return (
                f"; the guest may have been asked to let go of {last.device}, and may do so later"
            )
    return ""


async def _looked_for(_record: JobRecord, host: Host, deed: Deed) -> Verdict:
    try:
        found = await outcome(host, deed)
    except PASSING:
        raise
    except HypervisorError as error:  # what is left of it cannot be removed
        return Failed(f"{_CRASH}; {error.detail}")
    return Failed(f"{_CRASH}; {found.reason}") if isinstance(found, Failed) else found


_Recovering = Callable[[JobRecord, Host, Deed], Awaitable[Verdict]]

_RECOVERED: Mapping[Task, _Recovering] = MappingProxyType({
    **dict.fromkeys(Task, _looked_for),
    Task.CHANGE: _taken_back,
})  # fmt: skip
"""Total over Task."""
