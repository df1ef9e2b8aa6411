"""What the methods of pool configuration are given, and how they refuse it.

The rule: what a return code cannot say is a CIM error with libvirt's own words; clients of
libvirt-cim get all refusals as its errors.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from virtcim.broker import arguments as given
from virtcim.broker.embedded import Embedded
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import (
    Action,
)
from virtcim.hypervisors.resources import NetworkFacts, PoolFacts
from virtcim.jobs.configuration import Doing
from virtcim.jobs.deeds import Deed
from virtcim.jobs.failures import wbem_error
from virtcim.providers.committing import Out, by_job, facts_of
from virtcim.providers.committing import answered as replied
from virtcim.providers.families import Method
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import disk_pool_id, network_pool_id
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import PoolConfigurationCode as Code
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)

T = TypeVar("T")


class Refused(Exception):
    """The method ends with a return code; the text is for clients that want an error."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


_CODES: Mapping[type[BaseException | None], Code] = {
    errors.NotSupported: Code.NOT_SUPPORTED,
    errors.Busy:         Code.IN_USE,
}  # fmt: skip
"""Failures that the methods have codes for; all others are CIM errors, which carry the reason."""


def answered(body: Callable[[HostModel, Arguments], Awaitable[MethodResult]]) -> Method:
    """Return the method, whose refusals are codes, or errors for libvirt-cim's clients."""

    async def method(model: HostModel, _service: Record, arguments: Arguments) -> MethodResult:
        try:
            return await body(model, arguments)
        except Refused as refused:
            if not model.behaviour.legacy_pools:
                return MethodResult(refused.code.value)
            unsupported = refused.code is Code.NOT_SUPPORTED
            raise (NotSupported if unsupported else Failed)(refused.text) from refused

    return method


def error_for(model: HostModel, kind: type[WBEMError], text: str) -> WBEMError:
    """Return an error that libvirt-cim has as CIM_ERR_FAILED, whatever it is about."""
    return (Failed if model.behaviour.legacy_pools else kind)(text)


def _no_output() -> Mapping[str, Value]:
    return {}


async def carry_out(
    model: HostModel,
    action: Action[Any],
    deed: Deed,
    *,
    method: str,
    tried: str,
    out: Out = _no_output,
) -> MethodResult:
    """Do it as a job, and reply with what came of it or with the job.

    tried: what is said to have failed. Raises Refused where there is a code for what failed, and
    the CIM error otherwise.
    """

    def explain(error: errors.HypervisorError, rest: str) -> WBEMError:
        found = wbem_error(error, tried)
        return error_for(model, type(found), f"{found.reason}{rest}")

    do = partial(model.host.perform, action)
    attempt = Doing(model.host, deed, do, explain, lambda: facts_of(out()))
    try:
        job = await by_job(model, AsyncExitStack(), attempt, deed, method=method)
    except WBEMError as error:
        code = _CODES.get(type(error.__cause__))
        if code is not None:
            raise Refused(code, error.reason) from error
        raise
    return replied(model, job, out)


def read_settings(model: HostModel, read: Callable[[], T], legacy: str = "Settings Error") -> T:
    """Return what settings say; `legacy` is what libvirt-cim says before what is wrong."""
    try:
        return read()
    except (ValueError, errors.InvalidArgument) as error:
        text = error.detail if isinstance(error, errors.InvalidArgument) else str(error)
        before = legacy if model.behaviour.legacy_pools else "Settings"
        raise error_for(model, InvalidParameter, f"{before}: {text}") from error


# Arguments


def embedded(arguments: Arguments, name: str) -> Embedded:
    """Return the first of the settings that an argument has; raises InvalidParameter."""
    found = given.instances(arguments, name)
    if not found:
        raise InvalidParameter(f"Missing argument `{name}'")
    return found[0]


@dataclass(frozen=True, slots=True)
class GivenPool:
    """The pool of an argument; a storage pool, a network, or neither where libvirt has none."""

    id: str
    storage: PoolFacts | None = None
    network: NetworkFacts | None = None

    @property
    def name(self) -> str:
        """As libvirt has it."""
        facts = self.storage or self.network
        return self.id if facts is None else facts.name


def given_pool(model: HostModel, arguments: Arguments) -> GivenPool:
    """Return the pool that the argument Pool names; raises InvalidParameter, NotFound, Failed."""
    path = given.reference(arguments, "Pool")
    if path is None:
        raise InvalidParameter("Missing argument `Pool'")
    if model.behaviour.legacy_pools:
        _check_legacy_path(path)
    record = model.resolve(path)
    if record is None or "poolid" not in record.layout.index:
        raise error_for(model, NotFound, "Resource pool instance does not exist")
    pool_id, resources = str(record["InstanceID"]), model.host.resources
    storage = {disk_pool_id(pool.name): pool for pool in resources.pools}
    networks = {network_pool_id(network.name): network for network in resources.networks}
    return GivenPool(pool_id, storage.get(pool_id), networks.get(pool_id))


def _check_legacy_path(path: ObjectPath) -> None:
    pool_id = path.key("InstanceID")
    if pool_id is None:
        pool_id = path.key("")
    if not isinstance(pool_id, str):
        raise Failed("Missing InstanceID in pool reference")
    if "/" not in pool_id:
        raise InvalidParameter("Pool has invalid InstanceID")


def given_storage(model: HostModel, arguments: Arguments) -> PoolFacts:
    """Return the storage pool that an argument names."""
    pool = given_pool(model, arguments)
    if pool.storage is None:
        raise Refused(
            Code.INCORRECT_RESOURCETYPE_FOR_THE_POOL, f"{pool.id} is no storage pool with volumes"
        )
    return pool.storage
