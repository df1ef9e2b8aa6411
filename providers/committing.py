"""Changes as methods make them: at once where that is one step, else as a job.

The rule: a method waits a little for its job, so that most clients never see one; so do others that
change the same domain. What takes longer goes on, and the client is given the job.
"""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from types import MappingProxyType

from virtcim.broker.calling import CALLER
from virtcim.broker.provider import MethodResult
from virtcim.hypervisors import errors
from virtcim.hypervisors.model import DomainUUID
from virtcim.infostore.errors import InfostoreError
from virtcim.infostore.jobs import JSON, Facts, JobRecord
from virtcim.jobs import NoSuchJob
from virtcim.jobs.configuration import Attempt, Body, Explain, plan
from virtcim.jobs.deeds import Deed
from virtcim.jobs.failures import wbem_error
from virtcim.jobs.transactions import Transaction
from virtcim.providers.concrete_job import started
from virtcim.providers.model import HostModel
from virtcim.schema.valuemaps import JobState
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    AccessDenied,
    Failed,
    NotFound,
    WBEMError,
)
from virtcim.wbem.uri import format_uri

ANSWER_SECONDS = 5.0
"""How long a method waits for its job."""

_LEGACY: Mapping[type[errors.HypervisorError], type[WBEMError]] = MappingProxyType({
    errors.DomainNotFound: NotFound,
    errors.AccessDenied:   AccessDenied,
})  # fmt: skip
"""What clients of libvirt-cim can tell apart; all else is Failed."""

Out = Callable[[], Mapping[str, Value]]
"""Returns the output parameters of a method, once its change is made."""


def refusal(model: HostModel, error: errors.HypervisorError, what: str) -> WBEMError:
    """Return the CIM error for a failure of the hypervisor; clients read its own text behind."""
    if model.behaviour.legacy_errors:
        return _LEGACY.get(type(error), Failed)(f"{what}: {error.detail}")
    return wbem_error(error, what)


def explaining(model: HostModel, what: Callable[[], str]) -> Explain:
    """Return what tells clients of a failure; `what` says what has failed."""

    def explain(error: Exception, rest: str) -> WBEMError:
        if isinstance(error, errors.HypervisorError):
            return refusal(model, type(error)(f"{error.detail}{rest}"), what())
        return Failed(f"{what()}: what was asked could not be recorded{rest}")

    return explain


async def at_once(model: HostModel, body: Body, explain: Explain) -> None:
    """Make a change of one step; raises the CIM error that says why it failed."""
    transaction = Transaction(model.host)
    try:
        await body(transaction)
    except (errors.HypervisorError, InfostoreError) as error:
        raise explain(error, await transaction.roll_back()) from error
    except BaseException:
        await transaction.roll_back()
        raise


async def by_job(
    model: HostModel,
    turns: AsyncExitStack,
    attempt: Attempt,
    deed: Deed,
    *,
    method: str,
    domains: tuple[DomainUUID, ...] = (),
    patience: float | None = ANSWER_SECONDS,
) -> JobRecord | None:
    """Make a change as a job, which is given the `turns` of the `domains`; None: it is made.

    Returns the job when it goes on; raises the CIM error that says why it failed.
    """
    todo = plan(attempt, deed, method=method, owner=CALLER.get().user, domains=domains)
    try:
        record = await model.engine.start(todo)
    except InfostoreError as error:
        raise Failed("the change could not be recorded; nothing was changed") from error
    turns.pop_all()
    if model.behaviour.legacy_errors:
        patience = None  # clients of libvirt-cim expect no job
    end = await model.engine.end_of(record.id, patience)
    if end is None:
        for uuid in domains:
            model.host.turns.hand_over(uuid)
        return record
    with suppress(InfostoreError, NoSuchJob):  # nobody was told of it; it goes in its time
        await model.engine.delete(record.id)
    if end.state == JobState.COMPLETED:
        return None
    if end.state == JobState.EXCEPTION and attempt.error is not None:
        raise attempt.error
    raise Failed(f"{method}: {end.error}")


def facts_of(out: Mapping[str, Value]) -> Facts:
    """Return output parameters as a job keeps them."""
    return {name: _kept(value) for name, value in out.items()}


def _kept(value: Value) -> JSON:
    if isinstance(value, ObjectPath):
        return format_uri(value)
    if isinstance(value, tuple):
        return [_kept(one) for one in value]
    return None if value is None else str(value)


def answered(model: HostModel, job: JobRecord | None, out: Out) -> MethodResult:
    """Return the reply of a method: what came of it, or the job in which it goes on."""
    return MethodResult(0, out()) if job is None else started(model, job)
